"""Lines that stand in the source word for word: candidates, baselines and the safety net of the summariser."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]+[”’」』）)]*|[^。！？!?；;\n]+")
# The comma of 1,200 and the colon of 9:30 end no clause.
_WORDS, _MARKS = r"(?:[^，,、：:。！？!?；;\n]|(?<=\d)[,:](?=\d))", r"[，,：:。！？!?；;\n”’」』）)]*"
CLAUSE = re.compile(rf"{_WORDS}+{_MARKS}|、{_WORDS}*{_MARKS}")
TAIL = " \t\n\u3000\xa0，,、：:。！？!?；;"
DATELINE = re.compile(
    r"^\s*(?:[\[【〔][^\]】〕]{1,6}[\]】〕]\s*)?(?:(?:本报讯|本报\S{0,12}电|据\S{2,10}报道)\s*(?:[（(][^）)]*[）)])?[，,：:\s]*)?"
)
_TEN = "一二三四五六七八九十"
ENUMERATOR = re.compile(rf"^(?:[{_TEN}]+[是要、]|第[{_TEN}]+[，,、]|[（(][{_TEN}\d]+[）)]|\d+(?:[.．](?!\d)|、))\s*")
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
        leads = (DATELINE.match(sentence.group()), ENUMERATOR.match(sentence.group()))
        start = sentence.start() + max(lead.end() for lead in leads if lead)
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

    Text without any clause that fits (no punctuation for `limit` characters) is cut after `limit` characters, and
    text of marks alone stays as it is, so that a gist is never empty.
    """
    lines = candidate_lines(source, limit, minimum=1)
    if lines:
        start = min(line.start for line in lines)
        return max((line for line in lines if line.start == start), key=lambda line: line.end)
    start = len(source) - len(source.lstrip(TAIL))
    if start == len(source):
        start = len(source) - len(source.lstrip())
        return Line(start, min(len(source), start + limit), source[start : start + limit])
    return _line(source, start, min(len(source), start + limit))


def central_line(source: str, lines: Sequence[Line]) -> Line:
    """The line whose character pairs the source repeats most, longer lines preferred by the root of their length."""
    counts = Counter(source[i : i + 2] for i in range(len(source) - 1))

    def weight(line: Line) -> float:
        pairs = {line.text[i : i + 2] for i in range(len(line.text) - 1)}
        return sum(math.log1p(counts[pair]) for pair in pairs) / math.sqrt(max(1, len(line.text)))

    return max(lines, key=weight)


def opening(source: str, lines: Sequence[Line]) -> list[Line]:
    """The candidate lines of the first sentence that has any: news says in its lead what it is about."""
    for sentence in SENTENCE.finditer(source):
        inside = [line for line in lines if sentence.start() <= line.start < sentence.end()]
        if inside:
            return inside
    return list(lines)


def _spread(count: int) -> list[int]:
    """0 … count - 1 in an order whose every beginning is spread over the whole: ends first, then the middles."""
    order, gaps = list(dict.fromkeys([0, count - 1]))[:count], [(0, count - 1)]
    while gaps:
        start, end = gaps.pop(0)
        middle = (start + end) // 2
        if start < middle < end:
            order.append(middle)
            gaps += [(start, middle), (middle, end)]
    return order


def digest(texts: Sequence[str], budget: int) -> str:
    """A text of at most about `budget` characters in which every paragraph has its turn.

    The first sentence is taken of the first paragraph, of the last, and of those between, then the second of
    each, and so on; they are put back in document order. The end of a long speech is in it, however long it is.
    """
    groups = [[m.group().strip() for m in SENTENCE.finditer(text) if m.group().strip()] for text in texts]
    sentences = [group for group in groups if group]
    turns = sorted(range(len(sentences)), key=lambda p: (0 < p < len(sentences) - 1, p))
    chosen: list[tuple[int, int]] = []
    used, depth = 0, 0
    while any(depth < len(group) for group in sentences):
        for p in turns:
            if depth < len(sentences[p]) and used + len(sentences[p][depth]) <= budget:
                chosen.append((p, depth))
                used += len(sentences[p][depth])
        depth += 1
    if not chosen and sentences:
        return sentences[0][0][:budget]
    return "".join(sentences[p][s] for p, s in sorted(chosen))
