"""What both trainers share: run settings, TrainingArguments, logging callbacks, the training loop."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from transformers import (
    EarlyStoppingCallback,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from jianghua.config import portable
from jianghua.modeling.checkpoint import load_tokenizer
from jianghua.modeling.tokenization import check_tokenizer
from jianghua.records import sha256
from jianghua.schema import InputError
from jianghua.trainers.checkpoints import VerifiedCheckpoints, newest_verified

logger = logging.getLogger("jianghua")


@dataclass(frozen=True)
class RunConfig:
    """How a training run goes; what is not named here goes to TrainingArguments through `extra`."""

    output_dir: Path
    num_train_epochs: float = 4.0
    max_steps: int = -1
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup_steps: float = 0.1
    lr_scheduler_type: str = "linear"
    per_device_train_batch_size: int = 16
    per_device_eval_batch_size: int = 32
    gradient_accumulation_steps: int = 1
    seed: int = 0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    eval_steps: float = 0.2
    save_total_limit: int = 2
    early_stopping_patience: int = 0
    logging_steps: float = 20
    report_to: Literal["none", "tensorboard"] = "tensorboard"
    resume: bool = True
    extra: dict[str, Any] = field(default_factory=dict)


def training_arguments(run: RunConfig, metric: str) -> TrainingArguments:
    """The Hugging Face arguments of a run; `metric` chooses the checkpoint that is kept.

    Raises:
        InputError: a key of `extra` that TrainingArguments does not have or does not accept.
    """
    bf16 = run.precision == "bf16" or (run.precision == "auto" and _has_bf16())
    values: dict[str, Any] = {
        "output_dir": str(run.output_dir), "num_train_epochs": run.num_train_epochs, "max_steps": run.max_steps,
        "learning_rate": run.learning_rate, "weight_decay": run.weight_decay, "warmup_steps": run.warmup_steps,
        "lr_scheduler_type": run.lr_scheduler_type, "per_device_train_batch_size": run.per_device_train_batch_size,
        "per_device_eval_batch_size": run.per_device_eval_batch_size, "seed": run.seed, "bf16": bf16,
        "gradient_accumulation_steps": run.gradient_accumulation_steps, "report_to": run.report_to,
        "eval_strategy": "steps", "eval_steps": run.eval_steps, "save_strategy": "steps", "save_steps": run.eval_steps,
        "logging_steps": run.logging_steps, "save_total_limit": run.save_total_limit, "load_best_model_at_end": True,
        "metric_for_best_model": metric, "greater_is_better": True, "train_sampling_strategy": "group_by_length",
        "use_cpu": not torch.cuda.is_available(), "logging_nan_inf_filter": False, "remove_unused_columns": False,
        # Trainer divides the summed loss by the items of all processes; without this every process counts its own.
        "average_tokens_across_devices": True,
    }  # fmt: skip
    try:
        return TrainingArguments(**values | run.extra)
    except (TypeError, ValueError) as error:
        expected = "keys and values of transformers.TrainingArguments in run"
        raise InputError(expected, str(error), "correct the configuration") from error


def _has_bf16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


class MetricsLog(TrainerCallback):
    """Every logged value, one JSON object a line, in metrics.jsonl."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl,
               logs: dict[str, Any] | None = None, **kwargs: Any) -> None:  # fmt: skip
        if state.is_world_process_zero and logs:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": state.global_step} | logs) + "\n")


class EpochOrder(TrainerCallback):
    """The order of an epoch's rows depends on seed and epoch alone.

    The length-grouping sampler draws from the global random state, which no longer is what it was when a run resumes
    after its first epoch, and which processes that pad to different lengths do not share.
    """

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl,
                       train_dataloader: Any = None, **kwargs: Any) -> None:  # fmt: skip
        batches = train_dataloader.batch_sampler
        while hasattr(batches, "batch_sampler"):  # accelerate's shards wrap the one that holds the sampler
            batches = batches.batch_sampler
        # A resumed run comes here in mid-epoch; the margin is for sums of step lengths.
        epoch = int((state.epoch or 0) + 1e-6)
        batches.sampler.generator = torch.Generator().manual_seed(args.seed * 10**6 + epoch)


def check_finite(loss: torch.Tensor) -> torch.Tensor:
    """Stop at once: Trainer would go on, log 0.0 and save NaN weights."""
    if not torch.isfinite(loss):
        raise FloatingPointError(f"loss is {loss.item()}; lower run.learning_rate or set run.precision to fp32")
    return loss


def callbacks(run: RunConfig, fingerprint: dict[str, Any]) -> list[TrainerCallback]:
    chosen: list[TrainerCallback] = [
        MetricsLog(run.output_dir / "metrics.jsonl"), EpochOrder(), VerifiedCheckpoints(fingerprint),
    ]  # fmt: skip
    if run.early_stopping_patience:
        chosen.append(EarlyStoppingCallback(run.early_stopping_patience))
    return chosen


def resumable(arguments: TrainingArguments, run: RunConfig, fingerprint: dict[str, Any]) -> Path | None:
    """The newest checkpoint that verifies; None to start anew.

    Raises:
        InputError: the newest is of a run with another configuration.
    """
    # One process moves what is damaged; the others look when it has done so.
    with arguments.main_process_first(local=False):
        return newest_verified(run.output_dir, fingerprint) if run.resume else None


def own_tokenizer(make: Callable[[], PreTrainedTokenizerBase], checkpoint: Path | None) -> PreTrainedTokenizerBase:
    """The vocabulary that a checkpoint was trained with, else a new one; the same in every process of the run.

    Raises:
        InputError: the new vocabulary loses Chinese text, as loading the trained model would find.
    """
    if checkpoint:
        return load_tokenizer(str(checkpoint))
    made: list[Any] = [make() if PartialState().is_main_process else None]
    (tokenizer,) = broadcast_object_list(made)
    check_tokenizer(tokenizer, "the training text")
    return tokenizer


def fit(trainer: Trainer, checkpoint: Path | None) -> None:
    """Train on from `checkpoint`, or from the start; not at all for no epochs: the model is taken as it is."""
    if not trainer.args.num_train_epochs and trainer.args.max_steps <= 0:
        return
    if checkpoint:
        logger.info("resuming from %s", checkpoint)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)


def run_fingerprint(values: dict[str, Any], data: Sequence[Path], processes: int) -> dict[str, Any]:
    """What must not change between a checkpoint and its resumption: configuration values, training files, processes.

    Places of outputs may, and the n-grams, which are fitted after training.
    """
    places = {"output_dir", "resume", "report_to", "save_total_limit", "logging_steps"}
    run = {f"run.{key}": value for key, value in values["run"].items() if key not in places}
    files = {f"content of {portable(path)}": sha256(path) for path in data}
    settings = {key: value for key, value in values.items() if key not in ("run", "save_to", "ngrams")}
    return settings | run | files | {"number of processes": processes}
