"""Confidence intervals by resampling documents: paragraphs of one document are not independent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jianghua.schema import InputError


@dataclass(frozen=True)
class Interval:
    """A statistic of the whole sample and the percentile bounds of its resamples."""

    value: float
    low: float
    high: float


def interval(
    values_by_document: Sequence[Sequence[Any]],
    statistic: Callable[[list[Any]], float],
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Percentile bootstrap of `statistic` over documents drawn with replacement (Efron & Tibshirani, 1993).

    Args:
        values_by_document: per document the values of its paragraphs (numbers, (gold, predicted) pairs, …).
            Documents without values are left out.
        statistic: from the concatenated values of the drawn documents to a finite number.
        n: number of resamples.
        seed: the same seed gives the same interval.
        level: coverage, between 0 and 1.

    Raises:
        InputError: no document with values, bad n or level, or a statistic that is not finite.
    """
    documents = [list(values) for values in values_by_document if len(values)]
    if not documents:
        raise InputError("at least one document with values", "none", "check the split")
    if n < 1 or not 0 < level < 1:
        raise InputError("n ≥ 1 and 0 < level < 1", f"n={n}, level={level}", "correct the settings")
    draws = np.random.default_rng(seed).integers(len(documents), size=(n, len(documents)))
    resampled = [_finite(statistic, [v for i in draw for v in documents[i]]) for draw in draws]
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Interval(_finite(statistic, [v for values in documents for v in values]), float(low), float(high))


def resampled_sums(counts: np.ndarray, n: int = 1000, seed: int = 0) -> np.ndarray:
    """Sums of additive counts over documents drawn with replacement: the draws of `interval`, at a matrix product.

    Args:
        counts: (documents, …) integers.
        n: number of resamples.
        seed: the same seed draws the same documents as `interval`.

    Returns:
        (n, …) integers.

    Raises:
        InputError: no documents.
    """
    # Whole numbers below 2**53 are exact as floats, and floats have the fast product.
    sums = document_weights(len(counts), n, seed) @ counts.reshape(len(counts), -1).astype(np.float64)
    return np.rint(sums).astype(np.int64).reshape(n, *counts.shape[1:])


def document_weights(count: int, n: int = 1000, seed: int = 0) -> np.ndarray:
    """(n, count) how often each document is drawn in each resample; the draws of `interval` with the same seed.

    Raises:
        InputError: no documents.
    """
    if count < 1:
        raise InputError("at least one document", "none", "check the split")
    draws = np.random.default_rng(seed).integers(count, size=(n, count))
    return np.stack([np.bincount(draw, minlength=count) for draw in draws]).astype(np.float64)


def _finite(statistic: Callable[[list[Any]], float], values: list[Any]) -> float:
    result = float(statistic(values))
    if not math.isfinite(result):
        raise InputError("a finite statistic", f"{result} on {len(values)} values", "define it for every resample")
    return result
