from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from jianghua.metrics.classification import (
    best_thresholds,
    expected_calibration_error,
    multi_label_report,
    single_label_report,
)
from jianghua.schema import InputError

LABELS = ["a", "b", "c", "other"]
single_pairs = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=40)
label_sets = st.sets(st.sampled_from(LABELS))
set_pairs = st.lists(st.tuples(label_sets, label_sets), min_size=1, max_size=40)


@given(single_pairs)
def test_single_label_report_agrees_with_scikit_learn(rows: list[tuple[str, str]]) -> None:
    gold, predicted = [a for a, _ in rows], [b for _, b in rows]
    report = single_label_report(gold, predicted, LABELS)
    assert report["macro_f1"] == pytest.approx(oracle.f1_score(gold, predicted, average="macro", zero_division=0))
    every = oracle.f1_score(gold, predicted, labels=LABELS, average="macro", zero_division=0)
    assert report["macro_f1_all"] == pytest.approx(every)
    assert report["accuracy"] == report["micro_f1"] == pytest.approx(oracle.accuracy_score(gold, predicted))
    assert report["mcc"] == pytest.approx(oracle.matthews_corrcoef(gold, predicted))


@given(set_pairs)
def test_multi_label_report_agrees_with_scikit_learn(rows: list[tuple[set[str], set[str]]]) -> None:
    gold, predicted = [a for a, _ in rows], [b for _, b in rows]
    report = multi_label_report(gold, predicted, LABELS)
    a, b = (np.array([[code in row for code in LABELS] for row in side]).astype(int) for side in (gold, predicted))
    p, r, f, n = oracle.precision_recall_fscore_support(a, b, zero_division=0)
    for i, code in enumerate(LABELS):
        expected = {"precision": p[i], "recall": r[i], "f1": f[i], "support": n[i]}
        assert report["per_label"][code] == pytest.approx(expected)
    assert report["micro_f1"] == pytest.approx(oracle.f1_score(a, b, average="micro", zero_division=0))
    assert report["subset_accuracy"] == pytest.approx(oracle.accuracy_score(a, b))


def test_macro_f1_leaves_out_what_never_occurs_and_counts_what_is_only_predicted() -> None:
    report = multi_label_report([["a"], ["other"]], [["a", "b"], []], LABELS)
    assert report["macro_f1"] == pytest.approx(1 / 3)  # a 1, b 0, other 0; c does not occur
    assert report["macro_f1_all"] == pytest.approx(1 / 4)
    assert report["macro_f1_no_other"] == pytest.approx(1 / 2)
    json.dumps(report, allow_nan=False)


def test_mcc_does_not_overflow_on_many_rows() -> None:
    gold = ["a", "b"] * 100_000
    assert single_label_report(gold, gold, LABELS)["mcc"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("gold", "predicted", "named"),
    [([], [], "at least one"), (["a"], ["a", "b"], "2 and 1"), (["a"], ["z"], "'z' in row 0")],
)
def test_reports_refuse_rows_that_do_not_fit(gold: list[str], predicted: list[str], named: str) -> None:
    with pytest.raises(InputError, match=named):
        single_label_report(gold, predicted, LABELS)


def test_a_bare_string_is_no_label_set() -> None:
    with pytest.raises(InputError, match="the string 'ab'"):
        multi_label_report(["ab"], [["a"]], LABELS)  # type: ignore[list-item]


def _f1(scores: np.ndarray, gold: np.ndarray, threshold: float) -> float:
    return float(oracle.f1_score(gold, scores >= threshold, zero_division=0))


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0]), st.booleans()), min_size=1, max_size=30))
def test_best_thresholds_reach_the_best_f1_of_any_cut(rows: list[tuple[float, bool]]) -> None:
    scores, gold = np.array([s for s, _ in rows]), np.array([int(g) for _, g in rows])
    threshold = best_thresholds(scores[:, None], gold[:, None])[0]
    if not gold.any():
        assert threshold == 0.5
        return
    cuts = [0.0, 0.05, 0.2, 0.4, 0.5, 0.6, 0.85, 1.0, 1.1]
    assert _f1(scores, gold, threshold) == pytest.approx(max(_f1(scores, gold, cut) for cut in cuts))
    assert (scores >= threshold).any()


def test_threshold_search_is_not_caught_by_zero_over_zero() -> None:
    scores = np.array([[0.02, 0.1], [0.01, 0.2], [0.03, 0.3]])
    gold = np.array([[1, 0], [0, 0], [1, 0]])
    found = best_thresholds(scores, gold)
    assert 0.01 < found[0] <= 0.02
    assert found[1] == 0.5


def test_threshold_ties_go_to_one_half_then_down() -> None:
    separable = best_thresholds(np.array([[0.1], [0.9]]), np.array([[0], [1]]))
    assert separable.tolist() == [0.5]
    # Everything found, or only the upper row found: the cuts 0.25 and 0.75 are equally far and equally good.
    tied = best_thresholds(np.array([[0.25], [0.5], [0.5], [1.0]]), np.array([[1], [0], [0], [1]]))
    assert tied.tolist() == [0.25]


def test_thresholds_separate_in_single_precision_too() -> None:
    scores = np.array([[0.1], [np.nextafter(np.float32(0.1), np.float32(1))]], dtype=np.float32)
    threshold = best_thresholds(scores, np.array([[0], [1]]))
    assert (scores.astype(np.float64) >= threshold).ravel().tolist() == [False, True]


@pytest.mark.parametrize(
    ("scores", "gold"),
    [([[np.nan]], [[1]]), ([[0.2]], [[2]]), ([[0.2]], [[1, 0]])],
)
def test_best_thresholds_refuse_what_they_cannot_use(scores: list, gold: list) -> None:
    with pytest.raises(InputError):
        best_thresholds(np.array(scores), np.array(gold))


def test_calibration_error_by_hand() -> None:
    # Two bins of ten: |0.95 - 1| over one row, |0.55 - 0| over the other.
    assert expected_calibration_error(np.array([0.95, 0.55]), np.array([1, 0]), bins=10) == pytest.approx(0.3)
    assert expected_calibration_error(np.array([1.0, 0.0]), np.array([1, 0])) == 0.0


def test_calibration_error_nets_rows_within_one_bin_only() -> None:
    confidence, correct = np.array([0.5, 0.5, 0.9]), np.array([1, 0, 0])
    assert expected_calibration_error(confidence, correct, bins=10) == pytest.approx(0.3)
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        expected_calibration_error(np.array([1.2]), np.array([1]))
