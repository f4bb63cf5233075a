"""One pass over a view: markup, noise, articles, paragraphs; repeated until nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jianghua.corpus import articles, joining, noise, shapes, zones
from jianghua.corpus.front_matter import Facts, iso_date, read_front_matter
from jianghua.corpus.markup import Stripped, looks_like_page, strip_markup
from jianghua.corpus.metadata import read_table
from jianghua.corpus.titles import bare_title, own_title
from jianghua.corpus.view import Line, Range, View, select, split_lines
from jianghua.schema import Removed

_MOST_PASSES = 8  # one settles nearly every text, two nearly all others; the bound is for hostile ones


@dataclass(frozen=True, slots=True)
class Draft:
    """One article of a view: each paragraph as ranges of the view, noise as source spans, and where it begins."""

    view: View
    paragraphs: list[list[Range]]
    removed: list[Removed]
    facts: Facts
    start: int


def draft_articles(view: View, kind: str, facts: Facts, split: bool) -> tuple[list[Draft], list[Removed]]:
    """The settled articles of a view, and the markup removed from it."""
    page = kind == "html" or (kind == "txt" and looks_like_page(view.text))
    stripped = strip_markup(view, "html" if page else kind)
    drafts = _pass(stripped, facts.or_else(Facts(stripped.title, stripped.date)), split)
    return [_settle(draft) for draft in drafts], stripped.removed


def _settle(draft: Draft) -> Draft:
    """Clean the cleaned paragraphs again until they stay as they are, so that cleaning is idempotent."""
    for _ in range(_MOST_PASSES):
        texts = [_text(draft.view, ranges) for ranges in draft.paragraphs]
        view = select(draft.view, draft.paragraphs)
        stripped = strip_markup(view, "html" if looks_like_page(view.text) else "txt")
        again = _pass(stripped, Facts(), split=True)
        paragraphs = [ranges for part in again for ranges in part.paragraphs]
        if [_text(stripped.view, ranges) for ranges in paragraphs] == texts:
            break
        removed = draft.removed + stripped.removed + [span for part in again for span in part.removed]
        draft = replace(draft, view=stripped.view, paragraphs=paragraphs, removed=removed)
    return draft


def _text(view: View, ranges: Sequence[Range]) -> str:
    return "".join(view.text[start:end] for start, end in ranges)


def _pass(stripped: Stripped, facts: Facts, split: bool) -> list[Draft]:
    view = stripped.view
    lines = split_lines(view, stripped.links)
    count, found = read_front_matter(lines)
    facts = facts.or_else(found)
    removed = [Removed(*view.hull(line.start, line.end), "front_matter") for line in lines[:count]]
    lines = lines[count:]
    reasons = zones.own_reasons(lines)
    facts = facts.or_else(read_table(lines, reasons))
    # A newspaper's date line stands once, above all articles of its page.
    page = next(
        (day for line, why in zip(lines, reasons, strict=True) if why == "page_head" and (day := iso_date(line.key))),
        None,
    )
    begins = articles.starts(lines, reasons) if split else [0]
    drafts: list[Draft] = []
    for first, last in zip(begins, [*begins[1:], len(lines)], strict=True):
        # What the file says of itself is about its only article.
        known = facts.or_else(Facts(date=page)) if len(begins) == 1 else Facts(date=page)
        drafts += _draft(view, lines[first:last], reasons[first:last], known, split and last == len(lines))
    drafts[0] = replace(drafts[0], removed=removed + drafts[0].removed, start=0)
    return drafts


def _draft(view: View, lines: Sequence[Line], reasons: zones.Reasons, facts: Facts, final: bool) -> list[Draft]:
    """One article; with `final` also the orphan headline behind it as an article of its own."""
    zones.mark_article(lines, reasons, facts.title)
    cut = articles.orphan(lines, reasons) if final else None
    if cut is not None:
        whole = _draft(view, lines[:cut], reasons[:cut], facts, False)
        return whole + _draft(view, lines[cut:], reasons[cut:], Facts(date=facts.date), False)
    kept = [i for i, reason in enumerate(reasons) if reason is None]
    headlines = articles.opening_headlines(lines, reasons)
    # Noise between two lines parts them like a blank line.
    content = [replace(lines[i], gap=lines[i].gap + (i > 0 and reasons[i - 1] is not None)) for i in kept]
    quotes = zones.pull_quotes(content)
    fresh = [i in headlines or at - 1 in quotes for at, i in enumerate(kept)]
    groups = joining.group(content, fresh, joining.find_wrap(content))
    removed = [
        Removed(*view.hull(line.start, line.end), reason)
        for line, reason in zip(lines, reasons, strict=True)
        if reason is not None
    ]
    paragraphs = [[(line.start, line.end) for line in group] for group in groups]
    start = view.hull(lines[0].start, lines[0].end)[0] if lines else 0
    return [Draft(view, paragraphs, removed, facts.or_else(_facts(lines, reasons)), start)]


def _facts(lines: Sequence[Line], reasons: zones.Reasons) -> Facts:
    """Title, dates and author from what was removed; the date of a text without any from its first line."""
    pairs = list(zip(lines, reasons, strict=True))
    noted = [line.key for line, reason in pairs if reason in ("byline", "counter", "page_head")]
    title = next((bare_title(line.text) for line, reason in pairs if reason == "title_copy"), None)
    text = next((line.key for line, reason in pairs if reason is None and shapes.is_body(line.key)), "")
    spoken = next((day for key in noted if noise.head_reason(key) and (day := iso_date(key))), None)
    date = next((day for key in noted if (day := iso_date(key))), None) or iso_date(text[:40])
    author = next((name for key in noted if (name := noise.author(key))), None)
    kept = [line.text for line, reason in pairs if reason is None and not shapes.is_body(line.key)]
    return Facts(own_title(title, kept) if title else None, date, author, spoken)
