"""Another codebook is a YAML away: one axis of 22 classes, from raw reports to a trained classifier's analysis."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tiny_runs import classifier_config, write_yaml

from jianghua.codebook import find_resource, load_codebook
from jianghua.corpus.build import CorpusConfig, build_corpus
from jianghua.corpus.readers import read_sheet
from jianghua.corpus.rules import load_rules
from jianghua.corpus.table import load_documents
from jianghua.inference.analyze import analyze
from jianghua.inference.models import CLASSIFIER, SUMMARIZER
from jianghua.inference.table import format_overview, format_table
from jianghua.inference.workbook import open_book
from jianghua.modeling.tokenization import PROBE
from jianghua.schema import Analysis, InputError, Paragraph
from jianghua.trainers.classifier import train_classifier

ROOT = Path(__file__).resolve().parents[2]
CODEBOOK = load_codebook("gov_work")
RULES = find_resource("codebook", "gov_work_rules.yaml")
EXAMPLES = [(code, text) for code, entry in CODEBOOK.policy_domain.definitions.items() for text in entry["examples"]]


def report(number: int) -> str:
    draw = random.Random(number)
    lines = [f"青禾{number}县政府工作报告", "各位代表：", "一、过去一年的工作"]
    lines += [f"{draw.randint(2, 90)}天里，{text}" for _, text in draw.sample(EXAMPLES, 12)]
    # Vocabularies are made of the training text, which must hold the sentence that tokenizers are checked with.
    return "\n\n".join([*lines, PROBE]) + "\n"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gov_work")
    (folder / "raw").mkdir()
    for number in range(24):
        (folder / "raw" / f"r{number:02}.txt").write_text(report(number), encoding="utf-8")
    build_corpus(CorpusConfig([folder / "raw"], folder / "corpus", rules=RULES, codebook="gov_work"))
    return folder / "corpus"


@pytest.fixture(scope="module")
def analysis(corpus: Path) -> Analysis:
    changes = {"codebook": "gov_work", "save_to": str(Path("models") / CLASSIFIER)}
    path = write_yaml(corpus.parent, corpus / "train.parquet", {"max_steps": 20}, **changes)
    train_classifier(classifier_config(path))
    models = corpus.parent / "models"
    (models / SUMMARIZER).symlink_to(ROOT / "models" / SUMMARIZER)
    return analyze({"id": "r99", "text": report(99)}, models=models)


def test_the_shipped_codebook_has_the_22_classes_and_rules_for_each() -> None:
    rules = load_rules(RULES, CODEBOOK)
    assert len(CODEBOOK.policy_domain.labels) == 22
    assert set(CODEBOOK.axes) == {"policy_domain"}
    assert {rule.label for rule in rules.rules} == set(CODEBOOK.policy_domain.labels)
    labels = [rules.label(Paragraph(1, 0, len(text), text), 1, 3)[0] for _, text in EXAMPLES]
    assert all(label.task_type == "" for label in labels)
    found = [code in label.policy_domain for (code, _), label in zip(EXAMPLES, labels, strict=True)]
    assert sum(found) >= 0.9 * len(found)


def test_rules_without_task_types_abstain_where_no_class_passes() -> None:
    text = "让我们一起努力。"
    label, _ = load_rules(RULES, CODEBOOK).label(Paragraph(1, 0, len(text), text), 1, 3)
    assert (label.policy_domain, label.uncertain) == ((), True)


def test_a_built_corpus_carries_the_classes_and_no_task_type(corpus: Path) -> None:
    documents = [d for path in sorted(corpus.glob("*.parquet")) for d in load_documents(path, CODEBOOK)]
    assert len(documents) == 24
    labels = [p.label for d in documents for p in d.paragraphs if p.label]
    assert {label.task_type for label in labels} == {""}
    assert {label.provenance for label in labels} == {"rules:gov_work@0.1"}
    assert len({code for label in labels for code in label.policy_domain}) >= 20
    text = (corpus / "report.md").read_text(encoding="utf-8")
    assert "## Paragraphs by policy_domain" in text
    assert "agriculture 农业、林业、水利" in text


def test_a_trained_classifier_analyses_with_the_classes(analysis: Analysis, tmp_path: Path) -> None:
    assert analysis.meta["codebook_version"] == "gov_work 0.1"
    assert len(analysis.paragraphs) == 16
    assert all(set(p.policy_domain_scores) == set(CODEBOOK.policy_domain.labels) for p in analysis.paragraphs)
    assert {p.task_type for p in analysis.paragraphs} == {""}
    assert all(p.task_type_scores == {} for p in analysis.paragraphs)
    # Without task types segmentation says what a heading is; nothing else goes without a gist.
    assert [p.text for p in analysis.paragraphs if not p.gist] == report(99).split("\n\n")[:3]
    assert analysis.headline
    assert analysis.summary.endswith("。")
    assert "青禾" in format_overview(analysis, CODEBOOK) or analysis.headline[:4] in format_overview(analysis, CODEBOOK)
    assert "15" in format_table(analysis, CODEBOOK)
    with open_book(tmp_path / "out.xlsx", CODEBOOK) as book:
        book.add(analysis)
    assert len(read_sheet(tmp_path / "out.xlsx")) == 2


def test_rules_of_one_axis_refuse_keys_of_the_other(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    text = RULES.read_text(encoding="utf-8")
    path.write_text(text + "fallback: review\n", encoding="utf-8")
    with pytest.raises(InputError, match="expected the keys codebook, ignore, rules, threshold, version, found"):
        load_rules(path, CODEBOOK)
    path.write_text(text.replace("threshold: {", "threshold: {task_type: 1, "), encoding="utf-8")
    with pytest.raises(InputError, match="a threshold for policy_domain, found task_type, policy_domain in"):
        load_rules(path, CODEBOOK)
