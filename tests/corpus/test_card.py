"""The generated data card says what was built, and dataset readers understand its head."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from datasets import load_dataset

from jianghua.codebook import find_resource
from jianghua.corpus.build import CorpusConfig, build_corpus
from jianghua.records import write_jsonl

PLACES = ["竹溪", "槐店", "梅岭", "芦塘", "松岗", "沙河"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("card")
    (folder / "raw").mkdir()
    for place in PLACES:
        text = f"{place}镇例会\n\n要把{place}的河水护好，把隐患逐一排查。\n\n责任编辑：小{place}\n"
        (folder / "raw" / f"{place}.txt").write_text(text, encoding="utf-8")
    (folder / "raw" / "empty.txt").write_bytes(b"")
    row = {"index": 0, "text": "要把竹溪的河水护好，把隐患逐一排查。", "task_type": "deployment",
           "policy_domain": ["ecology"], "uncertain": True, "gist": ""}  # fmt: skip
    record = {"id": "竹溪", "title": None, "date": None, "source": None, "annotator": "小李", "summary": ""}
    write_jsonl([record | {"paragraphs": [row]}], folder / "labels.jsonl")
    rules = find_resource("codebook", "zhengfa_rules.yaml")
    forced = {"dev": ["沙河*"], "train": ["*"]}
    build_corpus(CorpusConfig([folder / "raw"], folder / "out", [folder / "labels.jsonl"], rules, forced=forced))
    return folder / "out"


def test_the_card_has_the_figures_of_the_build(corpus: Path) -> None:
    text = (corpus / "README.md").read_text(encoding="utf-8")
    for line in (
        "| 小李 | 1 |", "| train | 5 | 5 | 10 |", "| dev | 1 | 1 | 2 |", "| test | 0 | 0 | 0 |",
        "Files rejected: 1.", "Spans removed as no content: editor 6.",
        "11 paragraphs are labelled by keyword rules",
    ):  # fmt: skip
        assert line in text
    assert "6 documents, 12 paragraphs, " in text


def test_the_head_opens_the_splits_as_a_dataset(corpus: Path, tmp_path: Path) -> None:
    head = yaml.safe_load((corpus / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert head["language"] == ["zh"]
    assert head["size_categories"] == ["n<1K"]
    loaded = load_dataset(str(corpus), cache_dir=str(tmp_path))
    assert {name: len(part) for name, part in loaded.items()} == {"train": 10, "validation": 2}
