"""How far coders agree with each other, and each with the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from jianghua.codebook import Codebook
from jianghua.inference.review.journal import Decision, Key, coders_in, journal_of, read_decisions
from jianghua.metrics.agreement import cohen_kappa, multi_label_kappa

MODEL = "model"
_Reading = tuple[str, tuple[str, ...]]


def agreements(folder: Path, codebook: Codebook, coder: str | None = None) -> list[dict[str, Any]]:
    """Cohen's kappa by axis and label for every two coders, and for each coder and the models' own labels.

    Only numbers: no coder learns from them what another said of a paragraph. With `coder`, only the pairs with them.

    Returns:
        [{"coders": [a, b], "paragraphs": n, "task_type": {"kappa", "agreement", "per_label"}, "policy_domain": the
        same with kappa the mean over labels}, …]; a kappa is None where chance agreement is complete.
    """
    decided = {name: read_decisions(journal_of(folder, name)) for name in coders_in(folder)}
    pairs = [(a, b) for a, b in combinations(decided, 2) if coder in (None, a, b)]
    rows = [_compared((a, b), list(_shared(decided[a], decided[b])), codebook) for a, b in pairs]
    alone = [name for name in decided if coder in (None, name) and decided[name]]
    rows += [_compared((name, MODEL), [(_of(d), _was(d)) for d in decided[name].values()], codebook) for name in alone]
    return [row for row in rows if row["paragraphs"]]


def _shared(first: Mapping[Key, Decision], second: Mapping[Key, Decision]) -> Iterator[tuple[_Reading, _Reading]]:
    return ((_of(first[key]), _of(second[key])) for key in sorted(first.keys() & second.keys()))


def _of(decision: Decision) -> _Reading:
    return decision.task_type, decision.policy_domain


def _was(decision: Decision) -> _Reading:
    return decision.was["task_type"], tuple(decision.was["policy_domain"])


def _compared(names: tuple[str, str], pairs: Sequence[tuple[_Reading, _Reading]], codebook: Codebook) -> dict[str, Any]:
    if not pairs:
        return {"coders": list(names), "paragraphs": 0}
    tasks = [[reading[0] for reading in side] for side in zip(*pairs, strict=True)]
    domains = [[frozenset(reading[1]) for reading in side] for side in zip(*pairs, strict=True)]
    by_task = multi_label_kappa([{t} for t in tasks[0]], [{t} for t in tasks[1]], codebook.task_type.labels)
    by_domain = multi_label_kappa(domains[0], domains[1], codebook.policy_domain.labels)
    return {
        "coders": list(names), "paragraphs": len(pairs),
        "task_type": {"kappa": cohen_kappa(*tasks), "agreement": _equal(*tasks), "per_label": by_task["per_label"]},
        "policy_domain": {"kappa": by_domain["mean"], "agreement": _equal(*domains),
                          "per_label": by_domain["per_label"]},
    }  # fmt: skip


def _equal(first: Sequence[Any], second: Sequence[Any]) -> float:
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
