"""How far stated confidence can be trusted: hit rates by confidence, error by coverage, labels that look wrong."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jianghua.schema import InputError


class Bins(NamedTuple):
    """Of each bin that holds anything: mean confidence, hit rate, and rows, all (b,)."""

    confidence: np.ndarray
    hit_rate: np.ndarray
    rows: np.ndarray


class Curve(NamedTuple):
    """(n,) each: the share of rows kept, most confident first, the error among them, and the lowest confidence kept."""

    coverage: np.ndarray
    risk: np.ndarray
    confidence: np.ndarray


def reliability_bins(confidence: np.ndarray, correct: np.ndarray, bins: int = 15) -> Bins:
    """The points of a reliability diagram: equal-width bins, each open below and closed above, as in
    `metrics.classification.expected_calibration_error`.

    Args:
        confidence: (n,) probabilities in [0, 1].
        correct: (n,) of 0 and 1.
        bins: number of bins; empty ones are left out of the result.

    Raises:
        InputError: no rows, unequal shapes, or a confidence outside [0, 1].
    """
    confidence, correct = _checked(confidence, correct)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = np.bincount(place, minlength=bins)
    held = rows > 0
    sums = (np.bincount(place, values, minlength=bins)[held] for values in (confidence, correct))
    mean, hits = (total / rows[held] for total in sums)
    return Bins(mean, hits, rows[held])


def risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> Curve:
    """The error among the most confident rows, for every share of rows that is kept (El-Yaniv & Wiener, 2010).

    Rows of equal confidence are kept or left together, so the result has one point a distinct confidence.

    Raises:
        InputError: no rows, unequal shapes, or a confidence outside [0, 1].
    """
    confidence, correct = _checked(confidence, correct)
    order = np.argsort(-confidence, kind="stable")
    ranked, kept = confidence[order], np.arange(1, len(order) + 1)
    last = np.append(np.diff(ranked) != 0, True)
    risk = np.cumsum(1 - correct[order]) / kept
    return Curve(kept[last] / len(order), risk[last], ranked[last])


def suspected(probabilities: np.ndarray, given: np.ndarray) -> np.ndarray:
    """The class that each row probably belongs to, where it is another than the one given (confident learning:
    Northcutt et al., 2021).

    A row counts for a class if the probability is at least the mean probability of that class among the rows that
    were given it; of several such classes the likeliest.

    Args:
        probabilities: (n, k), made without the row itself (out of fold).
        given: (n,) column of the label that each row has.

    Returns:
        (n,) column of the class suspected, -1 where the given label stands.

    Raises:
        InputError: shapes that do not fit, or a column outside the k.
    """
    probabilities, given = np.asarray(probabilities, dtype=np.float64), np.asarray(given)
    fits = probabilities.ndim == 2 and given.shape == probabilities.shape[:1] and given.size
    if not fits or given.min() < 0 or given.max() >= probabilities.shape[1]:
        found = f"{probabilities.shape} and {given.shape}, or columns outside"
        raise InputError("probabilities (n, k) and n columns of them", found, "align the rows")
    limits = np.array([
        probabilities[given == j, j].mean() if (given == j).any() else np.inf for j in range(probabilities.shape[1])
    ])  # fmt: skip
    counted = np.where(probabilities >= limits, probabilities, -1.0)
    likeliest = counted.argmax(axis=1)
    return np.where((counted.max(axis=1) >= 0) & (likeliest != given), likeliest, -1)


def _checked(confidence: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    confidence, correct = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if confidence.ndim != 1 or confidence.shape != correct.shape or not confidence.size:
        raise InputError("two vectors of one length", f"{confidence.shape} and {correct.shape}", "align the rows")
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise InputError("confidences in [0, 1]", "others or NaN", "apply softmax or sigmoid first")
    return confidence, correct
