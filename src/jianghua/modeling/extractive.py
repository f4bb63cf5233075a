"""Lines that stand in the source word for word: candidates, baselines and the safety net of the summariser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]+[”’」』）)]*|[^。！？!?；;\n]+")
CLAUSE = re.compile(r"[^，,、：:。！？!?；;\n]+[，,：:。！？!?；;\n”’」』）)]*|[、][^，,、：:。！？!?；;\n]*[，,：:。！？!?；;\n”’」』）)]*")
TAIL = " \t\n，,、：:。！？!?；;"
DATELINE = re.compile(r"^\s*(?:本报讯|本报\S{0,12}电|据\S{2,10}报道)\s*(?:[（(][^）)]*[）)])?[，,：:\s]*")
ENUMERATOR = re.compile(r"^(?:[一二三四五六七八九十]+[是要、]|第[一二三四五六七八九十]+[，,、]|[（(][一二三四五六七八九十\d]+[）)]|\d+[.．、])\s*")
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
    spans = [(start + m.start(), start + m.end()) for m in CLAUSE.finditer(source[start:end])]
    return spans


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
