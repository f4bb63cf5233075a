"""A reading of the decoded text that knows where each of its characters stands in the source."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\ufe0f]")
_SPACES = re.compile(r"\s+")

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class View:
    """Text less markup. Character i stands at `starts[i]` of the source; `wide` gives the end of entities by start."""

    text: str
    starts: Sequence[int]
    wide: Mapping[int, int] = field(default_factory=dict)

    def source(self, start: int, end: int) -> list[Range]:
        """The maximal source ranges that the view's characters [start, end) come from."""
        if isinstance(self.starts, range):
            return [(self.starts[start], self.starts[end - 1] + 1)] if end > start else []
        found: list[Range] = []
        for at in self.starts[start:end]:
            stop = self.wide.get(at, at + 1)
            if found and found[-1][1] == at:
                found[-1] = (found[-1][0], stop)
            elif not found or stop > found[-1][1]:
                found.append((at, stop))
        return found

    def hull(self, start: int, end: int) -> Range:
        """First and last source offset of the view's characters [start, end), which must not be empty."""
        last = self.starts[end - 1]
        return self.starts[start], self.wide.get(last, last + 1)


def identity(text: str) -> View:
    """The view that is the text itself."""
    return View(text, range(len(text)))


def select(view: View, parts: Iterable[list[Range]]) -> View:
    """A view of the given parts, each the ranges of one paragraph, with a line feed between two."""
    texts: list[str] = []
    starts = array("q")
    for ranges in parts:
        if texts:
            texts.append("\n")
            starts.append(starts[-1])
        for start, end in ranges:
            texts.append(view.text[start:end])
            starts.extend(view.starts[start:end])
    return View("".join(texts), starts, view.wide)


def match_key(text: str) -> str:
    """What patterns are matched on: NFKC, nothing invisible, runs of white space as one blank."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return _SPACES.sub(" ", plain).strip()


def letters(text: str) -> str:
    """Letters and digits only: equal for two copies that differ in punctuation, width and spacing."""
    return "".join(ch for ch in unicodedata.normalize("NFKC", text) if ch.isalnum())


@dataclass(frozen=True, slots=True)
class Line:
    """A non-blank line of a view: [start, end) without outer white space, `gap` blank lines before it."""

    start: int
    end: int
    text: str
    key: str
    gap: int
    indented: bool
    linked: bool = False


def split_lines(view: View, links: Sequence[Range] = ()) -> list[Line]:
    """The non-blank lines; `linked` where all of a line lies in one of `links` (view ranges, sorted)."""
    lines: list[Line] = []
    gap, at, link = 0, 0, 0
    breaks = [match.span() for match in LINE_BREAK.finditer(view.text)]
    for end, following in [*breaks, (len(view.text), len(view.text))]:
        raw = view.text[at:end]
        text = raw.strip()
        if not text:
            gap += 1
        else:
            start = at + len(raw) - len(raw.lstrip())
            while link < len(links) and links[link][1] < start + len(text):
                link += 1
            linked = link < len(links) and links[link][0] <= start
            lines.append(Line(start, start + len(text), text, match_key(text), gap, start > at, linked))
            gap = 0
        at = following
    return lines
