"""scripts/label_paragraphs.py from the command line, on made-up analyses."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jianghua.codebook import load_codebook
from jianghua.config import run
from jianghua.records import read_annotated, read_jsonl, write_jsonl

ROOT = Path(__file__).parents[2]
CODEBOOK = load_codebook()
TASKS, DOMAINS = CODEBOOK.task_type.labels, CODEBOOK.policy_domain.labels


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "label_paragraphs.py"
    spec = importlib.util.spec_from_file_location("label_paragraphs_script", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _paragraph(index: int, sure: float) -> dict[str, Any]:
    text = f"第{index}段讲夜间巡防。"
    scores = {label: sure if label == "review" else (1 - sure) / (len(TASKS) - 1) for label in TASKS}
    return {
        "index": index, "start": index * 20, "end": index * 20 + len(text), "text": text, "heading": None,
        "task_type": "review", "task_type_scores": scores, "policy_domain": [],
        "policy_domain_scores": dict.fromkeys(DOMAINS, 0.01), "needs_review": sure < 0.5, "gist": "", "items": [],
    }  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    records = [
        {
            "id": f"d{n}", "title": "讲话", "date": "2021-01-01", "source": "a.txt", "headline": "", "summary": "",
            "summary_evidence": [], "removed": [], "flags": [], "meta": {},
            "paragraphs": [_paragraph(i, 0.95 if i else 0.3) for i in range(3)],
        }
        for n in range(2)
    ]  # fmt: skip
    write_jsonl([*records, {"id": "bad", "source": "x", "error": "expected …"}], tmp_path / "analysed.jsonl")
    return tmp_path


def _export(script: ModuleType, home: Path, *more: str) -> list[dict[str, Any]]:
    words = ["export", "--analysed", str(home / "analysed.jsonl"), "--output", str(home / "tasks.jsonl"), *more]
    assert script.main(words) == 0
    return list(read_jsonl(home / "tasks.jsonl"))


def _import(script: ModuleType, home: Path) -> int:
    words = ["import", str(home / "tasks.jsonl"), "--analysed", str(home / "analysed.jsonl"),
             "--annotator", "anna", "--output", str(home / "labelled.jsonl")]  # fmt: skip
    return run(lambda: script.main(words))


def test_the_uncertain_come_first_and_labels_come_back(
    script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _export(script, home, "--count", "2", "--rules", "none")
    assert [(row["id"], row["index"]) for row in rows] == [("d0", 0), ("d1", 0)]
    assert rows[0]["rules"] is None and "close_task" in rows[0]["why"]
    label = {"task_type": "deployment", "policy_domain": ["public_safety"], "uncertain": False}
    write_jsonl([rows[0] | {"label": label}, rows[1]], home / "tasks.jsonl")
    assert _import(script, home) == 0
    assert "1 labelled paragraphs of 1 documents, 1 open, 0 refused" in capsys.readouterr().out
    (document,) = read_annotated(home / "labelled.jsonl", CODEBOOK)
    assert document.paragraphs[0].label and document.paragraphs[0].label.provenance == "anna"
    rest = _export(script, home, "--labelled", str(home / "labelled.jsonl"))
    assert len(rest) == 5 and ("d0", 0) not in {(row["id"], row["index"]) for row in rest}
    assert all(row["rules"] for row in rest)


def test_refused_rows_are_named_and_make_the_exit_code(
    script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label = {"task_type": "deployment", "policy_domain": [], "uncertain": False}
    rows = [row | {"label": label} for row in _export(script, home)]
    rows[0]["text"] = "别的话。"
    write_jsonl(rows, home / "tasks.jsonl")
    assert _import(script, home) == 1
    output = capsys.readouterr()
    assert "refused: expected the text that was analysed" in output.err and "5 labelled paragraphs" in output.out


def test_nothing_labelled_writes_nothing(script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _export(script, home)
    assert _import(script, home) == 2
    assert "expected labelled rows, found 6 open, 0 refused" in capsys.readouterr().err
    assert not (home / "labelled.jsonl").exists()
    words = ["export", "--analysed", "x", "--output", "y", "--count", "0"]
    assert run(lambda: script.main(words)) == 2
    assert "expected --count of 1 or more, found 0" in capsys.readouterr().err


def test_a_real_analysis_goes_out_and_comes_back(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from jianghua import analyze

    record = {
        "id": "夜巡",
        "title": "在全县巡防会上的讲话",
        "paragraphs": ["同志们：", "一要守住夜市。二要查清河道。", "去年破案九百起。"],
    }
    write_jsonl([analyze(record).to_dict()], tmp_path / "analysed.jsonl")
    rows = _export(script, tmp_path)
    assert {row["text"] for row in rows} == set(record["paragraphs"])
    done = {"task_type": "deployment", "policy_domain": ["public_safety"], "uncertain": False}
    write_jsonl([row | {"label": done} for row in rows], tmp_path / "tasks.jsonl")
    assert _import(script, tmp_path) == 0
    (document,) = read_annotated(tmp_path / "labelled.jsonl", CODEBOOK)
    assert [p.text for p in document.paragraphs] == record["paragraphs"]
    assert json.loads((tmp_path / "labelled.jsonl").read_text(encoding="utf-8"))["selected"] is True


def test_a_spreadsheet_becomes_annotated_documents(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "mine.csv"
    sheet.write_text(
        "正文,类型,领域\n守住夜市。,deployment,public_safety|ecology\n去年破案九百起。,review,\n", encoding="utf-8-sig"
    )
    words = ["convert", str(sheet), "--output", str(tmp_path / "mine.jsonl"), "--columns", "text=正文"]
    assert script.main([*words, "task_type=类型", "policy_domain=领域"]) == 0
    found = [p.label for d in read_annotated(tmp_path / "mine.jsonl", CODEBOOK) for p in d.paragraphs]
    assert [(x.task_type, x.policy_domain) for x in found if x] == [
        ("deployment", ("public_safety", "ecology")), ("review", ()),
    ]  # fmt: skip
    assert run(lambda: script.main(words)) == 2
    assert "expected a column of task types" in capsys.readouterr().err
    assert run(lambda: script.main([*words, "kind=类型"])) == 2
    assert "found text=正文 kind=类型" in capsys.readouterr().err
    sheet.write_text("正文,类型\n守住夜市。,nothing\n", encoding="utf-8")
    assert run(lambda: script.main([*words, "task_type=类型"])) == 2
    assert "'nothing' in" in capsys.readouterr().err and "mine.csv:1" in capsys.readouterr().err + "mine.csv:1"
