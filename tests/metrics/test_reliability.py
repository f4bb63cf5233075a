from __future__ import annotations

import numpy as np
import pytest

from jianghua.metrics.classification import expected_calibration_error
from jianghua.metrics.reliability import reliability_bins, risk_coverage, suspected
from jianghua.schema import InputError


def test_bins_hold_every_row_and_give_the_calibration_error() -> None:
    draw = np.random.default_rng(0)
    confidence, correct = draw.random(400), draw.random(400) < 0.7
    bins = reliability_bins(confidence, correct)
    assert bins.rows.sum() == 400
    error = float((np.abs(bins.hit_rate - bins.confidence) * bins.rows).sum() / 400)
    assert error == pytest.approx(expected_calibration_error(confidence, correct))


def test_empty_bins_are_left_out() -> None:
    bins = reliability_bins(np.array([0.0, 0.05, 0.99]), np.array([0, 1, 1]), bins=10)
    assert bins.rows.tolist() == [2, 1]
    assert bins.hit_rate.tolist() == [0.5, 1.0]


def test_risk_is_the_error_of_the_most_confident_part() -> None:
    curve = risk_coverage(np.array([0.5, 0.9, 0.7, 0.7]), np.array([0, 1, 0, 1]))
    assert curve.confidence.tolist() == [0.9, 0.7, 0.5]
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]  # equal confidences stay together
    assert curve.risk.tolist() == pytest.approx([0, 1 / 3, 1 / 2])


def test_a_label_that_the_model_is_sure_against_is_suspected() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.05, 0.95], [0.55, 0.45]])
    given = np.array([0, 0, 1, 1, 0, 0])
    assert suspected(probabilities, given).tolist() == [-1, -1, -1, -1, 1, -1]


def test_planted_errors_are_found_and_few_others() -> None:
    draw = np.random.default_rng(1)
    truth = draw.integers(3, size=600)
    probabilities = draw.dirichlet([1, 1, 1], size=600) * 0.3
    probabilities[np.arange(600), truth] += 0.7
    given, planted = truth.copy(), np.arange(600) < 40
    given[planted] = (truth[planted] + 1) % 3
    found = suspected(probabilities, given)
    assert (found[planted] == truth[planted]).mean() > 0.4
    assert (found[~planted] >= 0).sum() == 0


def test_a_class_that_nobody_was_given_is_never_suspected() -> None:
    assert suspected(np.array([[0.1, 0.9], [0.9, 0.1]]), np.array([0, 0])).tolist() == [-1, -1]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="expected probabilities"):
        suspected(np.array([[0.1, 0.9]]), np.array([2]))
    with pytest.raises(InputError, match=r"expected confidences in \[0, 1\]"):
        risk_coverage(np.array([1.5]), np.array([1]))
    with pytest.raises(InputError, match="two vectors of one length"):
        reliability_bins(np.array([]), np.array([]))
