"""How good a system gets with how many labelled documents: parts of the training documents that hold each other."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jianghua.codebook import Codebook
from jianghua.evaluation.cross_validation import pool, pooled_scores
from jianghua.evaluation.out_of_fold import Row
from jianghua.evaluation.report import AXES, table
from jianghua.schema import Document, InputError

Record = Mapping[str, Any]
# Labels the held-out documents by what the training documents teach; told the fold's number, to keep files apart.
Teach = Callable[[list[Document], list[Document], int], list[Row]]


def nested_part(documents: Sequence[Document], share: float, seed: int) -> list[Document]:
    """A share of the documents, drawn by a hash of seed and id: the part of a smaller share lies in that of a larger.

    Raises:
        InputError: a share that is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise InputError("a share above 0 and at most 1", str(share), "correct the shares")
    drawn = sorted(documents, key=lambda d: hashlib.sha256(f"{seed}\n{d.id}".encode()).digest())
    return drawn[: math.ceil(share * len(drawn))]


def point(
    documents: Sequence[Document], folds: Mapping[str, int], codebook: Codebook, drawn: tuple[float, int], teach: Teach
) -> dict[str, Any]:
    """One point of the curve: every fold labelled by a part of the other folds, scored together.

    Args:
        documents: all of them, with labels.
        folds: of each document.
        codebook: the labels.
        drawn: the share of the training documents, and the seed that draws them.
        teach: see `Teach`.

    Returns:
        `share`, `seed`, `documents` and `paragraphs` (means over the folds of what was trained on), `scores`.
    """
    share, seed = drawn
    rows: list[Row] = []
    sizes = []
    for fold in sorted(set(folds.values())):
        part = nested_part([d for d in documents if folds[d.id] != fold], share, seed)
        sizes.append((len(part), sum(p.label is not None for d in part for p in d.paragraphs)))
        rows += teach(part, [d for d in documents if folds[d.id] == fold], fold)
    count, paragraphs = (round(sum(column) / len(sizes)) for column in zip(*sizes, strict=True))
    scores = pooled_scores(pool(documents, rows, codebook))
    return {"share": share, "seed": seed, "documents": count, "paragraphs": paragraphs, "scores": scores}


def curve_lines(points: Sequence[Record]) -> Iterator[str]:
    """The curve as Markdown, one row a point."""
    head = ("share", "seed", "documents", "paragraphs", "task macro-F1", "task accuracy", "domain macro-F1",
            "domain micro-F1")  # fmt: skip
    rows = [
        (f"{x['share']:.0%}", str(x["seed"]), str(x["documents"]), str(x["paragraphs"]),
         *(_cell(x["scores"][axis][name]) for axis in AXES for name in ("macro_f1", "micro_f1")))
        for x in points
    ]  # fmt: skip
    return table(head, rows)


def _cell(bounds: Sequence[float]) -> str:
    value, low, high = bounds
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
