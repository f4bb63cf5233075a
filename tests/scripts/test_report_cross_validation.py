"""scripts/report_cross_validation.py from the command line, on made-up folds of the sample documents."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

from jianghua.codebook import load_codebook
from jianghua.config import run
from jianghua.evaluation.out_of_fold import Row, fold_folder, write_fold
from jianghua.records import read_annotated, read_jsonl, sha256, write_jsonl

ROOT = Path(__file__).parents[2]
CODEBOOK = load_codebook()
TASKS, DOMAINS = CODEBOOK.task_type.labels, CODEBOOK.policy_domain.labels
RULES = str(ROOT / "configs" / "codebook" / "zhengfa_rules.yaml")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "report_cross_validation.py"
    spec = importlib.util.spec_from_file_location("report_cross_validation_script", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Sample documents in two folds, labelled with four right of five."""
    rows = list(read_jsonl(ROOT / "data" / "samples" / "dev.jsonl"))
    write_jsonl(rows, tmp_path / "data.jsonl")
    # Articles of one file stay together.
    stems = sorted({row["id"].split("#")[0] for row in rows})
    folds = {row["id"]: stems.index(row["id"].split("#")[0]) % 2 for row in rows}
    data = {"folds": folds}
    (tmp_path / "folds.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return tmp_path


def _write(home: Path, probabilities: bool) -> None:
    draw = random.Random(0)
    folds = json.loads((home / "folds.json").read_text(encoding="utf-8"))["folds"]
    identity = [sha256(home / name) for name in ("data.jsonl", "folds.json")]
    parts: dict[int, list[Row]] = {0: [], 1: []}
    for document in read_annotated(home / "data.jsonl", CODEBOOK):
        for paragraph in document.paragraphs:
            assert paragraph.label
            task = paragraph.label.task_type if draw.random() < 0.8 else draw.choice(TASKS)
            tasks = tuple(0.6 if name == task else 0.05 for name in TASKS)
            domains = tuple(0.8 if name in paragraph.label.policy_domain else draw.random() / 9 for name in DOMAINS)
            known = (False, tasks, domains) if probabilities else ()
            chosen = tuple(name for name, p in zip(DOMAINS, domains, strict=True) if p > 0.5)
            parts[folds[document.id]].append(Row(document.id, paragraph.index, task, chosen, *known))
    for fold, rows in parts.items():
        folder = fold_folder(home / "run", 0, fold)
        folder.mkdir(parents=True)
        write_fold(folder, rows, {"fingerprint": {"data": identity, "seed": 0}, "seconds": 1})


def _words(home: Path, *more: str) -> list[str]:
    return ["--out-of-fold", str(home / "run"), "--data", str(home / "data.jsonl"), "--folds", str(home / "folds.json"),
            "--output", str(home / "report"), *more]  # fmt: skip


def test_figures_plots_and_lists_are_written(
    script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(home, probabilities=True)
    assert script.main(_words(home, "--rules", RULES, "--plots", str(home / "plots"))) == 0
    shown = capsys.readouterr().out
    assert "reference \\ called" in shown and "| level" in shown and "expected calibration error" in shown
    report = json.loads((home / "report" / "report.json").read_text(encoding="utf-8"))
    assert set(report["out of fold"]["slices"]) == {"source", "year", "kind", "level", "length"}
    assert (
        report["out of fold"]["scores"]["documents"] == len(list(read_jsonl(home / "data.jsonl")))
        and "--rules" in report["command"]
    )
    assert "<li>" in (home / "report" / "errors.html").read_text(encoding="utf-8")
    assert all({"id", "index", "hash", "text"} < set(row) for row in read_jsonl(home / "report" / "suspects.jsonl"))
    first = (home / "plots" / "reliability.svg").read_bytes()
    assert first.startswith(b"<?xml") and (home / "plots" / "coverage_risk.svg").is_file()
    assert script.main(_words(home, "--rules", RULES, "--plots", str(home / "plots"))) == 0
    assert (home / "plots" / "reliability.svg").read_bytes() == first
    texts = [p["text"] for row in read_jsonl(home / "data.jsonl") for p in row["paragraphs"] if len(p["text"]) > 12]
    assert not [text for text in texts if text in json.dumps(report, ensure_ascii=False)]


def test_systems_without_probabilities_are_reported_without_errors(
    script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(home, probabilities=False)
    assert script.main(_words(home)) == 0
    assert not (home / "report" / "errors.html").exists()
    assert run(lambda: script.main(_words(home, "--plots", str(home / "plots")))) == 2
    assert "expected probabilities for --plots" in capsys.readouterr().err
    assert run(lambda: script.main(_words(home, "--model", "models/x"))) == 2
    assert "expected --model and --held-out together" in capsys.readouterr().err


def test_documents_in_no_fold_are_reported_apart(
    script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(home, probabilities=True)
    samples = str(ROOT / "data" / "samples" / "test.jsonl")
    words = ("--model", str(ROOT / "models" / "classifier-compact"), "--held-out", samples)
    assert script.main(_words(home, *words)) == 0
    rows = list(read_jsonl(Path(samples)))
    counted = f"# held out: {len(rows)} documents, {sum(len(row['paragraphs']) for row in rows)} paragraphs"
    assert counted in capsys.readouterr().out
