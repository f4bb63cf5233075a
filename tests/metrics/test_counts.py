"""Scores from counts are those of the reports that count for themselves."""

from __future__ import annotations

import random

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef

from jianghua.metrics.classification import multi_label_report, single_label_report
from jianghua.metrics.counts import decisions_mcc, label_counts, macro_f1, micro_f1, single_label_mcc

LABELS = ("a", "b", "c", "never")


def rows(seed: int) -> list[tuple[str, ...]]:
    draw = random.Random(seed)
    return [tuple(label for label in LABELS[:3] if draw.random() < 0.4) for _ in range(60)]


def indicators(sets: list[tuple[str, ...]]) -> np.ndarray:
    return np.array([[label in row for label in LABELS] for row in sets])


def test_f1_of_label_sets() -> None:
    # A label that is called but never wanted counts as 0.
    found = [("never",), *rows(1)[1:]]
    counts = label_counts(indicators(rows(0)), indicators(found)).sum(axis=0)
    report = multi_label_report(rows(0), found, LABELS)
    assert macro_f1(counts) == pytest.approx(report["macro_f1"])
    assert micro_f1(counts) == pytest.approx(report["micro_f1"])


def test_correlation_over_all_decisions() -> None:
    reference, found = indicators(rows(0)), indicators(rows(1))
    counts = label_counts(reference, found).sum(axis=0)
    assert decisions_mcc(counts, 60) == pytest.approx(matthews_corrcoef(reference.ravel(), found.ravel()))


def test_correlation_of_single_labels() -> None:
    draw = random.Random(2)
    reference, found = (draw.choices(LABELS[:3], weights, k=80) for weights in ((5, 3, 1), (1, 3, 3)))
    counts = label_counts(indicators([(x,) for x in reference]), indicators([(x,) for x in found])).sum(axis=0)
    assert single_label_mcc(counts) == pytest.approx(matthews_corrcoef(reference, found))
    assert single_label_mcc(counts) == pytest.approx(single_label_report(reference, found, LABELS)["mcc"])


def test_nothing_found_and_nothing_wanted_is_zero() -> None:
    empty = np.zeros((3, 4), dtype=np.int64)
    assert (macro_f1(empty), micro_f1(empty), single_label_mcc(empty), decisions_mcc(empty, 5)) == (0, 0, 0, 0)
