"""Labelled paragraphs as targets, and what held-out ones teach after training: probabilities, thresholds, review."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from jianghua.metrics.calibration import fit_platt, fit_temperature
from jianghua.metrics.classification import best_thresholds
from jianghua.modeling.batching import Windows, classifier_inputs, encode_windows
from jianghua.modeling.classifier import ClassifierSettings, NgramPart, Prediction, judged, predict_from_logits
from jianghua.modeling.ngrams import fit_mixing, fit_ngrams, mix
from jianghua.schema import Document, Label

TARGETS = 2  # columns of the label tensor before the domains: task index, weight
_TRUST = 100  # positives at which a label's own threshold counts as much as the one of all labels


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
    """(n, 2 + domains) float32: task index (0 without that axis), weight of the row, 0/1 for each domain."""
    rows = np.zeros((len(labels), TARGETS + len(settings.policy_domain)), dtype=np.float32)
    for row, label in zip(rows, labels, strict=True):
        row[0] = settings.task_type.index(label.task_type) if settings.task_type else 0
        row[1] = uncertain_weight if label.uncertain else 1.0
        for domain in label.policy_domain:
            row[TARGETS + settings.policy_domain.index(domain)] = 1.0
    return rows


def calibrate(logits: np.ndarray, split: Split, settings: ClassifierSettings, risk: float = 0.1) -> ClassifierSettings:
    """Temperature, Platt scaling, thresholds and the review limit, all from held-out paragraphs."""
    rows = target_rows(split.labels, settings, 1.0)
    calibrated = _calibrated(logits, rows[split.windows.row], settings)
    return decide(predict_from_logits(logits, split.windows, len(split.labels), calibrated), split.labels, risk)


def decide(prediction: Prediction, labels: Sequence[Label], risk: float = 0.1) -> ClassifierSettings:
    """The prediction's settings with thresholds and the review limit chosen on its held-out paragraphs."""
    settings = prediction.settings
    thresholds = shrunken_thresholds(prediction.domain, target_rows(labels, settings, 1.0)[:, TARGETS:])
    tuned = dataclasses.replace(settings, thresholds=tuple(thresholds.tolist()))
    prediction = dataclasses.replace(prediction, settings=tuned)
    pairs = zip(prediction.labels(), labels, strict=True)
    correct = np.array([judged(found, tuned) == judged(label, tuned) for found, label in pairs])
    return dataclasses.replace(tuned, review_below=review_limit(prediction.confidence(), correct, risk))


def shrunken_thresholds(scores: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """(k,) thresholds with the highest F1, drawn towards the best common one the fewer positives a label has.

    On a development fold a label's own threshold, chosen on a dozen positives, cost more than it gained.
    """
    if not scores.size:
        return np.zeros(scores.shape[1])
    common = best_thresholds(scores.reshape(-1, 1), gold.reshape(-1, 1))
    positives = gold.sum(axis=0)
    return (positives * best_thresholds(scores, gold) + _TRUST * common) / (positives + _TRUST)


def fit_ngram_part(
    train: Sequence[Document], held: Sequence[Document], prediction: Prediction, pieces: int
) -> NgramPart:
    """At most `pieces` n-grams of the training part, mixed with the encoder's `prediction` of the held-out one."""
    settings = prediction.settings
    (texts, targets), (held_texts, held_targets) = (_indicators(part, settings) for part in (train, held))
    ngrams = fit_ngrams(texts, targets, pieces)
    margins = ngrams.margins(held_texts)
    mixing = fit_mixing(prediction.task, prediction.domain, margins, held_targets)
    mixed = Prediction(*mix(mixing, prediction.task, prediction.domain, margins), settings)
    chosen = decide(mixed, [p.label for d in held for p in d.paragraphs if p.label])
    return NgramPart(ngrams, mixing, chosen.thresholds, chosen.review_below)


def _indicators(documents: Sequence[Document], settings: ClassifierSettings) -> tuple[list[str], np.ndarray]:
    """Texts of the labelled paragraphs and (n, labels) of 0 and 1, task types first."""
    pairs = [(p.text, p.label) for d in documents for p in d.paragraphs if p.label]
    rows = target_rows([label for _, label in pairs], settings, 1.0)
    tasks = (
        np.eye(len(settings.task_type), dtype=np.float32)[rows[:, 0].astype(int)]
        if settings.task_type
        else (np.zeros((len(rows), 0), dtype=np.float32))
    )
    return [text for text, _ in pairs], np.hstack([tasks, rows[:, TARGETS:]])


def _calibrated(logits: np.ndarray, targets: np.ndarray, settings: ClassifierSettings) -> ClassifierSettings:
    """Each axis that has labels; a window is calibrated against its paragraph's labels."""
    k = len(settings.task_type)
    if settings.task_type:
        temperature = float(fit_temperature(logits[:, :k], targets[:, 0].astype(int)))
        settings = dataclasses.replace(settings, temperature=temperature)
    if settings.policy_domain:
        platt = fit_platt(logits[:, k:], targets[:, TARGETS:])
        scale, shift = tuple(platt.slope.tolist()), tuple(platt.bias.tolist())
        settings = dataclasses.replace(settings, domain_scale=scale, domain_shift=shift)
    return settings


def review_limit(confidence: np.ndarray, correct: np.ndarray, risk: float) -> float:
    """The lowest confidence such that among held-out paragraphs above it the error stays at most `risk`."""
    order = np.argsort(-confidence, kind="stable")
    # One more error is assumed than was seen: the conformal correction for a finite sample.
    error = (np.cumsum(~correct[order]) + 1) / (np.arange(len(order)) + 1)
    # A limit between equal confidences would let all of them through.
    last = np.append(np.diff(confidence[order]) != 0, True)
    kept = np.flatnonzero((error <= risk) & last)
    return float(confidence[order[kept[-1]]]) if len(kept) else 1.0
