"""Rules combined by how far each could be trusted on annotated paragraphs; abstains where they do not suffice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jianghua.corpus.rules import Evidence, RuleLabeller
from jianghua.records import sha256
from jianghua.schema import InputError, Label, Paragraph

_FORMAT = 1


@dataclass(frozen=True)
class Combination:
    """One linear model: an intercept for each label and a weight for each label and feature, (labels, features)."""

    intercepts: np.ndarray
    weights: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(n, features) → (n, labels)."""
        return features @ self.weights.T + self.intercepts


@dataclass(frozen=True)
class LabelModel:
    """What `fit_label_model` learned about the rules of `labeller`.

    `task`: logits whose softmax is the probability of each task type; `domain`: logits of independent ones, which
    must reach `thresholds`. A task type less probable than `abstain_below` is given, but marked uncertain. `accuracy`:
    for each rule how often it fired on the training paragraphs, and how often its label was right.
    """

    labeller: RuleLabeller
    task: Combination
    domain: Combination
    thresholds: tuple[float, ...]
    abstain_below: float
    accuracy: Mapping[str, tuple[int, int]]

    @property
    def provenance(self) -> str:
        """What `Label.provenance` says of these labels: "label_model:zhengfa@0.2"."""
        return f"label_model:{self.labeller.codebook.name}@{self.labeller.codebook.version}"

    def label(self, paragraph: Paragraph, position: int, count: int) -> tuple[Label, list[Evidence]]:
        """As `RuleLabeller.label`, with the same evidence; only the combination differs."""
        _, evidence = self.labeller.label(paragraph, position, count)
        row = features([evidence], self.labeller)
        task, domain = self.probabilities(row)
        return self.labels(task, domain)[0], evidence

    def probabilities(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, features) → (n, task types), rows sum to one, and (n, domains), independent."""
        task = self.task.logits(rows)
        task = np.exp(task - task.max(axis=1, keepdims=True, initial=-np.inf)) if task.size else task
        total = task.sum(axis=1, keepdims=True)
        return (task / total if task.size else task), 1 / (1 + np.exp(-self.domain.logits(rows)))

    def labels(self, task: np.ndarray, domain: np.ndarray) -> list[Label]:
        """Labels of the probabilities of n paragraphs. Boilerplate has no domain (rule D8)."""
        book = self.labeller.codebook
        found = []
        for tasks, domains in zip(task, domain >= np.array(self.thresholds), strict=True):
            name = book.task_type.labels[int(tasks.argmax())] if len(tasks) else ""
            passed = tuple(c for c, yes in zip(book.policy_domain.labels, domains, strict=True) if yes)
            unsure = bool(tasks.max() < self.abstain_below) if len(tasks) else not passed
            found.append(Label(name, () if name == "boilerplate" else passed, self.provenance, unsure))
        return found


def features(hits: Iterable[Sequence[Evidence]], labeller: RuleLabeller) -> np.ndarray:
    """(n, 2 × rules): for each paragraph the summed weight of each rule's hits, then whether it fired."""
    place = {rule.id: i for i, rule in enumerate(labeller.rules)}
    rows = []
    for evidence in hits:
        votes = np.zeros(len(place))
        for hit in evidence:
            votes[place[hit.rule]] += hit.weight
        rows.append(np.concatenate([votes, votes > 0]))
    return np.array(rows).reshape(-1, 2 * len(place))


def to_json(model: LabelModel, rules: Path) -> dict[str, Any]:
    """The model as plain JSON types; `rules` is the file that its rules came from."""
    book = model.labeller.codebook
    return {
        "format": _FORMAT,
        "codebook": {"name": book.name, "version": book.version},
        "rules": {"sha256": sha256(rules), "ids": [rule.id for rule in model.labeller.rules]},
        "abstain_below": model.abstain_below,
        "thresholds": dict(zip(book.policy_domain.labels, model.thresholds, strict=True)),
        "accuracy": {rule: {"fired": fired, "right": right} for rule, (fired, right) in model.accuracy.items()},
        "task_type": _plain(model.task),
        "policy_domain": _plain(model.domain),
    }


def load_label_model(path: Path, rules: Path, labeller: RuleLabeller) -> LabelModel:
    """Read a model that scripts/fit_label_model.py wrote for the rules of `labeller`, which stand in `rules`.

    Raises:
        InputError: no such file, a damaged one, or one for other rules.
    """
    if not path.is_file():
        raise InputError("a label model", f"nothing at {path}", "run scripts/fit_label_model.py")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        made_for = raw["rules"]["sha256"]
        names = labeller.codebook.policy_domain.labels
        task, domain = (_combination(raw[axis], len(labeller.rules)) for axis in ("task_type", "policy_domain"))
        accuracy = {rule: (entry["fired"], entry["right"]) for rule, entry in raw["accuracy"].items()}
        thresholds = tuple(float(raw["thresholds"][name]) for name in names)
        model = LabelModel(labeller, task, domain, thresholds, float(raw["abstain_below"]), accuracy)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found = f"{type(error).__name__}: {error} in {path}"
        raise InputError("a label model of scripts/fit_label_model.py", found, "fit it again") from error
    if made_for != sha256(rules):
        raise InputError(f"a label model for the rules of {rules}", f"one for other rules in {path}", "fit it again")
    return model


def _plain(combination: Combination) -> dict[str, Any]:
    return {"intercepts": combination.intercepts.tolist(), "weights": combination.weights.tolist()}


def _combination(raw: Mapping[str, Any], rules: int) -> Combination:
    intercepts = np.array(raw["intercepts"], dtype=float)
    return Combination(intercepts, np.array(raw["weights"], dtype=float).reshape(len(intercepts), 2 * rules))
