"""Short texts that keep their promises: within a length, whole, and with nothing that the source does not say.

The model proposes; what is not grounded is written again out of the source's own words, and if that fails, too, a line
of the source takes its place.
Evaluation and inference both write through here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jianghua.modeling.extractive import (
    TAIL,
    Line,
    balanced,
    candidate_lines,
    central_line,
    digest,
    first_line,
    opening,
)
from jianghua.modeling.grounding import locate, unsupported
from jianghua.modeling.summarizer import LIMITS, Summarizer, Wish, candidates, score_lines

TRIM = " ，,、；;：:。"
SHORT = 30  # characters
STUTTER = re.compile(r"([\u3400-\u9fff]{2,})[、和与及]?\1")
# Methods that let the model write: how the result is called, and what is asked of `generate`.
OWN_WORDS = {"generate": ("generated", Wish()), "constrained": ("constrained", Wish(constrained=True))}


@dataclass(frozen=True, slots=True)
class Written:
    """A short text, where in its source it stands (offsets into that source), and how it came about."""

    text: str
    evidence: tuple[tuple[int, int], ...] = ()
    how: str = "empty"


def acceptable(text: str, source: str, limit: int) -> bool:
    """Whether a generated text may leave: not empty, short enough, whole, grounded, no run of characters repeated."""
    if not 4 <= len(text) <= limit or not balanced(text):
        return False
    # A long text may name one thing twice; a clause of it it may not repeat.
    size = 4 if limit <= SHORT else 7
    runs = [text[i : i + size] for i in range(len(text) - size + 1)]
    stutters = any(match.group() not in source for match in STUTTER.finditer(text))
    return len(runs) == len(set(runs)) and not stutters and not unsupported(text, source)


def _extracted(line: Line) -> Written:
    return Written(line.text, ((line.start, line.end),), "extracted")


def liked_line(summarizer: Summarizer, kind: str, source: str, lines: Sequence[Line]) -> Line:
    """The line with the highest mean log-probability under the model."""
    read = digest(source.split("\n"), summarizer.settings.source_characters)
    scores = score_lines(summarizer, kind, read, [line.text for line in lines])
    return max(zip(scores, lines, strict=True), key=lambda pair: pair[0])[1]


def write_line(summarizer: Summarizer, kind: str, source: str, method: str) -> Written:
    """A line of `source` chosen by `method`: "liked", "central", "lead" or "first"."""
    limit = LIMITS[kind]
    lines = candidate_lines(source, limit)
    if method == "first" or not lines:
        return _extracted(first_line(source, limit))
    if method == "lead":
        return _extracted(central_line(source, opening(source, lines)))
    if method == "central":
        return _extracted(central_line(source, lines))
    return _extracted(liked_line(summarizer, kind, source, lines))


def write_lines(
    summarizer: Summarizer, kind: str, sources: Sequence[str], methods: Sequence[str] | None = None
) -> list[Written]:
    """One line of `kind` for each source, in order; empty only for a source without visible characters.

    Args:
        methods: what is tried, in order; default: what the checkpoint's settings name for `kind`.
    """
    methods = methods or dict(summarizer.settings.methods)[kind]
    # A source that fits says itself best.
    read = ["" if _fits(source, LIMITS[kind]) else source for source in sources]
    texts = [(digest(text.split("\n"), summarizer.settings.source_characters), text) for text in read]
    written = first_acceptable(summarizer, kind, texts, methods)
    fallback = next((method for method in methods if method not in OWN_WORDS), "first")
    ways = ["first" if _fits(source, LIMITS[kind]) else fallback for source in sources]
    return [
        line if line.text or not source.strip() else write_line(summarizer, kind, source, way)
        for line, source, way in zip(written, sources, ways, strict=True)
    ]


def _fits(source: str, limit: int) -> bool:
    """Whether the source is one line of at most `limit` characters, whole and without an enumerator or a dateline."""
    line = first_line(source, limit)
    return "\n" not in source.strip() and line.text == source.strip(TAIL) and balanced(line.text)


def first_acceptable(
    summarizer: Summarizer, kind: str, texts: Sequence[tuple[str, str]], methods: Sequence[str]
) -> list[Written]:
    """What the model writes, checked: of its candidates the first that may leave, by the first method that has one.

    Args:
        texts: (what the model reads, the source that has to support what it writes).

    Returns:
        One text for each, in order, without end mark; empty where nothing may leave.
    """
    limit = LIMITS[kind] - (kind == "summary")
    written = [Written("")] * len(texts)
    for method in (method for method in methods if method in OWN_WORDS):
        how, wish = OWN_WORDS[method]
        rest = [i for i, (read, _) in enumerate(texts) if read.strip() and not written[i].text]
        found = candidates(summarizer, kind, [texts[i][0] for i in rest], wish) if rest else []
        for i, lines in zip(rest, found, strict=True):
            source = texts[i][1]
            good = (line for line in (text.strip(TRIM) for text in lines) if acceptable(line, source, limit))
            if line := next(good, ""):
                written[i] = Written(line, tuple(locate(line, source)), how)
    return written
