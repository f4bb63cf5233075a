"""Decoded text → clean articles with paragraphs, every removed span with its reason."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from jianghua.corpus import shapes
from jianghua.corpus.flags import find_flags
from jianghua.corpus.front_matter import Facts
from jianghua.corpus.noise import line_reason
from jianghua.corpus.passes import Draft, draft_articles
from jianghua.corpus.readers import read_text
from jianghua.corpus.segment import split_items
from jianghua.corpus.titles import bare_title, join_title, title_lines
from jianghua.corpus.view import Range, identity, match_key
from jianghua.schema import Document, Item, Paragraph, Removed


def clean_text(
    text: str,
    *,
    id: str,  # noqa: A002 -- the records' own name
    source: str | None = None,
    title: str | None = None,
    date: str | None = None,
    split_articles: bool = True,
    html: bool = False,
) -> list[Document]:
    """The articles of a decoded text, at least one; ids `<id>` for one, `<id>#1` … for several.

    Paragraphs and removed spans together hold every visible character of `text` once; offsets are code points
    into it. Cleaning the paragraphs again changes nothing.
    """
    documents = clean(text, id, Facts(title, date, spoken=date), "html" if html else "txt", split_articles)
    return [replace(document, source=source) for document in documents]


def clean_file(path: Path, id: str | None = None) -> list[Document]:  # noqa: A002
    """Read and clean a file; `id` defaults to its stem.

    Raises:
        InputError: the file cannot be read (see `readers.read_text`).
    """
    read = read_text(path)
    facts = Facts(read.title, read.date, read.author)
    kind = read.kind if read.kind in ("html", "md") else "txt"
    documents = clean(read.text, id or path.stem, facts, kind, True)
    return [replace(document, source=str(path), flags=(*document.flags, *read.flags)) for document in documents]


def from_paragraphs(
    texts: list[str],
    *,
    id: str,  # noqa: A002
    title: str | None = None,
    date: str | None = None,
    source: str | None = None,
) -> Document:
    """A document of given paragraphs: one for each, text unchanged; offsets into them joined by a line feed."""
    ranges: list[list[Range]] = []
    at = 0
    for text in texts:
        ranges.append([(at, at + len(text))])
        at += len(text) + 1
    # Noise stays here, to be labelled; it opens no section.
    headings = [
        flag and not line_reason(match_key(text)) for flag, text in zip(shapes.heading_flags(texts), texts, strict=True)
    ]
    paths = shapes.heading_paths(texts, headings, title_lines(texts))
    paragraphs = tuple(
        Paragraph(
            i, spans[0][0], spans[0][1], text, path, heading, items=_items(text, lambda spans=spans: _each(spans[0]))
        )
        for i, (text, spans, heading, path) in enumerate(zip(texts, ranges, headings, paths, strict=True))
    )
    document = Document(id, paragraphs, title, date, source)
    return replace(document, flags=find_flags(document, "\n".join(texts)))


def _each(span: Range) -> list[Range]:
    return [(at, at + 1) for at in range(*span)]


def clean(text: str, id: str, facts: Facts, kind: str, split: bool) -> list[Document]:  # noqa: A002
    """`clean_text` for a text of kind "txt", "md" or "html" of which something is known."""
    drafts, markup = draft_articles(identity(text), kind, facts, split)
    found = [_document(draft, f"{id}#{n}" if len(drafts) > 1 else id) for n, draft in enumerate(drafts, 1)]
    kept = [_kept(draft) for draft in drafts]
    noise = markup + [span for draft in drafts for span in draft.removed]
    removed = _complete(text, [ranges for part in kept for ranges in part], noise)
    begins = [draft.start for draft in drafts]
    shares: list[list[Removed]] = [[] for _ in drafts]
    for span in removed:
        shares[max(0, bisect_right(begins, span.start) - 1)].append(span)
    documents = [replace(document, removed=tuple(share)) for document, share in zip(found, shares, strict=True)]
    return [replace(document, flags=find_flags(document, text)) for document in documents]


def _kept(draft: Draft) -> list[list[Range]]:
    """Each paragraph as source ranges."""
    view = draft.view
    return [[span for start, end in ranges for span in view.source(start, end)] for ranges in draft.paragraphs]


def _document(draft: Draft, id: str) -> Document:  # noqa: A002
    view = draft.view
    raw = ["".join(view.text[start:end] for start, end in ranges) for ranges in draft.paragraphs]
    texts = [unicodedata.normalize("NFC", text) for text in raw]
    first = title_lines(texts)
    headings = shapes.heading_flags(texts)
    headings[:first] = [True] * first
    paths = shapes.heading_paths(texts, headings, first)
    paragraphs: list[Paragraph] = []
    for index, (text, ranges) in enumerate(zip(texts, draft.paragraphs, strict=True)):
        start, end = view.hull(ranges[0][0], ranges[0][1])[0], view.hull(*ranges[-1])[1]
        items = _items(raw[index], lambda ranges=ranges, end=end: _characters(draft, ranges, end))
        paragraphs.append(Paragraph(index, start, end, text, paths[index], headings[index], items=items))
    facts = draft.facts
    title = bare_title(facts.title) if facts.title else join_title(texts[:first])
    return Document(id, tuple(paragraphs), title, facts.spoken or facts.date, author=facts.author)


def _characters(draft: Draft, ranges: Sequence[Range], end: int) -> list[Range]:
    """Source range of each character of a paragraph, up to where the next one begins."""
    positions = [at for start, stop in ranges for at in draft.view.starts[start:stop]]
    return list(pairwise([*positions, end]))


def _items(text: str, places: Callable[[], Sequence[Range]]) -> tuple[Item, ...]:
    """The enumerated items of a paragraph; `places` gives each character's source range, asked for only if needed."""
    spans = split_items(text)
    if not spans:
        return ()
    ranges = places()
    return tuple(
        Item(ranges[start][0], ranges[end - 1][1], unicodedata.normalize("NFC", text[start:end]))
        for start, end in spans
    )


def _complete(text: str, kept: Sequence[Sequence[Range]], noise: Iterable[Removed]) -> list[Removed]:
    """Disjoint removed spans that cover all that is not kept: noise first, then what lies between."""
    found = _disjoint(noise)
    inside = [(ranges[0][0], ranges[-1][1]) for ranges in kept if ranges]
    taken = sorted([span for ranges in kept for span in ranges] + [(span.start, span.end) for span in found])
    at = 0
    for start, end in [*taken, (len(text), len(text))]:
        if start > at:
            place = bisect_right(inside, (at, len(text) + 1)) - 1
            within = place >= 0 and inside[place][0] <= at and start <= inside[place][1]
            found += _rest(text, at, start, within)
        at = max(at, end)
    return sorted(found, key=lambda span: span.start)


def _rest(text: str, start: int, end: int, within: bool) -> list[Removed]:
    """What neither is kept nor has a reason: blank entities, invisible characters, blanks where lines were joined."""
    gap = text[start:end]
    if gap.strip():
        first = start + len(gap) - len(gap.lstrip())
        last = start + len(gap.rstrip())
        if not within:
            return [Removed(first, last, "html" if text[first] in "&<" else "other")]
    if not within:
        return []
    # Line breaks alone go without saying: `text` is the source less them.
    cuts = [at for at in range(start, end) if text[at] in "\r\n"]
    edges = [start, *[edge for at in cuts for edge in (at, at + 1)], end]
    pieces = zip(edges[::2], edges[1::2], strict=True)
    return [Removed(a, b, "html" if text[a] == "&" else "other") for a, b in pieces if b > a]


def _disjoint(noise: Iterable[Removed]) -> list[Removed]:
    """Longer spans swallow the ones within; overlaps are cut."""
    found: list[Removed] = []
    for span in sorted(noise, key=lambda span: (span.start, -span.end)):
        start = max(span.start, found[-1].end) if found else span.start
        if span.end > start:
            found.append(Removed(start, span.end, span.reason))
    return found
