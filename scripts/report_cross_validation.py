"""All about the out-of-fold predictions of a cross-validation: every label, slices, calibration, confusions, errors.

    python scripts/report_cross_validation.py --out-of-fold outputs/cv/compact \
        --rules configs/codebook/zhengfa_rules.yaml --output outputs/report/compact --plots models/classifier-compact

`--recalibrate` decides each fold by what the other folds teach, as scripts/recalibrate.py does for a checkpoint;
`--rules FILE` does that with the votes of the codebook's domain rules. Documents in no fold, such as local samples,
are reported apart: `--model FOLDER --held-out FILE.jsonl …` labels them with a checkpoint.
Tables go to standard output, all figures to report.json in --output, the worst errors to errors.html there and the
labels that look wrong to suspects.jsonl; these two hold the texts. --plots draws reliability.svg and coverage_risk.svg.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np

import jianghua
from jianghua.codebook import Codebook, load_codebook
from jianghua.config import run
from jianghua.corpus.folds import check_folds, read_folds
from jianghua.corpus.rules import load_rules
from jianghua.corpus.table import load_documents
from jianghua.evaluation.breakdown import (
    confusion_lines,
    domain_confusion,
    label_lines,
    label_scores,
    places_of,
    slice_lines,
    slice_scores,
    task_confusion,
)
from jianghua.evaluation.cross_validation import Pooled, confidences, pool, pooled_scores, score_lines, trust_lines
from jianghua.evaluation.out_of_fold import reference_rows, rows_of_prediction
from jianghua.evaluation.plots import plot_reliability, plot_risk_coverage
from jianghua.evaluation.recalibration import cross_fitted, read_folds_of
from jianghua.evaluation.slices import SLICES
from jianghua.evaluation.worklist import errors_of, suspect_records, write_worklist
from jianghua.modeling.batching import classifier_inputs
from jianghua.modeling.classifier import ClassifierSettings, load_classifier, predict
from jianghua.records import sha256, write_jsonl, write_manifest
from jianghua.schema import Document, InputError

ROOT = Path(__file__).parents[1]
ANNOTATIONS = [ROOT.parent / "shared" / "annotations" / f"{name}.jsonl" for name in ("train", "dev")]
PROMISED = 0.1  # the error that scripts/recalibrate.py sets the review mark to


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Report a cross-validation in detail.", allow_abbrev=False)
    result.add_argument("--out-of-fold", type=Path, required=True, metavar="FOLDER", help="--out of cross_validate.py")
    result.add_argument("--data", type=Path, nargs="+", default=ANNOTATIONS, metavar="FILE.jsonl")
    result.add_argument("--folds", type=Path, default=ROOT / "data" / "folds.json", metavar="FILE.json")
    result.add_argument("--seed", type=int, default=0, metavar="N")
    result.add_argument("--codebook", default="zhengfa", metavar="NAME_OR_FILE")
    result.add_argument("--recalibrate", action="store_true", help="decide each fold by the other folds")
    result.add_argument("--rules", type=Path, metavar="FILE.yaml", help="--recalibrate with domain rules mixed in")
    result.add_argument("--model", type=Path, metavar="FOLDER", help="labels --held-out")
    result.add_argument("--held-out", type=Path, nargs="+", default=[], metavar="FILE.jsonl")
    result.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    result.add_argument("--plots", type=Path, metavar="FOLDER")
    result.add_argument("--errors", type=int, default=500, metavar="N", help="errors on the page")
    return result


def pooled_folds(given: argparse.Namespace, documents: list[Document], codebook: Codebook) -> Pooled:
    """The predictions of all folds as they were made, or as the other folds would decide them."""
    folds = read_folds(given.folds)
    check_folds(folds, documents)
    identity = [sha256(path) for path in (*given.data, given.folds)]
    rows = reference_rows(given.out_of_fold, given.seed, sorted(set(folds.values())), identity)
    if given.recalibrate or given.rules:
        settings = ClassifierSettings.for_codebook(codebook, max_length=1, use_context=False)  # of no model: its labels
        labeller = load_rules(given.rules, codebook) if given.rules else None
        rows = cross_fitted(read_folds_of(given.out_of_fold, given.seed, folds), documents, settings, labeller)
    return pool(documents, rows, codebook)


def details(pooled: Pooled, documents: list[Document]) -> dict[str, Any]:
    places = places_of(documents, pooled)
    return {
        "scores": pooled_scores(pooled), "labels": label_scores(pooled),
        "slices": {name: slice_scores(pooled, places, key) for name, key in SLICES.items()},
        "confusion": {"task_type": task_confusion(pooled), "policy_domain": domain_confusion(pooled)},
    }  # fmt: skip


def show(name: str, found: dict[str, Any]) -> None:
    scores = found["scores"]
    print(f"\n# {name}: {scores['documents']} documents, {scores['paragraphs']} paragraphs\n")
    print(*score_lines({name: scores}), *trust_lines(scores), "", *label_lines(found["labels"]), sep="\n")
    for slice_name, values in found["slices"].items():
        print(*slice_lines(slice_name, values), "", sep="\n")
    confusion = found["confusion"]
    print(*confusion_lines(confusion["task_type"], confusion["policy_domain"]), sep="\n")


def write_texts(given: argparse.Namespace, pooled: Pooled, documents: list[Document]) -> None:
    """What holds texts: the page of errors, and the labels that look wrong."""
    places = places_of(documents, pooled)
    errors = errors_of(pooled, places)
    facts = {"name": given.out_of_fold.name, "paragraphs": len(pooled.rows)}
    write_worklist(given.output / "errors.html", errors, facts, given.errors)
    count = write_jsonl(suspect_records(pooled, places), given.output / "suspects.jsonl")
    print(f"\n{len(errors)} paragraphs with an error: {given.output / 'errors.html'}")
    print(f"{count} labels that look wrong: {given.output / 'suspects.jsonl'}")


def draw(folder: Path, pooled: Pooled) -> None:
    decisions = confidences(pooled)
    if decisions is None:
        raise InputError("probabilities for --plots", "a system without", "leave --plots out")
    plot_reliability(decisions, folder / "reliability.svg")
    flagged = np.array([bool(row.needs_review) for row in pooled.rows])
    plot_risk_coverage(decisions["task_type"], flagged, PROMISED, folder / "coverage_risk.svg")


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    if bool(given.model) != bool(given.held_out):
        raise InputError("--model and --held-out together", "one of them", "give both, or neither")
    codebook = load_codebook(given.codebook)
    documents = [document for path in given.data for document in load_documents(path, codebook)]
    pooled = pooled_folds(given, documents, codebook)
    found = {"out of fold": details(pooled, documents)}
    if given.plots:
        draw(given.plots, pooled)
    if given.model:
        classifier = load_classifier(given.model)
        others = [document for path in given.held_out for document in load_documents(path, codebook)]
        rows = rows_of_prediction(others, predict(classifier, classifier_inputs(others)))
        found["held out"] = details(pool(others, rows, codebook), others)
    for name, part in found.items():
        show(name, part)
    if confidences(pooled) is not None:
        write_texts(given, pooled, documents)
    words = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "scripts/report_cross_validation.py", *words])
    write_manifest(given.output / "report.json", [], {"command": command, "jianghua": jianghua.__version__} | found)
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
