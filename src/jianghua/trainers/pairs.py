"""Source → short text pairs for the summariser: gists, document summaries, titles."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jianghua.modeling.composing import Part, content, outline
from jianghua.modeling.extractive import DATELINE, digest
from jianghua.modeling.summarizer import LIMITS
from jianghua.schema import Document, InputError

SERIES = re.compile(r"【[^】]*】|[（(][^（）()]*[）)]|——.*$")
NO_BODY = ("heading", "boilerplate")


@dataclass(frozen=True, slots=True)
class Pair:
    """What the model reads and what it should write."""

    kind: str
    source: str
    target: str


def body(document: Document) -> list[str]:
    """Texts of the paragraphs that say something: no headings, no boilerplate."""
    return [p.text for p in document.paragraphs if not p.label or p.label.task_type not in NO_BODY]


def annotated_pairs(documents: Sequence[Document], budget: int) -> Iterator[Pair]:
    """Gists of paragraphs and summaries of documents; sources are digests of at most about `budget` characters.

    Where paragraphs have gists the summary is to be written of these, too, as inference does.
    """
    for document in documents:
        for paragraph in document.paragraphs:
            if paragraph.gist:
                yield Pair("gist", digest([paragraph.text], budget), paragraph.gist)
        if document.summary:
            yield Pair("summary", digest(body(document), budget), document.summary)
            parts = _parts(document)
            if any(part.gist for part in parts):
                yield Pair("summary", outline(parts, budget), document.summary)


def _parts(document: Document) -> list[Part]:
    labels = [p.label.task_type if p.label else "" for p in document.paragraphs]
    return [Part(document.paragraphs[i].text, labels[i], document.paragraphs[i].gist)
            for i in content(document, labels) if labels[i]]  # fmt: skip


def row_pairs(documents: Sequence[Document], budget: int) -> Iterator[Pair]:
    """The same of rows, and their titles: word for word, for a published score counts every character."""
    for document in documents:
        yield from annotated_pairs([document], budget)
        if document.title:
            yield Pair("headline", digest(body(document), budget), document.title)


def clean_title(title: str) -> str | None:
    """A title as a headline: no series tag, no bracket, no dash line; None if what is left is no headline."""
    headline = re.sub(r"\s+", "，", SERIES.sub("", title).strip())
    return headline if 8 <= len(headline) <= LIMITS["headline"] else None


def title_pairs(path: Path, limit: int, budget: int) -> Iterator[Pair]:
    """Title ← body pairs of a gzip JSONL corpus ({"title", "text"}), at most `limit`, evenly spread.

    A pair is left out if half of the title's characters never occur in the body (digests, series).

    Raises:
        InputError: no such file.
    """
    if not path.is_file():
        raise InputError("a .jsonl.gz corpus", f"nothing at {path}", "correct title_data, or leave it empty")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    count = min(limit, len(rows)) if limit else len(rows)
    for row in (rows[i * len(rows) // count] for i in range(count)):
        headline = clean_title(row["title"] or "")
        text = [DATELINE.sub("", line) for line in row["text"].split("\n") if line.strip()]
        if headline and text and sum(c in row["text"] for c in headline) >= 0.8 * len(headline):
            yield Pair("headline", digest(text, budget), headline)
