"""Give a classifier the calibration, thresholds and review limit that a cross-validation of its configuration shows.

    python scripts/recalibrate.py --model models/classifier-compact --out-of-fold outputs/cv/compact \
        --rules configs/codebook/zhengfa_rules.yaml

With `--rules` the votes of a codebook's domain rules are mixed in, too, and the rules go with the checkpoint.
Prints what it is worth: scores of every fold decided by the other folds' predictions, beside what each fold's own
held-out tenth gave. Then writes the checkpoint's settings, fitted on all folds; a second time would recalibrate what
is recalibrated, so it is refused.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from jianghua.codebook import load_codebook
from jianghua.config import run
from jianghua.corpus.folds import check_folds, read_folds
from jianghua.corpus.rules import RuleLabeller, load_rules
from jianghua.corpus.table import load_documents
from jianghua.evaluation.cross_validation import paired_differences, pool, pooled_scores, score_lines, trust_lines
from jianghua.evaluation.recalibration import cross_fitted, fitted, read_folds_of
from jianghua.modeling.checkpoint import SETTINGS_FILE, write_settings
from jianghua.modeling.classifier import Classifier, ClassifierSettings, load_classifier
from jianghua.modeling.decisions import recalibrated
from jianghua.modeling.ngrams import Mixing
from jianghua.modeling.parts import Decided, RulePart
from jianghua.schema import InputError

ROOT = Path(__file__).parents[1]
ANNOTATIONS = [ROOT.parent / "shared" / "annotations" / f"{name}.jsonl" for name in ("train", "dev")]
MARK = "recalibrated_on"


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Calibrate a classifier on a cross-validation.", allow_abbrev=False)
    result.add_argument("--model", type=Path, required=True, metavar="FOLDER")
    result.add_argument("--out-of-fold", type=Path, required=True, metavar="FOLDER", help="--out of cross_validate.py")
    result.add_argument("--data", type=Path, nargs="+", default=ANNOTATIONS, metavar="FILE.jsonl")
    result.add_argument("--folds", type=Path, default=ROOT / "data" / "folds.json", metavar="FILE.json")
    result.add_argument("--rules", type=Path, metavar="FILE.yaml", help="domain rules to be mixed in")
    result.add_argument("--seed", type=int, default=0, metavar="N")
    result.add_argument("--measure-only", action="store_true", help="print, and leave the checkpoint as it is")
    return result


def write(
    given: argparse.Namespace, facts: dict[str, Any], classifier: Classifier, labeller: RuleLabeller | None,
    recalibration: Mixing, decided: ClassifierSettings,
) -> None:  # fmt: skip
    """Put the recalibration into the checkpoint: as a part of its own with rules, else into what is there."""
    mark = {MARK: f"{given.out_of_fold.name}, seed {given.seed}"}
    if labeller:
        source = given.rules.read_text(encoding="utf-8")
        chosen = Decided(recalibration, decided.thresholds, decided.review_below)
        RulePart(labeller, source, chosen).save(given.model)
        write_settings(given.model, facts | mark)
        return
    changed = recalibrated(classifier, recalibration, decided)
    if changed.ngrams:
        changed.ngrams.save(given.model)
    write_settings(given.model, facts | dataclasses.asdict(changed.settings) | mark)


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    classifier = load_classifier(given.model)
    facts = json.loads((given.model / SETTINGS_FILE).read_text(encoding="utf-8"))
    if MARK in facts and not given.measure_only:
        raise InputError("a checkpoint as it was trained", f"one recalibrated on {facts[MARK]}", "train it again")
    codebook = load_codebook(classifier.settings.codebook)
    documents = [document for path in given.data for document in load_documents(path, codebook)]
    folds = read_folds(given.folds)
    check_folds(folds, documents)
    rows = read_folds_of(given.out_of_fold, given.seed, folds)
    everything = [row for part in rows.values() for row in part]
    before = pool(documents, everything, codebook)
    labeller = load_rules(given.rules, codebook) if given.rules else None
    after = pool(documents, cross_fitted(rows, documents, classifier.settings, labeller), codebook)
    scores = {"own tenth": pooled_scores(before), "other folds": pooled_scores(after)}
    print(*score_lines(scores | {"difference": paired_differences(after, before)}), sep="\n")
    for name, found in scores.items():
        print(f"{name}:", *trust_lines(found), sep="\n  ")
    if given.measure_only:
        return 0
    write(given, facts, classifier, labeller, *fitted(everything, documents, classifier.settings, labeller))
    print(f"\nwritten: {given.model}")
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
