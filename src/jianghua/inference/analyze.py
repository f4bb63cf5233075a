"""`analyze()`: documents in, labelled and summarised documents out, streamed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, overload

import jianghua
from jianghua.inference.models import Models, find_models, open_models
from jianghua.inference.sources import (
    Failure,
    Found,
    from_path,
    from_record,
    from_text,
    holds_records,
    refuse_repeated_ids,
)
from jianghua.modeling.batching import ClassifierInput, context_of
from jianghua.modeling.classifier import Prediction, predict
from jianghua.modeling.composing import Part, Summary, content, is_content, write_headlines, write_summaries
from jianghua.modeling.writing import Written, write_lines
from jianghua.schema import Analysis, Document, InputError, ItemAnalysis, ParagraphAnalysis

BATCH_DOCUMENTS = 16


@overload
def analyze(source: str | Mapping[str, Any], *, models: str | Path | None = None) -> Analysis: ...
@overload
def analyze(source: Path, *, models: str | Path | None = None) -> Analysis | Iterator[Analysis]: ...
@overload
def analyze(source: Iterable[Any], *, models: str | Path | None = None) -> Iterator[Analysis]: ...
def analyze(source: Any, *, models: str | Path | None = None) -> Analysis | Iterator[Analysis]:
    """Label, gist and summarise speeches.

    Args:
        source: a str is a text, a dict a record ({"id", "text" or "paragraphs", "title"?, "date"?}), a Path
            a file or folder; anything else is an iterable of these.
        models: folder of the two checkpoints; default: JIANGHUA_MODELS, else the checkout's `models/`.

    Returns:
        One Analysis for one document (a str, a dict, a file that holds a single article); an iterator
        in input order, streamed, for everything else. A document that cannot be read is an Analysis
        with `error` set.

    Raises:
        InputError: no models, or no such path.
    """
    opened = open_models(find_models(models))
    if isinstance(source, str | Mapping):
        return next(analyze_documents([_single(source)], opened))
    if isinstance(source, Path):
        found = from_path(source)
        if source.is_dir() or holds_records(source):
            return analyze_documents(refuse_repeated_ids(found), opened)
        articles = list(found)
        analyses = analyze_documents(articles, opened)
        return next(analyses) if len(articles) == 1 else analyses
    if not isinstance(source, Iterable):
        raise InputError("a text, record, path or an iterable of these", type(source).__name__, "pass one of them")
    return analyze_documents(refuse_repeated_ids(_each(source)), opened)


def _single(source: str | Mapping[str, Any], number: int = 0) -> Found:
    if isinstance(source, str):
        return from_text(source, str(number) if number else "text")
    return from_record(source, str(number or 1))


def _each(sources: Iterable[Any]) -> Iterator[Found]:
    for number, source in enumerate(sources, 1):
        if isinstance(source, Path):
            yield from from_path(source)
        elif isinstance(source, Document | Failure):
            yield source
        else:
            yield _single(source, number)


def analyze_documents(found: Iterable[Found], models: Models, batch: int = BATCH_DOCUMENTS) -> Iterator[Analysis]:
    """Analyse cleaned documents, `batch` at a time, in order."""
    queue = iter(found)
    while chunk := list(islice(queue, batch)):
        documents = [document for document in chunk if isinstance(document, Document)]
        done = iter(_analyze_batch(documents, models))
        for document in chunk:
            if isinstance(document, Failure):
                yield Analysis(document.id, source=document.source, error=document.error)
            else:
                yield next(done)


@dataclass(frozen=True, slots=True)
class Unit:
    """A paragraph or an item of one: what gets labels and a gist."""

    text: str
    context: str
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Labelled:
    """Model outputs of one unit."""

    task_type: str
    policy_domain: tuple[str, ...]
    task_scores: dict[str, float]
    domain_scores: dict[str, float]
    needs_review: bool


def _units(document: Document) -> list[Unit]:
    """Paragraphs of a document, each followed by its items."""
    units = []
    for paragraph in document.paragraphs:
        context = context_of(document.title, paragraph.heading)
        units.append(Unit(paragraph.text, context, paragraph.is_heading))
        units += [Unit(item.text, context) for item in paragraph.items]
    return units


def _label(units: Sequence[Unit], models: Models) -> list[Labelled]:
    if not units:
        return []
    prediction = predict(models.classifier, [ClassifierInput(unit.text, unit.context) for unit in units])
    return [_labelled(prediction, i, *labels) for i, labels in enumerate(
        zip(prediction.task_labels(), prediction.domain_labels(), prediction.needs_review(), strict=True))]  # fmt: skip


def _labelled(prediction: Prediction, row: int, task: str, domains: tuple[str, ...], review: bool) -> Labelled:
    settings = prediction.settings
    task_scores = {name: round(float(p), 4) for name, p in zip(settings.task_type, prediction.task[row], strict=True)}
    domain_scores = {d: round(float(p), 4) for d, p in zip(settings.policy_domain, prediction.domain[row], strict=True)}
    return Labelled(task, domains, task_scores, domain_scores, review)


def _gists(units: Sequence[Unit], labelled: Sequence[Labelled], models: Models) -> list[Written]:
    wanted = [i for i, (u, x) in enumerate(zip(units, labelled, strict=True))
              if is_content(x.task_type, u.is_heading) and u.text.strip()]  # fmt: skip
    gists = [Written("")] * len(units)
    for i, gist in zip(wanted, write_lines(models.summarizer, "gist", [units[i].text for i in wanted]), strict=True):
        gists[i] = gist
    return gists


def _analyze_batch(documents: Sequence[Document], models: Models) -> Iterator[Analysis]:
    units = [_units(document) for document in documents]
    flat = [unit for group in units for unit in group]
    labelled = _label(flat, models)
    results = iter(zip(labelled, _gists(flat, labelled, models), strict=True))
    rows = [[next(results) for _ in group] for group in units]
    used = [_content(document, row) for document, row in zip(documents, rows, strict=True)]
    parts = [[part for _, part in indexed] for indexed in used]
    texts = zip(write_headlines(models.summarizer, parts), write_summaries(models.summarizer, parts), strict=True)
    for document, row, indexed, (headline, summary) in zip(documents, rows, used, texts, strict=True):
        evidence = tuple(_evidence(document, [i for i, _ in indexed], summary))
        yield Analysis(
            document.id, document.title, document.date, document.source, headline.text, summary.text, evidence,
            tuple(_paragraphs(document, row)), document.removed, document.flags, _meta(models),
        )  # fmt: skip


def _heads(document: Document) -> list[int]:
    """Where in the row of a document's units each paragraph stands: its items follow it."""
    return [0, *accumulate(1 + len(paragraph.items) for paragraph in document.paragraphs)][:-1]


def _content(document: Document, row: Sequence[tuple[Labelled, Written]]) -> list[tuple[int, Part]]:
    """(index, part) of every paragraph that headline and summary may use."""
    heads = [row[at] for at in _heads(document)]
    used = content(document, [label.task_type for label, _ in heads])
    return [(i, Part(document.paragraphs[i].text, heads[i][0].task_type, heads[i][1].text)) for i in used]


def _paragraphs(document: Document, row: Sequence[tuple[Labelled, Written]]) -> Iterator[ParagraphAnalysis]:
    for paragraph, at in zip(document.paragraphs, _heads(document), strict=True):
        label, gist = row[at]
        found = row[at + 1 : at + 1 + len(paragraph.items)]
        items = tuple(_item(item, *result) for item, result in zip(paragraph.items, found, strict=True))
        yield ParagraphAnalysis(
            paragraph.index, paragraph.start, paragraph.end, paragraph.text, paragraph.heading, label.task_type,
            label.task_scores, label.policy_domain, label.domain_scores, label.needs_review, gist.text, items,
        )  # fmt: skip


def _item(item: Any, label: Labelled, gist: Written) -> ItemAnalysis:
    return ItemAnalysis(item.start, item.end, label.task_type, label.policy_domain, gist.text)


def _evidence(document: Document, used: Sequence[int], summary: Summary) -> Iterator[tuple[int, int]]:
    """Spans of the document behind a summary; the whole paragraph where something was removed inside it."""
    whole = set()
    for part, start, end in summary.evidence:
        paragraph = document.paragraphs[used[part]]
        if paragraph.end - paragraph.start == len(paragraph.text):
            yield paragraph.start + start, paragraph.start + end
        elif part not in whole:
            whole.add(part)
            yield paragraph.start, paragraph.end


def _meta(models: Models) -> dict[str, Any]:
    settings = models.classifier.settings
    facts = {
        "version": jianghua.__version__, "classifier": models.classifier_id, "summarizer": models.summarizer_id,
        "codebook_version": f"{settings.codebook} {settings.codebook_version}",
    }  # fmt: skip
    everything = [facts, models.classifier.to_dict(), models.summarizer.settings.to_dict()]
    digest = hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()
    return facts | {"config_hash": digest[:12]}
