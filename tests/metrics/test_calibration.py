from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from jianghua.metrics.calibration import apply_platt, apply_temperature, fit_platt, fit_temperature
from jianghua.metrics.classification import expected_calibration_error
from jianghua.schema import InputError


def _drawn(scale: float, n: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `scale` times too large, and labels drawn from the true probabilities."""
    rng = np.random.default_rng(3)
    true = rng.normal(size=(n, 4)) * 1.5
    gold = np.array([rng.choice(4, p=row) for row in softmax(true, axis=1)])
    return true * scale, gold


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_temperature_is_recovered_and_calibrates(scale: float) -> None:
    logits, gold = _drawn(scale)
    temperature = fit_temperature(logits, gold)
    assert temperature == pytest.approx(scale, rel=0.1)
    before, after = softmax(logits, axis=1), apply_temperature(logits, temperature)
    errors = [expected_calibration_error(p.max(axis=1), p.argmax(axis=1) == gold) for p in (before, after)]
    assert errors[1] < 0.03 < errors[0]
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()


def test_platt_recovers_slope_and_bias_of_each_column() -> None:
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(8000, 2)) * 2
    gold = (rng.random((8000, 2)) < expit(logits * [0.5, 2.0] + [-1.0, 0.5])).astype(int)
    platt = fit_platt(logits, gold)
    assert platt.slope == pytest.approx([0.5, 2.0], rel=0.12)
    assert platt.bias == pytest.approx([-1.0, 0.5], abs=0.15)
    assert apply_platt(logits, platt).mean(axis=0) == pytest.approx(gold.mean(axis=0), abs=0.01)


def test_platt_survives_constant_separable_and_inverted_columns() -> None:
    logits = np.array([[-2.0, -5.0, 2.0], [-1.0, -4.0, 1.0], [1.0, 4.0, -1.0], [2.0, 5.0, -2.0]])
    gold = np.array([[0, 0, 0], [0, 0, 0], [0, 1, 1], [0, 1, 1]])
    platt = fit_platt(logits, gold)
    assert (platt.slope[0], platt.bias[0]) == (1.0, 0.0)
    assert np.isfinite(platt.slope).all() and np.isfinite(platt.bias).all()
    assert (platt.slope > 0).all()


def test_a_perfect_sample_does_not_drive_the_temperature_to_zero() -> None:
    assert fit_temperature(np.array([[3.0, 0.0], [0.0, 3.0]]), np.array([0, 1])) > 0.01


@pytest.mark.parametrize(
    ("logits", "gold"),
    [([[np.nan, 0.0]], [0]), ([[1.0, 0.0]], [2]), ([[1.0, 0.0]], [0, 1]), (np.zeros((0, 2)), [])],
)
def test_fit_temperature_refuses_what_it_cannot_use(logits: list, gold: list) -> None:
    with pytest.raises(InputError):
        fit_temperature(np.array(logits), np.array(gold, dtype=int))


def test_platt_refuses_soft_targets_and_temperature_zero() -> None:
    with pytest.raises(InputError, match="0 and 1"):
        fit_platt(np.zeros((2, 1)), np.array([[0.3], [1.0]]))
    with pytest.raises(InputError, match="above 0"):
        apply_temperature(np.zeros((1, 2)), 0.0)
