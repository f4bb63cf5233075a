"""Calibration, thresholds and review limit from the predictions of a cross-validation: every annotated document counts.

A fold's model is calibrated on a tenth of its training documents; all folds together have ten times as many, none of
which their model saw. What this is worth is measured by doing it without the fold that is scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jianghua.corpus.rules import RuleLabeller
from jianghua.evaluation.out_of_fold import Row, fold_folder, read_fold, rows_of_prediction
from jianghua.modeling.classifier import ClassifierSettings, Prediction
from jianghua.modeling.decisions import decide, fit_recalibration, recalibrate
from jianghua.modeling.ngrams import Mixing
from jianghua.modeling.parts import rule_votes
from jianghua.schema import Document, InputError, Label


def read_folds_of(out: Path, seed: int, folds: Mapping[str, int]) -> dict[int, list[Row]]:
    """The predictions of every fold of a cross-validation.

    Raises:
        InputError: a fold is missing, or its predictions have no probabilities.
    """
    found: dict[int, list[Row]] = {}
    for number in sorted(set(folds.values())):
        fold = read_fold(fold_folder(out, seed, number))
        if fold is None or any(row.task is None for row in fold.rows):
            lacks = "is not there" if fold is None else "has no probabilities"
            do = "run scripts/cross_validate.py for it"
            raise InputError(f"finished folds of a classifier in {out}", f"fold {number} {lacks}", do)
        found[number] = fold.rows
    return found


def prediction_of(rows: Sequence[Row], settings: ClassifierSettings) -> Prediction:
    """The probabilities of `rows` as a prediction."""
    return Prediction(np.array([row.task for row in rows]), np.array([row.domain for row in rows]), settings)


def labels_of(rows: Sequence[Row], documents: Sequence[Document]) -> list[Label]:
    """The reference labels of `rows`.

    Raises:
        InputError: a row of no labelled paragraph of `documents`.
    """
    known = {(d.id, p.index): p.label for d in documents for p in d.paragraphs if p.label}
    try:
        return [known[row.id, row.index] for row in rows]
    except KeyError as error:
        do = "give the --data of the cross-validation"
        raise InputError("predictions of the labelled paragraphs", f"one of {error.args[0]}", do) from error


def fitted(
    rows: Sequence[Row],
    documents: Sequence[Document],
    settings: ClassifierSettings,
    labeller: RuleLabeller | None = None,
) -> tuple[Mixing, ClassifierSettings]:
    """The recalibration that `rows` call for, with the votes of rules if there are any, and the thresholds and review
    limit after it."""
    prediction, labels = prediction_of(rows, settings), labels_of(rows, documents)
    votes = votes_of(rows, documents, labeller)
    recalibration = fit_recalibration(prediction, labels, votes)
    return recalibration, decide(recalibrate(prediction, recalibration, votes), labels)


def cross_fitted(
    folds: Mapping[int, Sequence[Row]],
    documents: Sequence[Document],
    settings: ClassifierSettings,
    labeller: RuleLabeller | None = None,
) -> list[Row]:
    """Every fold's rows as the other folds would have them recalibrated and decided."""
    by_id = {document.id: document for document in documents}
    result: list[Row] = []
    for number, rows in folds.items():
        others = [row for other, theirs in folds.items() if other != number for row in theirs]
        recalibration, decided = fitted(others, documents, settings, labeller)
        moved = recalibrate(prediction_of(rows, decided), recalibration, votes_of(rows, documents, labeller))
        own = [by_id[id_] for id_ in dict.fromkeys(row.id for row in rows)]
        result += rows_of_prediction(own, moved)
    return result


def votes_of(rows: Sequence[Row], documents: Sequence[Document], labeller: RuleLabeller | None) -> np.ndarray | None:
    """(rows, labels) of `rule_votes` for the paragraphs of `rows`; None without rules."""
    if labeller is None:
        return None
    texts = {(d.id, p.index): p.text for d in documents for p in d.paragraphs}
    return rule_votes(labeller, [texts[row.id, row.index] for row in rows])
