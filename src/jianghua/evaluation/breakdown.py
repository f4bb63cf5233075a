"""Where a system is good and where it is not: every label, slices of the material, what is taken for what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from jianghua.evaluation.classifier import RESAMPLES
from jianghua.evaluation.cross_validation import Pooled, axis_columns, axis_measures, bounded, document_counts
from jianghua.evaluation.report import AXES, table
from jianghua.evaluation.slices import Key
from jianghua.metrics.bootstrap import resampled_sums
from jianghua.metrics.counts import macro_f1
from jianghua.schema import Document, InputError, Paragraph

NOTHING = "–"
Place = tuple[Document, Paragraph]
Record = Mapping[str, Any]


def places_of(documents: Sequence[Document], pooled: Pooled) -> list[Place]:
    """Document and paragraph of every row of `pooled`, in its order.

    Raises:
        InputError: other documents than those that were pooled.
    """
    ordered = sorted(documents, key=lambda document: document.id)
    places = [(d, p) for d in ordered for p in d.paragraphs if p.label]
    if [(d.id, p.index) for d, p in places] != [(row.id, row.index) for row in pooled.rows]:
        found = f"{len(places)} paragraphs that are not the {len(pooled.rows)} pooled"
        raise InputError("the documents that were pooled", found, "give the same documents")
    return places


def label_scores(pooled: Pooled) -> dict[str, dict[str, dict[str, Any]]]:
    """{axis: {label: {precision, recall, f1: [value, low, high], support, found}}}; bounds resample documents."""
    counts = document_counts(pooled)
    total, drawn = counts.sum(axis=0), resampled_sums(counts, RESAMPLES)
    return {
        axis: {label: _label_scores(total[:, i], drawn[:, :, i]) for label, i in columns.items()}
        for axis, columns in axis_columns(pooled.codebook).items()
    }


def slice_scores(pooled: Pooled, places: Sequence[Place], key: Key) -> dict[str, dict[str, Any]]:
    """For each value of `key`, sorted: `documents`, `paragraphs`, and for each axis the measures with their bounds.

    Macro-F1 averages over the labels that occur in the slice, so slices are compared by micro-F1 better than by it.
    """
    values = np.array([key(*place) for place in places])
    found: dict[str, dict[str, Any]] = {}
    for value in sorted(set(values.tolist()), key=_natural):
        counts = document_counts(pooled, values == value)
        total, drawn = counts.sum(axis=0), resampled_sums(counts, RESAMPLES)
        found[value] = {"documents": len(counts), "paragraphs": int((values == value).sum())}
        for axis, measures in axis_measures(pooled.codebook).items():
            found[value][axis] = {name: bounded(measure, total, drawn) for name, measure in measures.items()}
    return found


def task_confusion(pooled: Pooled) -> dict[str, dict[str, int]]:
    """{reference: {called: paragraphs}} of the task types, zeros included."""
    labels = pooled.codebook.task_type.labels
    counts = Counter((x.task_type, row.task_type) for x, row in zip(pooled.labels, pooled.rows, strict=True))
    return {reference: {called: counts[reference, called] for called in labels} for reference in labels}


def domain_confusion(pooled: Pooled) -> list[tuple[str, str, int]]:
    """(missed, called instead, paragraphs), most frequent first.

    A paragraph counts for every pair of a domain that it misses and one that it wrongly has; "–" stands where there is
    only one of the two.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for label, row in zip(pooled.labels, pooled.rows, strict=True):
        missed = sorted(set(label.policy_domain) - set(row.policy_domain))
        added = sorted(set(row.policy_domain) - set(label.policy_domain))
        if missed or added:
            counts.update((a, b) for a in missed or [NOTHING] for b in added or [NOTHING])
    return [(*pair, count) for pair, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def label_lines(scores: Mapping[str, Mapping[str, Record]]) -> Iterator[str]:
    """Every label of both axes as Markdown."""
    for axis in AXES:
        head = (axis, "precision", "recall", "F1", "support", "found")
        rows = [
            (label, *(_cell(x[key]) for key in ("precision", "recall", "f1")), str(x["support"]), str(x["found"]))
            for label, x in scores[axis].items()
        ]
        yield from table(head, rows)
        yield ""


def slice_lines(name: str, scores: Mapping[str, Record]) -> Iterator[str]:
    """One slice as Markdown, one row a value."""
    head = (name, "documents", "paragraphs", "task macro-F1", "task accuracy", "domain macro-F1", "domain micro-F1")
    yield from table(head, [
        (value, str(x["documents"]), str(x["paragraphs"]),
         *(_cell(x[axis][measure]) for axis in AXES for measure in ("macro_f1", "micro_f1")))
        for value, x in scores.items()
    ])  # fmt: skip


def confusion_lines(tasks: Mapping[str, Mapping[str, int]], domains: Sequence[tuple[str, str, int]]) -> Iterator[str]:
    """Task types as a matrix, reference by row; the twenty most frequent confusions of domains as a list."""
    rows = [(label, *map(str, called.values())) for label, called in tasks.items()]
    yield from table(("reference \\ called", *tasks), rows)
    yield ""
    yield from table(("missed domain", "called instead", "paragraphs"), [(a, b, str(n)) for a, b, n in domains[:20]])


def _natural(value: str) -> tuple[float, str]:
    """Numbers by their size, before words."""
    number = re.match(r"\d+", value)
    return (float(number[0]) if number else float("inf"), value)


def _label_scores(total: np.ndarray, drawn: np.ndarray) -> dict[str, Any]:
    parts: dict[str, Callable[[np.ndarray], float]] = {
        "precision": lambda counts: counts[0] / counts[1] if counts[1] else 0.0,
        "recall": lambda counts: counts[0] / counts[2] if counts[2] else 0.0,
        "f1": lambda counts: macro_f1(counts[:, None]),
    }
    scores: dict[str, Any] = {name: bounded(part, total, drawn) for name, part in parts.items()}
    return scores | {"support": int(total[2]), "found": int(total[1])}


def _cell(bounds: Sequence[float]) -> str:
    value, low, high = bounds
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
