from __future__ import annotations

import json
from pathlib import Path

import pytest

from jianghua.corpus.clean import clean_file, clean_text, from_paragraphs
from jianghua.corpus.noise import line_reason
from jianghua.corpus.readers import read_text
from jianghua.corpus.view import match_key

_DIRTY = Path(__file__).resolve().parents[1] / "fixtures" / "dirty"
_TRUTH = json.loads((_DIRTY / "truth.json").read_text(encoding="utf-8"))
_BODY = "青石镇把夏季治安例会开到了村口，各村书记带着台账来，逐户过了一遍底数，散会以后当晚就安排了巡逻。"


@pytest.mark.parametrize("name", sorted(_TRUTH))
def test_dirty_file(name: str) -> None:
    text = read_text(_DIRTY / name).text
    documents = clean_file(_DIRTY / name)
    assert [d.id for d in documents] == _ids(Path(name).stem, len(_TRUTH[name]))
    for document, truth in zip(documents, _TRUTH[name], strict=True):
        assert (document.title, document.date) == (truth["title"], truth["date"])
        assert [p.text for p in document.paragraphs] == truth["paragraphs"]
        visible = [r for r in document.removed if text[r.start : r.end].strip() and r.reason != "html"]
        assert [r.reason for r in visible] == truth["reasons"]


def _ids(stem: str, count: int) -> list[str]:
    return [stem] if count == 1 else [f"{stem}#{n}" for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("您的位置：首页 > 政务动态 > 正文", "navigation"),
        ("上一篇：没有了", "navigation"),
        ("通讯员 苏小禾", "byline"),
        ("来源：青石发布　作者：高远山", "byline"),
        ("2021-05-06 09:10:00", "byline"),
        ("（责任编辑：苏小禾）", "editor"),
        ("图为村民在村口议事。 高远山摄", "caption"),
        ("点击：1024 次", "counter"),
        ("2021-05-06 09:10:00 31", "counter"),
        ("长按识别二维码关注我们", "widget"),
        ("第 3 页 共 9 页", "page_head"),
        ("（下转第四版）", "page_head"),
        ("备案号：某网备00001号", "other"),
    ],
)
def test_noise_line(line: str, reason: str) -> None:
    assert line_reason(match_key(line)) == reason


@pytest.mark.parametrize(
    "line",
    [
        "记者在现场看到，渠水已经退到警戒线以下。",
        "各村要把举报电话和二维码贴到公示栏上，方便群众反映。",
        "责任编辑制度要落实到每一个栏目，出了差错要倒查。",
        "打击非法经营，畅通举报渠道，点击率不是目的。",
        "一、提高站位，把责任扛起来",
        "同志们：",
        "要加强版权保护，严查侵权盗版，让创新者安心。",
    ],
)
def test_sentences_that_mention_noise_stay(line: str) -> None:
    assert line_reason(match_key(line)) is None


def test_headings_make_a_path() -> None:
    text = "\n".join(["在例会上的讲话", "同志们：", "一、摸清底数", "（一）逐户走访", _BODY, "二、压实责任", _BODY])
    paragraphs = clean_text(text, id="d")[0].paragraphs
    assert [p.heading for p in paragraphs] == [
        None, None, None, "一、摸清底数", "一、摸清底数 › （一）逐户走访", None, "二、压实责任",
    ]  # fmt: skip
    assert [p.is_heading for p in paragraphs] == [True, True, True, True, False, True, False]


def test_heading_is_never_joined_to_text() -> None:
    text = f"在例会上的讲话\n{_BODY}\n强化责任担当\n{_BODY}"
    assert len(clean_text(text, id="d")[0].paragraphs) == 4


def test_truncated_copy_of_the_lead_goes_but_a_deck_stays() -> None:
    lead, deck = _BODY[:30], f"[导读] {_BODY[:-1]}。"
    documents = clean_text(f"例会开到村口\n{lead}……\n{deck}\n本报讯 {_BODY}", id="d")
    assert [p.text for p in documents[0].paragraphs] == ["例会开到村口", deck, f"本报讯 {_BODY}"]
    assert [r.reason for r in documents[0].removed] == ["duplicate_lead"]


def test_split_articles_off_gives_one_document() -> None:
    text = (_DIRTY / "newspaper.txt").read_text(encoding="utf-8")
    documents = clean_text(text, id="d", split_articles=False)
    assert [d.id for d in documents] == ["d"]
    assert "several_articles" in documents[0].flags


@pytest.mark.parametrize("text", ["", " \n\u3000\n", "\u200b"])
def test_nothing_to_read_is_one_document_without_paragraphs(text: str) -> None:
    documents = clean_text(text, id="d")
    assert [d.paragraphs for d in documents] == [()]


def test_items_have_source_offsets() -> None:
    text = f"分享到：\n{_BODY}一要修渠，\n先修西段。二要补路。"
    paragraph = clean_text(text, id="d")[0].paragraphs[-1]
    assert [item.text for item in paragraph.items] == ["一要修渠，先修西段。", "二要补路。"]
    assert text[paragraph.items[0].start : paragraph.items[0].end] == "一要修渠，\n先修西段。"
    assert all(item.label is None for item in paragraph.items)


def test_given_paragraphs_get_headings_and_items() -> None:
    document = from_paragraphs(["一、两件事", "一是修渠。二是补路。", "责任编辑：苏小禾"], id="d", title="发言")
    assert [p.heading for p in document.paragraphs] == [None, "一、两件事", "一、两件事"]
    assert [item.start for item in document.paragraphs[1].items] == [6, 11]
    assert document.title == "发言"


def test_deep_and_broken_markup_is_linear() -> None:
    for text in ("<div>" * 50_000 + "字" + "</div>" * 50_000, "<!--" * 50_000, "<script>" * 50_000, '<a "' * 50_000):
        assert clean_text(text, id="d", html=True)
