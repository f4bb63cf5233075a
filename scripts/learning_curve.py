"""How many labels are needed? Cross-validated scores at growing shares of the training documents.

    python scripts/learning_curve.py --output data/results/learning_curve.jsonl --plot docs/learning_curve.svg
    python scripts/learning_curve.py --config configs/classifier/compact.yaml --work outputs/curve \
        --output data/results/learning_curve.jsonl --plot docs/learning_curve.svg

Without --config the system is TF-IDF with linear SVMs (minutes); with it a classifier is trained for every share and
fold (hours). Folds and documents are those of scripts/cross_validate.py; a smaller share lies inside a larger one.
A point that --output holds is not made again, so the command goes on where it was interrupted; --plot draws all of it.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from jianghua.codebook import Codebook, load_codebook
from jianghua.config import parse_config, run
from jianghua.corpus.folds import check_folds, copy_records, read_folds
from jianghua.corpus.table import load_documents
from jianghua.evaluation.baselines import fit_tfidf
from jianghua.evaluation.classifier import tfidf_baseline
from jianghua.evaluation.learning_curve import Teach, curve_lines, point
from jianghua.evaluation.out_of_fold import Row, record, rows_of_labels, rows_of_prediction
from jianghua.evaluation.plots import plot_learning_curve
from jianghua.modeling.batching import classifier_inputs
from jianghua.modeling.classifier import load_classifier, predict
from jianghua.records import read_jsonl, sha256
from jianghua.schema import Document, InputError
from jianghua.trainers.classifier import ClassifierConfig, train_classifier
from jianghua.trainers.fold import codebook_of, fold_config

ROOT = Path(__file__).parents[1]
ANNOTATIONS = [ROOT.parent / "shared" / "annotations" / f"{name}.jsonl" for name in ("train", "dev")]
SHARES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Scores by the number of labelled documents.", allow_abbrev=False)
    result.add_argument("--config", type=Path, metavar="FILE.yaml", help="a classifier; --field VALUE overrides")
    result.add_argument("--work", type=Path, metavar="FOLDER", help="where it is trained; with --config")
    result.add_argument("--shares", type=float, nargs="+", default=SHARES, metavar="P")
    result.add_argument("--seed", type=int, default=0, metavar="N", help="draws the documents, and trains")
    result.add_argument("--data", type=Path, nargs="+", default=ANNOTATIONS, metavar="FILE.jsonl")
    result.add_argument("--folds", type=Path, default=ROOT / "data" / "folds.json", metavar="FILE.json")
    result.add_argument("--codebook", default="zhengfa", metavar="NAME_OR_FILE")
    result.add_argument("--output", type=Path, required=True, metavar="FILE.jsonl")
    result.add_argument("--plot", type=Path, metavar="FILE.svg")
    return result


def tfidf(codebook: Codebook) -> Teach:
    def teach(part: list[Document], held: list[Document], fold: int) -> list[Row]:
        return rows_of_labels(held, tfidf_baseline(fit_tfidf(part, codebook))(held))

    return teach


def trained(config: ClassifierConfig, given: argparse.Namespace, share: float) -> Teach:
    """The classifier of a configuration, trained on the part alone by the ordinary trainer."""

    def teach(part: list[Document], held: list[Document], fold: int) -> list[Row]:
        folder = given.work / f"share-{share:g}" / f"seed-{given.seed}" / f"fold-{fold}"
        kept = {document.id for document in part}
        every = {row["id"] for path in given.data for row in read_jsonl(path)}
        folder.mkdir(parents=True, exist_ok=True)
        copy_records(given.data, every - kept, folder / "train.jsonl")
        train_classifier(fold_config(config, given.seed, folder))
        return rows_of_prediction(held, predict(load_classifier(folder / "model"), classifier_inputs(held)))

    return teach


def identity(given: argparse.Namespace, overrides: list[str]) -> dict[str, Any]:
    """What a point belongs to; others are not taken for it."""
    data = [sha256(path)[:12] for path in (*given.data, given.folds)]
    if not given.config:
        return {"system": "TF-IDF + SVM", "config": None, "overrides": [], "data": data}
    return {"system": given.config.stem, "config": sha256(given.config)[:12], "overrides": overrides, "data": data}


def main(arguments: list[str] | None = None) -> int:
    given, overrides = parser().parse_known_args(arguments)
    if bool(given.config) != bool(given.work) or (overrides and not given.config):
        found = " ".join(overrides) or "one of them"
        raise InputError("--config and --work together, and overrides only with them", found, "correct the command")
    config = None
    if given.config:
        config = parse_config(ClassifierConfig, ["--config", str(given.config), *overrides], __doc__ or "")
        config = dataclasses.replace(config, train_data=given.data)
    codebook = load_codebook(codebook_of(config) if config else given.codebook)
    documents = [document for path in given.data for document in load_documents(path, codebook)]
    folds = read_folds(given.folds)
    check_folds(folds, documents)
    known = identity(given, overrides)
    for share in sorted(given.shares):
        if not has(given.output, known | {"share": share, "seed": given.seed}):
            teach = trained(config, given, share) if config else tfidf(codebook)
            record(given.output, known | point(documents, folds, codebook, (share, given.seed), teach))
            print(f"{share:.0%}: done", flush=True)
    points = [row for row in read_jsonl(given.output) if row["data"] == known["data"] and row["seed"] == given.seed]
    systems = {
        name: [row for row in points if row["system"] == name] for name in dict.fromkeys(r["system"] for r in points)
    }
    for name, rows in systems.items():
        print(f"\n{name}\n", *curve_lines(rows), sep="\n")
    if given.plot:
        plot_learning_curve(systems, given.plot)
    return 0


def has(path: Path, wanted: dict[str, Any]) -> bool:
    rows = read_jsonl(path) if path.is_file() else ()
    return any(all(row.get(key) == value for key, value in wanted.items()) for row in rows)


if __name__ == "__main__":
    raise SystemExit(run(main))
