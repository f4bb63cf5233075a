"""Short texts that keep their promises: within a length, whole, and with nothing that the source does not say.

The model proposes; what is not grounded is written again out of the source's own words, and if that fails, too, a line
of the source takes its place.
Evaluation and inference both write through here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from jianghua.modeling.extractive import Line, balanced, candidate_lines, central_line, digest, first_line, opening
from jianghua.modeling.grounding import locate, unsupported
from jianghua.modeling.summarizer import LIMITS, Summarizer, Wish, generate, score_lines
from jianghua.schema import Document

TRIM = " ，,、；;：:。"
# What matters in a document summary, most important first.
PRIORITY = ("deployment", "guidance", "review", "safeguard", "situation", "meeting_report", "appeal")
NO_GIST = ("heading", "boilerplate")
# A summary is made of lines of this length: longer than a gist, for it has to say who and when.
LINE_LIMITS = LIMITS | {"summary": 60}
# Methods that let the model write: how the result is called, and what is asked of `generate`.
OWN_WORDS = {"generate": ("generated", Wish()), "constrained": ("constrained", Wish(constrained=True))}


@dataclass(frozen=True, slots=True)
class Written:
    """A short text, where in its source it stands (offsets into that source), and how it came about."""

    text: str
    evidence: tuple[tuple[int, int], ...] = ()
    how: str = "empty"


def acceptable(text: str, source: str, limit: int) -> bool:
    """Whether a generated line may leave: not empty, short enough, whole, grounded, no character run repeated."""
    if not 4 <= len(text) <= limit or not balanced(text):
        return False
    runs = [text[i : i + 4] for i in range(len(text) - 3)]
    return len(runs) == len(set(runs)) and not unsupported(text, source)


def _extracted(line: Line) -> Written:
    return Written(line.text, ((line.start, line.end),), "extracted")


def liked_line(summarizer: Summarizer, kind: str, source: str, lines: Sequence[Line]) -> Line:
    """The line with the highest mean log-probability under the model."""
    read = digest(source.split("\n"), summarizer.settings.source_characters)
    scores = score_lines(summarizer, kind, read, [line.text for line in lines])
    return max(zip(scores, lines, strict=True), key=lambda pair: pair[0])[1]


def write_line(summarizer: Summarizer, kind: str, source: str, method: str) -> Written:
    """A line of `source` chosen by `method`: "liked", "central", "lead" or "first"."""
    limit = LINE_LIMITS[kind]
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

    A "summary" line is one of those that a document summary is composed of.

    Args:
        methods: what is tried, in order; default: what the checkpoint's settings name for `kind`.
    """
    methods = methods or dict(summarizer.settings.methods)[kind]
    limit = LINE_LIMITS[kind]
    written = [Written("")] * len(sources)
    rest = [i for i, source in enumerate(sources) if source.strip()]
    for method in (method for method in methods if method in OWN_WORDS):
        how, wish = OWN_WORDS[method]
        wish = dataclasses.replace(wish, length=limit if wish.constrained else None)
        for i, text in zip(rest, _own_words(summarizer, kind, [sources[i] for i in rest], wish), strict=True):
            if acceptable(text, sources[i], limit):
                written[i] = Written(text, tuple(locate(text, sources[i])), how)
        rest = [i for i in rest if not written[i].text]
    fallback = next((method for method in methods if method not in OWN_WORDS), "first")
    for i in rest:
        written[i] = write_line(summarizer, kind, sources[i], fallback)
    return written


def _own_words(summarizer: Summarizer, kind: str, sources: Sequence[str], wish: Wish) -> list[str]:
    read = [digest(source.split("\n"), summarizer.settings.source_characters) for source in sources]
    return [text.strip(TRIM) for text in generate(summarizer, kind, read, wish)] if read else []


@dataclass(frozen=True, slots=True)
class Part:
    """One content paragraph as a document summary sees it: what it does, and the line that may stand for it."""

    task_type: str
    line: Written


def content(document: Document, task_types: Sequence[str]) -> list[int]:
    """Indices of the paragraphs that short texts may use: no headings, no boilerplate, no copy of the title."""
    title = "".join((document.title or "").split())
    return [i for i, (paragraph, task) in enumerate(zip(document.paragraphs, task_types, strict=True))
            if task not in NO_GIST and paragraph.text.strip() and "".join(paragraph.text.split()) != title]  # fmt: skip


def compose_summary(parts: Sequence[Part], limit: int = LIMITS["summary"]) -> list[tuple[int, Written]]:
    """Lines that together summarise a document: its opening, then by what the labels say matters, in document order.

    Returns:
        (index of the part, its line) of every part that is used; joined by ； and ended by 。 they fit `limit`.
    """
    first = [0] if parts else []
    ranked = sorted(range(1, len(parts)), key=lambda i: (PRIORITY.index(parts[i].task_type), i))
    chosen, used = [], 0
    for i in [*first, *ranked]:
        text = parts[i].line.text
        if text and used + len(text) + 1 <= limit and all(text != parts[j].line.text for j in chosen):
            chosen.append(i)
            used += len(text) + 1
    return [(i, parts[i].line) for i in sorted(chosen)]


def write_summary(summarizer: Summarizer, texts: Sequence[str], task_types: Sequence[str]) -> list[tuple[int, Written]]:
    """The lines of a document's summary: (index of the content paragraph, its line), in document order."""
    lines = write_lines(summarizer, "summary", texts)
    return compose_summary([Part(task, line) for task, line in zip(task_types, lines, strict=True)])


def join_summary(lines: Sequence[Written]) -> str:
    return "；".join(line.text.strip(TRIM) for line in lines) + "。" if lines else ""


def write_headline(summarizer: Summarizer, texts: Sequence[str]) -> str:
    """A headline of the content paragraphs `texts`, never of a title."""
    return write_lines(summarizer, "headline", ["\n".join(texts)])[0].text if texts else ""
