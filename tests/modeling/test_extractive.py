from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jianghua.modeling.extractive import balanced, candidate_lines, digest, first_line

# What official prose is made of, and what breaks it.
PROSE = st.text(st.sampled_from("要把夜巡做实查处年月12.,:，、；：。！？“”（）《》\n 　—·"), max_size=200)
LIMITS = st.integers(6, 100)


@given(PROSE, LIMITS)
def test_candidates_are_pieces_of_the_source_within_the_limit(source: str, limit: int) -> None:
    for line in candidate_lines(source, limit):
        assert source[line.start : line.end] == line.text
        assert 6 <= len(line.text) <= limit
        assert "\n" not in line.text
        assert line.text == line.text.strip()
        assert balanced(line.text)


@pytest.mark.parametrize(
    "source", ["一要把夜巡做实，二要查清底数。", "本报讯（记者 禾苗）全县巡防会今天召开，各镇到会。"]
)
def test_candidates_leave_enumerators_and_datelines_out(source: str) -> None:
    starts = {line.text[:3] for line in candidate_lines(source, 30)}
    assert starts
    assert not starts & {"一要把", "本报讯"}


def test_candidates_are_whole_clauses() -> None:
    lines = {line.text for line in candidate_lines("要把夜市巡防做实，让摊主放心，让顾客安心。", 30)}
    assert lines == {
        "要把夜市巡防做实", "要把夜市巡防做实，让摊主放心", "要把夜市巡防做实，让摊主放心，让顾客安心",
        "让摊主放心，让顾客安心",
    }  # fmt: skip


@given(PROSE, LIMITS)
@example("\n" * 40 + "夜巡要做实" * 20, 30)
@example("　" * 40 + "“夜巡" * 20, 30)
@example("，，。", 30)
@example("。" * 50, 30)
def test_a_first_line_is_never_empty(source: str, limit: int) -> None:
    line = first_line(source, limit)
    assert source[line.start : line.end] == line.text
    assert len(line.text) <= limit
    assert bool(line.text.strip()) == bool(source.strip())


def test_a_first_line_is_the_longest_run_from_the_start() -> None:
    assert first_line("要把夜市巡防做实，让摊主放心，让顾客安心。", 16).text == "要把夜市巡防做实，让摊主放心"
    assert first_line("夜" * 40 + "，让摊主放心。", 30).text == "让摊主放心"


@given(st.lists(PROSE, max_size=12), st.integers(1, 400))
def test_a_digest_keeps_to_its_budget_and_invents_nothing(texts: list[str], budget: int) -> None:
    found = digest(texts, budget)
    assert len(found) <= budget
    assert set(found) <= set("".join(texts))
    assert bool(found) == any(text.strip() for text in texts)


def _speech(paragraphs: int) -> list[str]:
    return [f"第{n}个镇把夜巡做到了街头巷尾每个角落。然后逐户走访登记造册。" for n in range(paragraphs)]


@pytest.mark.parametrize("paragraphs", [3, 12, 60])
def test_a_digest_keeps_beginning_and_end_of_a_long_speech(paragraphs: int) -> None:
    found = digest(_speech(paragraphs), 320)
    assert found.startswith("第0个镇")
    assert f"第{paragraphs - 1}个镇" in found


def test_a_digest_of_what_fits_is_all_of_it_in_order() -> None:
    assert digest(["甲地夜巡。乙地走访。", "丙地调解。"], 100) == "甲地夜巡。乙地走访。丙地调解。"
    assert digest(["甲地夜巡。乙地走访。", "丙地调解。"], 10) == "甲地夜巡。丙地调解。"
