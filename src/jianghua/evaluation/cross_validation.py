"""Out-of-fold predictions of all folds together: scores with intervals by document, and paired differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jianghua.codebook import Codebook
from jianghua.evaluation.classifier import RESAMPLES, indicators, over_sum
from jianghua.evaluation.out_of_fold import Row
from jianghua.evaluation.report import AXES, table
from jianghua.metrics.bootstrap import Interval, interval
from jianghua.metrics.classification import REST_LABEL, expected_calibration_error
from jianghua.metrics.counts import decisions_mcc, label_counts, macro_f1, micro_f1, single_label_mcc
from jianghua.schema import Document, InputError, Label

# Nearly all of the paragraph-label decisions are certain refusals, which would make any calibration look good.
LEAST_PROBABILITY = 0.05
Bounded = list[float]
Measure = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Pooled:
    """Every labelled paragraph of some documents with its reference and its prediction, document after document."""

    ids: tuple[str, ...]
    sizes: tuple[int, ...]
    labels: tuple[Label, ...]
    rows: tuple[Row, ...]
    codebook: Codebook


def pool(documents: Sequence[Document], rows: Sequence[Row], codebook: Codebook) -> Pooled:
    """Put predictions beside the references of `documents`, whatever the order of `rows`.

    Raises:
        InputError: a paragraph without prediction or with two, or a prediction of no labelled paragraph.
    """
    ordered = sorted(documents, key=lambda document: document.id)
    labels = {(d.id, p.index): p.label for d in ordered for p in d.paragraphs if p.label}
    by_place = {(row.id, row.index): row for row in rows}
    missing, unknown = sorted(set(labels) - set(by_place)), sorted(set(by_place) - set(labels))
    if missing or unknown or len(by_place) < len(rows):
        doubled = len(rows) - len(by_place)
        found = f"{len(missing)} without, {doubled} with another, {len(unknown)} of unknown paragraphs"
        raise InputError("one prediction for each labelled paragraph", found, "run the folds of these documents again")
    return Pooled(
        tuple(document.id for document in ordered),
        tuple(sum(p.label is not None for p in document.paragraphs) for document in ordered),
        tuple(labels.values()), tuple(by_place[place] for place in labels), codebook,
    )  # fmt: skip


def pooled_scores(pooled: Pooled) -> dict[str, Any]:
    """Scores of all paragraphs as one sample.

    Returns:
        `documents`, `paragraphs`; for each axis {measure: [value, low, high]} with 95% bounds that resample documents,
        and under `per_label` the F1 of each label; `ece` {axis: expected calibration error, 15 bins} over the called
        task types and over the domain decisions with a probability of at least .05; `share_flagged` and
        `error_unflagged` (wrong task types among what is not flagged). The last three are None without probabilities.
    """
    counts, measures = _document_counts(pooled), _measures(pooled.codebook)
    summed = [[row] for row in counts]
    scores: dict[str, Any] = {"documents": len(pooled.ids), "paragraphs": len(pooled.rows)}
    for axis, chosen in measures.items():
        scores[axis] = {name: _bounded(interval(summed, over_sum(m), RESAMPLES)) for name, m in chosen.items()}
        places, total = _columns(pooled.codebook)[axis], counts.sum(axis=0)
        scores[axis]["per_label"] = {label: round(macro_f1(total[:, [i]]), 4) for label, i in places.items()}
    return scores | _trust(pooled)


def paired_differences(ours: Pooled, theirs: Pooled) -> dict[str, dict[str, Bounded]]:
    """`ours` less `theirs`, {axis: {measure: [value, low, high]}}; both are resampled with the same documents.

    Raises:
        InputError: the two are of other paragraphs, or of other reference labels.
    """
    if (ours.ids, ours.sizes, ours.labels) != (theirs.ids, theirs.sizes, theirs.labels):
        found = f"{len(ours.ids)} and {len(theirs.ids)} documents that differ"
        raise InputError("the same documents and references on both sides", found, "run both on the same data")
    pairs = [[pair] for pair in np.stack([_document_counts(ours), _document_counts(theirs)], axis=1)]
    return {
        axis: {name: _bounded(interval(pairs, over_sum(_less(m)), RESAMPLES)) for name, m in chosen.items()}
        for axis, chosen in _measures(ours.codebook).items()
    }


def score_lines(systems: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Systems, or differences between two, as Markdown tables: one an axis, one row a system."""
    for axis in AXES:
        measures = [name for name in next(iter(systems.values()))[axis] if name != "per_label"]
        yield from table((axis, *measures), [(name, *_cells(s[axis], measures)) for name, s in systems.items()])
        yield ""


def seed_lines(scores_of: Mapping[int, Mapping[str, Any]]) -> Iterator[str]:
    """For each axis the mean of each measure over seeds, with the lowest and the highest."""
    for axis in AXES:
        measures = [name for name in next(iter(scores_of.values()))[axis] if name != "per_label"]
        values = {name: [scores[axis][name][0] for scores in scores_of.values()] for name in measures}
        parts = (f"{name} {np.mean(v):.3f} ({min(v):.3f} to {max(v):.3f})" for name, v in values.items())
        yield f"{axis}, mean of {len(scores_of)} seeds: {', '.join(parts)}"


def trust_lines(scores: Mapping[str, Any]) -> Iterator[str]:
    """Calibration and review marks; nothing for a system without probabilities."""
    if scores["ece"] is not None:
        yield "expected calibration error: " + ", ".join(f"{axis} {scores['ece'][axis]:.3f}" for axis in AXES)
        error = scores["error_unflagged"]
        wrong = "" if error is None else f"; wrong task types among the others: {error:.3f}"
        yield f"flagged for review: {scores['share_flagged']:.1%}{wrong}"


def _cells(scores: Mapping[str, Bounded], measures: Sequence[str]) -> Iterator[str]:
    for name in measures:
        value, low, high = scores[name]
        yield f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _document_counts(pooled: Pooled) -> np.ndarray:
    """(documents, 3, task types + domains)."""
    reference, found = _indicators(pooled.labels, pooled.codebook), _indicators(pooled.rows, pooled.codebook)
    counts, ends = label_counts(reference, found), np.cumsum(pooled.sizes)
    return np.stack([counts[end - n : end].sum(axis=0) for end, n in zip(ends, pooled.sizes, strict=True)])


def _indicators(called: Sequence[Label] | Sequence[Row], codebook: Codebook) -> np.ndarray:
    tasks = indicators([(x.task_type,) for x in called], codebook.task_type.labels)
    return np.hstack([tasks, indicators([x.policy_domain for x in called], codebook.policy_domain.labels)])


def _columns(codebook: Codebook) -> dict[str, dict[str, int]]:
    """For each axis the place of each label in the counts."""
    first = len(codebook.task_type.labels)
    return {
        "task_type": {label: i for i, label in enumerate(codebook.task_type.labels)},
        "policy_domain": {label: first + i for i, label in enumerate(codebook.policy_domain.labels)},
    }


def _measures(codebook: Codebook) -> dict[str, dict[str, Measure]]:
    """For each axis the measures of summed counts (3, task types + domains)."""
    columns = _columns(codebook)
    tasks, domains = (list(places.values()) for places in columns.values())
    # Every paragraph has one task type: their number is that of the paragraphs.
    mcc: dict[str, Measure] = {
        "task_type": lambda counts: single_label_mcc(counts[:, tasks]),
        "policy_domain": lambda counts: decisions_mcc(counts[:, domains], int(counts[2, tasks].sum())),
    }
    return {axis: _f1_measures(places) | {"mcc": mcc[axis]} for axis, places in columns.items()}


def _f1_measures(places: Mapping[str, int]) -> dict[str, Measure]:
    every = list(places.values())
    named = [place for label, place in places.items() if label != REST_LABEL]
    measures: dict[str, Measure] = {"macro_f1": lambda counts: macro_f1(counts[:, every])}
    if REST_LABEL in places:
        measures["macro_f1_no_other"] = lambda counts: macro_f1(counts[:, named])
    return measures | {"micro_f1": lambda counts: micro_f1(counts[:, every])}


def _less(measure: Measure) -> Measure:
    return lambda pair: measure(pair[0]) - measure(pair[1])


def _bounded(bound: Interval) -> Bounded:
    return [round(value, 4) for value in (bound.value, bound.low, bound.high)]


def _trust(pooled: Pooled) -> dict[str, Any]:
    scored = [(label, row, row.task, row.domain) for label, row in zip(pooled.labels, pooled.rows, strict=True)
              if row.task is not None and row.domain is not None]  # fmt: skip
    if len(scored) < len(pooled.rows):
        return {"ece": None, "share_flagged": None, "error_unflagged": None}
    right = np.array([label.task_type == row.task_type for label, row, _, _ in scored])
    flagged = np.array([bool(row.needs_review) for _, row, _, _ in scored])
    confidence = np.array([max(task) for _, _, task, _ in scored])
    domains = np.array([domain for _, _, _, domain in scored])
    wanted = indicators([label.policy_domain for label, _, _, _ in scored], pooled.codebook.policy_domain.labels)
    open_ = domains >= LEAST_PROBABILITY
    ece = {
        "task_type": round(expected_calibration_error(confidence.clip(0, 1), right), 4),
        "policy_domain": round(expected_calibration_error(domains[open_].clip(0, 1), wanted[open_]), 4),
    }
    error = None if flagged.all() else round(float((~right[~flagged]).mean()), 4)
    return {"ece": ece, "share_flagged": round(float(flagged.mean()), 4), "error_unflagged": error}
