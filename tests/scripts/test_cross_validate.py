"""scripts/make_folds.py and scripts/cross_validate.py from the command line, on the sample documents."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jianghua.codebook import load_codebook
from jianghua.config import run
from jianghua.corpus.folds import read_folds
from jianghua.modeling.batching import classifier_inputs
from jianghua.modeling.classifier import load_classifier, predict
from jianghua.modeling.tokenization import PROBE
from jianghua.records import read_annotated, read_jsonl, write_jsonl
from jianghua.trainers.classifier import ClassifierConfig

ROOT = Path(__file__).parents[2]
SAMPLES = [ROOT / "data" / "samples" / f"{name}.jsonl" for name in ("train", "dev", "test")]
CONFIG = """
train_data: [{data}, {extra}]
dev_data: []
save_to: unused
architecture: {{model_type: modernbert, hidden_size: 16, intermediate_size: 16, num_hidden_layers: 1,
               num_attention_heads: 2, global_attn_every_n_layers: 1, max_position_embeddings: 64}}
vocab_size: 3000
max_length: 48
held_out_share: 0.3
save_half: false
run: {{output_dir: unused, max_steps: 2, num_train_epochs: 1, precision: fp32, report_to: none, eval_steps: 2}}
"""
Call = Callable[..., int]


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_script", ROOT / "scripts" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return _load("cross_validate")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples in one file, two folds of them, and an extra document that repeats one of them under another id."""
    folder = tmp_path_factory.mktemp("home")
    rows = [row for path in SAMPLES for row in read_jsonl(path)]
    write_jsonl(rows, folder / "data.jsonl")
    words = _words(folder, "--data", "data.jsonl", "--folds", "2", "--output", "folds.json")
    assert _load("make_folds").main(words) == 0
    other = {"index": 0, "text": PROBE * 3,
             "task_type": "review", "policy_domain": [], "uncertain": False, "gist": ""}  # fmt: skip
    extras = [rows[0] | {"id": "copy"}, rows[0] | {"id": "new", "paragraphs": [other]}]
    write_jsonl(extras, folder / "extra.jsonl")
    text = CONFIG.format(data=folder / "data.jsonl", extra=folder / "extra.jsonl")
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return folder


def _words(folder: Path, *words: str) -> list[str]:
    """Names that end like files lead into `folder`."""
    return [str(folder / word) if word.endswith((".jsonl", ".json", ".yaml")) else word for word in words]


@pytest.fixture
def call(script: ModuleType, home: Path, tmp_path: Path) -> Call:
    """Run the script; --out NAME lies in a folder of this test, other files in `home`."""

    def start(out: str, *words: str) -> int:
        common = ["--data", "data.jsonl", "--folds", "folds.json", "--out", str(tmp_path / out)]
        results = ["--results", str(tmp_path / "results.jsonl")]
        return run(lambda: script.main([*_words(home, *common, *words), *results]))

    return start


def _predictions(out: Path, seed: int = 0) -> dict[int, list[dict[str, Any]]]:
    return {k: list(read_jsonl(out / f"seed-{seed}" / f"fold-{k}" / "predictions.jsonl")) for k in (0, 1)}


def test_a_baseline_labels_each_document_in_its_own_fold(
    call: Call, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("rules", "--baseline", "rules", "--record", "rules", "--changed", "nothing") == 0
    against = ["--against", str(tmp_path / "rules"), "--record", "tfidf", "--changed", "learned"]
    assert call("tfidf", "--baseline", "tfidf", *against) == 0
    folds = read_folds(home / "folds.json")
    for fold, rows in _predictions(tmp_path / "tfidf").items():
        assert {row["id"] for row in rows} == {id_ for id_, number in folds.items() if number == fold}
    rules, tfidf = read_jsonl(tmp_path / "results.jsonl")
    assert (rules["name"], rules["against"], rules["seed"]) == ("rules", None, None)
    value = tfidf["scores"]["task_type"]["macro_f1"][0] - rules["scores"]["task_type"]["macro_f1"][0]
    assert tfidf["against"]["name"] == "rules"
    assert tfidf["against"]["differences"]["task_type"]["macro_f1"][0] == pytest.approx(value, abs=2e-4)
    assert tfidf["scores"]["documents"] == len(folds)
    assert "difference" in capsys.readouterr().out
    texts = [p["text"] for row in read_jsonl(home / "data.jsonl") for p in row["paragraphs"] if len(p["text"]) > 8]
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.json*"))
    assert not [text for text in texts if text in written]


def test_tfidf_never_sees_the_fold_that_it_labels(
    call: Call, script: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    fit = script.fit_tfidf
    monkeypatch.setattr(script, "fit_tfidf", lambda docs, book: seen.append({d.id for d in docs}) or fit(docs, book))
    assert call("tfidf", "--baseline", "tfidf") == 0
    folds = read_folds(home / "folds.json")
    assert seen == [{id_ for id_, number in folds.items() if number != fold} for fold in (0, 1)]


def test_a_finished_fold_is_not_run_again_and_an_unfinished_one_is(
    call: Call, script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("tfidf", "--baseline", "tfidf", "--folds-to-run", "0") == 0
    before = _bytes(tmp_path / "tfidf" / "seed-0" / "fold-0")
    runs: list[int] = []
    fit = script.fit_tfidf
    monkeypatch.setattr(script, "fit_tfidf", lambda docs, book: runs.append(1) or fit(docs, book))
    assert call("tfidf", "--baseline", "tfidf") == 0
    assert len(runs) == 1 and _bytes(tmp_path / "tfidf" / "seed-0" / "fold-0") == before
    # Without its manifest, written last, a fold was interrupted.
    (tmp_path / "tfidf" / "seed-0" / "fold-0" / "manifest.json").unlink()
    assert call("tfidf", "--baseline", "tfidf") == 0
    assert len(runs) == 2


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_another_run_in_the_same_folder_is_refused(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("one", "--baseline", "rules") == 0
    assert call("one", "--baseline", "tfidf") == 2
    assert "found another baseline, rules; restore it, or choose another --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--baseline", "rules", "--seeds", "0", "1"], "expected a baseline without seeds or overrides"),
        (["--baseline", "rules", "--run.seed", "1"], "expected a baseline without seeds or overrides"),
        (["--baseline", "rules", "--folds-to-run", "2"], "expected folds 0 to 1, found 2"),
        (["--baseline", "rules", "--record", "x"], "expected --record and --changed together"),
        (["--baseline", "rules", "--against", "nowhere"], "found no folds there"),
        (["--config", "config.yaml", "--seeds", "1", "1"], "expected each seed once, found 1 1"),
        (["--config", "config.yaml", "--run.nothing", "1"], "expected one of the keys"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused_before_anything_is(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert call("out", *words) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_part_of_the_folds_is_scored_but_not_recorded(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("part", "--baseline", "rules", "--folds-to-run", "1", "--record", "part", "--changed", "x") == 2
    output = capsys.readouterr()
    assert "folds 1 of 2" in output.out and "expected all folds for --record" in output.err
    assert not (tmp_path / "results.jsonl").exists()


def test_a_name_is_recorded_once(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--baseline", "rules", "--record", "rules", "--changed", "x")
    assert call("a", *words) == 0
    assert call("b", *words) == 2
    assert "expected a name and seed that are not recorded" in capsys.readouterr().err


def test_the_trainer_runs_once_a_fold_on_what_may_be_seen(
    call: Call, script: ModuleType, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs: list[ClassifierConfig] = []
    train = script.train_classifier
    monkeypatch.setattr(script, "train_classifier", lambda config: configs.append(config) or train(config))
    words = ("--config", "config.yaml", "--seeds", "3", "--record", "tiny", "--changed", "x")
    assert call("tiny", *words) == 0
    assert [config.run.seed for config in configs] == [3, 3] and all(config.run.max_steps == 2 for config in configs)
    folds, source = read_folds(home / "folds.json"), next(read_jsonl(home / "data.jsonl"))["id"]
    for fold in (0, 1):
        folder = tmp_path / "tiny" / "seed-3" / f"fold-{fold}"
        trained_on = {row["id"] for row in read_jsonl(folder / "train.jsonl")}
        leaking = {"copy"} if folds[source] == fold else set()
        assert trained_on == {id_ for id_, number in folds.items() if number != fold} | {"copy", "new"} - leaking
        assert not list((folder / "run").glob("checkpoint-*"))
        _check_predictions(folder, home, trained_on)
    (row,) = read_jsonl(tmp_path / "results.jsonl")
    assert (row["seed"], row["left_out"], row["folds"]) == (3, 1, [0, 1])
    assert row["parameters"] > 0 and row["seconds"] > 0 and row["scores"]["ece"]
    assert call("tiny", *words[:4]) == 0 and len(configs) == 2
    assert call("tiny", *words[:4], "--run.learning_rate", "0.1") == 2


def _check_predictions(folder: Path, home: Path, trained_on: set[str]) -> None:
    rows = list(read_jsonl(folder / "predictions.jsonl"))
    assert not {row["id"] for row in rows} & trained_on
    held = [d for d in read_annotated(home / "data.jsonl", load_codebook()) if d.id in {row["id"] for row in rows}]
    prediction = predict(load_classifier(folder / "model"), classifier_inputs(held))
    assert [tuple(row["policy_domain"]) for row in rows] == prediction.domain_labels()
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["fingerprint"]["seed"] == 3


def test_the_encoder_alone_is_a_run_of_its_own(call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = str(tmp_path / "alone")
    words = ["--config", "config.yaml", "--folds-to-run", "0"]
    assert call("both", *words, "--encoder-alone", alone) == 2
    assert "--encoder-alone with ngrams above 0" in capsys.readouterr().err
    assert call("both", *words, "--ngrams", "300", "--encoder-alone", alone) == 0
    both = list(read_jsonl(tmp_path / "both" / "seed-0" / "fold-0" / "predictions.jsonl"))
    capsys.readouterr()
    assert call("alone", *words, "--ngrams", "0") == 0
    assert "fold 0: finished before" in capsys.readouterr().out
    own = list(read_jsonl(tmp_path / "alone" / "seed-0" / "fold-0" / "predictions.jsonl"))
    assert [row["id"] for row in own] == [row["id"] for row in both]
    assert [row["task"] for row in own] != [row["task"] for row in both]
    # The same encoder trained without n-grams says the same.
    assert call("again", *words, "--ngrams", "0") == 0
    assert list(read_jsonl(tmp_path / "again" / "seed-0" / "fold-0" / "predictions.jsonl")) == own
