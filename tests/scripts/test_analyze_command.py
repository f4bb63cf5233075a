"""The batch command: records, page, table, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT.parent / "shared" / "examples"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "scripts" / "analyze.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=110)


def test_samples_to_jsonl_page_and_table(tmp_path: Path) -> None:
    raw = ROOT / "data" / "samples" / "raw"
    output, page = tmp_path / "deep" / "out.jsonl", tmp_path / "page.html"
    inputs = raw / "a06-pinglan-police-team.txt", raw / "d01-chengwan-yingshang.html"
    done = run(*inputs, "--output", output, "--html", page, "--table", "full")
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [r["id"] for r in records] == ["a06-pinglan-police-team", "d01-chengwan-yingshang"]
    assert records[0]["paragraphs"][0]["text"] in page.read_text(encoding="utf-8")
    assert records[0]["headline"] in done.stdout
    assert not list(tmp_path.rglob("*.part"))


def test_missing_input_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = run(tmp_path / "nothing.txt")
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: expected a file or folder, found nothing at")


def test_missing_models_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = run(ROOT / "data" / "samples" / "raw", "--models", tmp_path)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1


def test_only_unreadable_input_is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    done = run(tmp_path)
    assert done.returncode == 1 and "empty" in done.stderr


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the example documents lie beside the checkout only")
def test_examples_to_standard_output() -> None:
    done = run(EXAMPLES, "--output", "/dev/stdout")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and 8 <= len(records) <= 9
    assert all("error" not in record for record in records)
    assert sum(record["id"].startswith("004_") for record in records) == 5
