"""docs/tutorial.md: every command that it shows is run as it stands, with its outputs in a folder of the test."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jianghua.codebook import load_codebook
from jianghua.records import read_annotated

ROOT = Path(__file__).parents[2]
PLACE = "outputs/hotline"
CONFIG = "docs/tutorial/hotline_classifier.yaml"


def _commands() -> list[str]:
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (.+)$", text.replace("\\\n      ", ""), re.MULTILINE)
    return [line for line in lines if line.split()[0] in ("python", "accelerate", "cp")]


def _run(command: str, folder: Path) -> str:
    """The command with its outputs, and the configuration's, led into `folder`."""
    command = command.replace(CONFIG, str(folder / "config.yaml")).replace(PLACE, str(folder))
    words = shlex.split(command)
    if words[0] == "cp":
        shutil.copytree(ROOT / words[2], Path(words[3]) / Path(words[2]).name)
        return ""
    launched = words[2:] if words[0] == "accelerate" else words[1:]
    done = subprocess.run([sys.executable, *launched], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stderr[-2000:]}"
    return done.stdout


def test_every_file_that_the_tutorial_names_is_there() -> None:
    words = {word for command in _commands() for word in shlex.split(command)}
    named = {word for word in words if re.match(r"(docs|scripts|training|models)/", word)}
    assert len(_commands()) >= 12 and {word for word in named if not (ROOT / word).exists()} == set()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_tutorial_runs(tmp_path: Path) -> None:
    config = (ROOT / CONFIG).read_text(encoding="utf-8").replace(PLACE, str(tmp_path))
    (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
    shown = [_run(command, tmp_path) for command in _commands()]
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))["data"][0]["systems"]["model"]
    assert scores["task_type"]["micro_f1"] > 0.9 and scores["policy_domain"]["micro_f1"] > 0.8
    codebook = load_codebook(str(ROOT / "docs" / "tutorial" / "hotline.yaml"))
    assert len(list(read_annotated(tmp_path / "anna.jsonl", codebook))) == 24
    assert any("24 of 30 paragraphs to label" in output for output in shown)
    assert any("0.776 [0.559, 0.943]" in output for output in shown)
