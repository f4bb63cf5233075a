"""scripts/estimate_shares.py from the command line, on made-up analyses."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jianghua.codebook import load_codebook
from jianghua.config import run
from jianghua.records import write_jsonl

ROOT = Path(__file__).parents[2]
CODEBOOK = load_codebook()
TASKS, DOMAINS = CODEBOOK.task_type.labels, CODEBOOK.policy_domain.labels


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "estimate_shares.py"
    spec = importlib.util.spec_from_file_location("estimate_shares_script", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _analysis(number: int, size: int = 4) -> dict[str, Any]:
    """The classifier calls every second paragraph a deployment; so does the reading below, but in odd documents."""
    paragraphs = []
    for index in range(size):
        called = "deployment" if index % 2 else "review"
        scores = {label: 0.9 if label == called else 0.1 / (len(TASKS) - 1) for label in TASKS}
        paragraphs.append({"index": index, "text": f"第{number}篇第{index}段。", "task_type_scores": scores,
                           "policy_domain_scores": dict.fromkeys(DOMAINS, 0.0)})  # fmt: skip
    return {"id": f"d{number}", "date": f"{2020 + number % 2}-01-01", "paragraphs": paragraphs}


def _reading(analysis: dict[str, Any]) -> dict[str, Any]:
    odd = int(analysis["id"][1:]) % 2
    rows = [
        {"index": p["index"], "text": p["text"], "policy_domain": [], "uncertain": False, "gist": "",
         "task_type": "deployment" if p["index"] % 2 and not (odd and p["index"] == 3) else "review"}
        for p in analysis["paragraphs"]
    ]  # fmt: skip
    return {"id": analysis["id"], "title": "", "date": "", "source": "", "paragraphs": rows, "summary": ""}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    analyses = [_analysis(n) for n in range(20)]
    write_jsonl([*analyses, {"id": "bad", "source": "x", "error": "expected …"}], tmp_path / "analysed.jsonl")
    write_jsonl([_reading(a) for a in analyses[:8]], tmp_path / "labelled.jsonl")
    return tmp_path


def _words(folder: Path, *more: str) -> list[str]:
    return ["--analysed", str(folder / "analysed.jsonl"), "--labelled", str(folder / "labelled.jsonl"),
            "--output", str(folder / "shares.csv"), *more]  # fmt: skip


def _rows(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    with (folder / "shares.csv").open(encoding="utf-8-sig", newline="") as file:
        return {(row["group"], row["label"]): row for row in csv.DictReader(file)}


def test_by_year_the_shares_are_those_of_the_reading(script: ModuleType, files: Path) -> None:
    assert script.main(_words(files, "--by", "year", "--plot", str(files / "shares.svg"))) == 0
    rows = _rows(files)
    assert len(rows) == 2 * (len(TASKS) + len(DOMAINS))
    assert float(rows["2020", "deployment"]["value"]) == pytest.approx(0.5)
    assert float(rows["2021", "deployment"]["value"]) == pytest.approx(0.25)
    assert float(rows["2021", "deployment"]["naive"]) == pytest.approx((0.9 + 0.1 / 8) / 2)
    assert rows["2021", "deployment"]["labelled"] == "4"
    assert (files / "shares.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_groups_without_labels_are_shown_uncorrected(script: ModuleType, files: Path) -> None:
    write_jsonl([_reading(_analysis(n)) for n in (0, 2, 4)], files / "labelled.jsonl")
    assert script.main(_words(files, "--by", "year")) == 0
    row = _rows(files)["2021", "deployment"]
    assert (row["value"], row["labelled"]) == ("", "0")
    assert float(row["naive"]) > 0.4


def test_labels_of_other_paragraphs_are_refused(
    script: ModuleType, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = _reading(_analysis(0))
    changed["paragraphs"][1]["text"] = "别的话。"
    write_jsonl([changed, _reading(_analysis(1))], files / "labelled.jsonl")
    assert run(lambda: script.main(_words(files))) == 2
    assert "'d0' paragraph 1 with another text" in capsys.readouterr().err
    write_jsonl([_reading(_analysis(99)), _reading(_analysis(1))], files / "labelled.jsonl")
    assert run(lambda: script.main(_words(files))) == 2
    assert "'d99' not there" in capsys.readouterr().err
    assert not (files / "shares.csv").exists()
