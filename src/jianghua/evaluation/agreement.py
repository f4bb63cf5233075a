"""How far two readings of the same paragraphs agree, on each axis and label, with intervals that resample documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from jianghua.codebook import Codebook
from jianghua.evaluation.classifier import RESAMPLES
from jianghua.evaluation.report import table
from jianghua.metrics.agreement import alpha_of_table, kappa_of_table, masi_distance
from jianghua.metrics.bootstrap import document_weights
from jianghua.schema import InputError, Label

Pair = tuple[Label, Label]
Bounds = list[float | None] | None  # [value, low, high]; None where chance agreement is already complete
_FEWEST = 0.5  # of the resamples that have to define a coefficient before bounds are given


def agreement(documents: Sequence[Sequence[Pair]], codebook: Codebook) -> dict[str, Any]:
    """Coefficients of two readings, each as [value, low, high] with 95% bounds.

    Args:
        documents: per document the two labels of each paragraph.
        codebook: the labels of each axis.

    Returns:
        `documents`, `paragraphs`; `task_type` {agreement, kappa (Cohen), alpha (Krippendorff, nominal), per_label};
        `policy_domain` {agreement (of whole sets), alpha (Krippendorff over sets, MASI distance), kappa (mean over the
        labels that have one), per_label}. `per_label` {label: {kappa, alpha, first, second}} is about the presence of
        that label; `first` and `second` say how often each reading gives it. A coefficient without meaning (nothing
        varies) is null; bounds are over the resamples in which it has one, and null bounds where most have none.

    Raises:
        InputError: no paragraph that both have read.
    """
    held = [pairs for pairs in documents if pairs]
    if not held:
        raise InputError("paragraphs that both readings hold", "none", "check the ids and indices")
    weights = document_weights(len(held), RESAMPLES)
    tasks = codebook.task_type.labels
    of_tasks = _tables(held, tasks, lambda label: {label.task_type})
    of_domains = _tables(held, codebook.policy_domain.labels, lambda label: set(label.policy_domain))
    whole = _task_tables(held, tasks)
    return {
        "documents": len(held),
        "paragraphs": sum(map(len, held)),
        "task_type": {
            "agreement": _equal(held, weights, lambda label: label.task_type),
            "kappa": _bounds(kappa_of_table, whole, weights), "alpha": _bounds(alpha_of_table, whole, weights),
            "per_label": _per_label(tasks, of_tasks, weights),
        },
        "policy_domain": {
            "agreement": _equal(held, weights, lambda label: frozenset(label.policy_domain)),
            "alpha": _set_alpha(held, weights), "kappa": _bounds(_mean_kappa, of_domains, weights),
            "per_label": _per_label(codebook.policy_domain.labels, of_domains, weights),
        },
    }  # fmt: skip


def agreement_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The result of `agreement` as Markdown: the axes, then every label."""
    yield f"{found['paragraphs']} paragraphs of {found['documents']} documents"
    yield ""
    axes = ("task_type", "policy_domain")
    rows = [(axis, *(_cell(found[axis][key]) for key in ("agreement", "kappa", "alpha"))) for axis in axes]
    yield from table(("axis", "equal", "Cohen's κ", "Krippendorff's α"), rows)
    for axis in axes:
        yield ""
        rows = [
            (label, _cell(x["kappa"]), _cell(x["alpha"]), str(x["first"]), str(x["second"]))
            for label, x in found[axis]["per_label"].items()
        ]
        yield from table((axis, "Cohen's κ", "Krippendorff's α", "first", "second"), rows)


def _tables(documents: Sequence[Sequence[Pair]], labels: Sequence[str], of: Callable[[Label], set[str]]) -> np.ndarray:
    """(documents, labels, 2, 2) counts of absence and presence in the first and the second reading."""
    counts = np.zeros((len(documents), len(labels), 2, 2), dtype=np.int64)
    for d, pairs in enumerate(documents):
        for first, second in pairs:
            has = [[label in of(reading) for label in labels] for reading in (first, second)]
            np.add.at(counts[d], (np.arange(len(labels)), *(np.array(row, dtype=int) for row in has)), 1)
    return counts


def _task_tables(documents: Sequence[Sequence[Pair]], labels: Sequence[str]) -> np.ndarray:
    """(documents, labels, labels) counts of the task types of the first and the second reading."""
    counts = np.zeros((len(documents), len(labels), len(labels)), dtype=np.int64)
    for d, pairs in enumerate(documents):
        for first, second in pairs:
            counts[d, labels.index(first.task_type), labels.index(second.task_type)] += 1
    return counts


def _per_label(labels: Sequence[str], tables: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    total = tables.sum(axis=0)
    return {
        label: {
            "kappa": _bounds(kappa_of_table, tables[:, i], weights),
            "alpha": _bounds(alpha_of_table, tables[:, i], weights),
            "first": int(total[i, 1].sum()), "second": int(total[i, :, 1].sum()),
        }
        for i, label in enumerate(labels)
    }  # fmt: skip


def _mean_kappa(tables: np.ndarray) -> float | None:
    defined = [value for value in map(kappa_of_table, tables) if value is not None]
    return sum(defined) / len(defined) if defined else None


def _equal(documents: Sequence[Sequence[Pair]], weights: np.ndarray, of: Callable[[Label], Any]) -> Bounds:
    counts = np.array([(sum(of(a) == of(b) for a, b in pairs), len(pairs)) for pairs in documents])
    return _bounds(lambda sums: float(sums[0] / sums[1]), counts, weights)


def _set_alpha(documents: Sequence[Sequence[Pair]], weights: np.ndarray) -> Bounds:
    """Krippendorff's alpha of label sets: distances observed, and those of all values against each other."""
    sets = [[tuple(frozenset(x.policy_domain) for x in pair) for pair in pairs] for pairs in documents]
    values = sorted({value for pairs in sets for pair in pairs for value in pair}, key=sorted)
    distances = np.array([[masi_distance(a, b) for b in values] for a in values])
    place = {value: i for i, value in enumerate(values)}
    observed = np.array([sum(distances[place[a], place[b]] for a, b in pairs) for pairs in sets])
    counts = np.zeros((len(sets), len(values)))
    for d, pairs in enumerate(sets):
        np.add.at(counts[d], [place[value] for pair in pairs for value in pair], 1)

    def alpha(sums: np.ndarray) -> float | None:
        found, chosen = sums[0], sums[1:]
        n = chosen.sum()
        expected = chosen @ distances @ chosen / (n * (n - 1))
        return float(1 - found / (n / 2) / expected) if expected else None

    return _bounds(alpha, np.hstack([observed[:, None], counts]), weights)


def _bounds(statistic: Callable[[np.ndarray], float | None], counts: np.ndarray, weights: np.ndarray) -> Bounds:
    """`statistic` of the documents' summed `counts`, and its percentiles over the weighted sums."""
    value = statistic(counts.sum(axis=0))
    if value is None:
        return None
    sums = (weights @ counts.reshape(len(counts), -1)).reshape(len(weights), *counts.shape[1:])
    defined = [drawn for drawn in map(statistic, sums) if drawn is not None]
    if len(defined) < _FEWEST * len(weights):
        return [round(value, 4), None, None]
    low, high = np.quantile(defined, [0.025, 0.975])
    return [round(float(x), 4) for x in (value, low, high)]


def _cell(bounds: Bounds) -> str:
    if bounds is None:
        return "–"
    value, low, high = bounds
    return f"{value:.3f}" + ("" if low is None or high is None else f" [{low:.3f}, {high:.3f}]")
