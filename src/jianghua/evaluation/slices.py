"""Groups of paragraphs that a reader asks about: by source, year, kind, length and level of government.

Kind and level are read from the words of the title (then of the source), which is coarse; "unknown" is said where
nothing is found there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from jianghua.evaluation.shares import UNKNOWN
from jianghua.schema import Document, Paragraph

Key = Callable[[Document, Paragraph], str]
_LENGTHS = (20, 100, 200, 400)  # characters, upper bounds
_KINDS = (
    ("report", r"工作报告"),
    ("instruction", r"指示|批示|通知|意见|方案"),
    ("speech", r"讲话|演讲|致辞|发言|贺词|贺信|寄语"),
    ("commentary", r"评论|时评|锐评|热评|观点|纵横|论坛|访谈|解读|述评"),
    ("meeting", r"会议?(?:[上，。 　]|$)|全会|大会|座谈|召开|举行|主持|推进会|动员会|部署会"),
)
_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|"
    "甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|兵团|香港|澳门"
)
# The first that is found counts: 全市 in a title outweighs the 全国 of what it carries out.
_LEVELS = (
    ("county", r"全[县区旗镇乡]|[县区旗](?:委|政府|长|法院|检察院)|[\u4e00-\u9fff]{2}[县旗]|"
               r"(?<![地社自治园小])区(?:召开|举行|部署)"),
    ("city", r"全市|市[委长]|市(?:政府|中级)|市(?:检察院|法院|公安局)|[\u4e00-\u9fff]{2}市(?!场|民)"),
    ("central", r"中央|国务院|全国|最高|总书记|总理|委员长|国家主席|政治局|习近平|李克强|李强|公安部|司法部|主席令"),
    ("province", rf"全[省区]|省[委长]|省(?:政府|人民)|自治区|{_PROVINCES}"),
)  # fmt: skip


def source_of(document: Document) -> str:
    """The collection that a document comes from: what stands before `@`, else the host of an address, else the folder
    of a path."""
    source = document.source or ""
    if "://" in source:
        return urlsplit(source).netloc or UNKNOWN
    return source.split("@")[0] if "@" in source else source.rpartition("/")[0] or UNKNOWN


def kind_of(document: Document) -> str:
    return _first(_KINDS, document.title or "") or ("other" if document.title else UNKNOWN)


def level_of(document: Document) -> str:
    return _first(_LEVELS, document.title or "") or _first(_LEVELS, document.source or "") or UNKNOWN


def length_of(paragraph: Paragraph) -> str:
    """Characters as a range, `0–20` to `401 and more`."""
    place = bisect_left(_LENGTHS, len(paragraph.text))
    lower = _LENGTHS[place - 1] + 1 if place else 0
    return f"{lower} and more" if place == len(_LENGTHS) else f"{lower}–{_LENGTHS[place]}"


SLICES: Mapping[str, Key] = {
    "source": lambda document, _: source_of(document),
    "year": lambda document, _: (document.date or "")[:4] or UNKNOWN,
    "kind": lambda document, _: kind_of(document),
    "level": lambda document, _: level_of(document),
    "length": lambda _, paragraph: length_of(paragraph),
}


def _first(patterns: Sequence[tuple[str, str]], text: str) -> str | None:
    return next((name for name, pattern in patterns if re.search(pattern, text)), None)
