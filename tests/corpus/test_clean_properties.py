"""What holds for every text: coverage, source fidelity, idempotence."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from jianghua.corpus.clean import clean_text, from_paragraphs
from jianghua.schema import NOISE_REASONS, Document

_LINES = st.sampled_from(
    [
        "在全镇综治工作例会上的发言",
        "同志们:",
        "一、把底数摸清楚",
        "（二）压实责任",
        "本报记者 高远山",
        "责任编辑：苏小禾",
        "上个月，全镇排查出田界纠纷十七起，已经调处十五起，剩下两起由包村干部盯着办，",
        "月底前要有结果。",
        "各村要把巡逻队重新编好，夜里十点到凌晨三点不能断人，值班表贴到村口公示栏上",
        "让群众看得见、找得到。",
        "本报讯 5月6日，青石镇召开夏季治安例会，十二个村的书记到场，会期一个小时。",
        "青石镇部署夏季治安工作",
        "阅读：318 次",
        "分享到：",
        "相关链接",
        "· 关于召开例会的通知",
        "— 2 —",
        "图为例会现场。 高远山摄",
        "2021-05-06 09:10",
        "首页 > 新闻 > 正文",
        "<p>群众的小事要当成大事办。</p>",
        "&nbsp;&nbsp;谢谢大家！",
        "<!-- 结束 -->",
        "A&amp;B",
        "---",
        "title: 例会",
        "一是人要到位。二是车要到位。三是物要到位。",
        "\u200b",
        "é",
        "𠀀乂乂",
        "**",
        "# 例会",
        "（高远山）",
        "原标题：青石镇部署夏季治安工作",
    ]
)
_BREAKS = st.sampled_from(["\n", "\n\n", "\r\n", "\n　　", " \n", "\n\n\n", "\u2028", ""])
_MIXED = st.lists(st.tuples(_LINES | st.text(max_size=30), _BREAKS), max_size=14).map(
    lambda parts: "".join(line + gap for line, gap in parts)
)


def _check_coverage(text: str, documents: list[Document]) -> None:
    times = [0] * len(text)
    for document in documents:
        own = [False] * len(text)
        for span in document.removed:
            assert span.reason in NOISE_REASONS
            assert span.start < span.end
            for at in range(span.start, span.end):
                times[at] += 1
                own[at] = True
        for paragraph in document.paragraphs:
            for at in range(paragraph.start, paragraph.end):
                times[at] += not own[at]
    wrong = [(at, text[at], times[at]) for at in range(len(text)) if not text[at].isspace() and times[at] != 1]
    assert not wrong


def _source_text(text: str, document: Document, start: int, end: int) -> str:
    gone = {at for span in document.removed for at in range(span.start, span.end)}
    kept = "".join(text[at] for at in range(start, end) if at not in gone)
    return unicodedata.normalize("NFC", re.sub("[\r\n]", "", kept))


@settings(max_examples=300, deadline=None)
@given(_MIXED, st.booleans())
def test_every_visible_character_is_in_one_span(text: str, split: bool) -> None:
    documents = clean_text(text, id="d", split_articles=split)
    assert documents
    assert split or len(documents) == 1
    _check_coverage(text, documents)


@settings(max_examples=300, deadline=None)
@given(_MIXED)
def test_paragraph_is_its_source_less_removed_spans(text: str) -> None:
    text = text.replace("&", "和")  # entities are the documented exception
    for document in clean_text(text, id="d"):
        for paragraph in document.paragraphs:
            assert _source_text(text, document, paragraph.start, paragraph.end) == paragraph.text
            for item in paragraph.items:
                assert _source_text(text, document, item.start, item.end) == item.text


@settings(max_examples=300, deadline=None)
@given(_MIXED)
def test_cleaning_is_idempotent(text: str) -> None:
    for document in clean_text(text, id="d"):
        joined = "\n".join(paragraph.text for paragraph in document.paragraphs)
        again = clean_text(joined, id="d")
        assert [p.text for d in again for p in d.paragraphs] == [p.text for p in document.paragraphs]
        assert not [span for d in again for span in d.removed]


@given(st.lists(_LINES | st.text(min_size=1, max_size=40), max_size=8))
def test_given_paragraphs_stay_as_they_are(texts: list[str]) -> None:
    document = from_paragraphs(texts, id="d")
    joined = "\n".join(texts)
    assert [paragraph.text for paragraph in document.paragraphs] == texts
    assert [joined[paragraph.start : paragraph.end] for paragraph in document.paragraphs] == texts
    assert document.removed == ()
    items = [item for paragraph in document.paragraphs for item in paragraph.items]
    assert all(unicodedata.normalize("NFC", joined[item.start : item.end]) == item.text for item in items)


@settings(max_examples=150, deadline=None)
@given(_MIXED)
def test_html_covers_too(text: str) -> None:
    _check_coverage(text, clean_text(text, id="d", html=True))
