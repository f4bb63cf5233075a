"""Pretrain an encoder: configuration → packed corpus → Hugging Face Trainer → a plain transformers folder."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import (
    AutoModelForMaskedLM,
    PreTrainedModel,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from jianghua.config import config_hash, config_values
from jianghua.modeling.checkpoint import load_model, load_tokenizer, save_checkpoint
from jianghua.modeling.pretraining import Pretraining, new_encoder, start_from_vectors
from jianghua.records import sha256
from jianghua.schema import InputError
from jianghua.trainers.optimizers import make_optimizer
from jianghua.trainers.packing import MANIFEST, CorpusConfig, PackedCorpus, packed_corpus
from jianghua.trainers.pretraining_batches import BatchConfig, Batches, HeldOut
from jianghua.trainers.run import (
    RunConfig,
    callbacks,
    check_finite,
    fit,
    resumable,
    run_fingerprint,
    training_arguments,
)

logger = logging.getLogger("jianghua")


@dataclass(frozen=True)
class PretrainingConfig:
    """One pretraining run of `run.max_steps` steps.

    Give `model` (a hub name or local folder of any masked language model, to go on from) or `architecture` (model_type
    and its configuration values, from random initialisation). `generator` is the architecture of the generator for the
    objective `replaced`, `teacher` a name or folder for the objective `similarity`; `static_vectors` starts the
    embedding of a new model. `run.max_steps` must be set. `compiled` fuses the element-wise work by torch.compile (on a
    CPU it needs a C++ compiler); the weights then differ in the last bits from an uncompiled run's.
    """

    run: RunConfig
    corpus: CorpusConfig
    save_to: Path
    batches: BatchConfig = field(default_factory=BatchConfig)
    model: str | None = None
    architecture: dict[str, Any] = field(default_factory=dict)
    generator: dict[str, Any] = field(default_factory=dict)
    teacher: str | None = None
    static_vectors: Path | None = None
    optimizer: Literal["adamw", "muon"] = "adamw"
    save_half: bool = True
    compiled: bool = False


class Throughput(TrainerCallback):
    """Adds to each logged line: tokens so far in this process, tokens a second, share of the machine's matrix peak."""

    def __init__(self, model: Pretraining) -> None:
        self.model = model
        self.peak = matrix_peak()
        self.since = (time.perf_counter(), 0, 0.0)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl,
               logs: dict[str, Any] | None = None, **kwargs: Any) -> None:  # fmt: skip
        if logs is None or "loss" not in logs:
            self.since = (time.perf_counter(), self.model.tokens, self.model.operations)
            return
        now = (time.perf_counter(), self.model.tokens, self.model.operations)
        seconds, tokens, operations = (a - b for a, b in zip(now, self.since, strict=True))
        logs["tokens"] = self.model.tokens
        logs["tokens_per_second"] = round(tokens / seconds)
        logs["share_of_matrix_peak"] = round(operations / seconds / self.peak, 3)
        self.since = now


def matrix_peak(size: int = 2048, repeats: int = 10) -> float:
    """Floating-point operations a second of a bf16 matrix product of this size, the best of `repeats`."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    a, b = (torch.randn(size, size, dtype=torch.bfloat16, device=device) for _ in range(2))
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        float((a @ b)[0, 0])
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def build_encoder(config: PretrainingConfig, corpus: PackedCorpus) -> PreTrainedModel:
    """The model to go on from, or a new one."""
    if config.model:
        return load_model(AutoModelForMaskedLM, config.model, strict=False)
    encoder = new_encoder(config.architecture, corpus.tokenizer)
    if config.static_vectors:
        count = start_from_vectors(encoder, corpus.tokenizer, config.static_vectors, config.run.seed)
        logger.info("%d of %d pieces start from static vectors", count, len(corpus.tokenizer))
    return encoder


def open_corpus(config: PretrainingConfig, arguments: TrainingArguments) -> PackedCorpus:
    """The packed corpus, in the vocabulary of the model that goes on; made by one process, read by all."""
    described = config.corpus
    if config.model and not described.tokenizer:
        described = dataclasses.replace(described, tokenizer=config.model)
    with arguments.main_process_first(local=False):
        return packed_corpus(described)


def build(config: PretrainingConfig, corpus: PackedCorpus) -> Pretraining:
    encoder = build_encoder(config, corpus)
    generator = new_encoder(config.generator, corpus.tokenizer) if config.generator else None
    teacher = load_model(AutoModelForMaskedLM, config.teacher, strict=False) if config.teacher else None
    names = corpus.label_names if config.batches.objectives.get("distant") else {}
    return Pretraining(encoder, names, generator, teacher, config.compiled)


def pretrain(config: PretrainingConfig) -> dict[str, Any]:
    """Pretrain and save; returns the held-out masked loss in nats, steps and size (also in `<output_dir>/scores.json`).

    Raises:
        InputError: no steps, neither or both of `model` and `architecture`, an objective without what it needs, texts
            that cannot be read, or a packed corpus or checkpoint of another configuration.
    """
    run = config.run
    _check(config)
    fixed = {"load_best_model_at_end": False, "train_sampling_strategy": "sequential", "prediction_loss_only": True,
             "per_device_train_batch_size": 1, "per_device_eval_batch_size": 1}  # fmt: skip
    arguments = training_arguments(dataclasses.replace(run, extra=fixed | run.extra), "eval_loss")
    run.output_dir.mkdir(parents=True, exist_ok=True)
    corpus = open_corpus(config, arguments)
    # What the corpus was made from stands in its manifest; where it lies may change.
    values = {name: value for name, value in config_values(config).items() if name != "corpus"}
    fingerprint = run_fingerprint(values, [], arguments.world_size)
    fingerprint["corpus"] = sha256(config.corpus.packed / MANIFEST)
    checkpoint = resumable(arguments, run, fingerprint)
    set_seed(run.seed)
    model = build(config, corpus)
    teacher = load_tokenizer(config.teacher) if config.teacher else None
    steps = run.max_steps * run.gradient_accumulation_steps * arguments.world_size
    batches = Batches(corpus, config.batches, steps, run.seed, teacher)
    trainer = Trainer(
        model=model, args=arguments, processing_class=corpus.tokenizer, train_dataset=batches,
        eval_dataset=HeldOut(batches), data_collator=_only,
        optimizers=(make_optimizer(model, config.optimizer, run.learning_rate, run.weight_decay), None),
        callbacks=[Throughput(model), *callbacks(run, fingerprint)],
    )  # fmt: skip
    # A batch's loss is already a mean; Trainer divides it by the accumulation steps only if told so.
    trainer.model_accepts_loss_kwargs = False
    fit(trainer, checkpoint)
    return finish(trainer, config, model, corpus.characters_per_token)


def _check(config: PretrainingConfig) -> None:
    """Refuse before hours of packing what would be refused after them."""
    if config.run.max_steps <= 0:
        raise InputError("run.max_steps above 0", str(config.run.max_steps), "set the number of steps")
    if bool(config.model) == bool(config.architecture):
        found = "both" if config.model else "neither"
        raise InputError("either model (a name or folder) or architecture", found, "correct the configuration")
    if config.compiled and not shutil.which(os.environ.get("CXX", "g++")):
        raise InputError("a C++ compiler for compiled: true", "none", "install g++ or set CXX, or set compiled: false")
    for objective, needed in (("replaced", config.generator), ("similarity", config.teacher)):
        if config.batches.objectives.get(objective) and not needed:
            needs = {"replaced": "generator", "similarity": "teacher"}[objective]
            raise InputError(f"a {needs} for the objective {objective}", "none", f"set {needs}, or drop the objective")


def _only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """An item of `Batches` is a whole batch."""
    (row,) = rows
    return row


def finish(
    trainer: Trainer, config: PretrainingConfig, model: Pretraining, characters_per_token: float
) -> dict[str, Any]:
    """Measure once more, save encoder and tokenizer, write scores.json."""
    loss = trainer.evaluate()["eval_loss"]
    check_finite(torch.tensor(loss))
    found = {
        "held_out_masked_loss": loss, "loss_per_character": loss / characters_per_token,
        "steps": trainer.state.global_step, "parameters": sum(p.numel() for p in model.encoder.parameters()),
    }  # fmt: skip
    if trainer.is_world_process_zero():
        settings = {"kind": "encoder", "config_hash": config_hash(config), **found}
        tokenizer = trainer.processing_class
        save_checkpoint(config.save_to, model.encoder, tokenizer, settings, config.save_half)  # type: ignore[arg-type]
        (config.run.output_dir / "scores.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found
