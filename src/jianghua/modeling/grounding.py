"""Whether a line says only what its source says: numbers, quotations, Latin words, names, order of characters."""

from __future__ import annotations

import re
import unicodedata

_DIGIT = "[零〇一二两三四五六七八九十百千万亿]"
NUMBER = re.compile(rf"[0-9０-９][0-9０-９.,．·—\-]*%?|{_DIGIT}{{2,}}|{_DIGIT}+(?=[年月日个名起件次项条人元万亿届%成])")
QUOTED = re.compile(r"[“《‘]([^”》’]+)[”》’]")
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9+\-]*")
HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
# Words a summary may add by itself: they name no one and no number.
GLUE = frozenset("的和与及并在对为以等中要将使让把")


def normalise(text: str) -> str:
    """Width and spaces out of the way: １２ ％ and 12% are the same number."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _novel_pairs(line: str, source: str) -> list[str]:
    """Pairs of neighbouring characters that the source never has side by side, but for glue words and clause seams."""
    pairs = [run[i : i + 2] for run in HAN_RUN.findall(line) for i in range(len(run) - 1)]
    return [pair for pair in pairs if pair not in source and not GLUE & set(pair)]


def unsupported(line: str, source: str, max_novel_pairs: int = 0) -> list[str]:
    """What in `line` has no support in `source`; empty means grounded.

    A name, post or organisation put together from characters of different places shows as a pair of
    neighbours that the source does not have. `max_novel_pairs` seams are tolerated between words.
    """
    line_text, source_text = normalise(line), normalise(source)
    missing = [m.group() for pattern in (NUMBER, LATIN) for m in pattern.finditer(line_text)
               if not _has_number(m.group(), source_text)]  # fmt: skip
    missing += [m.group(1) for m in QUOTED.finditer(line_text) if m.group(1) not in source_text]
    novel = _novel_pairs(line_text, source_text)
    if len(novel) > max_novel_pairs:
        missing += novel
    return missing


def _has_number(number: str, source: str) -> bool:
    """`12` is not supported by 312 or 12.5: digits must not go on at either side."""
    if number[0].isdigit():
        return re.search(rf"(?<![\d.]){re.escape(number)}(?![\d]|\.\d)", source) is not None
    return number in source


def locate(line: str, source: str, minimum: int = 4) -> list[tuple[int, int]]:
    """Spans of `source` that the words of `line` come from: its longest common substrings, greedily."""
    spans, at = [], 0
    while at < len(line):
        length = 0
        while at + length < len(line) and line[at : at + length + 1] in source:
            length += 1
        if length >= minimum:
            start = source.index(line[at : at + length])
            spans.append((start, start + length))
        at += max(1, length)
    return _merge(sorted(spans))


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
