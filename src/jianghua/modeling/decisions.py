"""From probabilities to decisions: thresholds, the review mark, and calibration that is added afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from jianghua.metrics.classification import best_thresholds
from jianghua.modeling.classifier import Classifier, ClassifierSettings, Prediction, judged
from jianghua.modeling.ngrams import Mixing, fit_mixing, mix
from jianghua.modeling.parts import Decided, NgramPart
from jianghua.schema import Label

_TRUST = 100  # positives at which a label's own threshold counts as much as the one of all labels


def indicators(labels: Sequence[Label], settings: ClassifierSettings) -> np.ndarray:
    """(n, labels) float32 of 0 and 1, task types first."""
    tasks = [label.task_type == name for label in labels for name in settings.task_type]
    domains = [name in label.policy_domain for label in labels for name in settings.policy_domain]
    return np.hstack(
        [np.array(part, dtype=np.float32).reshape(len(labels), -1 if part else 0) for part in (tasks, domains)]
    )


def decide(prediction: Prediction, labels: Sequence[Label], risk: float = 0.1) -> ClassifierSettings:
    """The prediction's settings with thresholds and the review limit chosen on its paragraphs, which were held out."""
    settings = prediction.settings
    thresholds = shrunken_thresholds(prediction.domain, indicators(labels, settings)[:, len(settings.task_type) :])
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


def review_limit(confidence: np.ndarray, correct: np.ndarray, risk: float) -> float:
    """The lowest confidence such that among held-out paragraphs above it the error stays at most `risk`."""
    order = np.argsort(-confidence, kind="stable")
    # One more error is assumed than was seen: the conformal correction for a finite sample.
    error = (np.cumsum(~correct[order]) + 1) / (np.arange(len(order)) + 1)
    # A limit between equal confidences would let all of them through.
    last = np.append(np.diff(confidence[order]) != 0, True)
    kept = np.flatnonzero((error <= risk) & last)
    return float(confidence[order[kept[-1]]]) if len(kept) else 1.0


def fit_recalibration(prediction: Prediction, labels: Sequence[Label], margins: np.ndarray | None = None) -> Mixing:
    """What has to be done to probabilities that documents the model never saw show to be too sure or too timid.

    `margins` (n, labels) are other scores of the same paragraphs, to be mixed in.
    """
    targets = indicators(labels, prediction.settings)
    if margins is not None:
        return fit_mixing(prediction.task, prediction.domain, margins, targets)
    fitted = fit_mixing(prediction.task, prediction.domain, np.zeros(targets.shape), targets)
    return dataclasses.replace(fitted, task_ngrams=0.0, domain_ngrams=0.0)


def recalibrate(prediction: Prediction, recalibration: Mixing, margins: np.ndarray | None = None) -> Prediction:
    """The prediction with other probabilities; its thresholds, which were for the old ones, stay."""
    if margins is None:
        margins = np.zeros((len(prediction.task), prediction.task.shape[1] + prediction.domain.shape[1]))
    return Prediction(*mix(recalibration, prediction.task, prediction.domain, margins), prediction.settings)


def recalibrated(classifier: Classifier, recalibration: Mixing, decided: ClassifierSettings) -> Classifier:
    """The classifier with the recalibration built in, and the thresholds and review limit of `decided`.

    Exact for paragraphs of one window; of longer ones the parts are recalibrated before they are put together.
    """
    task, domain, shift = recalibration.task_encoder, recalibration.domain_encoder, recalibration.domain_shift
    if classifier.ngrams:
        old = classifier.ngrams.decided.mixing
        mixing = Mixing(
            old.task_encoder * task, old.task_ngrams * task, old.domain_encoder * domain, old.domain_ngrams * domain,
            _shifted(old.domain_shift, domain, shift),
        )  # fmt: skip
        chosen = Decided(mixing, decided.thresholds, decided.review_below)
        return dataclasses.replace(classifier, ngrams=NgramPart(classifier.ngrams.ngrams, chosen))
    known = classifier.settings
    settings = dataclasses.replace(
        known, temperature=known.temperature / task, domain_scale=tuple(scale * domain for scale in known.domain_scale),
        domain_shift=_shifted(known.domain_shift, domain, shift), thresholds=decided.thresholds,
        review_below=decided.review_below,
    )  # fmt: skip
    return dataclasses.replace(classifier, settings=settings)


def _shifted(old: Sequence[float], scale: float, shift: Sequence[float]) -> tuple[float, ...]:
    return tuple(value * scale + more for value, more in zip(old, shift, strict=True))
