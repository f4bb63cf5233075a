"""What may stand beside the encoder in a classifier's folder and have its say: character n-grams, and keyword rules.

Each part mixes its own scores with the probabilities before it, and brings the thresholds and the review limit that
were chosen for the mixture. A folder without the part's files, or opened `with_parts=False`, is the encoder alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jianghua.codebook import Codebook
from jianghua.corpus.rules import RuleLabeller, load_rules
from jianghua.modeling.ngrams import SETTINGS as NGRAM_SETTINGS
from jianghua.modeling.ngrams import WEIGHTS, Mixing, Ngrams, load_ngrams, mix, save_ngrams
from jianghua.schema import InputError

if TYPE_CHECKING:
    from jianghua.modeling.classifier import ClassifierSettings, Prediction

RULES, RULE_SETTINGS = "rules.yaml", "rules.json"
_MOST_VOTES = 2.0  # more matches of a field's words do not make it surer (clipping at 2 beat 1, 3, root and logarithm)


@dataclass(frozen=True)
class Decided:
    """How a part's scores are mixed in, and what is decided on the mixture."""

    mixing: Mixing
    thresholds: tuple[float, ...]
    review_below: float

    def join(self, prediction: Prediction, margins: np.ndarray) -> Prediction:
        """The prediction with `margins` (n, labels) mixed in."""
        task, domain = mix(self.mixing, prediction.task, prediction.domain, margins)
        settings = replace(prediction.settings, thresholds=self.thresholds, review_below=self.review_below)
        return replace(prediction, task=task, domain=domain, settings=settings)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any], place: Path) -> Decided:
        try:
            shift = tuple(values["mixing"]["domain_shift"])
            mixing = Mixing(**(values["mixing"] | {"domain_shift": shift}))
            return cls(mixing, tuple(values["thresholds"]), float(values["review_below"]))
        except (KeyError, TypeError, ValueError) as error:
            found = f"{type(error).__name__}: {error}"
            do = "train and save the checkpoint again"
            raise InputError(f"mixing, thresholds and review_below in {place}", found, do) from error


@dataclass(frozen=True)
class NgramPart:
    """A linear model of character n-grams."""

    ngrams: Ngrams
    decided: Decided

    def join(self, prediction: Prediction, texts: Sequence[str]) -> Prediction:
        return self.decided.join(prediction, self.ngrams.margins(texts))

    def save(self, folder: Path) -> None:
        save_ngrams(folder, self.ngrams, self.decided.to_dict())

    @classmethod
    def load(cls, folder: Path, settings: ClassifierSettings) -> NgramPart | None:
        """None where the folder holds no n-grams; raises InputError for damaged ones."""
        if not any((folder / name).exists() for name in (WEIGHTS, NGRAM_SETTINGS)):
            return None
        ngrams, values = load_ngrams(folder, len(settings.task_type) + len(settings.policy_domain))
        return cls(ngrams, Decided.from_dict(values, folder / NGRAM_SETTINGS))


@dataclass(frozen=True)
class RulePart:
    """The policy-domain rules of a codebook; `source` is their YAML, which goes with the checkpoint."""

    labeller: RuleLabeller
    source: str
    decided: Decided

    def join(self, prediction: Prediction, texts: Sequence[str]) -> Prediction:
        return self.decided.join(prediction, rule_votes(self.labeller, texts))

    def save(self, folder: Path) -> None:
        (folder / RULES).write_text(self.source, encoding="utf-8")
        text = json.dumps(self.decided.to_dict(), indent=1)
        (folder / RULE_SETTINGS).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, settings: ClassifierSettings) -> RulePart | None:
        """None where the folder holds no rules; raises InputError for damaged ones."""
        if not any((folder / name).exists() for name in (RULES, RULE_SETTINGS)):
            return None
        labeller = load_rules(folder / RULES, codebook_of(settings))
        try:
            values = json.loads((folder / RULE_SETTINGS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            found = f"{type(error).__name__}: {error}"
            do = f"restore both files, or delete it and {RULES} to go without rules"
            raise InputError(f"{RULE_SETTINGS} in {folder}", found, do) from error
        source = (folder / RULES).read_text(encoding="utf-8")
        return cls(labeller, source, Decided.from_dict(values, folder / RULE_SETTINGS))


def codebook_of(settings: ClassifierSettings) -> Codebook:
    """The labels of a checkpoint as a codebook of its name and version, without definitions."""
    bare = Codebook.of_labels(settings.task_type, settings.policy_domain)
    return replace(bare, name=settings.codebook, version=settings.codebook_version)


def rule_votes(labeller: RuleLabeller, texts: Sequence[str]) -> np.ndarray:
    """(n, labels): votes of the domain rules for each label, at most two; none for task types, whose rules gain nothing
    beside a trained model."""
    tasks = len(labeller.codebook.task_type.labels)
    names = labeller.codebook.policy_domain.labels
    rows = np.zeros((len(texts), tasks + len(names)))
    for row, text in zip(rows, texts, strict=True):
        votes = labeller.domain_votes(text)
        row[tasks:] = [min(votes.get(name, 0.0), _MOST_VOTES) for name in names]
    return rows


def drop_parts(folder: Path) -> None:
    """Take away the parts that an earlier model left in the folder."""
    for name in (WEIGHTS, NGRAM_SETTINGS, RULES, RULE_SETTINGS):
        (folder / name).unlink(missing_ok=True)
