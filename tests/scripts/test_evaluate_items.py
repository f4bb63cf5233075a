"""scripts/evaluate_items.py from the command line, on the samples."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from jianghua.config import run
from jianghua.records import read_jsonl, write_jsonl

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "models" / "classifier-compact"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("evaluate_items_script", ROOT / "scripts" / "evaluate_items.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_items_and_roll_up_of_the_samples(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ROOT / "data" / "samples" / "dev.jsonl"
    words = ["--model", str(MODEL), "--data", str(data), "--output", str(tmp_path / "items.json")]
    assert script.main(words) == 0
    assert "rolled up – direct" in capsys.readouterr().out
    found = json.loads((tmp_path / "items.json").read_text(encoding="utf-8"))
    annotated = sum(len(p.get("items", ())) for row in read_jsonl(data) for p in row["paragraphs"])
    assert found["items"]["segmentation"]["annotated"] == found["items"]["scores"]["paragraphs"] == annotated
    scores = found["paragraphs"]["scores"]
    assert len({(x["documents"], x["paragraphs"]) for x in scores.values()}) == 1 and len(scores) == 3


def test_documents_without_items_are_refused(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paragraph = {"index": 0, "text": "一句话。", "task_type": "review", "policy_domain": [], "gist": ""}
    row = {"id": "d", "title": "", "date": "", "source": "", "paragraphs": [paragraph], "summary": ""}
    write_jsonl([row], tmp_path / "data.jsonl")
    words = ["--model", str(MODEL), "--data", str(tmp_path / "data.jsonl")]
    assert run(lambda: script.main(words)) == 2
    assert "expected paragraphs with enumerated items, found none" in capsys.readouterr().err
