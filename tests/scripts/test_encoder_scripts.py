"""The scripts around pretraining: comparing variants, drawing the loss, measuring speed."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from jianghua.records import read_jsonl
from jianghua.schema import InputError

ROOT = Path(__file__).parents[2]


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _log(folder: Path, rows: list[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def test_loss_curves_keep_what_a_resumed_run_logged_last(tmp_path: Path) -> None:
    script = _script("plot_loss")
    run = _log(tmp_path / "run", [
        {"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.5}, {"step": 2, "eval_loss": 2.0}, {"step": 2, "loss": 2.4},
        {"step": 3, "loss": 2.2}, {"step": 3, "train_runtime": 5.0},
    ])  # fmt: skip
    assert script.curves(run) == {"loss": ([1, 2, 3], [3.0, 2.4, 2.2]), "eval_loss": ([2], [2.0])}
    for name in ("a.svg", "b.svg"):
        script.main(["--run", str(run), "--output", str(tmp_path / name)])
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    with pytest.raises(InputError, match="expected logged losses"):
        script.curves(_log(tmp_path / "empty", [{"step": 1, "train_runtime": 5.0}]))


def test_a_variant_is_pretrained_and_fine_tuned_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = _script("compare_encoders")
    config = tmp_path / "variants.yaml"
    values: dict[str, Any] = {
        "base": "base.yaml", "out": "out", "classifier": "c.yaml", "pretrain": ["--run.max_steps", "2"],
        "fine_tune": ["--max_length", "8"], "variants": {"base": [], "other": ["--optimizer", "adamw"]},
    }  # fmt: skip
    config.write_text(yaml.safe_dump(values), encoding="utf-8")
    calls: list[tuple[str, ...]] = []

    def call(launcher: str, *arguments: str) -> None:
        calls.append((launcher, *arguments))
        place = Path(arguments[arguments.index("--save_to" if "pretrain" in launcher else "--out") + 1]).parent
        if "pretrain" in launcher:
            speed = {"step": 2, "loss": 5.0, "tokens": 4096, "tokens_per_second": 100}
            run = _log(place / "run", [speed, {"step": 2, "train_runtime": 41.0}])
            scores = {"held_out_masked_loss": 5.5, "loss_per_character": 5.0, "parameters": 10**6}
            (run / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
        else:
            found = {"scores": {axis: {"macro_f1": [0.5, 0.4, 0.6]} for axis in ("task_type", "policy_domain")}}
            (place / "cv" / "seed-0").mkdir(parents=True)
            (place / "cv" / "seed-0" / "scores.json").write_text(json.dumps(found), encoding="utf-8")

    monkeypatch.setattr(script, "call", call)
    monkeypatch.setattr(script, "RESULTS", tmp_path / "rows.jsonl")
    for _ in range(2):
        script.main(["--config", str(config)])
    assert [launcher for launcher, *_ in calls] == ["training/pretrain_encoder.py", "scripts/cross_validate.py"] * 2
    assert calls[2][3:7] == ("--run.max_steps", "2", "--optimizer", "adamw")
    assert calls[3][-2:] == ("--max_length", "8")
    rows = list(read_jsonl(tmp_path / "rows.jsonl"))
    known = [(row["variant"], row["tokens"], row["seconds"]) for row in rows]
    assert known == [("base", 4096, 41.0), ("other", 4096, 41.0)]
    assert script.table(rows)[2] == "| base | 1.0 | 0.00 | 41 | 5.500 | 5.000 | 0.500 | 0.500 |"


def test_speed_is_measured_against_the_stock_trainer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "夜间巡防队沿河走一圈，看过水闸再回村。" * 4
    table = tmp_path / "texts.jsonl"
    table.write_text("".join(json.dumps({"title": f"巡防{n}", "text": f"第{n}天，{text}"}) + "\n" for n in range(40)))
    architecture = {"model_type": "modernbert", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
                    "num_attention_heads": 2, "layer_types": ["full_attention"]}  # fmt: skip
    values = {
        "run": {"output_dir": "run", "max_steps": 2}, "save_to": "saved", "architecture": architecture,
        "batches": {"length": 32, "rows": {0: 2}},
        "corpus": {"packed": "packed", "vocab_size": 6900, "sources": [{"path": str(table)}]},
    }  # fmt: skip
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    _script("benchmark_pretraining").main(["--config", str(tmp_path / "config.yaml"), "--steps", "2", "--rounds", "1"])
    output = capsys.readouterr().out
    found = json.loads(output[output.rindex("{\n") :])
    assert found["jianghua"] > 0 and found["times stock"] > 0 and found["share_of_matrix_peak"] > 0
