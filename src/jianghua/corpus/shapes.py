"""What a line of content looks like: heading, salutation, dateline, running text; and the path of headings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jianghua.corpus.patterns import SENTENCE_END
from jianghua.corpus.view import match_key

_NUMERAL = "[一二三四五六七八九十百零〇]"
# Deepest last; an unnumbered heading stands at the top.
_LEVELS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (2, re.compile(rf"第(?:{_NUMERAL}{{1,4}}|\d{{1,3}})(?:编|章|部分|篇)")),
    (3, re.compile(rf"第(?:{_NUMERAL}{{1,4}}|\d{{1,3}})节")),
    (4, re.compile(rf"{_NUMERAL}{{1,3}} ?[、.:](?![一二三四五六七八九十])")),
    (5, re.compile(rf"\({_NUMERAL}{{1,3}}\)")),
    (6, re.compile(r"\d{1,2} ?[.、](?!\d)")),
    (7, re.compile(r"\(\d{1,2}\)|\d{1,2}\)|[①-⑳]")),
)
_ARTICLE = re.compile(rf"第{_NUMERAL}{{1,6}}条")
_SALUTATION = re.compile(
    r"(?:尊敬的|敬爱的|亲爱的|各位|同志们|同学们|朋友们|女士们|先生们|老师们|战友们|乡亲们|广大)[^。;?]{0,60}[:!]?|[^。;?]{1,30}(?:同志们|各位领导|各位代表|各位委员|朋友们)[:!,]?"
)
_DATELINE = re.compile(
    r"[(\[]?(?:本报|本台|本网|本刊|中新|新华)[^。]{0,4}(?:讯|电|消息)|[(\[]?(?:本报|新华社|中新社|中新网|人民网)[^。,]{0,16}\d{1,2}月\d{1,2}日(?:讯|电|消息)"
    r"|[^。,]{2,12}(?:讯|消息)[ (:]|(?:本报|本台|本网)记者[^。,]{2,12}(?:报道|讯)"
)
_DECK = re.compile(r"[\[【(]?(?:导读|导语|核心提示|内容提要|提要|摘要|编者按|编者的话|按语)[\]】)]?[:\s]?")
_CLAUSE = re.compile("[,;:，；：]")
_LONGEST_HEADING = 80
_LONGEST_SECTION = 60


def ends_sentence(text: str) -> bool:
    """Whether a text ends with 。！？；… or with one inside closing quotes."""
    return SENTENCE_END.search(text) is not None


def level(key: str) -> int | None:
    """Depth of the number that a line begins with (一、 → 4, （一） → 5 …), or None."""
    return next((depth for depth, pattern in _LEVELS if pattern.match(key)), None)


def is_salutation(key: str) -> bool:
    return len(key) <= 60 and _SALUTATION.fullmatch(key) is not None and not key.endswith("。")


def is_dateline(key: str) -> bool:
    """A first line of news: 本报讯, 新华社北京2月3日电."""
    return _DATELINE.match(key) is not None


def is_deck(key: str) -> bool:
    """A 导读 or 编者按 above a text."""
    return _DECK.match(key) is not None and not is_dateline(key)


def is_body(key: str) -> bool:
    """Running text: a sentence of some length, or a long line whatever its end (a page cut)."""
    if is_salutation(key):
        return False
    if ends_sentence(key):
        return len(key) >= 25
    return len(key) > _LONGEST_HEADING or (len(key) >= 40 and (len(_CLAUSE.findall(key)) >= 2 or "。" in key))


def is_heading(key: str) -> bool:
    """A line that only names or opens: short, without a sentence, with or without a number."""
    if is_salutation(key):
        return True
    if not key or key[-1] in "。;；,，、" or "。" in key or len(key) > _LONGEST_HEADING:
        return False
    if level(key) is not None:
        return len(key) <= _LONGEST_SECTION and not key.endswith(":")
    if ends_sentence(key) and not (key[-1] in "!?" and len(key) <= 30):
        return False
    return not key.endswith(":") and not is_dateline(key) and not _ARTICLE.match(key) and not is_body(key)


def is_numbered_heading(key: str) -> bool:
    return level(key) is not None and is_heading(key)


def starts_paragraph(key: str) -> bool:
    """Lines that begin a paragraph however the one before ended: 一、, （一）, 第三条, 一是, 同志们."""
    return bool(
        level(key) is not None
        or _ARTICLE.match(key)
        or re.match(rf"{_NUMERAL}(?:是|要)(?!{_NUMERAL})|第{_NUMERAL}[,是、]|[•●■◆▲·○]\s?", key)
        or is_salutation(key)
        or is_dateline(key)
    )


def heading_flags(texts: Sequence[str]) -> list[bool]:
    """Which paragraphs are headings; a numbered sentence is one where its text follows, else an entry of a list."""
    keys = [match_key(text) for text in texts]
    return [_heads(keys, i) for i in range(len(keys))]


def _heads(keys: list[str], i: int) -> bool:
    key = keys[i]
    if is_heading(key) or is_deck(key):
        return True
    depth = level(key)
    following = keys[i + 1] if i + 1 < len(keys) else ""
    alone = depth is not None and key.endswith("。") and key.count("。") == 1 and len(key) <= 30
    return alone and is_body(following) and level(following) != depth


def heading_paths(texts: Sequence[str], flags: Sequence[bool], first: int = 0) -> list[str | None]:
    """For each paragraph the headings above it, "A › B"; titles (before `first`), salutations and decks are none."""
    stack: list[tuple[int, str]] = []
    paths: list[str | None] = []
    for i, (text, heading) in enumerate(zip(texts, flags, strict=True)):
        key = match_key(text)
        opens = heading and i >= first and not is_salutation(key) and not is_deck(key)
        depth = level(key) or 1
        if opens:
            while stack and stack[-1][0] >= depth:
                stack.pop()
        paths.append(" › ".join(name for _, name in stack) or None)
        if opens:
            stack.append((depth, text))
    return paths
