"""One self-contained HTML page in which a person reads the results: no requests, no script from documents.

Everything from a document passes Jinja's autoescape as element text or quoted attribute, never as script, style or
address; the page's policy admits the one style sheet and the one script of this package by their hashes.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from base64 import b64encode
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jianghua.codebook import Axis, Codebook
from jianghua.inference.places import inside, kept_offsets
from jianghua.inference.table import LANGUAGES, brief_name, vocabulary
from jianghua.schema import Analysis, InputError, ItemAnalysis, Label, ParagraphAnalysis

COLOURS = 11  # classes .c0 … .c10 in page.css
SHOWN_NOISE = 2000  # characters of one removed span
EXCERPT = 24  # characters of an evidence link or of an item without gist
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

Noise = tuple[str, str, int]  # reason, text, characters not shown
Choice = tuple[str, str, str, int]  # code, key, colour, paragraphs
Scores = tuple[list[tuple[str, int]], int]  # (key, percent) highest first; how many labels lie below one percent


class Share(NamedTuple):
    """One segment of a stacked bar; x and width in percent of the bar."""

    key: str
    colour: str
    x: float
    width: float
    percent: int


class Evidence(NamedTuple):
    start: int
    end: int
    anchor: str | None
    index: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One paragraph as the template shows it."""

    data: ParagraphAnalysis
    anchor: str
    colour: str
    pieces: list[tuple[str, bool]]  # text, whether it is evidence of the summary
    task_scores: Scores
    domain_scores: Scores
    items: list[tuple[ItemAnalysis, str, str]]  # item, colour, gist or beginning
    new_path: bool
    noise_before: list[Noise]


@dataclass(frozen=True, slots=True)
class Page:
    """One document as the template shows it."""

    data: Analysis
    anchor: str
    name: str
    rows: list[Row]
    shares: list[Share]
    evidence: list[Evidence]
    reasons: list[tuple[str, int]]
    review: int
    noise_after: list[Noise]


def render_page(
    analyses: Iterable[Analysis], codebook: Codebook, *, texts: Mapping[str, str] | None = None, language: str = "zh"
) -> str:
    """The results as one HTML document, for some to a few hundred analyses.

    `texts` gives decoded source texts by analysis id; with one, removed spans can be shown where they stood, without
    one they are counted by reason. `language` ("zh" or "en") is the one the page opens in. Paragraph numbers are
    those of the records, from 0.

    Raises:
        InputError: another language, a label that the codebook lacks, or a text that the offsets do not fit.
    """
    if language not in LANGUAGES:
        raise InputError(f"a language among {', '.join(LANGUAGES)}", repr(language), "choose one")
    pages = [_page(n, analysis, codebook, (texts or {}).get(analysis.id)) for n, analysis in enumerate(analyses)]
    words = vocabulary(codebook)
    column = LANGUAGES.index(language)
    css, js = asset("page.css"), asset("page.js")
    return _environment().get_template("page.html.j2").render(
        docs=pages, filters=_filters(pages, codebook), dictionary=_dictionary(words),
        has_noise=any(page.noise_after or any(row.noise_before for row in page.rows) for page in pages),
        names=lambda key, brief=False: brief_name(words[key][0]) if brief and column == 0 else words[key][column],
        language=language, other=LANGUAGES[1 - column], html_lang={"zh": "zh-CN", "en": "en"},
        css=Markup(css), js=Markup(js), css_hash=source_hash(css), js_hash=source_hash(js),
    )  # fmt: skip


def write_page(
    analyses: Iterable[Analysis], codebook: Codebook, path: Path, *, texts: Mapping[str, str] | None = None,
    language: str = "zh",
) -> None:  # fmt: skip
    """Write `render_page(…)` to `path` in UTF-8, whole or not at all; parent folders are created.

    Raises:
        InputError: as `render_page`; an old file then stays.
    """
    page = render_page(analyses, codebook, texts=texts, language=language)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("jianghua.inference", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=printable,
    )  # fmt: skip


def printable(value: Any) -> Any:
    """Control characters and lone surrogates, which HTML cannot hold, as the replacement character."""
    return _UNPRINTABLE.sub("\ufffd", value) if type(value) is str else value


def asset(name: str) -> str:
    return (files("jianghua.inference") / "templates" / name).read_text(encoding="utf-8")


def source_hash(source: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


def _dictionary(words: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, str, str, str]]:
    return ((key, zh, en, brief_name(zh)) for key, (zh, en) in words.items())


def _filters(pages: Sequence[Page], codebook: Codebook) -> list[tuple[str, list[Choice]]]:
    rows = [row.data for page in pages for row in page.rows]
    types = Counter(row.task_type for row in rows)
    domains = Counter(code for row in rows for code in row.policy_domain)
    review = sum(row.needs_review for row in rows)
    axes = [
        ("task_type", [(c, f"t.{c}", colour_of(codebook.task_type, c), types[c])
                       for c in codebook.task_type.labels if types[c]]),
        ("policy_domain", [(c, f"d.{c}", "", domains[c]) for c in codebook.policy_domain.labels if domains[c]]),
        ("state", [("review", "review", "", review)] if review else []),
    ]  # fmt: skip
    return [(axis, choices) for axis, choices in axes if choices]


def colour_of(axis: Axis, code: str) -> str:
    return f"c{axis.labels.index(code) % COLOURS}"


def _page(number: int, analysis: Analysis, codebook: Codebook, text: str | None) -> Page:
    anchor = f"d{number}"
    _check(analysis, codebook, text)
    noise = _noise_by_place(analysis, text)
    rows, path = [], None
    for place, paragraph in enumerate(analysis.paragraphs):
        new_path = paragraph.heading != path and " › " in (paragraph.heading or "")
        path = paragraph.heading
        kept = kept_offsets(paragraph, analysis.removed, text)
        rows.append(_row(paragraph, kept, analysis.summary_evidence, codebook, (anchor, new_path, noise[place])))
    return Page(
        data=analysis, anchor=anchor, name=analysis.title or analysis.headline or analysis.id, rows=rows,
        shares=_shares(analysis.paragraphs, codebook.task_type),
        evidence=[_evidence(span, analysis, anchor, text) for span in analysis.summary_evidence],
        reasons=Counter(span.reason for span in analysis.removed).most_common(),
        review=sum(paragraph.needs_review for paragraph in analysis.paragraphs), noise_after=noise[-1],
    )  # fmt: skip


def _check(analysis: Analysis, codebook: Codebook, text: str | None) -> None:
    parts = [part for p in analysis.paragraphs for part in (p, *p.items)]
    for part in parts:
        codebook.check(Label(part.task_type, tuple(part.policy_domain)), analysis.id)
    for paragraph in analysis.paragraphs:
        for code in paragraph.task_type_scores.keys() - set(codebook.task_type.labels):
            codebook.check(Label(code), f"task_type_scores of {analysis.id}")
        codebook.check(Label(paragraph.task_type, tuple(paragraph.policy_domain_scores)), f"scores of {analysis.id}")
    end = max([0, *(part.end for part in parts), *(span.end for span in analysis.removed)])
    if text is not None and end > len(text):
        raise InputError(f"{end} characters or more in the text of {analysis.id}", str(len(text)), "give its own text")


def _row(
    paragraph: ParagraphAnalysis, kept: Sequence[int] | None, evidence: Iterable[tuple[int, int]], codebook: Codebook,
    place: tuple[str, bool, list[Noise]],
) -> Row:  # fmt: skip
    anchor, new_path, noise = place
    items = [(item, colour_of(codebook.task_type, item.task_type),
              item.gist or _excerpt(paragraph, kept, item.start, item.end)) for item in paragraph.items]  # fmt: skip
    return Row(
        data=paragraph, anchor=f"{anchor}p{paragraph.index}", colour=colour_of(codebook.task_type, paragraph.task_type),
        pieces=_pieces(paragraph.text, kept, evidence), task_scores=_scores("t", paragraph.task_type_scores),
        domain_scores=_scores("d", paragraph.policy_domain_scores), items=items, new_path=new_path, noise_before=noise,
    )  # fmt: skip


def _pieces(text: str, kept: Sequence[int] | None, evidence: Iterable[tuple[int, int]]) -> list[tuple[str, bool]]:
    marked = [False] * len(text)
    for start, end in evidence:
        first, last = inside(kept, start, end) if kept is not None else (0, 0)
        marked[first:last] = [True] * (last - first)
    return [("".join(c for c, _ in run), is_evidence)
            for is_evidence, run in groupby(zip(text, marked, strict=True), key=itemgetter(1))]  # fmt: skip


def _excerpt(paragraph: ParagraphAnalysis, kept: Sequence[int] | None, start: int, end: int) -> str:
    if kept is None:
        return ""
    found = paragraph.text[slice(*inside(kept, start, end))]
    return found if len(found) <= EXCERPT else f"{found[:EXCERPT]}…"


def _scores(prefix: str, scores: Mapping[str, float]) -> Scores:
    ranked = sorted(scores.items(), key=lambda entry: -entry[1])
    shown = [(f"{prefix}.{code}", round(100 * value)) for code, value in ranked if value >= 0.01]
    return shown, len(ranked) - len(shown)


def _shares(paragraphs: Iterable[ParagraphAnalysis], axis: Axis) -> list[Share]:
    """Characters by task type, in codebook order."""
    counts: Counter[str] = Counter()
    for paragraph in paragraphs:
        counts[paragraph.task_type] += len(paragraph.text)
    total, x, shares = counts.total(), 0.0, []
    for code in axis.labels:
        if counts[code]:
            width = 100 * counts[code] / total
            shares.append(Share(f"t.{code}", colour_of(axis, code), round(x, 2), round(width, 2), round(width)))
            x += width
    return shares


def _evidence(span: tuple[int, int], analysis: Analysis, anchor: str, text: str | None) -> Evidence:
    start, end = span
    for paragraph in analysis.paragraphs:
        if paragraph.start < end and start < paragraph.end:
            kept = kept_offsets(paragraph, analysis.removed, text)
            excerpt = _excerpt(paragraph, kept, start, end)
            return Evidence(start, end, f"{anchor}p{paragraph.index}", paragraph.index, excerpt)
    return Evidence(start, end, None, None, "")


def _noise_by_place(analysis: Analysis, text: str | None) -> list[list[Noise]]:
    """Removed spans before each paragraph and, last, after all of them; empty without the text."""
    starts = [paragraph.start for paragraph in analysis.paragraphs]
    places: list[list[Noise]] = [[] for _ in range(len(starts) + 1)]
    if text is None:
        return places
    for span in sorted(analysis.removed, key=lambda span: span.start):
        content = text[span.start : span.end].strip()
        noise = (span.reason, content[:SHOWN_NOISE], max(0, len(content) - SHOWN_NOISE))
        places[bisect_left(starts, span.start)].append(noise)
    return places
