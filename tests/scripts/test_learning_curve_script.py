"""scripts/learning_curve.py from the command line, on the sample documents."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from jianghua.config import run
from jianghua.records import read_jsonl

ROOT = Path(__file__).parents[2]
CONFIG = """
train_data: [unused.jsonl]
dev_data: []
save_to: unused
architecture: {model_type: modernbert, hidden_size: 16, intermediate_size: 16, num_hidden_layers: 1,
               num_attention_heads: 2, global_attn_every_n_layers: 1, max_position_embeddings: 64}
vocab_size: 3000
max_length: 48
held_out_share: 0.4
save_half: false
run: {output_dir: unused, max_steps: 2, num_train_epochs: 1, precision: fp32, report_to: none, eval_steps: 2}
"""
Call = Callable[..., int]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("learning_curve_script", ROOT / "scripts" / "learning_curve.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def call(script: ModuleType, tmp_path: Path) -> Call:
    """Run the script on the training samples in two folds."""
    data = ROOT / "data" / "samples" / "train.jsonl"
    # Articles of one file stay together.
    stems = sorted({row["id"].split("#")[0] for row in read_jsonl(data)})
    folds = {row["id"]: stems.index(row["id"].split("#")[0]) % 2 for row in read_jsonl(data)}
    (tmp_path / "folds.json").write_text(json.dumps({"folds": folds}), encoding="utf-8")

    def start(*words: str) -> int:
        places = ["--data", str(data), "--folds", str(tmp_path / "folds.json")]
        return run(lambda: script.main([*places, "--output", str(tmp_path / "curve.jsonl"), *words]))

    return start


def test_points_are_made_once_and_drawn(call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--shares", "0.5") == 0
    assert call("--shares", "0.5", "1", "--plot", str(tmp_path / "curve.svg")) == 0
    output = capsys.readouterr().out
    assert output.count("50%: done") == 1 and output.count("100%: done") == 1
    rows = list(read_jsonl(tmp_path / "curve.jsonl"))
    assert [row["share"] for row in rows] == [0.5, 1.0] and rows[0]["documents"] == round(rows[1]["documents"] / 2)
    assert (tmp_path / "curve.svg").is_file()


def test_a_classifier_is_trained_for_every_share_and_fold(call: Call, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    work = tmp_path / "work"
    assert call("--config", str(tmp_path / "tiny.yaml"), "--work", str(work), "--shares", "0.9") == 0
    (row,) = read_jsonl(tmp_path / "curve.jsonl")
    assert row["system"] == "tiny" and row["scores"]["ece"]
    folds = json.loads((tmp_path / "folds.json").read_text(encoding="utf-8"))["folds"]
    for fold in (0, 1):
        trained_on = [x["id"] for x in read_jsonl(work / "share-0.9" / "seed-0" / f"fold-{fold}" / "train.jsonl")]
        assert trained_on and all(folds[id_] != fold for id_ in trained_on)
        assert len(trained_on) < sum(number != fold for number in folds.values())


def test_a_configuration_needs_a_place(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--config", "x.yaml") == 2
    assert "expected --config and --work together" in capsys.readouterr().err
