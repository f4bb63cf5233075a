"""Enumerated items: how well they are found and labelled, and whether a paragraph is labelled better through them.

    python scripts/evaluate_items.py --model models/classifier-compact \
        --data data/samples/dev.jsonl data/samples/test.jsonl
    python scripts/evaluate_items.py --out-of-fold outputs/cv/compact

The first also scores items that are annotated. The second labels the paragraphs of each fold, and their items, with
the fold's own model, which never saw them. `direct` is the paragraph as a whole, `rolled up` its items: a domain that
any item has, the task type that the items have in the mean, by length. Differences are paired, bounds resample
documents. All figures go to --output, too.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jianghua.codebook import Codebook, load_codebook
from jianghua.config import run
from jianghua.corpus.folds import check_folds, read_folds
from jianghua.corpus.table import load_documents
from jianghua.evaluation.cross_validation import paired_differences, pool, pooled_scores, score_lines
from jianghua.evaluation.items import BOTH, DIRECT, ROLLED_UP, enumerated, item_documents, roll_up, segmentation
from jianghua.evaluation.out_of_fold import Row, fold_folder, rows_of_prediction
from jianghua.modeling.batching import classifier_inputs
from jianghua.modeling.classifier import Classifier, load_classifier, predict
from jianghua.records import write_manifest
from jianghua.schema import Document, InputError

ROOT = Path(__file__).parents[1]
ANNOTATIONS = [ROOT.parent / "shared" / "annotations" / f"{name}.jsonl" for name in ("train", "dev")]


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Score enumerated items and roll them up.", allow_abbrev=False)
    what = result.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", type=Path, metavar="FOLDER")
    what.add_argument("--out-of-fold", type=Path, metavar="FOLDER", help="--out of cross_validate.py, models kept")
    result.add_argument("--data", type=Path, nargs="+", default=ANNOTATIONS, metavar="FILE.jsonl")
    result.add_argument("--folds", type=Path, default=ROOT / "data" / "folds.json", metavar="FILE.json")
    result.add_argument("--seed", type=int, default=0, metavar="N")
    result.add_argument("--codebook", default="zhengfa", metavar="NAME_OR_FILE")
    result.add_argument("--output", type=Path, metavar="FILE.json")
    return result


def models_of(given: argparse.Namespace, documents: Sequence[Document]) -> list[tuple[Path, list[Document]]]:
    """The checkpoints, each with the documents that it labels."""
    if given.model:
        return [(given.model, list(documents))]
    folds = read_folds(given.folds)
    check_folds(folds, documents)
    return [
        (fold_folder(given.out_of_fold, given.seed, number) / "model", [d for d in documents if folds[d.id] == number])
        for number in sorted(set(folds.values()))
    ]


def annotated_items(classifier: Classifier, documents: Sequence[Document], codebook: Codebook) -> dict[str, Any]:
    """Scores of the annotated items, in the places where they are annotated."""
    items = item_documents(documents)
    found = segmentation(documents)
    rows = rows_of_prediction(items, predict(classifier, classifier_inputs(items)))
    scores = pooled_scores(pool(items, rows, codebook))
    return {"segmentation": dataclasses.asdict(found) | {"f1": round(found.f1, 4)}, "scores": scores}


def rolled(parts: Sequence[tuple[Path, list[Document]]], codebook: Codebook) -> dict[str, Any]:
    """The three ways to label enumerated paragraphs, and what the other two gain on the direct one."""
    documents: list[Document] = []
    rows: dict[str, list[Row]] = {DIRECT: [], ROLLED_UP: [], BOTH: []}
    for folder, own in parts:
        chosen = enumerated(own)
        documents += chosen
        for name, found in roll_up(load_classifier(folder), chosen).items() if chosen else ():
            rows[name] += found
    if not documents:
        raise InputError("paragraphs with enumerated items", "none", "give other documents")
    pooled = {name: pool(documents, found, codebook) for name, found in rows.items()}
    scores = {name: pooled_scores(found) for name, found in pooled.items()}
    gains = {f"{x} – {DIRECT}": paired_differences(pooled[x], pooled[DIRECT]) for x in (ROLLED_UP, BOTH)}
    return {"scores": scores, "differences": gains}


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    codebook = load_codebook(given.codebook)
    documents = [document for path in given.data for document in load_documents(path, codebook)]
    result: dict[str, Any] = {}
    if given.model and item_documents(documents):
        result["items"] = annotated_items(load_classifier(given.model), documents, codebook)
        found, scores = result["items"]["segmentation"], result["items"]["scores"]
        print(f"items: {found['annotated']} annotated, {found['found']} found, {found['equal']} the same\n")
        print(*score_lines({"annotated items": scores}), sep="\n")
    result["paragraphs"] = rolled(models_of(given, documents), codebook)
    counts = result["paragraphs"]["scores"][DIRECT]
    print(f"{counts['paragraphs']} enumerated paragraphs of {counts['documents']} documents\n")
    print(*score_lines(result["paragraphs"]["scores"] | result["paragraphs"]["differences"]), sep="\n")
    if given.output:
        write_manifest(given.output, [], result)
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
