"""Lines that stand in the source word for word: candidates, baselines and the safety net of the summariser."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]+[”’」』）)]*|[^。！？!?；;\n]+")
_WORDS, _MARKS = r"[^，,、：:。！？!?；;\n]", r"[，,：:。！？!?；;\n”’」』）)]*"
CLAUSE = re.compile(rf"{_WORDS}+{_MARKS}|、{_WORDS}*{_MARKS}")
TAIL = " \t\n，,、：:。！？!?；;"
DATELINE = re.compile(r"^\s*(?:本报讯|本报\S{0,12}电|据\S{2,10}报道)\s*(?:[（(][^）)]*[）)])?[，,：:\s]*")
_TEN = "一二三四五六七八九十"
ENUMERATOR = re.compile(rf"^(?:[{_TEN}]+[是要、]|第[{_TEN}]+[，,、]|[（(][{_TEN}\d]+[）)]|\d+[.．、])\s*")
PAIRS = (("“", "”"), ("《", "》"), ("（", "）"), ("(", ")"), ("‘", "’"))


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of a source text: `text` is source[start:end]."""

    start: int
    end: int
    text: str


def balanced(text: str) -> bool:
    """Whether no quotation mark or bracket stands alone."""
    return all(text.count(left) == text.count(right) for left, right in PAIRS)


def _line(source: str, start: int, end: int) -> Line:
    while end > start and source[end - 1] in TAIL:
        end -= 1
    while start < end and source[start] in TAIL:
        start += 1
    return Line(start, end, source[start:end])


def clauses(source: str, start: int, end: int) -> list[tuple[int, int]]:
    """Clause spans of a stretch of the source, the enumerator of a list item left out."""
    return [(start + m.start(), start + m.end()) for m in CLAUSE.finditer(source[start:end])]


def candidate_lines(source: str, limit: int, minimum: int = 6) -> list[Line]:
    """Every run of whole clauses inside a sentence that fits `limit` characters and reads alone."""
    lines: dict[tuple[int, int], Line] = {}
    for sentence in SENTENCE.finditer(source):
        lead = DATELINE.match(sentence.group()) or ENUMERATOR.match(sentence.group())
        start = sentence.start() + (lead.end() if lead else 0)
        spans = clauses(source, start, sentence.end())
        for i in range(len(spans)):
            for j in range(i, len(spans)):
                line = _line(source, spans[i][0], spans[j][1])
                if len(line.text) > limit:
                    break
                if len(line.text) >= minimum and "\n" not in line.text and balanced(line.text):
                    lines[line.start, line.end] = line
    return list(lines.values())


def first_line(source: str, limit: int) -> Line:
    """The longest run of clauses from the start that fits; for a first clause longer than `limit`, the first that fits.

    Text without any clause that fits (no punctuation for `limit` characters) is cut at a word of
    `limit` characters, so that a gist is never empty.
    """
    lines = candidate_lines(source, limit, minimum=1)
    if lines:
        start = min(line.start for line in lines)
        return max((line for line in lines if line.start == start), key=lambda line: line.end)
    return _line(source, 0, min(len(source), limit))


def central_line(source: str, lines: Sequence[Line]) -> Line:
    """The line whose character pairs the source repeats most, longer lines preferred by the root of their length."""
    counts = Counter(source[i : i + 2] for i in range(len(source) - 1))

    def weight(line: Line) -> float:
        pairs = {line.text[i : i + 2] for i in range(len(line.text) - 1)}
        return sum(math.log1p(counts[pair]) for pair in pairs) / math.sqrt(max(1, len(line.text)))

    return max(lines, key=weight)


def digest(texts: Sequence[str], budget: int) -> str:
    """A text of at most about `budget` characters in which every paragraph has its turn.

    Sentences are taken first from each paragraph, then the second of each, and so on, and put back
    in document order: the end of a long speech counts as much as its beginning.
    """
    sentences = [[m.group().strip() for m in SENTENCE.finditer(text) if m.group().strip()] for text in texts]
    chosen: list[tuple[int, int]] = []
    used, depth = 0, 0
    while any(depth < len(group) for group in sentences):
        for p, group in enumerate(sentences):
            if depth < len(group) and used + len(group[depth]) <= budget:
                chosen.append((p, depth))
                used += len(group[depth])
        depth += 1
    if not chosen and sentences:
        return next((group[0][:budget] for group in sentences if group), "")
    return "".join(sentences[p][s] for p, s in sorted(chosen))
