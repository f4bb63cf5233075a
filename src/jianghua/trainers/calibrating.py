"""Labelled paragraphs as targets, and what held-out ones teach after training: probabilities, thresholds, review."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from jianghua.metrics.calibration import fit_platt, fit_temperature
from jianghua.modeling.batching import Windows, classifier_inputs, encode_windows
from jianghua.modeling.classifier import ClassifierSettings, Prediction, predict_from_logits
from jianghua.modeling.decisions import decide, indicators
from jianghua.modeling.ngrams import fit_mixing, fit_ngrams, mix
from jianghua.modeling.parts import Decided, NgramPart
from jianghua.schema import Document, Label

TARGETS = 2  # columns of the label tensor before the domains: task index, weight


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


def fit_ngram_part(
    train: Sequence[Document], held: Sequence[Document], prediction: Prediction, pieces: int
) -> NgramPart:
    """At most `pieces` n-grams of the training part, mixed with the encoder's `prediction` of the held-out one."""
    settings = prediction.settings
    (texts, labels), (held_texts, held_labels) = (_texts_and_labels(part) for part in (train, held))
    ngrams = fit_ngrams(texts, indicators(labels, settings), pieces)
    margins = ngrams.margins(held_texts)
    mixing = fit_mixing(prediction.task, prediction.domain, margins, indicators(held_labels, settings))
    mixed = Prediction(*mix(mixing, prediction.task, prediction.domain, margins), settings)
    chosen = decide(mixed, held_labels)
    return NgramPart(ngrams, Decided(mixing, chosen.thresholds, chosen.review_below))


def _texts_and_labels(documents: Sequence[Document]) -> tuple[list[str], list[Label]]:
    pairs = [(p.text, p.label) for d in documents for p in d.paragraphs if p.label]
    return [text for text, _ in pairs], [label for _, label in pairs]


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
