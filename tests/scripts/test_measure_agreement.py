"""scripts/measure_agreement.py from the command line, on the two readings of the samples."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from jianghua.config import run
from jianghua.records import read_jsonl, write_jsonl

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data" / "samples"
WORDS = [*(str(SAMPLES / f"{name}.jsonl") for name in ("train", "dev", "test")), "--against",
         str(SAMPLES / "second_reading.jsonl")]  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("agreement_script", ROOT / "scripts" / "measure_agreement.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_two_readings_of_the_samples(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main([*WORDS, "--disagreements", str(tmp_path / "differ.jsonl")]) == 0
    found = json.loads(capsys.readouterr().out)
    value, low, high = found["task_type"]["kappa"]
    assert low <= value <= high and value > 0.8
    content = found["without_headings_and_boilerplate"]
    assert content["paragraphs"] < found["paragraphs"] and found["only_first"] == 128  # series e has one reading
    differing = list(read_jsonl(tmp_path / "differ.jsonl"))
    assert all(row["first"] != row["second"] for row in differing)
    assert script.main([*WORDS, "--table"]) == 0
    assert "Krippendorff's α" in capsys.readouterr().out


def test_readings_of_other_texts_are_refused(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = next(read_jsonl(SAMPLES / "dev.jsonl"))
    write_jsonl([first], tmp_path / "a.jsonl")
    first["paragraphs"][0]["text"] += "改动"
    write_jsonl([first], tmp_path / "b.jsonl")
    assert run(lambda: script.main([str(tmp_path / "a.jsonl"), "--against", str(tmp_path / "b.jsonl")])) == 2
    assert "expected the same text in both readings" in capsys.readouterr().err
