"""Turn logits into calibrated probabilities: one temperature for softmax, slope and bias per sigmoid column.

Fit on a split that neither trained the model nor chose its checkpoint, if there is one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, softmax

from jianghua.schema import InputError

# Slopes and temperatures stay within e^-4 … e^4: outside, a separable sample would drive them to 0 or infinity.
_LOG_RANGE = (-4.0, 4.0)


@dataclass(frozen=True)
class Platt:
    """Slope and bias per column, both (k,): probability = sigmoid(slope · logit + bias)."""

    slope: np.ndarray
    bias: np.ndarray


def fit_temperature(logits: np.ndarray, gold_index: np.ndarray) -> float:
    """The temperature that minimises the negative log-likelihood of softmax(logits / T) (Guo et al., 2017).

    Args:
        logits: (n, k), finite.
        gold_index: (n,) column of the true label of each row.

    Raises:
        InputError: no rows, shapes that do not fit, or logits that are not finite.
    """
    logits, gold_index = _checked(logits), np.asarray(gold_index)
    if gold_index.shape != logits.shape[:1] or gold_index.min() < 0 or gold_index.max() >= logits.shape[1]:
        expected = f"{len(logits)} column indices from 0 to {logits.shape[1] - 1}"
        raise InputError(expected, f"shape {gold_index.shape} or indices outside", "align the rows")
    rows = np.arange(len(logits))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[rows, gold_index].mean())

    return float(np.exp(minimize_scalar(loss, bounds=_LOG_RANGE, method="bounded").x))  # type: ignore[attr-defined]


def apply_temperature(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (n, k) of softmax(logits / temperature).

    Raises:
        InputError: a temperature that is not above 0, or logits that are not finite.
    """
    if not temperature > 0:
        raise InputError("a temperature above 0", str(temperature), "fit it again")
    return softmax(_checked(logits) / temperature, axis=1)


def fit_platt(logits: np.ndarray, gold: np.ndarray) -> Platt:
    """Slope and bias of each column by penalty-free logistic regression on smoothed targets (Platt, 1999).

    Slopes are positive, so the ranking within a column never turns round. A column whose gold is constant says
    nothing about its slope and keeps slope 1 and bias 0.

    Args:
        logits: (n, k), finite.
        gold: (n, k) of 0 and 1.

    Raises:
        InputError: no rows, shapes that differ, gold beyond 0 and 1, or logits that are not finite.
    """
    logits, gold = _checked(logits), np.asarray(gold, dtype=np.float64)
    if gold.shape != logits.shape or not np.isin(gold, (0, 1)).all():
        raise InputError(
            f"gold of 0 and 1, shape {logits.shape}", f"shape {gold.shape} or other values", "align the rows"
        )
    pairs = np.array([_fit_column(logits[:, j], gold[:, j]) for j in range(logits.shape[1])])
    return Platt(pairs[:, 0], pairs[:, 1])


def apply_platt(logits: np.ndarray, platt: Platt) -> np.ndarray:
    """Probabilities (n, k) of sigmoid(slope · logits + bias)."""
    return expit(_checked(logits) * platt.slope + platt.bias)


def _checked(logits: np.ndarray) -> np.ndarray:
    logits = np.asarray(logits, dtype=np.float64)
    if logits.ndim != 2 or not logits.size:
        raise InputError("logits of shape (n, k), n and k above 0", str(logits.shape), "give one row per paragraph")
    if not np.isfinite(logits).all():
        raise InputError("finite logits", "NaN or infinity", "look for a diverged model")
    return logits


def _fit_column(logit: np.ndarray, gold: np.ndarray) -> tuple[float, float]:
    positives = gold.sum()
    if positives in (0, len(gold)):
        return 1.0, 0.0
    target = np.where(gold == 1, (positives + 1) / (positives + 2), 1 / (len(gold) - positives + 2))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slope = np.exp(parameters[0])
        z = slope * logit + parameters[1]
        residual = expit(z) - target
        gradient = np.array([(residual * slope * logit).mean(), residual.mean()])
        return float((np.logaddexp(0, z) - target * z).mean()), gradient

    fit = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[_LOG_RANGE, (None, None)])
    return float(np.exp(fit.x[0])), float(fit.x[1])
