"""How far each rule can be trusted, learned from annotated documents; every choice is made out of fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from jianghua.codebook import Codebook
from jianghua.corpus.label_model import Combination, LabelModel, features
from jianghua.corpus.rules import RuleLabeller
from jianghua.metrics.classification import best_thresholds
from jianghua.schema import Document, InputError, Label

_FOLDS = 5
_STRENGTH = 0.3  # inverse of the penalty; chosen with _BALANCE by the folds of the annotated training documents
_BALANCE = 0.3  # a class weighs (its rarity) to this power
_ACCEPTED = 0.75  # what is not marked uncertain should be right this often


@dataclass(frozen=True)
class Rows:
    """n paragraphs: features, truths, the document of each, and what the rules said on their own."""

    features: np.ndarray
    labels: tuple[Label, ...]
    documents: tuple[str, ...]
    rules: tuple[Label, ...]
    fired: tuple[frozenset[str], ...]


def rule_rows(documents: Sequence[Document], labeller: RuleLabeller) -> Rows:
    """The rules' hits on every labelled paragraph."""
    units = [(d.id, p, i, len(d.paragraphs)) for d in documents for i, p in enumerate(d.paragraphs) if p.label]
    said = [labeller.label(paragraph, place, count) for _, paragraph, place, count in units]
    return Rows(
        features([evidence for _, evidence in said], labeller),
        tuple(paragraph.label for _, paragraph, _, _ in units if paragraph.label),
        tuple(id_ for id_, *_ in units),
        tuple(label for label, _ in said),
        tuple(frozenset(hit.rule for hit in evidence) for _, evidence in said),
    )


def fit_label_model(rows: Rows, labeller: RuleLabeller) -> tuple[LabelModel, list[Label]]:
    """The model, and for each row the label by models of the other folds of documents.

    Thresholds and the limit of abstention come from those labels, never from a model that saw the paragraph.

    Raises:
        InputError: paragraphs of fewer than five documents.
    """
    if len(set(rows.documents)) < _FOLDS:
        raise InputError(f"annotated documents, {_FOLDS} at least", f"{len(set(rows.documents))}", "add documents")
    task, domain = _targets(rows.labels, labeller.codebook)
    accuracy = dict(_accuracies(rows, labeller))
    halves = (0.5,) * domain.shape[1]
    whole = LabelModel(labeller, *_fit(rows.features, task, domain), halves, 0.0, accuracy)
    tasks, domains = np.zeros(task.shape), np.zeros(domain.shape)
    for kept, held in GroupKFold(_FOLDS).split(rows.features, groups=rows.documents):
        combined = _fit(rows.features[kept], task[kept], domain[kept])
        part = replace(whole, task=combined[0], domain=combined[1])
        tasks[held], domains[held] = part.probabilities(rows.features[held])
    thresholds = tuple(map(float, best_thresholds(domains, domain)))
    model = replace(whole, thresholds=thresholds, abstain_below=_limit(task, tasks))
    return model, model.labels(tasks, domains)


def _targets(labels: Sequence[Label], book: Codebook) -> tuple[np.ndarray, np.ndarray]:
    """(n, task types) and (n, domains), true where the label has the code."""
    tasks = [[name == label.task_type for name in book.task_type.labels] for label in labels]
    domains = [[name in label.policy_domain for name in book.policy_domain.labels] for label in labels]
    return np.array(tasks, dtype=bool).reshape(len(labels), -1), np.array(domains, dtype=bool).reshape(len(labels), -1)


def _fit(rows: np.ndarray, task: np.ndarray, domain: np.ndarray) -> tuple[Combination, Combination]:
    lines = [_line(rows, column) for column in domain.T]
    weights = np.array([weights for _, weights in lines]).reshape(-1, rows.shape[1])
    return _rounded(_choice(rows, task)), _rounded(Combination(np.array([bias for bias, _ in lines]), weights))


def _rounded(combination: Combination) -> Combination:
    # Enough digits for every decision; what is written and read again must decide as what was fitted.
    return Combination(combination.intercepts.round(4), combination.weights.round(4))


def _choice(rows: np.ndarray, task: np.ndarray) -> Combination:
    """One label of several; those that never occur get no chance."""
    combination = Combination(np.full(task.shape[1], -30.0), np.zeros((task.shape[1], rows.shape[1])))
    seen = np.flatnonzero(task.any(axis=0))
    combination.intercepts[seen] = 0
    if len(seen) > 1:
        share = task[:, seen].mean(axis=0) * len(seen)
        balance = dict(zip(seen.tolist(), share**-_BALANCE, strict=True))
        fitted = LogisticRegression(C=_STRENGTH, max_iter=1000, class_weight=balance).fit(rows, task.argmax(axis=1))
        # Of two classes the library gives one line.
        lines = ((-fitted.intercept_ / 2, -fitted.coef_ / 2), (fitted.intercept_ / 2, fitted.coef_ / 2))
        for place, i in enumerate(seen):
            one = (fitted.intercept_[place], fitted.coef_[place]) if len(seen) > 2 else [x[0] for x in lines[place]]
            combination.intercepts[i], combination.weights[i] = one
    return combination


def _line(rows: np.ndarray, column: np.ndarray) -> tuple[float, np.ndarray]:
    if column.all() or not column.any():
        return (30.0 if column.all() else -30.0), np.zeros(rows.shape[1])
    fitted = LogisticRegression(C=_STRENGTH, max_iter=1000).fit(rows, column)
    return float(fitted.intercept_[0]), fitted.coef_[0]


def _limit(task: np.ndarray, found: np.ndarray) -> float:
    """The probability from which on the most probable task type is right as often as is wanted."""
    if not task.shape[1]:
        return 0.0
    sure = found.max(axis=1)
    right = task[np.arange(len(task)), found.argmax(axis=1)]
    order = np.argsort(-sure, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= _ACCEPTED)
    return round(float(sure[order[enough[-1]]]), 4) if len(enough) else 1.0


def _accuracies(rows: Rows, labeller: RuleLabeller) -> Iterator[tuple[str, tuple[int, int]]]:
    for rule in labeller.rules:
        truths = [label for label, fired in zip(rows.labels, rows.fired, strict=True) if rule.id in fired]
        right = sum(rule.label in (label.task_type, *label.policy_domain) for label in truths)
        yield rule.id, (len(truths), right)
