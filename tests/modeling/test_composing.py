from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jianghua.modeling import writing
from jianghua.modeling.composing import Part, Summary, by_importance, compose, outline, write_summaries
from jianghua.modeling.summarizer import Summarizer, SummarizerSettings

OPENING = "3月2日，青禾县召开平安建设会议，县委书记田守安出席并讲话。"
PARTS = [
    Part(OPENING + "会议由柳和平主持。", "meeting_report", "田守安出席县平安建设会议"),
    Part("去年全县调解纠纷312件，盗窃警情下降。", "review", "调解纠纷312件，盗窃警情下降"),
    Part("要抓好夜间巡防，推广“一村一亭”做法。", "deployment", "抓好夜间巡防，推广“一村一亭”"),
]
SETTINGS = SummarizerSettings(methods=(("summary", ("generate",)),))


def _writes(monkeypatch: pytest.MonkeyPatch, *lines: str) -> Summarizer:
    """A summariser whose candidates are known: what composing makes of them is the subject."""

    def candidates(_: Any, kind: str, texts: list[str], wish: Any) -> list[tuple[str, ...]]:
        return [lines for _ in texts]

    monkeypatch.setattr(writing, "candidates", candidates)
    return Summarizer(None, None, SETTINGS, "known")  # type: ignore[arg-type]


def test_the_outline_opens_with_who_and_when_and_keeps_what_matters() -> None:
    assert outline(PARTS, 200).split("\n") == [OPENING, *(part.gist for part in PARTS)]
    tight = len(OPENING) + len(PARTS[0].gist) + len(PARTS[2].gist) + 2
    assert outline(PARTS, tight).split("\n") == [OPENING, PARTS[0].gist, PARTS[2].gist]
    assert outline([], 100) == ""


def test_an_unknown_task_type_comes_last() -> None:
    assert by_importance([replace(PARTS[1], task_type="theme_7"), replace(PARTS[1], task_type="x"), PARTS[2]]) == [
        0,
        2,
        1,
    ]


def test_a_grounded_summary_leaves_with_evidence_in_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "田守安出席平安建设会议，要抓好夜间巡防，推广“一村一亭”做法"
    summary = write_summaries(_writes(monkeypatch, text + "。"), [PARTS, []])
    assert summary[0].text == text + "。" and summary[0].how == ("generated",)
    found = [(part, PARTS[part].text[start:end]) for part, start, end in summary[0].evidence]
    assert (2, "要抓好夜间巡防，推广“一村一亭”做法") in found and {part for part, _ in found} == {0, 2}
    assert summary[1] == Summary("")


@pytest.mark.parametrize(
    "bad",
    [
        "书记柳守安出席会议，调解纠纷312件",
        "全县调解纠纷313件",
        "推广“一镇一亭”做法",
        "抓好夜间巡防" * 20,
        "盗窃警情"[:3],
    ],
)
def test_the_next_candidate_or_lines_take_the_place_of_what_is_not_grounded(
    bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = "去年全县调解纠纷312件"
    assert write_summaries(_writes(monkeypatch, bad, good), [PARTS])[0].text == good + "。"
    lines = write_summaries(_writes(monkeypatch, bad), [PARTS])[0]
    assert lines.how == ("composed",) and lines.text.endswith("。") and len(lines.text) <= 100
    assert all(PARTS[i].text[start:end] in lines.text for i, start, end in lines.evidence)


def test_a_gist_that_says_what_another_said_is_left_out() -> None:
    again = replace(PARTS[2], gist="抓好夜间巡防工作")
    assert compose([*PARTS, again], ()) == compose(PARTS, ())
    assert compose(PARTS, ()).text == "；".join(part.gist for part in PARTS) + "。"
    assert compose([replace(part, gist="") for part in PARTS], ()) == Summary("")


def test_a_model_that_writes_no_gists_has_first_lines_put_together() -> None:
    found = compose(PARTS, ("first",))
    assert found.text.startswith(OPENING.rstrip("。")) and len(found.text) <= 100
    assert all(PARTS[i].text[start:end].rstrip("。") in found.text for i, start, end in found.evidence)
