"""The worst errors of a cross-validation as one page to read, and the labels that look wrong as records.

Both hold the texts: they belong into a folder that version control ignores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jianghua.corpus.keys import text_hash
from jianghua.evaluation.breakdown import Place
from jianghua.evaluation.classifier import indicators
from jianghua.evaluation.cross_validation import Pooled
from jianghua.evaluation.pages import write_page
from jianghua.metrics.reliability import suspected
from jianghua.schema import InputError, Label


@dataclass(frozen=True, slots=True)
class Error:
    """One wrong paragraph. `weight` adds up, over what is wrong, how much likelier the called label was than the
    reference; `suspect` is what confident learning would label it, None where it finds no fault with the reference."""

    id: str
    index: int
    title: str
    text: str
    reference: Label
    called: Label
    weight: float
    likelihoods: tuple[tuple[str, float], ...]
    suspect: Label | None


def errors_of(pooled: Pooled, places: Sequence[Place]) -> list[Error]:
    """Every paragraph that is wrong on either axis, the most confidently wrong first.

    Raises:
        InputError: a system without probabilities.
    """
    suspects, found = suspected_labels(pooled), []
    rows = zip(pooled.labels, pooled.rows, likelihoods(pooled), places, suspects, strict=True)
    for reference, row, likely, (document, paragraph), suspect in rows:
        called = Label(row.task_type, row.policy_domain, "model")
        named = differing(reference, called)
        if named:
            shown = tuple((name, likely[name]) for name in named)
            found.append(Error(document.id, paragraph.index, document.title or "", paragraph.text,
                               reference, called, preference(likely, called, reference), shown, suspect))  # fmt: skip
    return sorted(found, key=lambda error: (-error.weight, error.id, error.index))


def differing(one: Label, other: Label) -> list[str]:
    """The labels that only one of the two has, sorted."""
    sets = [{("task_type", x.task_type), *(("policy_domain", d) for d in x.policy_domain)} for x in (one, other)]
    return sorted(name for _, name in sets[0] ^ sets[1])


def preference(likely: Mapping[str, float], better: Label, worse: Label) -> float:
    """How much likelier `better` is than `worse`, added up over task type and every domain in which they differ."""
    domains = set(better.policy_domain) ^ set(worse.policy_domain)
    gains = (2 * likely[name] - 1 if name in better.policy_domain else 1 - 2 * likely[name] for name in domains)
    return likely[better.task_type] - likely[worse.task_type] + sum(gains)


def likelihoods(pooled: Pooled) -> list[dict[str, float]]:
    """The probability of every label of both axes, a paragraph a dictionary.

    Raises:
        InputError: a system without probabilities.
    """
    names = pooled.codebook.task_type.labels + pooled.codebook.policy_domain.labels
    rows = np.hstack(_probabilities(pooled)).tolist()
    return [dict(zip(names, row, strict=True)) for row in rows]


def suspected_labels(pooled: Pooled) -> list[Label | None]:
    """For each paragraph the label that confident learning puts in place of the reference; None where it agrees.

    A domain is judged by itself: added where it is suspected, removed where its absence is.

    Raises:
        InputError: a system without probabilities.
    """
    tasks, domains = _probabilities(pooled)
    names, axis = pooled.codebook.task_type.labels, pooled.codebook.policy_domain.labels
    given = np.array([names.index(label.task_type) for label in pooled.labels])
    other = suspected(tasks, given)
    has = indicators([label.policy_domain for label in pooled.labels], axis)
    odds = np.stack([1 - domains, domains], axis=2)
    faults = [suspected(odds[:, j], has[:, j].astype(int)) >= 0 for j in range(len(axis))]
    wrong = np.stack(faults, axis=1)
    result: list[Label | None] = []
    for label, task, row, turned in zip(pooled.labels, other, has, wrong, strict=True):
        better = tuple(name for name, hit in zip(axis, row ^ turned, strict=True) if hit)
        changed = task >= 0 or turned.any()
        result.append(Label(names[task] if task >= 0 else label.task_type, better, "suspected") if changed else None)
    return result


def suspect_records(pooled: Pooled, places: Sequence[Place]) -> list[dict[str, Any]]:
    """The paragraphs whose reference looks wrong, most suspect first, as records with place, hash and text, the
    reference, the suspicion, and how much likelier that is (`preference`)."""
    rows = zip(suspected_labels(pooled), pooled.labels, likelihoods(pooled), places, strict=True)
    found = [
        {
            "id": document.id, "index": paragraph.index, "hash": text_hash(paragraph.text),
            "weight": round(preference(likely, suspect, reference), 4), "reference": _codes(reference),
            "suspected": _codes(suspect), "text": paragraph.text,
        }
        for suspect, reference, likely, (document, paragraph) in rows if suspect is not None
    ]  # fmt: skip
    return sorted(found, key=lambda record: (-record["weight"], record["id"], record["index"]))


def write_worklist(path: Path, errors: Sequence[Error], facts: Mapping[str, Any], limit: int = 500) -> None:
    """One page without scripts or requests; texts stand in it as text whatever they hold.

    Args:
        path: the .html file.
        errors: from `errors_of`.
        facts: `name` of the system, `paragraphs` in all.
        limit: how many of the errors are shown.
    """
    write_page(path, "worklist", {"errors": errors[:limit], "total": len(errors), **facts})


def _codes(label: Label) -> dict[str, Any]:
    return {"task_type": label.task_type, "policy_domain": list(label.policy_domain)}


def _probabilities(pooled: Pooled) -> tuple[np.ndarray, np.ndarray]:
    scored = [(row.task, row.domain) for row in pooled.rows if row.task is not None and row.domain is not None]
    if len(scored) < len(pooled.rows):
        found = "predictions without"
        raise InputError("predictions with probabilities", found, "give the folds of a trained classifier")
    tasks, domains = (np.array(part) for part in zip(*scored, strict=True))
    return tasks, domains
