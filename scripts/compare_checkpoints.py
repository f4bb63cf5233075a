"""Two classifiers, or more, on the same documents: paired differences with intervals by document.

    python scripts/compare_checkpoints.py --models models/classifier-compact models/classifier-small \
        --data ../shared/annotations/dev.jsonl

Every checkpoint is compared with the first. The bounds of a difference resample documents (the same for both); a
difference whose bounds lie on one side of 0 is marked *. Beside it stands McNemar's exact test of the task types: how
many paragraphs only one of the two calls right (it takes paragraphs for independent, which flatters).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from jianghua.codebook import load_codebook
from jianghua.config import run
from jianghua.corpus.table import load_documents
from jianghua.evaluation.classifier import check_codebook
from jianghua.evaluation.cross_validation import (
    Pooled,
    paired_differences,
    pool,
    pooled_scores,
    score_lines,
    trust_lines,
)
from jianghua.evaluation.out_of_fold import rows_of_prediction
from jianghua.modeling.batching import classifier_inputs
from jianghua.modeling.checkpoint import checkpoint_id
from jianghua.modeling.classifier import load_classifier, predict
from jianghua.records import write_jsonl
from jianghua.schema import Document, InputError


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Compare classifiers on the same documents.", allow_abbrev=False)
    result.add_argument("--models", type=Path, nargs="+", required=True, metavar="FOLDER")
    result.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE")
    result.add_argument("--codebook", default="zhengfa", metavar="NAME_OR_FILE")
    result.add_argument("--output", type=Path, metavar="FILE.jsonl", help="one row a checkpoint")
    return result


def mcnemar(ours: Pooled, theirs: Pooled) -> dict[str, Any]:
    """How many task types only one of the two calls right, and the exact two-sided p of that split."""
    triples = list(zip(ours.labels, ours.rows, theirs.rows, strict=True))
    first = sum(a.task_type == label.task_type != b.task_type for label, a, b in triples)
    second = sum(b.task_type == label.task_type != a.task_type for label, a, b in triples)
    p = float(binomtest(first, first + second).pvalue) if first + second else 1.0
    return {"only_first_right": first, "only_other_right": second, "p": round(p, 6)}


def difference_lines(name: str, differences: dict[str, Any], test: dict[str, Any]) -> list[str]:
    lines = [f"first less {name}:"]
    for axis, measures in differences.items():
        cells = (f"{measure} {value:+.3f} [{low:+.3f}, {high:+.3f}]{'*' if low > 0 or high < 0 else ''}"
                 for measure, (value, low, high) in measures.items())  # fmt: skip
        lines.append(f"  {axis}: {', '.join(cells)}")
    counts = f"{test['only_first_right']} to {test['only_other_right']}"
    return [*lines, f"  task types that only one calls right: {counts}, McNemar p = {test['p']:.4f}"]


def pooled(folder: Path, documents: Sequence[Document], codebook: Any) -> Pooled:
    classifier = load_classifier(folder)
    check_codebook(classifier.settings, codebook)
    rows = rows_of_prediction(documents, predict(classifier, classifier_inputs(documents)))
    return pool(documents, rows, codebook)


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    if len(given.models) < 2:
        raise InputError("two checkpoints or more", str(len(given.models)), "scripts/evaluate_checkpoint.py scores one")
    codebook = load_codebook(given.codebook)
    documents = [document for path in given.data for document in load_documents(path, codebook)]
    found = {checkpoint_id(folder): pooled(folder, documents, codebook) for folder in given.models}
    scores = {name: pooled_scores(one) for name, one in found.items()}
    print(f"{len(documents)} documents\n", *score_lines(scores), sep="\n")
    for name, one in scores.items():
        print(f"{name}:", *trust_lines(one), sep="\n  ")
    first, *others = found
    rows: list[dict[str, Any]] = [{"model": first, "scores": scores[first]}]
    for name in others:
        differences, test = paired_differences(found[first], found[name]), mcnemar(found[first], found[name])
        print("", *difference_lines(name, differences, test), sep="\n")
        rows.append({"model": name, "scores": scores[name], "first_less_this": differences, "mcnemar": test})
    if given.output:
        write_jsonl(rows, given.output)
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
