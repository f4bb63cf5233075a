"""Which lines are parts of one paragraph: page cuts in mid-sentence and hard wraps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from jianghua.corpus import shapes
from jianghua.corpus.view import Line

_STRONGLY_OPEN = re.compile(r"[,、(（“‘《〈\[【]$")
_CLAUSE = re.compile("[,;。、]")
_PAIRS = ("“”", "《》", "()")
_GOES_ON = re.compile(r"[,。、;:!?”’)》」』】]")
# Words that open a paragraph of news or speech; behind a broken-off sentence they are a new thought.
_FRESH = re.compile(
    r"\d{1,2}月\d{1,2}日|(?:19|20)\d\d年|近日|日前|当前|目前|如今|现在|今年|去年|不久前|前不久|会议(?:强调|指出|要求|认为)|[“\"]"
)
_QUOTED_LINES = 20  # what opened longer ago was forgotten, not cut
_NARROWEST, _WIDEST = 15, 90
_FEWEST_WRAPS = 4


@dataclass(frozen=True, slots=True)
class Wrap:
    """Lines of at least `width` characters were broken by a program; `indents` where paragraphs begin indented,
    `spaced` where blank lines stand between paragraphs."""

    width: float = float("inf")
    indents: bool = False
    spaced: bool = False


def find_wrap(lines: Sequence[Line]) -> Wrap:
    """Whether lines are hard-wrapped: many break off in mid-sentence at nearly one length."""
    spaced = sum(line.gap > 0 for line in lines[1:]) >= 0.75 * max(4, len(lines) - 1)
    broken = [len(line.key) for line in lines if not shapes.ends_sentence(line.key) and not line.key.endswith(":")]
    broken = [size for size in broken if _NARROWEST <= size <= _WIDEST]
    if len(broken) < _FEWEST_WRAPS:
        return Wrap(spaced=spaced)
    width = median(sorted(broken)[len(broken) // 4 :])
    full = [size for size in broken if abs(size - width) <= 3]
    longer = sum(len(line.key) > width + 4 for line in lines)
    # Lines of one length are chance in a list of headings; wraps also leave nothing longer.
    if len(full) < max(_FEWEST_WRAPS, 0.5 * len(broken)) or longer > 0.1 * len(lines):
        return Wrap(spaced=spaced)
    return Wrap(width - 3, sum(line.indented for line in lines) >= 2, spaced)


def group(lines: Sequence[Line], fresh: Sequence[bool], wrap: Wrap) -> list[list[Line]]:
    """Lines as paragraphs. `fresh[i]`: line i continues nothing, as it opens an article or stands below a quotation."""
    paragraphs: list[list[Line]] = []
    for i, line in enumerate(lines):
        spoken = len(paragraphs) > 1 and shapes.is_salutation(paragraphs[-2][-1].key)
        if paragraphs and not fresh[i] and _continues(paragraphs[-1], line, wrap, spoken):
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
    return paragraphs


def _continues(paragraph: list[Line], line: Line, wrap: Wrap, spoken: bool) -> bool:
    """`spoken`: the paragraph stands right below a salutation, where no heading does."""
    last = paragraph[-1].key
    if shapes.is_salutation(last) or shapes.starts_paragraph(line.key):
        return False
    if len(last) >= wrap.width and line.gap == 0:
        return _wrapped(last, line, wrap)
    # Where blank lines part paragraphs, a single line feed in mid-sentence parts nothing.
    clauses = len(last) >= _NARROWEST and _CLAUSE.search(last) is not None and shapes.level(last) is None
    if clauses and ((wrap.spaced and line.gap == 0) or spoken) and shapes.is_body(line.key):
        return not shapes.ends_sentence(last) and not last.endswith(":")
    return _cut(paragraph, line)


def _wrapped(last: str, line: Line, wrap: Wrap) -> bool:
    if wrap.indents:
        return not line.indented
    if not shapes.ends_sentence(last):
        return not last.endswith(":")
    # A full line ends a sentence by chance far more often than it ends a paragraph.
    return len(last) >= wrap.width + 2


def _cut(paragraph: list[Line], line: Line) -> bool:
    """Page cut: the text before breaks off in mid-sentence, and the line is no heading."""
    last, key = paragraph[-1].key, line.key
    if shapes.ends_sentence(last) or last.endswith(":") or shapes.is_numbered_heading(paragraph[0].key):
        return False
    if _STRONGLY_OPEN.search(last) or (_GOES_ON.match(key) and shapes.is_body(last)):
        return True
    whole = "".join(part.key for part in paragraph[-_QUOTED_LINES:])
    unclosed = any(whole.count(pair[0]) > whole.count(pair[1]) for pair in _PAIRS)
    if len(paragraph) == 1 and shapes.is_heading(last) and not unclosed:
        return False
    if not unclosed and (last.endswith(("”", '"')) or _FRESH.match(key)):
        return False
    runs_on = shapes.ends_sentence(key) or shapes.is_body(key) or key.endswith((",", "、"))
    return runs_on and (len(paragraph) > 1 or shapes.is_body(last) or unclosed or len(last) >= 25)
