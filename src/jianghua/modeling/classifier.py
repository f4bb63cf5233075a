"""The classifier: one encoder, a softmax group for task_type and a sigmoid group for policy_domain.

The checkpoint is an ordinary `AutoModelForSequenceClassification` whose logits are the labels of
both axes side by side, named `task_type/…` and `policy_domain/…` in `id2label`. What may stand beside
the encoder and have its say in every prediction is in `jianghua.modeling.parts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel, PreTrainedTokenizerBase

from jianghua.codebook import Codebook
from jianghua.metrics.calibration import Platt, apply_platt, apply_temperature
from jianghua.metrics.classification import multi_label_report, single_label_report
from jianghua.modeling.batching import (
    ClassifierInput,
    Windows,
    encode_windows,
    pad,
    pool_max,
    pool_mean,
    token_budget_batches,
)
from jianghua.modeling.checkpoint import default_device, inference_dtype, load_model, load_tokenizer, read_settings
from jianghua.modeling.parts import NgramPart, RulePart
from jianghua.schema import InputError, Label

KIND = "classifier"
TOKEN_BUDGET = 4096


@dataclass(frozen=True)
class ClassifierSettings:
    """What a checkpoint needs beside its weights.

    One of the axes may have no labels: nothing is predicted on it then. `temperature` divides the task
    logits; a domain's probability is sigmoid(scale × logit + shift); `thresholds` are on that probability;
    `review_below` is the confidence under which a paragraph is marked for review.
    """

    task_type: tuple[str, ...]
    policy_domain: tuple[str, ...]
    codebook: str
    codebook_version: str
    max_length: int = 256
    use_context: bool = True
    temperature: float = 1.0
    domain_scale: tuple[float, ...] = ()
    domain_shift: tuple[float, ...] = ()
    thresholds: tuple[float, ...] = ()
    review_below: float = 0.5

    @classmethod
    def for_codebook(cls, codebook: Codebook, max_length: int, use_context: bool) -> ClassifierSettings:
        """Uncalibrated settings: probabilities as the model gives them, thresholds .5.

        Raises:
            InputError: a codebook without any label.
        """
        domains = codebook.policy_domain.labels
        if not codebook.task_type.labels + domains:
            do = "name a column of labels, or correct the codebook"
            raise InputError("labels on one axis at least", f"none in codebook {codebook.name}", do)
        ones, zeros, halves = ((value,) * len(domains) for value in (1.0, 0.0, 0.5))
        return cls(codebook.task_type.labels, domains, codebook.name, codebook.version, max_length, use_context,
                   domain_scale=ones, domain_shift=zeros, thresholds=halves)  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        return {"kind": KIND} | asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ClassifierSettings:
        fields = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in cls.__dataclass_fields__}
        return cls(**fields)


@dataclass(frozen=True)
class Classifier:
    """A loaded checkpoint, ready to predict; without parts beside it the encoder decides alone."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    settings: ClassifierSettings
    name: str
    ngrams: NgramPart | None = None
    rules: RulePart | None = None

    def to_dict(self) -> dict[str, Any]:
        """All that decides beside the weights: settings, and what the parts were mixed in with."""
        parts = {"ngrams": self.ngrams and self.ngrams.decided.to_dict(),
                 "rules": self.rules and self.rules.decided.to_dict() | {"source": self.rules.source}}  # fmt: skip
        return self.settings.to_dict() | parts


@dataclass(frozen=True)
class Prediction:
    """Calibrated probabilities for n inputs: `task` (n, labels) sums to one, `domain` (n, labels) is independent.

    An axis without labels is (n, 0); its task type is "", its domains are ().
    """

    task: np.ndarray
    domain: np.ndarray
    settings: ClassifierSettings

    def task_labels(self) -> list[str]:
        if not self.settings.task_type:
            return [""] * len(self.task)
        return [self.settings.task_type[i] for i in self.task.argmax(axis=1)]

    def domain_labels(self) -> list[tuple[str, ...]]:
        """The domains above their thresholds; a paragraph called boilerplate has none (a ruling of the codebook)."""
        above = self.domain >= np.asarray(self.settings.thresholds)
        names = self.settings.policy_domain
        chosen = [tuple(name for name, hit in zip(names, row, strict=True) if hit) for row in above]
        tasks = self.task_labels()
        return [() if task == "boilerplate" else domains for task, domains in zip(tasks, chosen, strict=True)]

    def labels(self) -> list[Label]:
        pairs = zip(self.task_labels(), self.domain_labels(), strict=True)
        return [Label(task, domains, "model") for task, domains in pairs]

    def confidence(self) -> np.ndarray:
        """(n,) probability of the task type that is called; without that axis, of the whole set of domains."""
        if self.settings.task_type:
            return self.task.max(axis=1)
        called = self.domain >= np.asarray(self.settings.thresholds)
        return np.where(called, self.domain, 1 - self.domain).prod(axis=1)

    def needs_review(self) -> list[bool]:
        return (self.confidence() < self.settings.review_below).tolist()


def judged(label: Label, settings: ClassifierSettings) -> str | frozenset[str]:
    """What `Prediction.confidence` is about: the task type, or without that axis the set of domains."""
    return label.task_type if settings.task_type else frozenset(label.policy_domain)


def label_names(settings: ClassifierSettings) -> dict[int, str]:
    """Names of the logits, task types first."""
    names = [f"task_type/{x}" for x in settings.task_type] + [f"policy_domain/{x}" for x in settings.policy_domain]
    return dict(enumerate(names))


def new_classifier(
    architecture: dict[str, Any], tokenizer: PreTrainedTokenizerBase, settings: ClassifierSettings
) -> PreTrainedModel:
    """A model from random initialisation; `architecture` holds `model_type` and its configuration values."""
    values = dict(architecture)
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "bos", "eos", "cls", "sep")}
    names = label_names(settings)
    config = AutoConfig.for_model(
        values.pop("model_type"), vocab_size=len(tokenizer), id2label=names,
        label2id={v: k for k, v in names.items()}, **ids, **values,
    )  # fmt: skip
    return AutoModelForSequenceClassification.from_config(config)


def pretrained_classifier(name: str, settings: ClassifierSettings) -> PreTrainedModel:
    """A new head on a hub name or local folder of any encoder that transformers can classify with."""
    names = label_names(settings)
    return load_model(
        AutoModelForSequenceClassification, name, strict=False, id2label=names, num_labels=len(names),
        label2id={v: k for k, v in names.items()},
    )  # fmt: skip


def load_classifier(
    folder: str | Path,
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
    *,
    with_parts: bool = True,
) -> Classifier:
    """Open a trained checkpoint for prediction; `with_parts=False` leaves the encoder alone, with its own thresholds.

    Raises:
        InputError: not a complete classifier checkpoint.
    """
    settings = read_settings(Path(folder), KIND, ClassifierSettings.from_dict)
    device = device or default_device()
    dtype = dtype or inference_dtype(device)
    model = load_model(AutoModelForSequenceClassification, str(folder), strict=True, dtype=dtype)
    names = model.config.id2label or {}
    if names != label_names(settings):
        found = ", ".join(map(str, names.values()))
        raise InputError(f"the labels of jianghua.json in {folder}", found, "restore the config.json it was saved with")
    parts = (kind.load(Path(folder), settings) if with_parts else None for kind in (NgramPart, RulePart))
    return Classifier(model.to(device).eval(), load_tokenizer(str(folder)), settings, Path(folder).name, *parts)


def probabilities(logits: np.ndarray, settings: ClassifierSettings) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, labels) of both groups → calibrated probabilities (n, task types) and (n, domains)."""
    task, domain = np.hsplit(logits, [len(settings.task_type)])
    platt = Platt(np.asarray(settings.domain_scale), np.asarray(settings.domain_shift))
    return (
        apply_temperature(task, settings.temperature) if settings.task_type else task,
        apply_platt(domain, platt) if settings.policy_domain else domain,
    )


def predict_from_logits(logits: np.ndarray, windows: Windows, count: int, settings: ClassifierSettings) -> Prediction:
    """Window logits (windows, labels) → calibrated probabilities of `count` inputs."""
    task, domain = probabilities(logits, settings)
    return Prediction(pool_mean(task, windows, count), pool_max(domain, windows, count), settings)


@torch.inference_mode()
def window_logits(classifier: Classifier, windows: Windows, budget: int = TOKEN_BUDGET) -> np.ndarray:
    """Logits of every window, (windows, labels), batched by length."""
    model, device = classifier.model, classifier.model.device
    logits = np.zeros((len(windows.ids), model.config.num_labels), dtype=np.float32)
    for batch in token_budget_batches([len(ids) for ids in windows.ids], budget):
        ids, mask = pad([windows.ids[i] for i in batch], classifier.tokenizer.pad_token_id or 0)
        output = model(input_ids=ids.to(device), attention_mask=mask.to(device))
        logits[batch] = output.logits.float().cpu().numpy()
    return logits


def predict(classifier: Classifier, inputs: Sequence[ClassifierInput], budget: int = TOKEN_BUDGET) -> Prediction:
    """Label paragraphs of any length, in input order."""
    settings = classifier.settings
    windows = encode_windows(classifier.tokenizer, inputs, settings.max_length, settings.use_context)
    prediction = predict_from_logits(window_logits(classifier, windows, budget), windows, len(inputs), settings)
    for part in (classifier.ngrams, classifier.rules):
        if part:
            prediction = part.join(prediction, [item.text for item in inputs])
    return prediction


def label_scores(found: Sequence[Label], labels: Sequence[Label], settings: ClassifierSettings) -> dict[str, Any]:
    """The report of each axis that has labels, for labels that anything set, row by row.

    Raises:
        InputError: no rows, lists of unequal length, or a label that the checkpoint does not know.
    """
    reports: dict[str, Any] = {}
    if settings.task_type:
        tasks = [x.task_type for x in labels], [x.task_type for x in found]
        reports["task_type"] = single_label_report(*tasks, settings.task_type)
    if settings.policy_domain:
        domains = [x.policy_domain for x in labels], [x.policy_domain for x in found]
        reports["policy_domain"] = multi_label_report(*domains, settings.policy_domain)
    return reports


def scores(prediction: Prediction, labels: Sequence[Label]) -> dict[str, Any]:
    """The report of each axis that has labels, for what the model predicts."""
    return label_scores(prediction.labels(), labels, prediction.settings)
