from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from jianghua.metrics.agreement import cohen_kappa, krippendorff_alpha, masi_distance, multi_label_kappa
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
