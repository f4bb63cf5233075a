"""Out-of-fold predictions on disk: one folder a fold, its manifest written last, and the file of recorded results."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jianghua.modeling.classifier import Prediction
from jianghua.records import read_jsonl, sha256, write_jsonl, write_manifest
from jianghua.schema import Document, InputError, Label

logger = logging.getLogger("jianghua")
PREDICTIONS, MANIFEST = "predictions.jsonl", "manifest.json"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Row:
    """What one paragraph was called by a system that had not seen its document.

    `task` and `domain` are the probabilities in the codebook's order; they and `needs_review` are None for systems that
    give none.
    """

    id: str
    index: int
    task_type: str
    policy_domain: tuple[str, ...]
    needs_review: bool | None = None
    task: tuple[float, ...] | None = None
    domain: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Fold:
    """A finished fold: its predictions, and what its manifest says of it."""

    rows: list[Row]
    facts: dict[str, Any]


def rows_of_labels(documents: Sequence[Document], labels: Sequence[Label]) -> list[Row]:
    """Rows of a system without probabilities; `labels` are those of the labelled paragraphs, in order."""
    places = [(d.id, p.index) for d in documents for p in d.paragraphs if p.label]
    return [Row(*place, x.task_type, x.policy_domain) for place, x in zip(places, labels, strict=True)]


def rows_of_prediction(documents: Sequence[Document], prediction: Prediction) -> list[Row]:
    """Rows of a classifier: labels and review marks by the thresholds of its own fold, and the probabilities."""
    bare = rows_of_labels(documents, prediction.labels())
    probabilities = zip(prediction.needs_review(), prediction.task, prediction.domain, strict=True)
    return [
        Row(row.id, row.index, row.task_type, row.policy_domain, review, _rounded(task), _rounded(domain))
        for row, (review, task, domain) in zip(bare, probabilities, strict=True)
    ]


def write_fold(folder: Path, rows: Sequence[Row], facts: Mapping[str, Any]) -> None:
    """Write a fold; from here on it counts as finished. `facts` must hold its "fingerprint"."""
    write_jsonl((asdict(row) for row in rows), folder / PREDICTIONS)
    write_manifest(folder / MANIFEST, [folder / PREDICTIONS], facts)


def read_fold(folder: Path, fingerprint: Mapping[str, Any] | None = None) -> Fold | None:
    """The finished fold in `folder`; None where there is none, or its predictions are not what its manifest says.

    Raises:
        InputError: the fold is one of another `fingerprint`.
    """
    if not (folder / MANIFEST).is_file():
        return None
    facts = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if fingerprint is not None and facts["fingerprint"] != fingerprint:
        stored = facts["fingerprint"]
        changed = sorted(k for k in stored.keys() | fingerprint.keys() if stored.get(k) != fingerprint.get(k))
        expected = f"the run that {folder} was made by"
        raise InputError(expected, f"another {', '.join(changed)}", "restore it, or choose another --out")
    path = folder / PREDICTIONS
    if not path.is_file() or sha256(path) != facts["files"][PREDICTIONS]["sha256"]:
        logger.warning("%s is missing or damaged: the fold counts as unfinished", path)
        return None
    return Fold([_row(row) for row in read_jsonl(path)], facts)


def finished_folds(out: Path, seed: int, count: int, fingerprint: Mapping[str, Any]) -> dict[int, Fold]:
    """Those of the folds 0 … `count` - 1 of one seed that are finished.

    Raises:
        InputError: one of them is of another `fingerprint`.
    """
    read = {fold: read_fold(fold_folder(out, seed, fold), fingerprint) for fold in range(count)}
    return {number: fold for number, fold in read.items() if fold is not None}


def reference_rows(out: Path, seed: int, folds: Iterable[int], data: Sequence[str]) -> list[Row]:
    """The predictions of another run for the same folds.

    Raises:
        InputError: a fold that it has not finished, folds of several runs, or a run on other `data`.
    """
    found = {fold: read_fold(fold_folder(out, seed, fold)) for fold in folds}
    if missing := sorted(number for number, fold in found.items() if fold is None):
        raise InputError(f"folds {sorted(found)} in {out}", f"no {missing}", "finish the reference first")
    finished = [fold for fold in found.values() if fold is not None]
    runs = [fold.facts["fingerprint"] for fold in finished]
    if any(run != runs[0] or run["data"] != list(data) for run in runs):
        raise InputError("one run on the same data and folds", f"others in {out}", "run the reference again")
    return [row for fold in finished for row in fold.rows]


def costs(folds: Iterable[Fold]) -> dict[str, Any]:
    """What all folds of a run took: seconds of training (None if one was resumed), extra documents left out,
    parameters, device."""
    facts = [fold.facts for fold in folds]
    seconds = [fact["seconds"] for fact in facts]
    return {
        "seconds": None if None in seconds else round(sum(seconds), 1),
        "left_out": sum(fact.get("left_out", 0) for fact in facts),
        "parameters": facts[0].get("parameters"),
        "device": ", ".join(sorted({fact.get("device", "cpu") for fact in facts})),
    }


def fold_folder(out: Path, seed: int, fold: int) -> Path:
    return out / f"seed-{seed}" / f"fold-{fold}"


def reference_seed(out: Path, seed: int) -> int:
    """The seed of another run to compare with: the same, or the only one there is.

    Raises:
        InputError: neither is there.
    """
    seeds = sorted(int(path.name.removeprefix("seed-")) for path in out.glob("seed-*"))
    if seed in seeds or len(seeds) == 1:
        return seed if seed in seeds else seeds[0]
    found = f"seeds {', '.join(map(str, seeds))} there" if seeds else "no folds there"
    raise InputError(f"seed {seed}, or a single seed, in {out}", found, "run it for this seed, or correct --against")


def refuse_recorded(path: Path, name: str, seeds: Sequence[int | None]) -> None:
    """Refuse a name that the results file holds.

    Raises:
        InputError: a row of this name and one of `seeds`.
    """
    rows = read_jsonl(path) if path.is_file() else ()
    if taken := [row["seed"] for row in rows if row["name"] == name and row["seed"] in seeds]:
        found = f"{name!r} with seed {taken[0]} in {path}"
        raise InputError("a name and seed that are not recorded", found, "choose another --record")


def record(path: Path, row: Mapping[str, Any]) -> None:
    """Append one row to the results file."""
    write_jsonl([*(read_jsonl(path) if path.is_file() else ()), row], path)


def _rounded(values: Any) -> tuple[float, ...]:
    return tuple(round(float(value), _DIGITS) for value in values)


def _row(row: dict[str, Any]) -> Row:
    task, domain = (None if row[key] is None else tuple(row[key]) for key in ("task", "domain"))
    return Row(
        row["id"], row["index"], row["task_type"], tuple(row["policy_domain"]), row["needs_review"], task, domain
    )
