"""Enumerated items (一要…二要…): how well they are found and labelled, and whether their labels rolled up make better
labels of the paragraph than its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jianghua.corpus.segment import Span, split_items
from jianghua.evaluation.out_of_fold import Row, rows_of_prediction
from jianghua.modeling.batching import classifier_inputs
from jianghua.modeling.classifier import Classifier, Prediction, predict
from jianghua.schema import Document, Paragraph

DIRECT, ROLLED_UP, BOTH = "direct", "rolled up", "mean of both"


@dataclass(frozen=True)
class Segmentation:
    """Items found and annotated, as (start, end) in their paragraph, and how many are the same."""

    annotated: int
    found: int
    equal: int

    @property
    def f1(self) -> float:
        return 2 * self.equal / (self.annotated + self.found) if self.annotated + self.found else 0.0


def segmentation(documents: Sequence[Document]) -> Segmentation:
    """The items of `split_items` beside those annotated, in every paragraph of documents that have any annotated."""
    held = [d for d in documents if any(p.items for p in d.paragraphs)]
    pairs = [(_annotated_spans(p), set(split_items(p.text))) for d in held for p in d.paragraphs]
    return Segmentation(sum(len(a) for a, _ in pairs), sum(len(f) for _, f in pairs), sum(len(a & f) for a, f in pairs))


def item_documents(documents: Sequence[Document]) -> list[Document]:
    """The labelled items of each document as its paragraphs; documents without any are left out."""
    found = []
    for document in documents:
        items = [(item, p.heading) for p in document.paragraphs for item in p.items if item.label]
        rows = (Paragraph(i, x.start, x.end, x.text, heading, label=x.label) for i, (x, heading) in enumerate(items))
        if items:
            found.append(replace(document, paragraphs=tuple(rows)))
    return found


def enumerated(documents: Sequence[Document]) -> list[Document]:
    """The documents with those labelled paragraphs alone in which `split_items` finds items; others are left out."""
    kept = (replace(d, paragraphs=tuple(p for p in d.paragraphs if p.label and split_items(p.text))) for d in documents)
    return [document for document in kept if document.paragraphs]


def roll_up(classifier: Classifier, documents: Sequence[Document]) -> dict[str, list[Row]]:
    """Rows of the paragraphs of `enumerated` documents by what decides them: the paragraph as a whole, its items, or
    the mean of the two probabilities. Thresholds are the checkpoint's own.

    Rolled up, a task type has the mean of its probabilities over the items, by length, and a domain the highest.
    """
    direct = predict(classifier, classifier_inputs(documents))
    parts = list(_parts(documents))
    pieces = predict(classifier, classifier_inputs([document for _, document in parts]))
    first = np.cumsum([0, *(len(document.paragraphs) for _, document in parts)])
    sums = [
        _pooled(pieces, int(start), [len(p.text) for p in document.paragraphs])
        for start, (_, document) in zip(first[:-1], parts, strict=True)
    ]
    tasks, domains = (np.stack(part) for part in zip(*sums, strict=True))
    rolled = Prediction(tasks, domains, direct.settings)
    both = Prediction((direct.task + tasks) / 2, (direct.domain + domains) / 2, direct.settings)
    predictions = {DIRECT: direct, ROLLED_UP: rolled, BOTH: both}
    return {name: rows_of_prediction(documents, prediction) for name, prediction in predictions.items()}


def _parts(documents: Sequence[Document]) -> Iterator[tuple[Paragraph, Document]]:
    """Each paragraph with its items as the labelled paragraphs of a document of their own."""
    for document in documents:
        for paragraph in document.paragraphs:
            pieces = tuple(
                Paragraph(i, 0, end - start, paragraph.text[start:end], paragraph.heading, label=paragraph.label)
                for i, (start, end) in enumerate(split_items(paragraph.text))
            )
            yield paragraph, replace(document, paragraphs=pieces)


def _pooled(pieces: Prediction, first: int, lengths: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    own = slice(first, first + len(lengths))
    return np.average(pieces.task[own], axis=0, weights=lengths), pieces.domain[own].max(axis=0)


def _annotated_spans(paragraph: Paragraph) -> set[Span]:
    return {(item.start - paragraph.start, item.end - paragraph.start) for item in paragraph.items}
