"""Noise that is told by where it stands: heads, tails, running page heads, copies of titles and leads."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from jianghua.corpus import noise, patterns, press, shapes, site
from jianghua.corpus.titles import counted_title, title_copies
from jianghua.corpus.view import Line, letters

Reasons = list[str | None]

_BULLET = re.compile(r"[•●■◆▲·○◇>»*\-]\s?\S")
# Who speaks to a reader of a page, not to an audience.
_TO_READER = re.compile(r"[~～]$|(?:这篇|本篇|本文)[^。]{0,12}[?!~～吧哦]")
_DATED = re.compile(r"[\[(]?(?:\d{4}-)?\d{1,2}-\d{1,2}[\])]?$|\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?[\])]?$")
_UNIT = re.compile(r"[\u4e00-\u9fff]{2,30}(?:委员会|办公室|政府|局|院|厅|部|委|会|法委)")
# What an article is surrounded by, not what it is signed with.
_SITE_NOISE = frozenset({"widget", "navigation", "counter"})
_NUMBER = re.compile(r"\d{1,3}")
_FEWEST_CELLS = 8  # fewer may be anything
_SHORTEST_PAGE = 150  # characters
_SHINGLE = 5
_SHORTEST_COPY = 20  # letters
_ENDING = 10  # letters; of less the text may have another occurrence
_QUOTES = 6  # lines


def own_reasons(lines: Sequence[Line]) -> Reasons:
    """Reasons that lines give themselves, and running page heads."""
    reasons: Reasons = [noise.line_reason(line.key) or _linked(line) or _counted(line) for line in lines]
    _keep_cells(lines, reasons)
    _mark_glued_leads(lines, reasons)
    _mark_page_heads(lines, reasons)
    _mark_related(lines, reasons)
    return reasons


def _linked(line: Line) -> str | None:
    return "navigation" if line.linked and not shapes.is_body(line.key) else None


def _counted(line: Line) -> str | None:
    return "title_copy" if counted_title(line.key) else None


def _keep_cells(lines: Sequence[Line], reasons: Reasons) -> None:
    """Take bare numbers back where they stand too close for pages: they are cells of a table."""
    places = [
        i
        for i, line in enumerate(lines)
        if reasons[i] == "page_head"
        and _NUMBER.fullmatch(line.key)
        and "navigation" not in reasons[max(0, i - 1) : i + 2]
    ]
    sizes = [sum(len(line.key) for line in lines[a + 1 : b]) for a, b in pairwise(places)]
    if len(places) >= _FEWEST_CELLS and median(sizes) < _SHORTEST_PAGE:
        for i in places:
            reasons[i] = None


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
        if press.head_mark(key, seen_title):
            reasons[i] = "other"
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
        cut = key.endswith(("...", "…")) or (shapes.is_body(key) and _is_cut(key))
        if cut and reasons[i] in (None, "title_copy") and _covered(key, [line.key for line in lines[i + 1 : i + 9]]):
            reasons[i] = "duplicate_lead"


def _mark_glued_leads(lines: Sequence[Line], reasons: Reasons) -> None:
    """Headline, deck and lead in one line, cut off, above themselves: they would pass for an article of their own."""
    for i, line in enumerate(lines[:-1]):
        if reasons[i] is None and shapes.is_body(line.key) and _is_cut(line.key) and _begins_below(lines, reasons, i):
            reasons[i] = "duplicate_lead"


def _is_cut(key: str) -> bool:
    return key.endswith(("...", "…")) or not shapes.ends_sentence(key)


def _begins_below(lines: Sequence[Line], reasons: Reasons, i: int) -> bool:
    """Whether line i is how the lines below it begin (bylines may be left out), and they go on."""
    wanted = letters(lines[i].key)
    for j in range(i + 1, min(i + 4, len(lines))):
        if len(wanted) < _SHORTEST_COPY or letters(lines[j].key[:16])[:_SHINGLE] != wanted[:_SHINGLE]:
            continue
        below = range(j, min(j + 9, len(lines)))
        for kept in (below, [k for k in below if reasons[k] is None]):
            text = letters("".join(lines[k].key for k in kept))
            goes_on = text.startswith(wanted) and len(text) > len(wanted) and letters(lines[j].key) != wanted
            if goes_on and not _quotes(lines[i].key, lines[j].key):
                return True
    return False


def pull_quotes(lines: Sequence[Line]) -> set[int]:
    """Lines of a head that quote whole sentences of the text below without the full stop: nothing continues them."""
    found: set[int] = set()
    for i, line in enumerate(lines[:_QUOTES]):
        quoted = shapes.is_body(line.key) and _is_cut(line.key)
        if quoted and any(_quotes(line.key, below.key) for below in lines[i + 1 : i + 9]):
            found.add(i)
    return found


def _quotes(copy: str, key: str) -> bool:
    """Whether `copy` is a whole clause or sentence of `key`, not what a site had room for."""
    wanted, text = letters(copy), letters(key)
    at = text.find(wanted)
    return at >= 0 and at + len(wanted) in _ends(key, copy)


def _ends(key: str, copy: str) -> set[int]:
    """Where a copy of `key` may end as a quotation, in letters. One that shows by its own mark that it goes on: only
    where a sentence ends."""
    shown = re.search(r"[,、:…]$|\.\.\.$", copy) is not None
    marks = re.finditer("[。!?;]" if shown else "[。!?;,、:]", key)
    ends, at, size = set(), 0, 0
    for mark in marks:
        size += len(letters(key[at : mark.start()]))
        at = mark.end()
        ends.add(size)
    return ends


def _covered(key: str, following: Sequence[str]) -> bool:
    wanted, text = letters(key), letters("".join(following))
    shingles = {wanted[i : i + _SHINGLE] for i in range(len(wanted) - _SHINGLE + 1)}
    copied = len(wanted) >= _SHORTEST_COPY and sum(shingle in text for shingle in shingles) >= 0.75 * len(shingles)
    return copied and _breaks_off(key, following)


def _breaks_off(copy: str, following: Sequence[str]) -> bool:
    """Whether the text goes on where its copy ends. A whole sentence without its full stop is a pull quote: content."""
    ending = letters(copy)[-_ENDING:]
    for key in following:
        text = letters(key)
        at = text.find(ending)
        if at >= 0:
            end = at + len(ending)
            return end < len(text) and end not in _ends(key, copy)
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
    _mark_hosts(lines, reasons, start)
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


def _mark_hosts(lines: Sequence[Line], reasons: Reasons, start: int) -> None:
    """Offices that run the site: the last lines, or next to other noise, each function named once."""
    hosts = {i: host for i, line in enumerate(lines) if reasons[i] is None and (host := site.host(line.key))}
    if len(set(hosts.values())) < len(hosts):
        return
    for i in sorted((i for i in hosts if i >= start), reverse=True):
        below = reasons[i + 1] if i + 1 < len(lines) else "other"
        if below is not None or reasons[i - 1] in _SITE_NOISE:
            reasons[i] = "other"


def _entry_before(key: str) -> bool:
    return _BULLET.match(key) is not None or _TO_READER.search(key) is not None


def _signed(lines: Sequence[Line], reasons: Reasons, i: int) -> str | None:
    """An office above a date signs a document."""
    dated = i + 1 < len(lines) and reasons[i + 1] == "byline"
    return "byline" if dated and _UNIT.fullmatch(lines[i].key) else None
