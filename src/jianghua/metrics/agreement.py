"""How far two independent readings agree beyond chance.

A coefficient is None where chance agreement is already complete (both readings constant): there is nothing to correct.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from jianghua.schema import InputError


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen's kappa of one label per row (Cohen, 1960).

    Raises:
        InputError: no rows, or readings of unequal length.
    """
    _check_lengths(first, second)
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    counts = Counter(first), Counter(second)
    # In integers first: 1 - chance must be exactly 0 when both readings are one constant.
    chance = sum(counts[0][code] * counts[1][code] for code in counts[0])
    return None if chance == n * n else (observed - chance / n**2) / (1 - chance / n**2)


def multi_label_kappa(
    first: Sequence[Collection[str]], second: Sequence[Collection[str]], labels: Sequence[str]
) -> dict[str, Any]:
    """Kappa of the presence of each label, and the mean over the labels that have one.

    Returns:
        {"per_label": {label: kappa or None}, "mean": mean or None}

    Raises:
        InputError: no rows, or readings of unequal length.
    """
    _check_lengths(first, second)
    per_label = {
        code: cohen_kappa([str(code in row) for row in first], [str(code in row) for row in second]) for code in labels
    }
    defined = [value for value in per_label.values() if value is not None]
    return {"per_label": per_label, "mean": sum(defined) / len(defined) if defined else None}


def kappa_of_table(table: np.ndarray) -> float | None:
    """Cohen's kappa from (k, k) counts of what the first and the second reading say."""
    n = table.sum()
    chance = (table.sum(axis=0) * table.sum(axis=1)).sum()
    return None if chance == n * n else float((table.trace() * n - chance) / (n * n - chance))


def alpha_of_table(table: np.ndarray) -> float | None:
    """Krippendorff's nominal alpha of two complete readings from (k, k) counts of what they say."""
    both = table + table.T
    n, marginal = both.sum(), both.sum(axis=0)
    expected = n * n - (marginal * marginal).sum()
    return float(1 - (n - 1) * (n - both.trace()) / expected) if expected else None


def masi_distance(a: frozenset[str], b: frozenset[str]) -> float:
    """1 - Jaccard · monotonicity, 0 to 1 (Passonneau, 2006); two empty sets are equal."""
    if a == b:
        return 0.0
    shared = a & b
    monotonicity = 2 / 3 if shared in (a, b) else 1 / 3
    return 1 - len(shared) / len(a | b) * (monotonicity if shared else 0)


def krippendorff_alpha(
    first: Sequence[Collection[str]],
    second: Sequence[Collection[str]],
    distance: Callable[[frozenset[str], frozenset[str]], float] = masi_distance,
) -> float | None:
    """Krippendorff's alpha of two complete readings of label sets (Krippendorff, 2004).

    Raises:
        InputError: no rows, or readings of unequal length.
    """
    _check_lengths(first, second)
    pairs = [(frozenset(a), frozenset(b)) for a, b in zip(first, second, strict=True)]
    observed = sum(distance(a, b) for a, b in pairs) / len(pairs)
    pooled = Counter(value for pair in pairs for value in pair)
    n = pooled.total()
    expected = sum(distance(a, b) * x * y for a, x in pooled.items() for b, y in pooled.items()) / (n * (n - 1))
    return 1 - observed / expected if expected else None


def _check_lengths(first: Sequence[Any], second: Sequence[Any]) -> None:
    if len(first) != len(second) or not first:
        found = f"{len(first)} and {len(second)} rows"
        raise InputError("two readings of the same rows, at least one", found, "align the readings by paragraph")
