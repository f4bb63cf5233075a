"""Whether a line says only what its source says: numbers, quotations, Latin words, names, order of characters."""

from __future__ import annotations

import re
import unicodedata

_DIGIT = "[零〇一二两三四五六七八九十百千万亿]"
# A number is what it counts, too: 12件 is not in 312件, 12元 not in 12万元, 12.5 not in 12.5%.
NUMBER = re.compile(
    rf"(?:[0-9]+(?:[.,·—\-]+[0-9]+)*%?|{_DIGIT}{{2,}}|{_DIGIT}(?=[年月日个名起件次项条人元万亿届%成]))[\u3400-\u9fff]?"
)
QUOTED = re.compile(r"[“《‘]([^”》’]+)[”》’]")
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9+\-]*")
SEAMS = frozenset("，,、；;：:。！？!? ")
HAN_RUN = re.compile(r"[\u3400-\u9fff]+")


def normalise(text: str) -> str:
    """Width and spaces out of the way: １２ ％ and 12% are the same number."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _novel_pairs(line: str, source: str) -> list[str]:
    """Pairs of neighbouring characters that the source never has side by side."""
    pairs = [run[i : i + 2] for run in HAN_RUN.findall(line) for i in range(len(run) - 1)]
    return [pair for pair in pairs if pair not in source]


def unsupported(line: str, source: str) -> list[str]:
    """What in `line` has no support in `source`; empty means grounded.

    Numbers with what they count, Latin words and quotations have to stand in the source as wholes. A name, post
    or organisation put together from characters of different places shows as a pair of neighbours that the source
    does not have; the price is that a line may join pieces of the source at punctuation only.
    """
    line_text, source_text = normalise(line), normalise(source)
    missing = [
        token
        for pattern in (NUMBER, LATIN)
        for known in [set(pattern.findall(source_text))]
        for token in pattern.findall(line_text)
        if token not in known
    ]
    missing += [quoted for quoted in QUOTED.findall(line_text) if quoted not in source_text]
    return missing + _novel_pairs(line_text, source_text)


def locate(line: str, source: str, minimum: int = 4) -> list[tuple[int, int]]:
    """Spans of `source` that the words of `line` come from: its longest common substrings, greedily."""
    spans, at = [], 0
    while at < len(line):
        if line[at] in SEAMS:
            at += 1
            continue
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
