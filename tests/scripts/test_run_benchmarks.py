"""scripts/run_benchmarks.py on invented rows: trains, scores, resumes, and repeats nothing."""

from __future__ import annotations

import gzip
import importlib.util
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from jianghua.config import run
from jianghua.modeling.tokenization import PROBE
from jianghua.trainers import benchmark
from jianghua.trainers.run import fit

ROOT = Path(__file__).parents[2]
WORDS = {"水利": "河道清淤", "交通": "公路通车", "治安": "夜间巡逻"}
ENCODER = {
    "model_type": "modernbert", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2, "global_attn_every_n_layers": 1, "max_position_embeddings": 128,
}  # fmt: skip
WRITER = {
    "model_type": "pegasus", "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 128,
}  # fmt: skip
RUN = {"output_dir": "run", "max_steps": 4, "eval_steps": 2, "precision": "fp32", "report_to": "none",
       "per_device_train_batch_size": 8}  # fmt: skip
COMMON: dict[str, Any] = {"train_data": ["train.jsonl.gz"], "dev_data": ["dev.jsonl.gz"], "codebook": None,
                          "save_to": "saved", "vocab_size": 300, "held_out_share": 0.3, "run": RUN}  # fmt: skip
BENCHMARKS: dict[str, dict[str, Any]] = {
    "single": {"architecture": ENCODER, "columns": {"text": "正文", "task_type": "类"}, "max_length": 48},
    "multi": {"architecture": ENCODER, "columns": {"text": "正文", "policy_domain": "领域"}, "max_length": 48},
    "titles": {"architecture": WRITER, "columns": {"text": "正文", "title": "题"}, "max_source_length": 64,
               "max_target_length": 12, "held_out_pairs": 4},
}  # fmt: skip
METRICS = {"single": ["accuracy"], "multi": ["micro_f1", "macro_f1", "subset_accuracy"],
           "titles": ["rouge1", "rouge2", "rougeL"]}  # fmt: skip


def _rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    pairs = [list(WORDS.items())[n % 3] for n in range(start, start + count)]
    return [{"正文": f"第{n}期：{text}。{PROBE}", "类": name, "领域": [name], "题": text}
            for n, (name, text) in enumerate(pairs, start)]  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "run_benchmarks.py"
    spec = importlib.util.spec_from_file_location("run_benchmarks_script", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three benchmarks whose reported rows repeat two of the training rows."""
    for name, rows in (("train", _rows(24)), ("dev", _rows(8, 22))):
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    published = {
        name: {"trainer": "summarizer" if name == "titles" else "classifier", "metrics": metrics, "scored": "某法",
               "published": [{"source": "某处", "trained_on": 24, "weights": "random",
                              "systems": {"别家": [50.0] * len(metrics)}}]}
        for name, metrics in METRICS.items()
    }  # fmt: skip
    for name, values in (*((name, COMMON | changes) for name, changes in BENCHMARKS.items()), ("published", published)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return tmp_path


def _run(script: ModuleType, home: Path, *words: str) -> int:
    return run(lambda: script.main(["--configs", str(home), "--out", str(home / "out"), *words]))


def _results(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_is_a_yaml(name: str, script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(script, home, "--benchmarks", name, "--seeds", "0", "1") == 0
    rows = _results(home)
    assert [row["seed"] for row in rows] == [None, None, 0, 1]
    for row in rows:
        assert (row["figures"]["all"]["n"], row["figures"]["new"]["n"]) == (8, 6)
        assert list(row["figures"]["all"])[1:] == METRICS[name]
        assert all(low <= value <= high for value, low, high in list(row["figures"]["new"].values())[1:])
    run_row = rows[-1]
    assert run_row["rows_trained"] < 24
    assert run_row["parameters"] > 1000
    assert run_row["seconds"] > 0
    assert run_row["command"].startswith("python scripts/run_benchmarks.py --configs ")
    assert (run_row["weights"], run_row["resumed"]) == ("random", False)
    table = (home / "out" / "benchmarks.md").read_text(encoding="utf-8")
    assert table in capsys.readouterr().out
    assert "mean of 2" in table
    assert "| 别家 " in table
    # Optimiser states are gone, the models stay.
    assert not list((home / "out").rglob("checkpoint-*"))
    assert len(list((home / "out").rglob("model/jianghua.json"))) == 2


def test_what_is_finished_is_not_run_again(
    script: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch, base_model: Callable[[str], Path]
) -> None:
    words = ("--benchmarks", "single", "--no-floors")
    assert _run(script, home, *words) == 0
    trained: list[tuple[Any, int]] = []

    def count(config: Any) -> int:
        trained.append((config.model, config.run.seed))
        return benchmark.train(config)

    monkeypatch.setattr(script, "train", count)
    assert _run(script, home, *words, "--seeds", "0", "3") == 0
    assert trained == [(None, 3)]
    # Another value or another model is another run; weights of another content in the same folder, too.
    model = home / "base"
    shutil.copytree(base_model("bert"), model)
    assert _run(script, home, *words, "--run.learning_rate", "0.01") == 0
    for _ in range(2):
        assert _run(script, home, *words, "--model", str(model)) == 0
    assert trained[1:] == [(None, 0), (str(model), 0)]
    shutil.copy(base_model("roberta") / "model.safetensors", model)
    monkeypatch.setattr(script, "trained", lambda job, one: one.key)
    monkeypatch.setattr(script, "render_benchmarks", lambda *_: "")
    assert _run(script, home, *words, "--model", str(model)) == 0
    names = [row["model"] for row in _results(home)]
    assert len(names) == 5
    assert [name.split("@")[0] for name in names[3:]] == ["base", "base"]
    assert names[3] != names[4]


def test_an_interrupted_run_goes_on_from_its_checkpoint(
    script: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path | None] = []

    def stop(trainer: Any, checkpoint: Path | None) -> None:
        started.append(checkpoint)
        fit(trainer, checkpoint)
        if len(started) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("jianghua.trainers.classifier.fit", stop)
    words = ("--benchmarks", "single", "--no-floors")
    with pytest.raises(KeyboardInterrupt):
        _run(script, home, *words)
    assert _run(script, home, *words) == 0
    assert started[0] is None
    assert started[1] is not None
    assert started[1].name == "checkpoint-4"
    (row,) = _results(home)
    assert row["resumed"] is True


def test_training_never_sees_the_reported_split(
    script: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(config: Any) -> int:
        assert config.dev_data == []
        hidden = home / "dev.jsonl.gz"
        hidden.rename(home / "away")
        rows = benchmark.train(config)
        (home / "away").rename(hidden)
        return rows

    monkeypatch.setattr(script, "train", look)
    assert _run(script, home, "--benchmarks", "multi", "titles", "--no-floors") == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--benchmarks", "none"), "expected --benchmarks of multi, single, titles, found none"),
        (("--benchmarks", "single", "--lr", "1"), "'--lr' in the command line"),
        (
            ("--benchmarks", "single", "--columns", '{"text": "句"}'),
            "the columns 句, found 正文, 类, 领域, 题",
        ),
        (("--benchmarks", "single", "--dev_data", "[]"), "expected columns and one file under dev_data of single"),
    ],
)
def test_errors_are_one_line(
    words: tuple[str, ...], error: str, script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(script, home, *words) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert error in lines[0]
    assert not (home / "out" / "results.jsonl").exists()
