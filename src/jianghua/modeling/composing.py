"""What is said of a whole document: its headline and its summary, of any length of document.

Every content paragraph has its gist first. The model reads how the document opens and these gists, not the first 512
tokens, and writes; what is not grounded in the document gives way to gists, chosen by what the labels say matters.
Evaluation and inference both write through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from jianghua.modeling.extractive import SENTENCE, first_line
from jianghua.modeling.grounding import locate
from jianghua.modeling.summarizer import Summarizer
from jianghua.modeling.writing import Written, first_acceptable, write_lines
from jianghua.schema import Document

# What matters in a document summary, most important first; task types of another codebook come last.
PRIORITY = ("deployment", "guidance", "review", "safeguard", "situation", "meeting_report", "appeal")
NO_GIST = ("heading", "boilerplate")
OPENING = 80  # characters of the first sentence, which says who and when
# On development documents: room for 90 of the 100 characters ROUGE-L 34.5, all 100 34.3, 80 34.5.
ROOM = 90
ALIKE = 0.5
LINE = 60  # characters of a first line: it has to say who and when


@dataclass(frozen=True, slots=True)
class Part:
    """One content paragraph as a summary sees it: what it says, what it does, and its gist."""

    text: str
    task_type: str
    gist: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary, where its words stand as (index of the part, start, end), and how its lines came about."""

    text: str
    evidence: tuple[tuple[int, int, int], ...] = ()
    how: tuple[str, ...] = ("empty",)


def is_content(task_type: str, is_heading: bool) -> bool:
    """Whether a paragraph says something; segmentation tells headings where a codebook has no task types."""
    return task_type not in NO_GIST if task_type else not is_heading


def content(document: Document, task_types: Sequence[str]) -> list[int]:
    """Indices of the paragraphs that short texts may use: no headings, no boilerplate, no copy of the title."""
    title = "".join((document.title or "").split())
    texts = ["".join(paragraph.text.split()) for paragraph in document.paragraphs]
    rows = enumerate(zip(document.paragraphs, texts, task_types, strict=True))
    return [i for i, (p, text, task) in rows if is_content(task, p.is_heading) and text and text != title]


def by_importance(parts: Sequence[Part]) -> list[int]:
    """Indices of the parts, most important first: the opening, then by task type, in document order."""
    rank = {task: place for place, task in enumerate(PRIORITY)}
    return sorted(range(len(parts)), key=lambda i: (i > 0, rank.get(parts[i].task_type, len(PRIORITY)), i))


def outline(parts: Sequence[Part], budget: int) -> str:
    """How the document opens and its gists, in document order; beyond `budget` characters the less important are left
    out."""
    if not parts:
        return ""
    opening = next((m.group().strip() for m in SENTENCE.finditer(parts[0].text) if m.group().strip()), "")[:OPENING]
    chosen, used = [], len(opening)
    for i in by_importance(parts):
        if parts[i].gist and used + len(parts[i].gist) + 1 <= budget:
            chosen.append(i)
            used += len(parts[i].gist) + 1
    return "\n".join([opening, *(parts[i].gist for i in sorted(chosen))])


def write_headlines(summarizer: Summarizer, documents: Sequence[Sequence[Part]]) -> list[Written]:
    """One headline for each document's parts, in order; empty only for a document without parts."""
    return write_lines(summarizer, "headline", ["\n".join(part.text for part in parts) for parts in documents])


def write_summaries(summarizer: Summarizer, documents: Sequence[Sequence[Part]]) -> list[Summary]:
    """One summary for each document's parts, in order: at most 100 characters, ended by 。; empty without parts."""
    methods = dict(summarizer.settings.methods)["summary"]
    sources = ["\n".join(part.text for part in parts) for parts in documents]
    outlines = [outline(parts, summarizer.settings.source_characters) for parts in documents]
    own = first_acceptable(summarizer, "summary", list(zip(outlines, sources, strict=True)), methods)
    return [
        _generated(line, source, parts) if line.text else compose(parts, methods)
        for line, source, parts in zip(own, sources, documents, strict=True)
    ]


def _generated(line: Written, source: str, parts: Sequence[Part]) -> Summary:
    starts = [0, *accumulate(len(part.text) + 1 for part in parts)]
    spans = []
    for start, end in locate(line.text, source):
        part = max(i for i in range(len(parts)) if starts[i] <= start)
        spans.append((part, start - starts[part], end - starts[part]))
    return Summary(line.text + "。", tuple(spans), (line.how,))


def compose(parts: Sequence[Part], methods: Sequence[str]) -> Summary:
    """A summary of gists: the opening's, then by what the labels say matters, in document order, none that says much
    of what another has said. Of a model whose gists are lines of the source ("first" among the methods for summaries)
    it takes the paragraphs' first lines instead, which may be longer."""
    if "first" in methods:
        parts = [replace(part, gist=first_line(part.text, LINE).text if part.gist else "") for part in parts]
    chosen: list[int] = []
    used = 0
    for i in by_importance(parts):
        gist = parts[i].gist
        if gist and used + len(gist) + 1 <= ROOM and all(_alike(gist, parts[j].gist) < ALIKE for j in chosen):
            chosen.append(i)
            used += len(gist) + 1
    if not chosen:
        return Summary("")
    chosen.sort()
    evidence = tuple((i, start, end) for i in chosen for start, end in locate(parts[i].gist, parts[i].text))
    return Summary("；".join(parts[i].gist for i in chosen) + "。", evidence, ("composed",))


def _alike(one: str, other: str) -> float:
    """The share of the shorter one's neighbouring characters that the other has, too."""
    pairs = [{text[i : i + 2] for i in range(len(text) - 1)} for text in (one, other)]
    return len(pairs[0] & pairs[1]) / max(1, min(map(len, pairs)))
