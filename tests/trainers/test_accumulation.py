"""One step on the same sixteen rows is the same step, however it is split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_runs import (
    classifier_config,
    finish,
    start,
    summarizer_config,
    weights,
    write_summarizer_yaml,
    write_yaml,
)

from jianghua.records import read_jsonl
from jianghua.trainers.classifier import train_classifier
from jianghua.trainers.summarizer import train_summarizer

LEARNING_RATE = 0.1
# Plain gradient descent: the weights then show the gradient itself, not its direction.
STEP: dict[str, Any] = {
    "max_steps": 1, "eval_steps": 1, "learning_rate": LEARNING_RATE, "weight_decay": 0.0, "warmup_steps": 0,
    "lr_scheduler_type": "constant",
    "extra": {"optim": "sgd", "train_sampling_strategy": "sequential", "max_grad_norm": 1e9},
}  # fmt: skip
KINDS: dict[str, tuple[Callable[..., Path], Callable[[Path], Any]]] = {
    "classifier": (write_yaml, lambda path: train_classifier(classifier_config(path))),
    "summarizer": (write_summarizer_yaml, lambda path: train_summarizer(summarizer_config(path))),
}


def _split(batch: int, accumulate: int = 1) -> dict[str, Any]:
    return STEP | {"per_device_train_batch_size": batch, "gradient_accumulation_steps": accumulate}


def _logged(folder: Path) -> tuple[float, float]:
    (row,) = [row for row in read_jsonl(folder / "run" / "metrics.jsonl") if "grad_norm" in row]
    return row["loss"], row["grad_norm"]


def _assert_same_step(one: Path, other: Path) -> None:
    loss, norm = _logged(one)
    assert _logged(other) == (pytest.approx(loss, rel=1e-4), pytest.approx(norm, rel=1e-4))
    pairs = zip(weights(one).values(), weights(other).values(), strict=True)
    distance = torch.sqrt(sum((((a - b) ** 2).sum() for a, b in pairs), torch.tensor(0.0)))
    assert distance <= 1e-4 * LEARNING_RATE * norm


@pytest.fixture(scope="module")
def whole(annotated: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of the step taken in one piece, by kind."""
    root = tmp_path_factory.mktemp("whole")
    for kind, (write, train) in KINDS.items():
        train(write(root / kind, annotated, _split(16)))
    return lambda kind: root / kind


@pytest.mark.parametrize("kind", KINDS)
def test_one_batch_is_four_accumulated(
    kind: str, whole: Callable[[str], Path], annotated: Path, tmp_path: Path
) -> None:
    write, train = KINDS[kind]
    train(write(tmp_path, annotated, _split(4, accumulate=4)))
    _assert_same_step(whole(kind), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_another_batch_is_another_step(
    kind: str, whole: Callable[[str], Path], annotated: Path, tmp_path: Path
) -> None:
    """The comparison can fail."""
    write, train = KINDS[kind]
    train(write(tmp_path, annotated, _split(15)))
    with pytest.raises(AssertionError):
        _assert_same_step(whole(kind), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_one_process_is_two(kind: str, whole: Callable[[str], Path], annotated: Path, tmp_path: Path) -> None:
    config = KINDS[kind][0](tmp_path, annotated, _split(8))
    two = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    finish(start(f"train_{kind}.py", config, two))
    _assert_same_step(whole(kind), tmp_path)
