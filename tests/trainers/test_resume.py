"""A run that was killed, cut short or tampered with ends like one that was left alone, or says why it cannot."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_runs import ENCODER, classifier_config, finish, start, weights, write_yaml

from jianghua.records import read_jsonl, write_manifest
from jianghua.schema import InputError
from jianghua.trainers.checkpoints import newest_verified
from jianghua.trainers.classifier import ClassifierConfig, train_classifier
from jianghua.trainers.run import check_finite

# Dropout makes the random state part of what a checkpoint must bring back.
DROPOUT = ENCODER | {"mlp_dropout": 0.2, "embedding_dropout": 0.2}


def _write(folder: Path, data: Path, run: dict[str, Any] | None = None) -> Path:
    return write_yaml(folder, data, run, architecture=DROPOUT)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums differ in their last bit with the number of threads; the processes that are killed have one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def undisturbed(one_thread: None, annotated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run of three epochs of 15 steps, a checkpoint every five."""
    folder = tmp_path_factory.mktemp("undisturbed")
    train_classifier(classifier_config(_write(folder, annotated)))
    return folder


@pytest.fixture
def copy(undisturbed: Path, tmp_path: Path) -> Path:
    """The same run, to be tampered with; nothing is saved yet."""
    folder = tmp_path / "copy"
    shutil.copytree(undisturbed, folder)
    shutil.rmtree(folder / "saved")
    return folder


def _steps(folder: Path) -> list[int]:
    return sorted(int(path.name.split("-")[1]) for path in (folder / "run").glob("checkpoint-*"))


def _cut(folder: Path, last: int) -> None:
    for step in _steps(folder):
        if step > last:
            shutil.rmtree(folder / "run" / f"checkpoint-{step}")


def _assert_same_end(one: Path, other: Path) -> None:
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    names = ("temperature", "thresholds", "review_below", "domain_scale", "domain_shift")
    read = [json.loads((folder / "saved" / "jianghua.json").read_text(encoding="utf-8")) for folder in (one, other)]
    assert [read[0][name] for name in names] == [read[1][name] for name in names]


def test_two_runs_are_bit_identical(undisturbed: Path, annotated: Path, tmp_path: Path) -> None:
    train_classifier(classifier_config(_write(tmp_path, annotated)))
    _assert_same_end(undisturbed, tmp_path)


@pytest.mark.parametrize(("step", "epoch"), [(5, 1 / 3), (15, 1), (20, 4 / 3), (40, 8 / 3)])
def test_resumes_bit_identical_in_any_epoch(step: int, epoch: float, undisturbed: Path, copy: Path) -> None:
    _cut(copy, step)
    state = json.loads((copy / "run" / f"checkpoint-{step}" / "trainer_state.json").read_text(encoding="utf-8"))
    assert state["epoch"] == pytest.approx(epoch)
    train_classifier(classifier_config(copy / "config.yaml"))
    assert _steps(copy) == _steps(undisturbed)
    _assert_same_end(undisturbed, copy)


def test_a_finished_run_only_saves_again(undisturbed: Path, copy: Path) -> None:
    before = (copy / "run" / "metrics.jsonl").read_text(encoding="utf-8").count('"grad_norm"')
    train_classifier(classifier_config(copy / "config.yaml"))
    assert (copy / "run" / "metrics.jsonl").read_text(encoding="utf-8").count('"grad_norm"') == before
    _assert_same_end(undisturbed, copy)


@pytest.mark.slow
def test_killed_run_ends_bit_identical(undisturbed: Path, annotated: Path, tmp_path: Path) -> None:
    config = _write(tmp_path, annotated)
    process = start("train_classifier.py", config)
    while len(list((tmp_path / "run").glob("checkpoint-*"))) < 2:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert not (tmp_path / "saved").exists()
    # The launcher resumes by itself, through accelerate and from wherever it is called.
    launch = ["-m", "accelerate.commands.accelerate_cli", "launch", "--num_processes", "1", "--num_machines", "1",
              "--mixed_precision", "no", "--dynamo_backend", "no", "--cpu"]  # fmt: skip
    output = finish(start("train_classifier.py", config, launch))
    assert '"saved"' in output
    # Resumed, not begun again: the first step was taken once.
    assert [row["step"] for row in read_jsonl(tmp_path / "run" / "metrics.jsonl") if "grad_norm" in row].count(1) == 1
    _assert_same_end(undisturbed, tmp_path)


def _truncate(folder: Path) -> None:
    path = folder / "optimizer.pt"
    path.write_bytes(path.read_bytes()[:-100])


def _flip(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _lose(folder: Path) -> None:
    (folder / "rng_state.pth").unlink()


def _lose_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _halve_manifest(folder: Path) -> None:
    text = (folder / "manifest.json").read_text(encoding="utf-8")
    (folder / "manifest.json").write_text(text[: len(text) // 2], encoding="utf-8")


@pytest.mark.parametrize("damage", [_truncate, _flip, _lose, _lose_manifest, _halve_manifest])
def test_a_damaged_checkpoint_is_put_aside(damage: Any, undisturbed: Path, copy: Path) -> None:
    _cut(copy, 15)
    damage(copy / "run" / "checkpoint-15")
    train_classifier(classifier_config(copy / "config.yaml"))
    assert [path.name.split("-")[1] for path in (copy / "run" / "quarantine").iterdir()] == ["15"]
    _assert_same_end(undisturbed, copy)


def test_a_damaged_best_checkpoint_is_not_what_is_kept(undisturbed: Path, copy: Path) -> None:
    """The best one is opened at the end of training, long after the newest was checked."""
    last = _steps(copy)[-1]
    state = json.loads((copy / "run" / f"checkpoint-{last}" / "trainer_state.json").read_text(encoding="utf-8"))
    _flip(copy / "run" / f"checkpoint-{state['best_global_step']}")
    train_classifier(classifier_config(copy / "config.yaml"))
    _assert_same_end(undisturbed, copy)


def test_a_run_without_any_sound_checkpoint_starts_anew(undisturbed: Path, copy: Path) -> None:
    for step in _steps(copy):
        _flip(copy / "run" / f"checkpoint-{step}")
    train_classifier(classifier_config(copy / "config.yaml"))
    _assert_same_end(undisturbed, copy)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("run.learning_rate", "0.001"),
        ("run.per_device_train_batch_size", "4"),
        ("run.gradient_accumulation_steps", "2"),
        ("run.seed", "7"),
        ("run.num_train_epochs", "5"),
        ("max_length", "40"),
        ("vocab_size", "350"),
    ],
)
def test_a_changed_configuration_is_refused_by_name(field: str, value: str, copy: Path) -> None:
    with pytest.raises(InputError, match=rf"found another {field}; .*--run.resume false"):
        train_classifier(classifier_config(copy / "config.yaml", f"--{field}", value))
    assert not (copy / "saved").exists()


def test_changed_training_data_is_refused_by_name(annotated: Path, copy: Path) -> None:
    config = classifier_config(_write(copy, copy / "tiny.jsonl"))
    shutil.rmtree(copy / "run")
    shutil.copy(annotated, copy / "tiny.jsonl")
    train_classifier(config)
    lines = annotated.read_text(encoding="utf-8").splitlines()
    (copy / "tiny.jsonl").write_text("\n".join([*lines[1:], lines[0]]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"found another content of .*tiny\.jsonl; "):
        train_classifier(config)


def test_another_number_of_processes_is_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint-1"
    folder.mkdir()
    one, two = ({"number of processes": count} for count in (1, 2))
    (folder / "trainer_state.json").write_text('{"best_global_step": 1}', encoding="utf-8")
    write_manifest(folder / "manifest.json", [folder / "trainer_state.json"], {"fingerprint": one})
    assert newest_verified(tmp_path, one) == folder
    with pytest.raises(InputError, match="found another number of processes; "):
        newest_verified(tmp_path, two)


def test_places_may_change_and_resume_false_starts_anew(copy: Path) -> None:
    moved = ("--run.save_total_limit", "30", "--run.logging_steps", "5", "--save_to", str(copy / "other"))
    train_classifier(classifier_config(copy / "config.yaml", *moved))
    assert (copy / "other" / "model.safetensors").is_file()
    anew = ("--run.resume", "false", "--run.learning_rate", "0.001")
    train_classifier(classifier_config(copy / "config.yaml", *anew))
    assert (copy / "saved" / "model.safetensors").is_file()


def test_a_diverging_run_stops_and_keeps_no_broken_weights(annotated: Path, tmp_path: Path) -> None:
    run = {"learning_rate": 1e30, "warmup_steps": 0, "eval_steps": 1, "extra": {"optim": "sgd", "max_grad_norm": 1e9}}
    with pytest.raises(FloatingPointError, match=r"loss is (nan|inf); lower run\.learning_rate"):
        train_classifier(classifier_config(_write(tmp_path, annotated, run)))
    assert not (tmp_path / "saved").exists()
    assert _steps(tmp_path) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_check_finite(value: float) -> None:
    assert check_finite(torch.tensor(0.5)) == 0.5
    with pytest.raises(FloatingPointError):
        check_finite(torch.tensor(value))


@pytest.mark.parametrize("share", ["0.0", "1.0"])
def test_a_share_that_leaves_one_side_empty_is_refused(share: str, annotated: Path, tmp_path: Path) -> None:
    config: ClassifierConfig = classifier_config(_write(tmp_path, annotated), "--held_out_share", share)
    with pytest.raises(InputError, match=r"held_out_share"):
        train_classifier(config)
