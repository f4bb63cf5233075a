from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from jianghua.metrics.agreement import (
    alpha_of_table,
    cohen_kappa,
    kappa_of_table,
    krippendorff_alpha,
    masi_distance,
    multi_label_kappa,
)
from jianghua.schema import InputError


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=50))
def test_kappa_agrees_with_scikit_learn(rows: list[tuple[str, str]]) -> None:
    first, second = [a for a, _ in rows], [b for _, b in rows]
    found = cohen_kappa(first, second)
    if len({*first, *second}) == 1:
        assert found is None
    else:
        assert found == pytest.approx(cohen_kappa_score(first, second))


def test_mean_kappa_leaves_out_labels_without_one() -> None:
    first, second = [["a"], ["a", "b"], []], [["a"], ["b"], []]
    result = multi_label_kappa(first, second, ["a", "b", "unused"])
    assert result["per_label"]["b"] == 1.0
    assert result["per_label"]["unused"] is None
    assert result["mean"] == pytest.approx((result["per_label"]["a"] + 1.0) / 2)


def test_masi_ranks_subset_above_overlap_above_disjoint() -> None:
    a = frozenset("ab")
    distances = [masi_distance(a, frozenset(other)) for other in ("ab", "a", "bc", "cd", "")]
    assert distances == sorted(distances)
    assert distances[0] == 0 and distances[1] == pytest.approx(1 - 1 / 2 * 2 / 3) and distances[-1] == 1
    assert masi_distance(frozenset(), frozenset()) == 0


def test_alpha_on_single_labels_is_the_nominal_alpha() -> None:
    # Krippendorff's own worked example of two observers and ten units: alpha 0.095.
    first = [[c] for c in "0100000000"]
    second = [[c] for c in "1110010010"]
    assert krippendorff_alpha(first, second) == pytest.approx(0.095, abs=5e-4)


def test_alpha_is_1_for_equal_readings_and_none_without_variety() -> None:
    assert krippendorff_alpha([["a"], ["b"]], [["a"], ["b"]]) == 1.0
    assert krippendorff_alpha([["a"], ["a"]], [["a"], ["a"]]) is None


def test_readings_must_align() -> None:
    with pytest.raises(InputError, match="2 and 1 rows"):
        cohen_kappa(["a", "b"], ["a"])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=50))
def test_tables_give_the_coefficients_of_the_rows(rows: list[tuple[str, str]]) -> None:
    table = np.zeros((3, 3), dtype=int)
    for first, second in rows:
        table["abc".index(first), "abc".index(second)] += 1
    sides = [[row[side] for row in rows] for side in (0, 1)]
    kappa, alpha = cohen_kappa(*sides), krippendorff_alpha(*([[x] for x in side] for side in sides))
    assert kappa_of_table(table) == (None if kappa is None else pytest.approx(kappa))
    assert alpha_of_table(table) == (None if alpha is None else pytest.approx(alpha, abs=1e-9))
