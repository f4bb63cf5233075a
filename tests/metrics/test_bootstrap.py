from __future__ import annotations

import numpy as np
import pytest

from jianghua.metrics.bootstrap import interval, resampled_sums
from jianghua.schema import InputError


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_interval_holds_the_value_and_repeats_with_the_seed() -> None:
    documents = [[float(i % 3), 1.0] for i in range(30)]
    first, again = interval(documents, _mean, n=200), interval(documents, _mean, n=200)
    assert first == again
    assert first.low < first.value < first.high
    assert interval(documents, _mean, n=200, seed=1) != first


def test_documents_are_resampled_whole() -> None:
    # Ten documents of fifty equal paragraphs hold ten observations, not five hundred.
    rng = np.random.default_rng(0)
    means = rng.normal(size=10)
    together = interval([[m] * 50 for m in means], _mean, n=500)
    apart = interval([[m] for m in np.repeat(means, 50)], _mean, n=500)
    assert together.high - together.low > 3 * (apart.high - apart.low)


def test_coverage_is_near_the_level() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(150):
        found = interval([[v] for v in rng.normal(size=40)], _mean, n=200, level=0.8)
        hits += found.low <= 0 <= found.high
    assert 0.68 < hits / 150 < 0.9


def test_a_wider_level_gives_a_wider_interval() -> None:
    documents = [[float(i)] for i in range(20)]
    wide, narrow = interval(documents, _mean, level=0.99), interval(documents, _mean, level=0.5)
    assert wide.low < narrow.low and narrow.high < wide.high


def test_unusable_input_is_refused() -> None:
    with pytest.raises(InputError, match="at least one document"):
        interval([[], []], _mean)
    with pytest.raises(InputError, match="level=1"):
        interval([[1.0]], _mean, level=1)
    with pytest.raises(InputError, match="finite statistic"):
        interval([[1.0]], lambda values: float("nan"))


def test_resampled_sums_are_the_draws_of_interval() -> None:
    counts = np.random.default_rng(3).integers(0, 9, size=(12, 2, 3))
    sums = resampled_sums(counts, 200, seed=5)
    wanted = interval([[row] for row in counts], lambda drawn: float(np.sum(drawn, axis=0)[1, 2]), 200, seed=5)
    low, high = np.quantile(sums[:, 1, 2], [0.025, 0.975])
    assert sums.shape == (200, 2, 3) and (low, high) == (wanted.low, wanted.high)
    with pytest.raises(InputError, match="expected at least one document"):
        resampled_sums(counts[:0])
