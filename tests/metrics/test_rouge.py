from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghua.metrics.rouge import CONVENTIONS, corpus_rouge, lcs_length, rouge
from jianghua.schema import InputError

# Columns: candidate, reference, then (ROUGE-1, -2, -L) as pip rouge 1.0.1 and 0.3.2 print them for the characters
# joined by spaces, and as clipped counts and the true subsequence give them.
TABLE = [
    ("全县平安建设持续推进", "全县平安建设持续推进", (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
    (
        "要抓好基层治理，基层治理要抓好", "抓好基层治理是头等大事",
        (0.6316, 0.5263, 0.6316), (0.6316, 0.5263, 0.6023), (0.4615, 0.4167, 0.4615),
    ),
    (
        "网格员入户走访三百余次，化解纠纷四十二起。", "网格员化解纠纷42起，走访入户300余次。",
        (0.7805, 0.4, 0.439), (0.7805, 0.4, 0.4385), (0.7619, 0.4, 0.4286),
    ),
    (
        "群众满意度达到98.5%", "满意度98.5%，比去年高1.2个百分点",
        (0.4828, 0.3704, 0.4828), (0.4828, 0.3704, 0.4349), (0.5, 0.4, 0.5),
    ),
    ("乙甲丙乙丁甲", "甲乙丙丁乙甲", (1.0, 0.2, 0.75), (1.0, 0.2, 0.75), (1.0, 0.2, 0.6667)),
    (
        "巡回法庭开到田间地头", "夜市巡防力量再加强",
        (0.1053, 0.0, 0.1053), (0.1053, 0.0, 0.1047), (0.1053, 0.0, 0.1053),
    ),
    (
        "守住底线.守住底线.抓好落实", "抓好落实.守住底线",
        (1.0, 0.8, 1.0), (1.0, 0.8, 1.0), (0.7826, 0.6667, 0.4348),
    ),
    ("好", "好的", (0.6667, 0.0, 0.6667), (0.6667, 0.0, 0.5556), (0.6667, 0.0, 0.6667)),
    (
        "先 立 后 破", "先立后破，稳中求进",
        (0.6154, 0.5455, 0.6154), (0.6154, 0.5455, 0.4893), (0.6154, 0.5455, 0.6154),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("candidate", "reference", "v1_0", "v0_3", "multiset"), TABLE)
def test_table_of_figures(candidate: str, reference: str, v1_0: tuple, v0_3: tuple, multiset: tuple) -> None:
    expected = {"char-set-1.0": v1_0, "char-set-0.3": v0_3, "char-multiset": multiset}
    for convention, figures in expected.items():
        scores = rouge(candidate, reference, convention)  # type: ignore[arg-type]
        assert tuple(round(scores[key], 4) for key in ("rouge1", "rouge2", "rougeL")) == figures, convention


def _table_lcs(a: str, b: str) -> int:
    row = [0] * (len(b) + 1)
    for x in a:
        previous = row
        row = [0]
        for j, y in enumerate(b):
            row.append(previous[j] + 1 if x == y else max(previous[j + 1], row[j]))
    return row[-1]


@given(st.text("甲乙丙丁", max_size=30), st.text("甲乙丙丁", max_size=30))
def test_bit_parallel_lcs_equals_the_table(a: str, b: str) -> None:
    assert lcs_length(a, b) == _table_lcs(a, b)


@given(st.text("甲乙丙。. ", max_size=20), st.text("甲乙丙。. ", max_size=20), st.sampled_from(CONVENTIONS))
def test_scores_stay_between_0_and_1(a: str, b: str, convention: str) -> None:
    assert all(0 <= value <= 1 + 1e-9 for value in rouge(a, b, convention).values())  # type: ignore[arg-type]


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(("a", "b"), [("", "平安"), ("平安", ""), ("  \n", "平安"), ("", ""), ("...", "平安")])
def test_empty_sides_score_nothing(a: str, b: str, convention: str) -> None:
    assert set(rouge(a, b, convention).values()) == {0.0}  # type: ignore[arg-type]


def test_empty_predictions_count_in_the_mean() -> None:
    scores = corpus_rouge(["平安建设", ""], ["平安建设", "法治建设"])
    assert scores == {"rouge1": 0.5, "rouge2": 0.5, "rougeL": 0.5}


def test_repeating_a_word_does_not_help_where_counts_are_clipped() -> None:
    assert rouge("平安平安平安平安", "平安建设")["rouge1"] < rouge("平安", "平安建设")["rouge1"]


def test_three_thousand_characters_are_fast() -> None:
    rng = random.Random(0)
    a, b = ("".join(rng.choices("的一是在不了有和人这中大为上个国", k=3000)) for _ in range(2))
    start = time.perf_counter()
    for convention in CONVENTIONS:
        rouge(a, b, convention)  # type: ignore[arg-type]
    # A table in Python takes seconds for one of them, and pip rouge ends in a RecursionError.
    assert time.perf_counter() - start < 1.0


def test_errors_name_what_was_found() -> None:
    with pytest.raises(InputError, match="found 'rouge-l'; choose"):
        rouge("甲", "甲", "rouge-l")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="1 and 2"):
        corpus_rouge(["甲"], ["甲", "乙"])
    with pytest.raises(InputError, match="at least one"):
        corpus_rouge([], [])
