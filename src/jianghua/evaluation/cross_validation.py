"""Out-of-fold predictions of all folds together: scores with intervals by document, and paired differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jianghua.codebook import Codebook
from jianghua.evaluation.classifier import RESAMPLES, indicators
from jianghua.evaluation.out_of_fold import Row
from jianghua.evaluation.report import AXES, table
from jianghua.metrics.bootstrap import resampled_sums
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
    counts, measures = document_counts(pooled), axis_measures(pooled.codebook)
    drawn = resampled_sums(counts, RESAMPLES)
    scores: dict[str, Any] = {"documents": len(pooled.ids), "paragraphs": len(pooled.rows)}
    for axis, chosen in measures.items():
        places, total = axis_columns(pooled.codebook)[axis], counts.sum(axis=0)
        scores[axis] = {name: bounded(m, total, drawn) for name, m in chosen.items()}
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
    pairs = np.stack([document_counts(ours), document_counts(theirs)], axis=1)
    drawn = resampled_sums(pairs, RESAMPLES)
    return {
        axis: {name: bounded(_less(m), pairs.sum(axis=0), drawn) for name, m in chosen.items()}
        for axis, chosen in axis_measures(ours.codebook).items()
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


def document_counts(pooled: Pooled, chosen: np.ndarray | None = None) -> np.ndarray:
    """(documents, 3, task types + domains); with `chosen` (paragraphs,) only of those, and of documents with any."""
    reference, found = _indicators(pooled.labels, pooled.codebook), _indicators(pooled.rows, pooled.codebook)
    place = np.repeat(np.arange(len(pooled.sizes)), pooled.sizes)
    kept = np.ones(len(place), dtype=bool) if chosen is None else chosen
    counts = np.zeros((len(pooled.sizes), 3, reference.shape[1]), dtype=np.int64)
    np.add.at(counts, place[kept], label_counts(reference, found)[kept])
    return counts if chosen is None else counts[np.unique(place[kept])]


def _indicators(called: Sequence[Label] | Sequence[Row], codebook: Codebook) -> np.ndarray:
    tasks = indicators([(x.task_type,) for x in called], codebook.task_type.labels)
    return np.hstack([tasks, indicators([x.policy_domain for x in called], codebook.policy_domain.labels)])


def axis_columns(codebook: Codebook) -> dict[str, dict[str, int]]:
    """For each axis the place of each label in the counts."""
    first = len(codebook.task_type.labels)
    return {
        "task_type": {label: i for i, label in enumerate(codebook.task_type.labels)},
        "policy_domain": {label: first + i for i, label in enumerate(codebook.policy_domain.labels)},
    }


def axis_measures(codebook: Codebook) -> dict[str, dict[str, Measure]]:
    """For each axis the measures of summed counts (3, task types + domains)."""
    columns = axis_columns(codebook)
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


def bounded(measure: Measure, counts: np.ndarray, drawn: np.ndarray) -> Bounded:
    """The measure of summed `counts` with the bounds of its resamples `drawn` (n, …): [value, low, high]."""
    low, high = np.quantile([measure(sums) for sums in drawn], [0.025, 0.975])
    return [round(float(value), 4) for value in (measure(counts), low, high)]


def confidences(pooled: Pooled) -> dict[str, tuple[np.ndarray, np.ndarray]] | None:
    """For each axis the probability of every decision that counts, and whether it was right, both (decisions,): the
    called task type of each paragraph, and each domain label with a probability of at least .05.

    None for a system without probabilities.
    """
    scored = [(row.task, row.domain) for row in pooled.rows if row.task is not None and row.domain is not None]
    if len(scored) < len(pooled.rows):
        return None
    right = np.array([label.task_type == row.task_type for label, row in zip(pooled.labels, pooled.rows, strict=True)])
    tasks, domains = (np.array(part).clip(0, 1) for part in zip(*scored, strict=True))
    wanted = indicators([label.policy_domain for label in pooled.labels], pooled.codebook.policy_domain.labels)
    open_ = domains >= LEAST_PROBABILITY
    return {"task_type": (tasks.max(axis=1), right), "policy_domain": (domains[open_], wanted[open_])}


def _trust(pooled: Pooled) -> dict[str, Any]:
    decisions = confidences(pooled)
    if decisions is None:
        return {"ece": None, "share_flagged": None, "error_unflagged": None}
    ece = {axis: round(expected_calibration_error(*pair), 4) for axis, pair in decisions.items()}
    right, flagged = decisions["task_type"][1], np.array([bool(row.needs_review) for row in pooled.rows])
    error = None if flagged.all() else round(float((~right[~flagged]).mean()), 4)
    return {"ece": ece, "share_flagged": round(float(flagged.mean()), 4), "error_unflagged": error}
