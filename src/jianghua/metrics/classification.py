"""Scores of labels against gold labels: single label, label sets, thresholds, calibration error.

Conventions, the same in every report: 0/0 is 0.0; `macro_f1` averages over the labels that occur in
gold or prediction, `macro_f1_all` over every label given; values are fractions of 1.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from jianghua.metrics.counts import label_counts, single_label_mcc
from jianghua.schema import InputError

REST_LABEL = "other"


def single_label_report(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """Score one label per row.

    Returns:
        `per_label` {label: {precision, recall, f1, support}}, `macro_f1`, `macro_f1_all`, `micro_f1`, `accuracy`,
        `mcc` (Gorodkin's multi-class R_k, 0.0 where it is undefined) and `n`.

    Raises:
        InputError: no rows, lists of unequal length, or a label outside `labels`.
    """
    gold_rows = _indicators([(code,) for code in gold], labels)
    predicted_rows = _indicators([(code,) for code in predicted], labels)
    report = _report(gold_rows, predicted_rows, labels)
    report["accuracy"] = float((gold_rows & predicted_rows).any(axis=1).mean())
    report["mcc"] = single_label_mcc(label_counts(gold_rows, predicted_rows).sum(axis=0))
    return report


def multi_label_report(
    gold: Sequence[Collection[str]], predicted: Sequence[Collection[str]], labels: Sequence[str]
) -> dict[str, Any]:
    """Score a set of labels per row; sets may be empty.

    Returns:
        as `single_label_report` with `subset_accuracy` (share of rows whose sets are equal) in place of
        `accuracy` and `mcc`, and `macro_f1_no_other`: `macro_f1` without the rest class "other".

    Raises:
        InputError: no rows, lists of unequal length, or a label outside `labels`.
    """
    gold_rows, predicted_rows = _indicators(gold, labels), _indicators(predicted, labels)
    report = _report(gold_rows, predicted_rows, labels)
    named = {code: scores for code, scores in report["per_label"].items() if code != REST_LABEL}
    report["macro_f1_no_other"] = _macro(named, _present(gold_rows, predicted_rows, labels))
    report["subset_accuracy"] = float((gold_rows == predicted_rows).all(axis=1).mean())
    return report


def best_thresholds(scores: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """The threshold of each label with the highest F1, where `score >= threshold` finds a label.

    Between equally good thresholds the one nearest .5 is taken, then the lower one. A label without a positive
    row keeps .5. A label with positives never gets a threshold that finds nothing.

    Args:
        scores: (n, k) finite numbers, usually probabilities.
        gold: (n, k) of 0 and 1.

    Returns:
        (k,) float64.

    Raises:
        InputError: shapes differ, a score is not finite, or gold holds something else than 0 and 1.
    """
    scores, gold = np.asarray(scores, dtype=np.float64), np.asarray(gold)
    if scores.ndim != 2 or scores.shape != gold.shape:
        raise InputError("scores and gold of one shape (n, k)", f"{scores.shape} and {gold.shape}", "align the rows")
    if not np.isfinite(scores).all():
        raise InputError("finite scores", "NaN or infinity", "look for a diverged model")
    if not np.isin(gold, (0, 1)).all():
        raise InputError("gold of 0 and 1", "other values", "turn the label sets into indicators")
    return np.array([_best_threshold(scores[:, j], gold[:, j].astype(bool)) for j in range(scores.shape[1])])


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray, bins: int = 15) -> float:
    """Mean gap between confidence and hit rate over equal-width bins, weighted by rows (Guo et al., 2017).

    Args:
        confidence: (n,) probabilities in [0, 1].
        correct: (n,) of 0 and 1, whether that prediction was right.
        bins: number of bins, each open below and closed above; 0.0 falls into the first.

    Raises:
        InputError: no rows, unequal shapes, or a confidence outside [0, 1].
    """
    confidence, correct = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if confidence.ndim != 1 or confidence.shape != correct.shape or not confidence.size:
        raise InputError("two vectors of one length", f"{confidence.shape} and {correct.shape}", "align the rows")
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise InputError("confidences in [0, 1]", "others or NaN", "apply softmax or sigmoid first")
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(place, correct - confidence, minlength=bins)
    return float(np.abs(gap).sum() / confidence.size)


def _indicators(rows: Sequence[Collection[str]], labels: Sequence[str]) -> np.ndarray:
    place = {code: i for i, code in enumerate(labels)}
    matrix = np.zeros((len(rows), len(labels)), dtype=bool)
    for i, row in enumerate(rows):
        if isinstance(row, str):
            raise InputError("a collection of labels per row", f"the string {row!r}", "wrap the label in a list")
        for code in row:
            if code not in place:
                raise InputError(f"labels among {', '.join(labels)}", f"{code!r} in row {i}", "correct the label")
            matrix[i, place[code]] = True
    return matrix


def _report(gold: np.ndarray, predicted: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    if len(gold) != len(predicted) or not len(gold):
        raise InputError("as many predictions as gold rows, at least one", f"{len(predicted)} and {len(gold)}", "align")
    found, hits, support = predicted.sum(axis=0), (gold & predicted).sum(axis=0), gold.sum(axis=0)
    per_label = {code: _scores(int(hits[i]), int(found[i]), int(support[i])) for i, code in enumerate(labels)}
    return {
        "n": len(gold),
        "per_label": per_label,
        "macro_f1": _macro(per_label, _present(gold, predicted, labels)),
        "macro_f1_all": _macro(per_label, set(labels)),
        "micro_f1": _scores(int(hits.sum()), int(found.sum()), int(support.sum()))["f1"],
    }


def _scores(hits: int, found: int, support: int) -> dict[str, float]:
    return {
        "precision": hits / found if found else 0.0,
        "recall": hits / support if support else 0.0,
        "f1": 2 * hits / (found + support) if found + support else 0.0,
        "support": support,
    }


def _present(gold: np.ndarray, predicted: np.ndarray, labels: Sequence[str]) -> set[str]:
    return {labels[int(i)] for i in np.flatnonzero((gold | predicted).any(axis=0))}


def _macro(per_label: dict[str, dict[str, float]], included: set[str]) -> float:
    values = [scores["f1"] for code, scores in per_label.items() if code in included]
    return float(np.mean(values)) if values else 0.0


def _best_threshold(scores: np.ndarray, gold: np.ndarray) -> float:
    if not gold.any():
        return 0.5
    values = np.unique(scores)
    candidates = np.unique(np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, [0.5]]))
    order = np.argsort(scores, kind="stable")
    hits_from = np.concatenate([np.cumsum(gold[order][::-1])[::-1], [0]])
    first = np.searchsorted(scores[order], candidates, side="left")
    # The denominator holds the positives, so it is never 0 and no NaN can win.
    f1 = 2 * hits_from[first] / (len(scores) - first + gold.sum())
    best = candidates[f1 == f1.max()]
    return float(best[np.argmin(np.abs(best - 0.5))])
