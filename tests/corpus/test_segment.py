from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghua.corpus.segment import split_items, split_sentences


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("重点有两件：一要修渠。先修西段。二要补路。年底验收。", ["一要修渠。先修西段。", "二要补路。年底验收。"]),
        ("一是人手够,二是钱够,三是料够。", ["一是人手够,", "二是钱够,", "三是料够。"]),
        ("一、修渠。二、补路。", ["一、修渠。", "二、补路。"]),
        ("（一）修渠。（二）补路。", ["（一）修渠。", "（二）补路。"]),
        ("第一，修渠。第二，补路。", ["第一，修渠。", "第二，补路。"]),
        ("①修渠②补路", ["①修渠", "②补路"]),
        ("1.修渠，花了2.5万元。2.补路。", ["1.修渠，花了2.5万元。", "2.补路。"]),
        (
            "首先，修渠。其次，补路。再次，栽树。最后，验收。",
            ["首先，修渠。", "其次，补路。", "再次，栽树。", "最后，验收。"],
        ),
        ("一要修渠。一是西段。二是东段。二要补路。", ["一要修渠。一是西段。二是东段。", "二要补路。"]),
    ],
)
def test_items(text: str, items: list[str]) -> None:
    assert [text[start:end] for start, end in split_items(text)] == items


@pytest.mark.parametrize(
    "text", ["一要修渠。", "统一要求，唯一是他。", "二是补路。三是修渠。", "见第（一）项和第（二）项", ""]
)
def test_no_items(text: str) -> None:
    assert split_items(text) == []


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("他喊：“快走！”大家都跑了。", ["他喊：“快走！”", "大家都跑了。"]),
        ("真的吗?真的!", ["真的吗?", "真的!"]),
        ("见 http://a.cn/?q=1 一页。好", ["见 http://a.cn/?q=1 一页。", "好"]),
        ("等等……再说", ["等等……", "再说"]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert [text[start:end] for start, end in split_sentences(text)] == sentences


@given(st.text(alphabet="甲乙。！？?!”’；\n a1", max_size=60))
def test_sentences_lose_nothing(text: str) -> None:
    assert "".join(text[start:end] for start, end in split_sentences(text)) == text
