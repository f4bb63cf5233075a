"""Fine-tune the classifier: configuration → Hugging Face Trainer → calibrated checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import EvalPrediction, PreTrainedModel, PreTrainedTokenizerBase, Trainer, set_seed

from jianghua.codebook import load_codebook
from jianghua.config import config_hash, config_values, portable
from jianghua.metrics.calibration import fit_platt, fit_temperature
from jianghua.metrics.classification import best_thresholds
from jianghua.modeling.batching import Windows, classifier_inputs, encode_windows, pad
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
from jianghua.modeling.tokenization import train_tokenizer
from jianghua.records import write_jsonl
from jianghua.schema import Document, InputError, Label
from jianghua.trainers.data import hold_out, read_all
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

TARGETS = 2  # columns of the label tensor before the domains: task index, weight


@dataclass(frozen=True)
class ClassifierConfig:
    """One classifier run.

    Give `model` (a hub name or local folder of any encoder) or `architecture` (model_type and its
    configuration values, from random initialisation with a vocabulary made from the training text).
    A share of the training documents, chosen by a hash of their ids, is held out to choose the
    checkpoint, the thresholds and the calibration; `dev_data` only reports.
    """

    run: RunConfig
    train_data: list[Path]
    dev_data: list[Path]
    save_to: Path
    model: str | None = None
    architecture: dict[str, Any] = field(default_factory=dict)
    vocab_size: int = 8000
    codebook: str = "zhengfa"
    max_length: int = 256
    use_context: bool = True
    held_out_share: float = 0.1
    uncertain_weight: float = 0.5
    class_balance: float = 0.5
    domain_weight: float = 4.0
    domain_positive_weight: float = 2.0
    save_half: bool = True


@dataclass(frozen=True)
class Split:
    """Labelled paragraphs ready for the model: windows, and the labels of each paragraph."""

    windows: Windows
    labels: list[Label]


def encode(documents: Sequence[Document], tokenizer: PreTrainedTokenizerBase, settings: ClassifierSettings) -> Split:
    windows = encode_windows(tokenizer, classifier_inputs(documents), settings.max_length, settings.use_context)
    labels = [p.label for d in documents for p in d.paragraphs if p.label]
    return Split(windows, labels)


def target_rows(labels: Sequence[Label], settings: ClassifierSettings, uncertain_weight: float) -> np.ndarray:
    """(n, 2 + domains) float32: task index, weight of the row, 0/1 for each domain."""
    rows = np.zeros((len(labels), TARGETS + len(settings.policy_domain)), dtype=np.float32)
    for row, label in zip(rows, labels, strict=True):
        row[0] = settings.task_type.index(label.task_type)
        row[1] = uncertain_weight if label.uncertain else 1.0
        for domain in label.policy_domain:
            row[TARGETS + settings.policy_domain.index(domain)] = 1.0
    return rows


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
    """Weighted cross-entropy of both groups, summed over rows and divided by the rows of the whole step.

    Trainer counts label elements, not rows, over all micro-batches and processes; dividing by that
    count over the width gives the same loss and gradients for any split of a step.
    """
    positive = torch.tensor(positive_weight)

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> torch.Tensor:
        tasks = len(task_weights)
        logits = outputs["logits"].float()
        index, weight, domains = labels[:, 0].long(), labels[:, 1], labels[:, TARGETS:-1]
        task = torch.nn.functional.cross_entropy(
            logits[:, :tasks], index, weight=task_weights.to(logits.device), reduction="none"
        )
        domain = torch.nn.functional.binary_cross_entropy_with_logits(
            logits[:, tasks:], domains, pos_weight=positive.to(logits.device), reduction="none"
        ).mean(dim=1)
        rows = len(labels) if num_items_in_batch is None else num_items_in_batch / labels.shape[1]
        return check_finite(((task + domain_weight * domain) * weight).sum() / rows)

    return loss


def class_weights(labels: Sequence[Label], settings: ClassifierSettings, power: float) -> torch.Tensor:
    """(mean count / count) ** power for each task type; 0 switches balancing off, 1 balances fully."""
    counts = np.array([sum(label.task_type == name for label in labels) for name in settings.task_type])
    return torch.tensor((counts.mean() / np.maximum(counts, 1)) ** power, dtype=torch.float32)


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
        task, domain = report["task_type"]["macro_f1"], report["policy_domain"]["macro_f1"]
        return {"task_macro_f1": task, "domain_macro_f1": domain, "mean_macro_f1": (task + domain) / 2}

    return compute


def calibrate(logits: np.ndarray, split: Split, settings: ClassifierSettings, risk: float = 0.1) -> ClassifierSettings:
    """Temperature, Platt scaling, thresholds and the review limit, all from held-out paragraphs."""
    whole = split.windows.row  # a window is calibrated against its paragraph's labels
    targets = target_rows(split.labels, settings, 1.0)[whole]
    k = len(settings.task_type)
    platt = fit_platt(logits[:, k:], targets[:, TARGETS:])
    calibrated = dataclasses.replace(
        settings, temperature=float(fit_temperature(logits[:, :k], targets[:, 0].astype(int))),
        domain_scale=tuple(platt.slope.tolist()), domain_shift=tuple(platt.bias.tolist()),
    )  # fmt: skip
    prediction = predict_from_logits(logits, split.windows, len(split.labels), calibrated)
    thresholds = best_thresholds(prediction.domain, target_rows(split.labels, settings, 1.0)[:, TARGETS:])
    correct = np.array([a == b.task_type for a, b in zip(prediction.task_labels(), split.labels, strict=True)])
    limit = review_limit(prediction.task.max(axis=1), correct, risk)
    return dataclasses.replace(calibrated, thresholds=tuple(thresholds.tolist()), review_below=limit)


def review_limit(confidence: np.ndarray, correct: np.ndarray, risk: float) -> float:
    """The lowest confidence such that among held-out paragraphs above it the error stays at most `risk`."""
    order = np.argsort(-confidence, kind="stable")
    # One more error is assumed than was seen: the conformal correction for a finite sample.
    error = (np.cumsum(~correct[order]) + 1) / (np.arange(len(order)) + 1)
    kept = np.flatnonzero(error <= risk)
    return float(confidence[order[kept[-1]]]) if len(kept) else 1.0


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
    """Train, calibrate and save; returns the scores on `dev_data` (also in `<output_dir>/scores.json`)."""
    arguments = training_arguments(config.run, "eval_mean_macro_f1")
    config.run.output_dir.mkdir(parents=True, exist_ok=True)
    set_seed(config.run.seed)
    codebook = load_codebook(config.codebook)
    settings = ClassifierSettings.for_codebook(codebook, config.max_length, config.use_context)
    train, held = hold_out(read_all(config.train_data, codebook), config.held_out_share)
    fingerprint = run_fingerprint(config_values(config), config.train_data, arguments.world_size)
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
    dev = {portable(path): read_all([path], codebook) for path in config.dev_data}
    return finish(trainer, config, settings, splits["held"], dev)


def finish(
    trainer: Trainer,
    config: ClassifierConfig,
    settings: ClassifierSettings,
    held: Split,
    dev: dict[str, list[Document]],
) -> dict[str, Any]:
    """Calibrate on the held-out documents, save the checkpoint, score it on each development set."""
    held_logits = logits_in_order(trainer.predict(trainer.eval_dataset))  # type: ignore[arg-type]
    settings = calibrate(held_logits, held, settings)
    tokenizer = trainer.processing_class
    model = trainer.accelerator.unwrap_model(trainer.model)
    if trainer.is_world_process_zero():
        facts = {"config_hash": config_hash(config)}
        save_checkpoint(config.save_to, model, tokenizer, settings.to_dict() | facts, config.save_half)  # type: ignore[arg-type]
    classifier = Classifier(model.eval(), tokenizer, settings, config.save_to.name)  # type: ignore[arg-type]
    found = {name: scores_of(classifier, documents) for name, documents in dev.items()}
    if trainer.is_world_process_zero():
        write_jsonl([found], config.run.output_dir / "scores.json")
    return found


def scores_of(classifier: Classifier, documents: Sequence[Document]) -> dict[str, Any]:
    """The reports of both axes, by the very prediction that inference uses."""
    labels = [p.label for d in documents for p in d.paragraphs if p.label]
    return scores(predict(classifier, classifier_inputs(documents)), labels)
