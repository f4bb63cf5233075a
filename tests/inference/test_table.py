"""The terminal table: every line fits, wide characters count two columns, hostile text cannot drive the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghua.codebook import load_codebook
from jianghua.inference.table import WORDS, brief_name, display_width, format_overview, format_table, vocabulary, wrap
from jianghua.schema import FLAGS, NOISE_REASONS, Analysis, InputError, ParagraphAnalysis, Removed

CODEBOOK = load_codebook()


def columns_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in line)


def paragraph(index: int, task_type: str, domains: tuple[str, ...] = (), **changes: object) -> ParagraphAnalysis:
    values: dict = {
        "text": "巷口新装了路灯，夜里回家的人多了，摊主们也愿意晚些收摊。", "heading": None, "needs_review": False,
        "gist": "",
    } | changes  # fmt: skip
    return ParagraphAnalysis(
        index=index, start=0, end=len(values["text"]), task_type=task_type, task_type_scores={task_type: 0.9},
        policy_domain=domains, policy_domain_scores=dict.fromkeys(domains, 0.8), **values,
    )  # fmt: skip


def analysis(**changes: object) -> Analysis:
    values: dict = {
        "id": "柳湾", "title": "柳湾镇夜市安全座谈会", "date": "2021-06-08", "headline": "柳湾镇座谈夜市安全",
        "summary": "会议回顾夜市整治，要求派出所增加巡防，镇里拨付路灯经费，年底前完成线路改造，并向摊主公开举报电话。",
        "flags": ("masked_words", "truncated"),
        "removed": (Removed(0, 3, "byline"), Removed(4, 6, "byline"), Removed(7, 9, "caption")),
        "paragraphs": (
            paragraph(0, "heading"),
            paragraph(1, "deployment", ("crime_control", "public_safety", "economy"), gist="夜市增加巡防",
                      needs_review=True),
            paragraph(12, "safeguard", ("team_building",), text="镇财政拨付路灯经费，由派出所负责验收。" * 12),
        ),
    } | changes  # fmt: skip
    return Analysis(**values)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [40, 41, 57, 80, 133, 300])
def test_no_line_is_wider_than_asked(width: int, language: str) -> None:
    lines = format_table(analysis(), CODEBOOK, language, width).splitlines()
    assert max(map(columns_of, lines)) <= width
    assert all(line == line.rstrip() for line in lines)


def test_columns_line_up_by_display_width() -> None:
    lines = format_table(analysis(), CODEBOOK, width=80).splitlines()
    rule = next(line for line in lines if line.startswith("─"))
    edges = [i for i in range(1, len(rule)) if rule[i - 1] == " " and rule[i] == "─"]
    for line in lines[lines.index(rule) + 1 :]:
        for edge in edges:
            before, at = "", 0
            while at < len(line) and columns_of(before) < edge:
                before += line[at]
                at += 1
            assert columns_of(before) <= edge
            assert at == len(line) or before.endswith("  ") or not before.strip(), line


def test_content_in_chinese() -> None:
    table = format_table(analysis(), CODEBOOK, width=100)
    header, rows = table.split("\n\n", 1)
    assert "柳湾镇夜市安全座谈会" in header and "2021-06-08" in header and "署名 2、图片说明 1" in header
    assert "有隐去的字词、文本不完整" in header
    marked = next(line for line in rows.splitlines() if "夜市增加巡防" in line)
    assert marked.split() == ["1", "任务部署", "打击犯罪", "!", "夜市增加巡防"]
    assert "公共安全" in rows and "经济发展" in rows
    assert next(line for line in rows.splitlines() if "保障措施" in line).lstrip().startswith("12")
    assert rows.rstrip().endswith("…")


def test_codes_in_english() -> None:
    table = format_table(analysis(), CODEBOOK, "en", 100)
    assert "deployment" in table and "crime_control" in table and "byline 2, caption 1" in table
    assert "任务部署" not in table


def test_an_error_record_shows_only_its_error() -> None:
    broken = Analysis("甲", source="甲.pdf", error="expected a PDF, found 3 bytes; repair it")
    lines = format_table(broken, CODEBOOK, width=90).splitlines()
    assert [line.split()[0] for line in lines] == ["标题", "来源", "未能读取"]
    assert "expected a PDF, found 3 bytes; repair it" in lines[-1]


def test_a_document_without_paragraphs_says_so() -> None:
    assert "没有正文段落。" in format_table(analysis(paragraphs=()), CODEBOOK, width=80)


def test_documents_cannot_drive_the_terminal() -> None:
    hostile = "开会\x1b[2J\x07了\u202e反\r\n转\x9b31m"
    row = paragraph(0, "review", text=hostile)
    table = format_table(analysis(title=hostile, headline=hostile, paragraphs=(row,)), CODEBOOK, width=80)
    assert not [c for c in table if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"]
    assert "开会" in table


def test_unknown_labels_and_languages_are_errors() -> None:
    with pytest.raises(InputError, match=r"expected task_type codes .* found 'speech' in 柳湾"):
        format_table(analysis(paragraphs=(paragraph(0, "speech"),)), CODEBOOK, width=80)
    with pytest.raises(InputError, match="expected a language among zh, en, found 'fr'; choose one"):
        format_table(analysis(), CODEBOOK, "fr", 80)


@given(st.text(max_size=60), st.integers(2, 30))
def test_wrapping_fits_and_loses_nothing_but_blanks(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(display_width(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_wrapping_keeps_words_whole_and_commas_off_the_start() -> None:
    assert wrap("expected a codebook", 10) == ["expected a", "codebook"]
    assert wrap("夜里巡逻，白天走访", 8) == ["夜里巡", "逻，白天", "走访"]


def test_display_width() -> None:
    assert display_width("a法，“") == 1 + 2 + 2 + 1
    assert display_width("e\u0301\u200b") == 1


def test_every_flag_reason_and_label_has_both_names() -> None:
    words = vocabulary(CODEBOOK)
    keys = [*(f"f.{flag}" for flag in FLAGS), *(f"r.{reason}" for reason in NOISE_REASONS)]
    assert all(all(WORDS[key]) for key in keys)
    assert words["t.appeal"] == (CODEBOOK.task_type.names_zh["appeal"], "appeal")
    assert words["d.ecology"][1] == "ecology"


def test_brief_names_hold_at_least_four_characters_where_there_are() -> None:
    assert brief_name("科技、信息化") == "科技、信息化"
    assert brief_name("甲乙、丙丁、戊己") == "甲乙、丙丁"
    assert brief_name("其他") == "其他"


def test_overview_is_one_safe_line_a_document() -> None:
    codebook = load_codebook()
    failed = Analysis("x\x1b[2J", error="expected text, found nothing; do something")
    line = format_overview(failed, codebook, "en")
    assert "\x1b" not in line and "\n" not in line and "expected text" in line
    empty = format_overview(Analysis("甲" * 60, headline="短标题"), codebook, "zh", columns=90)
    assert display_width(empty) <= 90 and "0 段" in empty and "短标题" in empty
