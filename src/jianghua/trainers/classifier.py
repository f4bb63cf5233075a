"""Fine-tune the classifier: configuration → Hugging Face Trainer → calibrated checkpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import EvalPrediction, PreTrainedModel, PreTrainedTokenizerBase, Trainer, set_seed

from jianghua.config import config_hash, config_values, portable
from jianghua.corpus.columns import Columns
from jianghua.modeling.batching import classifier_inputs, pad
from jianghua.modeling.checkpoint import load_tokenizer, save_checkpoint
from jianghua.modeling.classifier import (
    Classifier,
    ClassifierSettings,
    new_classifier,
    predict,
    predict_from_logits,
    pretrained_classifier,
    scores,
)
from jianghua.modeling.parts import drop_parts
from jianghua.modeling.tokenization import train_tokenizer
from jianghua.records import write_jsonl
from jianghua.schema import Document, InputError, Label
from jianghua.trainers.calibrating import TARGETS, Split, calibrate, encode, fit_ngram_part, target_rows
from jianghua.trainers.data import read_all, training_codebook, training_parts
from jianghua.trainers.run import (
    RunConfig,
    callbacks,
    check_finite,
    fit,
    own_tokenizer,
    resumable,
    run_fingerprint,
    training_arguments,
)

AXES = {"task_type": "task", "policy_domain": "domain"}  # and their names in the log


@dataclass(frozen=True)
class ClassifierConfig:
    """One classifier run.

    Give `model` (a hub name or local folder of any encoder) or `architecture` (model_type and its
    configuration values, from random initialisation with a vocabulary made from the training text).
    A share of the training documents, chosen by a hash of their ids, or `held_out_data` is held out to
    choose the checkpoint, the thresholds and the calibration; `dev_data` only reports. With `columns`
    the files are rows of any table, and `codebook: null` takes the labels that the training rows have.
    Without `calibrate` probabilities are the model's own, and thresholds .5. `ngrams` above 0 adds a linear
    model of that many character n-grams, fitted on the training part and mixed in by the held-out one.
    """

    run: RunConfig
    train_data: list[Path]
    dev_data: list[Path]
    save_to: Path
    model: str | None = None
    architecture: dict[str, Any] = field(default_factory=dict)
    vocab_size: int = 8000
    codebook: str | None = "zhengfa"
    columns: Columns | None = None
    max_length: int = 256
    use_context: bool = True
    held_out_data: list[Path] = field(default_factory=list)
    held_out_share: float = 0.1
    calibrate: bool = True
    ngrams: int = 0
    uncertain_weight: float = 0.5
    class_balance: float = 0.5
    domain_weight: float = 4.0
    domain_positive_weight: float = 2.0
    save_half: bool = True


def to_dataset(split: Split, settings: ClassifierSettings, uncertain_weight: float) -> Dataset:
    """One row a window; a window carries the labels of its paragraph."""
    targets = target_rows(split.labels, settings, uncertain_weight)[split.windows.row]
    # Trainer evaluates in the order of its length-grouping sampler: the last column says which window a row is.
    targets = np.column_stack([targets, np.arange(len(targets), dtype=np.float32)])
    return Dataset.from_dict({"input_ids": split.windows.ids, "labels": targets.tolist()})


def collate(pad_id: int) -> Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]:
    def run(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        ids, mask = pad([row["input_ids"] for row in rows], pad_id)
        labels = torch.tensor([row["labels"] for row in rows], dtype=torch.float32)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}

    return run


def make_loss(task_weights: torch.Tensor, domain_weight: float, positive_weight: float) -> Callable[..., torch.Tensor]:
    """Weighted cross-entropy of each group with labels, summed over rows, divided by the rows of the whole step.

    Trainer counts label elements, not rows, over all micro-batches and processes; dividing by that
    count over the width gives the same loss and gradients for any split of a step.
    """
    positive = torch.tensor(positive_weight)

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> torch.Tensor:
        logits = outputs["logits"].float()
        tasks = len(task_weights)
        index, weight, domains = labels[:, 0].long(), labels[:, 1], labels[:, TARGETS:-1]
        total = torch.zeros_like(weight)
        if tasks:
            total = total + torch.nn.functional.cross_entropy(
                logits[:, :tasks], index, weight=task_weights.to(logits.device), reduction="none"
            )
        if domains.shape[1]:
            total = total + domain_weight * torch.nn.functional.binary_cross_entropy_with_logits(
                logits[:, tasks:], domains, pos_weight=positive.to(logits.device), reduction="none"
            ).mean(dim=1)
        rows = len(labels) if num_items_in_batch is None else num_items_in_batch / labels.shape[1]
        return check_finite((total * weight).sum() / rows)

    return loss


def class_weights(labels: Sequence[Label], settings: ClassifierSettings, power: float) -> torch.Tensor:
    """(mean count / count) ** power for each task type; 0 switches balancing off, 1 balances fully."""
    found = Counter(label.task_type for label in labels)
    counts = np.array([found[name] for name in settings.task_type])
    mean = counts.sum() / max(1, len(counts))
    return torch.tensor((mean / np.maximum(counts, 1)) ** power, dtype=torch.float32)


def logits_in_order(output: Any) -> np.ndarray:
    """Window logits of a Trainer prediction, (windows, labels), back in the order of the windows."""
    position = np.asarray(output.label_ids)[:, -1].astype(int)
    logits = np.zeros((position.max() + 1, np.asarray(output.predictions).shape[1]))
    logits[position] = output.predictions
    return logits


def make_compute_metrics(split: Split, settings: ClassifierSettings) -> Callable[[EvalPrediction], dict[str, float]]:
    def compute(output: EvalPrediction) -> dict[str, float]:
        logits = logits_in_order(output)
        report = scores(predict_from_logits(logits, split.windows, len(split.labels), settings), split.labels)
        found = {f"{AXES[axis]}_macro_f1": float(figures["macro_f1"]) for axis, figures in report.items()}
        return found | {"mean_macro_f1": sum(found.values()) / len(found)}

    return compute


def build_model(
    config: ClassifierConfig,
    settings: ClassifierSettings,
    documents: Sequence[Document],
    checkpoint: Path | None = None,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A base model with a new head, or a model from random initialisation with its own (the checkpoint's) vocabulary.

    Raises:
        InputError: neither or both of `model` and `architecture` given.
    """
    if bool(config.model) == bool(config.architecture):
        found = "both" if config.model else "neither"
        raise InputError("either model (a name or folder) or architecture", found, "correct the configuration")
    if config.model:
        tokenizer = load_tokenizer(config.model)
        return pretrained_classifier(config.model, settings), tokenizer
    texts = [p.text for d in documents for p in d.paragraphs]
    tokenizer = own_tokenizer(lambda: train_tokenizer(texts, config.vocab_size), checkpoint)
    return new_classifier(config.architecture, tokenizer, settings), tokenizer


def train_classifier(config: ClassifierConfig) -> dict[str, Any]:
    """Train, calibrate and save; returns the scores on `dev_data` (also in `<output_dir>/scores.json`).

    With `run.num_train_epochs: 0` a trained `model` is only calibrated anew and given its n-grams.
    """
    if config.ngrams and not config.calibrate:
        do = "set calibrate: true, or ngrams: false"
        raise InputError("calibrate with ngrams: held-out paragraphs say how to mix them in", "calibrate: false", do)
    arguments = training_arguments(config.run, "eval_mean_macro_f1")
    config.run.output_dir.mkdir(parents=True, exist_ok=True)
    set_seed(config.run.seed)
    codebook = training_codebook(config)
    settings = ClassifierSettings.for_codebook(codebook, config.max_length, config.use_context)
    train, held = training_parts(config, codebook)
    data = [*config.train_data, *config.held_out_data]
    fingerprint = run_fingerprint(config_values(config), data, arguments.world_size)
    checkpoint = resumable(arguments, config.run, fingerprint)
    model, tokenizer = build_model(config, settings, train, checkpoint)
    splits = {name: encode(docs, tokenizer, settings) for name, docs in (("train", train), ("held", held))}
    trainer = Trainer(
        model=model, args=arguments, processing_class=tokenizer,
        train_dataset=to_dataset(splits["train"], settings, config.uncertain_weight),
        eval_dataset=to_dataset(splits["held"], settings, config.uncertain_weight),
        data_collator=collate(tokenizer.pad_token_id or 0),
        compute_metrics=make_compute_metrics(splits["held"], settings),
        compute_loss_func=make_loss(
            class_weights(splits["train"].labels, settings, config.class_balance),
            config.domain_weight, config.domain_positive_weight,
        ),
        callbacks=callbacks(config.run, fingerprint),
    )  # fmt: skip
    fit(trainer, checkpoint)
    dev = {portable(path): read_all([path], codebook, config.columns) for path in config.dev_data}
    return finish(trainer, config, settings, splits["held"], (train, held), dev)


def finish(
    trainer: Trainer,
    config: ClassifierConfig,
    settings: ClassifierSettings,
    held: Split,
    parts: tuple[Sequence[Document], Sequence[Document]],
    dev: dict[str, list[Document]],
) -> dict[str, Any]:
    """Calibrate on the held-out of the (training, held-out) `parts`, save, score each development set."""
    ngrams = None
    if config.calibrate:
        logits = logits_in_order(trainer.predict(trainer.eval_dataset))  # type: ignore[arg-type]
        settings = calibrate(logits, held, settings)
        if config.ngrams:
            prediction = predict_from_logits(logits, held.windows, len(held.labels), settings)
            ngrams = fit_ngram_part(*parts, prediction, config.ngrams)
    tokenizer = trainer.processing_class
    model = trainer.accelerator.unwrap_model(trainer.model)
    if trainer.is_world_process_zero():
        facts = {"config_hash": config_hash(config)}
        save_checkpoint(config.save_to, model, tokenizer, settings.to_dict() | facts, config.save_half)  # type: ignore[arg-type]
        drop_parts(config.save_to)
        if ngrams:
            ngrams.save(config.save_to)
    classifier = Classifier(model.eval(), tokenizer, settings, config.save_to.name, ngrams)  # type: ignore[arg-type]
    found = {name: scores_of(classifier, documents) for name, documents in dev.items()}
    if trainer.is_world_process_zero():
        write_jsonl([found], config.run.output_dir / "scores.json")
    return found


def scores_of(classifier: Classifier, documents: Sequence[Document]) -> dict[str, Any]:
    """The report of each axis, by the very prediction that inference uses."""
    labels = [p.label for d in documents for p in d.paragraphs if p.label]
    return scores(predict(classifier, classifier_inputs(documents)), labels)
