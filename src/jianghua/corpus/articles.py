"""Where articles begin in a file of several: headlines above a byline, a dateline or a speaker."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jianghua.corpus import noise, shapes
from jianghua.corpus.titles import is_title_line
from jianghua.corpus.view import Line

_HEADLINES = 5  # lines at most
_SPEECH = re.compile(r"(?:讲话|致辞|发言|报告|讲稿)(?: ?\([^()]*\))?$")
_ORPHAN = 10  # characters; less is a closing formula or a signature


def starts(lines: Sequence[Line], reasons: Sequence[str | None]) -> list[int]:
    """First line of each article, beginning with 0. Every article but the last has running text."""
    found = [0]
    text_since = False
    for i, line in enumerate(lines):
        if reasons[i] is None and shapes.is_body(line.key) and not _opens(lines, reasons, i):
            text_since = True
        if _opens(lines, reasons, i):
            headline = _headline(lines, reasons, i)
            if headline is not None and text_since and _text_follows(lines, reasons, i):
                found.append(headline)
                text_since = False
            text_since = text_since or (reasons[i] is None and shapes.is_body(line.key))
    return found


def opening_headlines(lines: Sequence[Line], reasons: Sequence[str | None]) -> set[int]:
    """Lines that stand above a byline or dateline: headlines even where the text before them breaks off."""
    found: set[int] = set()
    for i in range(len(lines)):
        if _opens(lines, reasons, i) and (first := _headline(lines, reasons, i)) is not None:
            found.update(range(first, i))
    return found


def speech_title(key: str) -> bool:
    """A headline such as 在全县政法工作会议上的讲话."""
    return _SPEECH.search(key) is not None and is_title_line(key)


def orphan(lines: Sequence[Line], reasons: Sequence[str | None]) -> int | None:
    """The headline of a next article whose body is missing, at the end of a file of news; None if there is none."""
    news = any(_opens(lines, reasons, i) for i in range(len(lines)))
    kept = [i for i in range(len(lines)) if reasons[i] is None]
    first = len(kept)
    while first and _may_be_orphan(lines[kept[first - 1]].key):
        first -= 1
    below_text = first > 0 and shapes.is_body(lines[kept[first - 1]].key)
    return kept[first] if news and below_text and 0 < len(kept) - first < _HEADLINES else None


def _may_be_orphan(key: str) -> bool:
    """A speech ends with a call (让我们……！) that has a headline's length."""
    return is_title_line(key) and len(key) >= _ORPHAN and not key.endswith(("！", "!"))


def _opens(lines: Sequence[Line], reasons: Sequence[str | None], i: int) -> bool:
    """A line that follows headlines only: byline, dateline, speaker, the salutation below 在…上的讲话."""
    key = lines[i].key
    if reasons[i] == "byline":
        return True
    if reasons[i] is not None or i == 0:
        return False
    if shapes.is_dateline(key):
        return True
    speech = reasons[i - 1] is None and speech_title(lines[i - 1].key)
    return speech and (shapes.is_salutation(key) or noise.head_reason(key) is not None)


def _headline(lines: Sequence[Line], reasons: Sequence[str | None], i: int) -> int | None:
    """First of the headline lines right above line i (noise between them aside), or None."""
    first = None
    for j in range(i - 1, max(-1, i - 1 - _HEADLINES), -1):
        if reasons[j] is None and not is_title_line(lines[j].key):
            break
        if reasons[j] is None:
            first = j
        elif reasons[j] not in ("byline", "caption", "counter", "widget"):
            break
    return first


def _text_follows(lines: Sequence[Line], reasons: Sequence[str | None], i: int) -> bool:
    kept = [j for j in range(i, min(len(lines), i + 12)) if reasons[j] is None][:4]
    return any(shapes.is_body(lines[j].key) for j in kept)
