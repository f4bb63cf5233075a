"""Noise that is told by where it stands: heads, tails, running page heads, copies of titles and leads."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from jianghua.corpus import noise, patterns, shapes
from jianghua.corpus.titles import title_copies
from jianghua.corpus.view import Line, letters

Reasons = list[str | None]

_BULLET = re.compile(r"[•●■◆▲·○◇>»*\-]\s?\S")
# Who speaks to a reader of a page, not to an audience.
_TO_READER = re.compile(r"[~～]$|(?:这篇|本篇|本文)[^。]{0,12}[?!~～吧哦]")
_DATED = re.compile(r"[\[(]?(?:\d{4}-)?\d{1,2}-\d{1,2}[\])]?$|\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?[\])]?$")
_UNIT = re.compile(r"[\u4e00-\u9fff]{2,30}(?:委员会|办公室|政府|局|院|厅|部|委|会|法委)")
# What an article is surrounded by, not what it is signed with.
_SITE_NOISE = frozenset({"widget", "navigation", "counter"})
_SHINGLE = 5


def own_reasons(lines: Sequence[Line]) -> Reasons:
    """Reasons that lines give themselves, and running page heads."""
    reasons: Reasons = [noise.line_reason(line.key) or _linked(line) for line in lines]
    _mark_page_heads(lines, reasons)
    _mark_related(lines, reasons)
    return reasons


def _linked(line: Line) -> str | None:
    return "navigation" if line.linked and not shapes.is_body(line.key) else None


def _mark_page_heads(lines: Sequence[Line], reasons: Reasons) -> None:
    """Short lines that come back, digits aside, between the paragraphs of a text."""
    open_before = _open_before(lines, reasons)
    forms = [re.sub(r"\d+", "0", letters(line.key)) for line in lines]
    counts, cutting = Counter(forms), Counter(form for form, cut in zip(forms, open_before, strict=True) if cut)
    for i, (line, form) in enumerate(zip(lines, forms, strict=True)):
        key = line.key
        if reasons[i] is not None or len(form) < 5 or not shapes.is_heading(key) or shapes.is_salutation(key):
            continue
        # Twice is chance unless one of them cuts a sentence; a heading may come twice, too.
        if counts[form] >= 2 and cutting[form] and shapes.level(key) is None:
            reasons[i] = "page_head"


def _open_before(lines: Sequence[Line], reasons: Reasons) -> list[bool]:
    """For each line whether the last running text above it breaks off in mid-sentence."""
    found, is_open = [], False
    for line, reason in zip(lines, reasons, strict=True):
        found.append(is_open)
        if reason is None:
            is_open = shapes.is_body(line.key) and not shapes.ends_sentence(line.key) and not line.key.endswith(":")
    return found


def _mark_related(lines: Sequence[Line], reasons: Reasons) -> None:
    """Lists of links below 相关链接 and its like, in the middle of a file: entries, up to the next text."""
    for i, line in enumerate(lines):
        if reasons[i] != "navigation" or not patterns.TAIL_MARKER.fullmatch(line.key):
            continue
        j = i + 1
        while j < len(lines) and reasons[j] is None and _entry(lines, reasons, j):
            reasons[j] = "navigation"
            j += 1


def _entry(lines: Sequence[Line], reasons: Reasons, i: int) -> bool:
    """A line of a list of links; the last one before a text may be that text's headline."""
    key = lines[i].key
    if shapes.is_body(key) or shapes.is_salutation(key) or shapes.level(key) == 4:
        return False
    if _BULLET.match(key) or _DATED.search(key) or lines[i].linked:
        return True
    following = next((j for j in range(i + 1, len(lines)) if reasons[j] is None), None)
    return following is not None and shapes.is_heading(lines[following].key) and shapes.is_heading(key)


def mark_article(lines: Sequence[Line], reasons: Reasons, known_title: str | None) -> None:
    """Complete the reasons of one article's lines in place: head, title copies, duplicate lead, tail."""
    body = [i for i, line in enumerate(lines) if reasons[i] is None and shapes.is_body(line.key)]
    _mark_duplicate_leads(lines, reasons)
    body = [i for i in body if reasons[i] is None]
    head = body[0] if body else len(lines)
    _mark_titles(lines, reasons, head, known_title)
    _mark_head(lines, reasons, head)
    if body:
        _mark_tail(lines, reasons, _tail_start(lines, reasons, body))


def _mark_titles(lines: Sequence[Line], reasons: Reasons, head: int, known: str | None) -> None:
    places = [i for i in range(len(lines)) if reasons[i] is None and not shapes.is_body(lines[i].key)]
    count = sum(i < head for i in places)
    for place in title_copies([lines[i].key for i in places], count, known):
        reasons[places[place]] = "title_copy"


def _mark_head(lines: Sequence[Line], reasons: Reasons, head: int) -> None:
    seen_title = False
    for i in range(head):
        if reasons[i] is not None:
            continue
        key = lines[i].key
        if noise.is_masthead(key):
            reasons[i] = "page_head"
        if seen_title and reasons[i] is None:
            reasons[i] = noise.head_reason(key) or (_alone(lines, reasons, i) if noise.is_name(key) else None)
        seen_title = seen_title or reasons[i] is None


def _alone(lines: Sequence[Line], reasons: Reasons, i: int) -> str | None:
    """A name below a title is the speaker's if a date or a salutation is next to it."""
    near = lines[max(0, i - 1) : i + 2]
    dated = any(
        noise.head_reason(line.key) or reasons[j] == "byline" for j, line in enumerate(near, max(0, i - 1)) if j != i
    )
    return "byline" if dated or (i + 1 < len(lines) and shapes.is_salutation(lines[i + 1].key)) else None


def _mark_duplicate_leads(lines: Sequence[Line], reasons: Reasons) -> None:
    """Truncated copies of what follows, as sites put above an article; a finished sentence is a deck and stays."""
    first = next((i for i, line in enumerate(lines) if shapes.is_body(line.key)), len(lines))
    for i in range(min(first + 2, len(lines) - 1)):
        key = lines[i].key
        cut = key.endswith(("...", "…")) or (shapes.is_body(key) and not shapes.ends_sentence(key))
        if cut and reasons[i] in (None, "title_copy") and _covered(key, [line.key for line in lines[i + 1 : i + 9]]):
            reasons[i] = "duplicate_lead"


def _covered(key: str, following: Sequence[str]) -> bool:
    wanted, text = letters(key), letters("".join(following))
    shingles = {wanted[i : i + _SHINGLE] for i in range(len(wanted) - _SHINGLE + 1)}
    copied = len(wanted) >= 20 and sum(shingle in text for shingle in shingles) >= 0.75 * len(shingles)
    return copied and _breaks_off(wanted, following)


def _breaks_off(copy: str, following: Sequence[str]) -> bool:
    """Whether the text goes on where its copy ends. A whole sentence without its full stop is a pull quote: content."""
    for key in following:
        text = letters(key)
        at = text.find(copy[-_SHINGLE:])
        if at >= 0:
            end = at + _SHINGLE
            marks = [m.start() for m in re.finditer("[。!?;]", key)]
            return end < len(text) and end not in {len(letters(key[:mark])) for mark in marks}
    return False


def _tail_start(lines: Sequence[Line], reasons: Reasons, body: list[int]) -> int:
    """Where the tail begins: behind the last text, or at a marker with little but a list behind it."""
    total = sum(len(line.key) for line in lines)
    before = sum(len(line.key) for line in lines[: body[0] + 1])
    for i in range(body[0] + 1, body[-1]):
        if reasons[i] == "navigation" and patterns.TAIL_MARKER.fullmatch(lines[i].key):
            after, texts = total - before - len(lines[i].key), len(body) - bisect_right(body, i)
            if 4 * texts <= len(lines) - i - 1 and 3 * after <= before:
                return i
        before += len(lines[i].key)
    return body[-1] + 1


def _mark_tail(lines: Sequence[Line], reasons: Reasons, start: int) -> None:
    marked = False
    previous: str | None = None
    last_site = max((i for i in range(start, len(lines)) if reasons[i] in _SITE_NOISE), default=-1)
    for i in range(start, len(lines)):
        key = lines[i].key
        marked = marked or (reasons[i] is not None and patterns.TAIL_MARKER.fullmatch(key) is not None)
        if reasons[i] is None:
            reasons[i] = noise.tail_reason(key) or _signed(lines, reasons, i)
        # Behind site noise everything is; before it, what looks like an entry of its list.
        if reasons[i] is None and (marked or previous in _SITE_NOISE):
            reasons[i] = "navigation" if marked or previous != "widget" else "widget"
        if reasons[i] is None and i < last_site and _entry_before(key):
            reasons[i] = "navigation"
        previous = reasons[i]


def _entry_before(key: str) -> bool:
    return _BULLET.match(key) is not None or _TO_READER.search(key) is not None


def _signed(lines: Sequence[Line], reasons: Reasons, i: int) -> str | None:
    """An office above a date signs a document."""
    dated = i + 1 < len(lines) and reasons[i + 1] == "byline"
    return "byline" if dated and _UNIT.fullmatch(lines[i].key) else None
