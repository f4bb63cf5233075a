"""Scores from summed counts: what is additive over documents can be resampled cheaply.

Counts are (3, k) integers: per label the hits, the predictions and the reference labels. The conventions are those of
`metrics.classification`.
"""

from __future__ import annotations

import numpy as np


def label_counts(reference: np.ndarray, found: np.ndarray) -> np.ndarray:
    """(n, k) indicators of both → (n, 3, k) counts; add rows up as needed."""
    return np.stack([reference & found, found, reference], axis=1).astype(np.int64)


def macro_f1(counts: np.ndarray) -> float:
    """Mean F1 of the labels that occur in reference or prediction; 0.0 where none does."""
    hits, found, support = counts
    present = found + support > 0
    return float((2 * hits[present] / (found + support)[present]).mean()) if present.any() else 0.0


def micro_f1(counts: np.ndarray) -> float:
    """F1 of all decisions together."""
    hits, found, support = counts.sum(axis=1)
    return float(2 * hits / (found + support)) if found + support else 0.0


def single_label_mcc(counts: np.ndarray) -> float:
    """Gorodkin's R_k where each row has one reference and one predicted label; 0.0 where it is undefined."""
    # Python integers: the products of counts leave 64 bits at 100,000 rows.
    found, support = ([int(value) for value in row] for row in counts[1:])
    n, hits = sum(support), int(counts[0].sum())
    covariance = hits * n - sum(s * f for s, f in zip(support, found, strict=True))
    spread = (n * n - sum(f * f for f in found)) * (n * n - sum(s * s for s in support))
    return covariance / spread**0.5 if spread else 0.0


def decisions_mcc(counts: np.ndarray, rows: int) -> float:
    """Matthews correlation over all `rows` · k (row, label) decisions; 0.0 where it is undefined."""
    hits, found, support = (int(value) for value in counts.sum(axis=1))
    every = rows * counts.shape[1]
    rejected = every - found - support + hits
    return single_label_mcc(np.array([[hits, rejected], [found, every - found], [support, every - support]]))
