from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from jianghua.codebook import find_resource, load_codebook
from jianghua.corpus.build import CorpusConfig, build_corpus
from jianghua.corpus.label_fitting import fit_label_model, rule_rows
from jianghua.corpus.label_model import LabelModel, load_label_model, to_json
from jianghua.corpus.rules import load_rules
from jianghua.corpus.table import load_documents
from jianghua.schema import Document, InputError, Label, Paragraph

CODEBOOK = load_codebook()
SHIPPED = find_resource("codebook", "zhengfa_rules.yaml")
# The heavy word says nothing, the light ones tell; the vote by hand follows the heavy one.
RULES = [
    {"id": "heavy", "axis": "task_type", "label": "review", "pattern": "今年", "weight": 3.0},
    {"id": "must", "axis": "task_type", "label": "deployment", "pattern": "务必", "weight": 1.0},
    {"id": "done", "axis": "task_type", "label": "review", "pattern": "办完", "weight": 1.0},
    {"id": "river", "axis": "policy_domain", "label": "ecology", "pattern": "河水", "weight": 1.0},
    {"id": "fish", "axis": "policy_domain", "label": "ecology", "pattern": "鱼塘", "weight": 1.0},
]


def rules_file(folder: Path) -> Path:
    raw = {
        "codebook": "zhengfa", "version": "0.2", "rules": RULES, "fallback": "review", "ignore": {},
        "threshold": {"task_type": 1, "policy_domain": 1}, "order": ["deployment", "review"],
    }  # fmt: skip
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return path


def paragraph(index: int, text: str, label: Label | None = None) -> Paragraph:
    return Paragraph(index, 0, len(text), text, label=label)


def documents(count: int = 30) -> list[Document]:
    """河水 means ecology, 鱼塘 never does; 今年 stands in every paragraph."""
    found = []
    for n in range(count):
        texts = [
            (f"今年务必把第{n}渠的河水引好。", Label("deployment", ("ecology",))),
            (f"今年第{n}村的鱼塘账目已经办完。", Label("review")),
            (f"今年的第{n}件事。", Label("review" if n % 2 else "deployment")),
        ]
        found.append(Document(f"d{n:02}", tuple(paragraph(i, text, label) for i, (text, label) in enumerate(texts))))
    return found


def fitted(folder: Path) -> tuple[LabelModel, list[Label], Path]:
    path = rules_file(folder)
    labeller = load_rules(path, CODEBOOK)
    model, out_of_fold = fit_label_model(rule_rows(documents(), labeller), labeller)
    return model, out_of_fold, path


def test_rules_are_trusted_as_far_as_the_documents_bear_them_out(tmp_path: Path) -> None:
    model, out_of_fold, path = fitted(tmp_path)
    text = "今年务必看好鱼塘和河水。"
    by_hand, evidence = load_rules(path, CODEBOOK).label(paragraph(1, text), 1, 3)
    label, same = model.label(paragraph(1, text), 1, 3)
    assert by_hand.task_type == "review"
    assert (label.task_type, label.policy_domain) == ("deployment", ("ecology",))
    assert model.label(paragraph(1, "今年看好鱼塘。"), 1, 3)[0].policy_domain == ()
    # Evidence is the rules' own, span for span.
    assert same == evidence
    assert {text[hit.start : hit.end] for hit in same} == {"今年", "务必", "鱼塘", "河水"}
    assert label.provenance == "label_model:zhengfa@0.2"
    assert model.accuracy["must"] == (30, 30)
    assert model.accuracy["fish"] == (30, 0)
    assert [x.task_type for x in out_of_fold[:2]] == ["deployment", "review"]


def test_what_the_rules_cannot_tell_is_marked(tmp_path: Path) -> None:
    model, _, _ = fitted(tmp_path)
    assert not model.label(paragraph(1, "今年务必办好。"), 1, 3)[0].uncertain
    assert model.label(paragraph(1, "今年的又一件事。"), 1, 3)[0].uncertain


def test_boilerplate_has_no_domain(tmp_path: Path) -> None:
    model, _, _ = fitted(tmp_path)
    task, domain = np.zeros((1, len(CODEBOOK.task_type.labels))), np.ones((1, len(CODEBOOK.policy_domain.labels)))
    task[0, CODEBOOK.task_type.labels.index("boilerplate")] = 1.0
    assert model.labels(task, domain)[0].policy_domain == ()


def test_a_model_on_disk_gives_the_same_labels_and_refuses_other_rules(tmp_path: Path) -> None:
    model, _, rules = fitted(tmp_path)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(to_json(model, rules)), encoding="utf-8")
    again = load_label_model(path, rules, load_rules(rules, CODEBOOK))
    for document in documents():
        for one in document.paragraphs:
            assert again.label(one, one.index, 3) == model.label(one, one.index, 3)
    rules.write_text(rules.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    with pytest.raises(InputError, match="found one for other rules in"):
        load_label_model(path, rules, load_rules(rules, CODEBOOK))
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="found KeyError: 'rules' in"):
        load_label_model(path, rules, load_rules(rules, CODEBOOK))


def test_too_few_documents_are_refused(tmp_path: Path) -> None:
    labeller = load_rules(rules_file(tmp_path), CODEBOOK)
    with pytest.raises(InputError, match="annotated documents, 5 at least, found 4"):
        fit_label_model(rule_rows(documents(4), labeller), labeller)


def test_one_axis_is_enough() -> None:
    book = load_codebook("gov_work")
    labeller = load_rules(find_resource("codebook", "gov_work_rules.yaml"), book)
    labels = (Label("", ("agriculture",)), Label(""))
    labelled = [
        replace(d, paragraphs=tuple(replace(p, label=labels[p.index % 2]) for p in d.paragraphs)) for d in documents()
    ]
    model, _ = fit_label_model(rule_rows(labelled, labeller), labeller)
    label, _ = model.label(paragraph(1, "粮食和鱼塘。"), 1, 3)
    assert label.task_type == ""


def test_a_corpus_is_labelled_by_the_shipped_model(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    text = "柳湾县会议讲话\n\n要加强信访件办理，完善矛盾纠纷排查化解机制，推动干部下访接访。\n"
    (tmp_path / "raw" / "a.txt").write_text(text, encoding="utf-8")
    model = find_resource("codebook", "zhengfa_label_model.json")
    config = CorpusConfig(
        [tmp_path / "raw"], tmp_path / "out", rules=SHIPPED, label_model=model, fractions={"train": 1.0}
    )
    build_corpus(config)
    (document,) = load_documents(tmp_path / "out" / "train.parquet", CODEBOOK)
    label = document.paragraphs[-1].label
    assert label is not None
    assert (label.task_type, label.policy_domain) == ("deployment", ("social_stability",))
    assert label.provenance == "label_model:zhengfa@0.2"
    with pytest.raises(InputError, match="rules beside label_model, found none"):
        build_corpus(replace(config, rules=None))
