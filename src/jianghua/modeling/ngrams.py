"""A linear model of character n-grams beside the encoder: what a compact encoder has not learned of the field's words.

TF-IDF of 1 to 3 characters and one linear SVM a label (Joachims 1998), mixed with the encoder's probabilities by
weights that are fitted on held-out paragraphs. It lies in the checkpoint's folder as `ngrams.safetensors` and
`ngrams.json`; the encoder's own files open without it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit, softmax

from jianghua.schema import InputError

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

WEIGHTS, SETTINGS = "ngrams.safetensors", "ngrams.json"
PENALTY = 1.0  # C of the SVMs
_EPSILON = 1e-6
_SHIFT_PRIOR = 4.0  # 1 / variance of a domain's shift in log-odds: few held-out positives should move it little
_LOG_RANGE = (-4.0, 4.0)


@dataclass(frozen=True)
class Mixing:
    """How both models' scores add up: a paragraph's log-odds (domains) or unnormalised log-probabilities (tasks).

    score = encoder weight × encoder's + ngram weight × SVM margin (+ shift of the domain).
    """

    task_encoder: float = 1.0
    task_ngrams: float = 0.0
    domain_encoder: float = 1.0
    domain_ngrams: float = 0.0
    domain_shift: tuple[float, ...] = ()


@dataclass(frozen=True)
class Ngrams:
    """`pieces` with their `idf` (pieces,), SVM `weights` (pieces, labels) and `bias` (labels,), task types first."""

    pieces: tuple[str, ...]
    idf: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    @cached_property
    def vectorizer(self) -> TfidfVectorizer:
        made = _vectorizer(vocabulary={piece: i for i, piece in enumerate(self.pieces)})
        made.idf_ = self.idf.astype(np.float64)
        return made

    def margins(self, texts: Sequence[str]) -> np.ndarray:
        """(n, labels): signed distances from each label's hyperplane."""
        if not texts:
            return np.zeros((0, len(self.bias)))
        return np.asarray(self.vectorizer.transform(texts) @ self.weights) + self.bias


def _vectorizer(**options: Any) -> TfidfVectorizer:
    # Importing scikit-learn takes as long as a short speech; checkpoints without n-grams do not need it.
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, dtype=np.float32, **options)


def fit_ngrams(texts: Sequence[str], targets: np.ndarray, pieces: int) -> Ngrams:
    """The `pieces` most frequent n-grams, fitted on `targets` (n, labels) of 0 and 1.

    A column without both values never counts for or against its label.

    Raises:
        InputError: no piece occurs in two texts.
    """
    from sklearn.svm import LinearSVC

    vectorizer = _vectorizer(min_df=2, max_features=pieces)
    try:
        features = vectorizer.fit_transform(texts)
    except ValueError as error:
        raise InputError("texts that share some characters", f"{len(texts)} texts", "give more documents") from error
    weights = np.zeros((features.shape[1], targets.shape[1]), dtype=np.float32)
    bias = np.zeros(targets.shape[1], dtype=np.float32)
    for column in np.flatnonzero((targets == 1).any(axis=0) & (targets == 0).any(axis=0)):
        fitted = LinearSVC(C=PENALTY, class_weight="balanced", random_state=0).fit(features, targets[:, column])
        weights[:, column], bias[column] = np.asarray(fitted.coef_)[0], np.asarray(fitted.intercept_)[0]
    # What is saved in half precision is used in half precision.
    rounded = weights.astype(np.float16).astype(np.float32)
    names = tuple(vectorizer.get_feature_names_out().tolist())
    return Ngrams(names, vectorizer.idf_.astype(np.float32), rounded, bias)


def mix(mixing: Mixing, task: np.ndarray, domain: np.ndarray, margins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of both models together, shapes of `task` (n, task types) and `domain` (n, domains)."""
    tasks = task.shape[1]
    mixed_task, mixed_domain = task, domain
    if tasks:
        score = mixing.task_encoder * np.log(task + _EPSILON) + mixing.task_ngrams * margins[:, :tasks]
        mixed_task = softmax(score, axis=1)
    if domain.shape[1]:
        score = mixing.domain_encoder * _log_odds(domain) + mixing.domain_ngrams * margins[:, tasks:]
        mixed_domain = expit(score + np.asarray(mixing.domain_shift))
    return mixed_task, mixed_domain


def fit_mixing(task: np.ndarray, domain: np.ndarray, margins: np.ndarray, targets: np.ndarray) -> Mixing:
    """The weights with the lowest negative log-likelihood of held-out `targets` (n, labels); none is negative.

    One weight serves all labels of an axis: a rare label has too few held-out positives for its own.
    """
    tasks = task.shape[1]
    found: dict[str, Any] = {"domain_shift": (0.0,) * domain.shape[1]}
    if tasks:
        log_task, gold = np.log(task + _EPSILON), targets[:, :tasks].astype(bool)

        def task_loss(weights: np.ndarray) -> float:
            first, second = np.exp(weights)
            return -float(log_softmax(first * log_task + second * margins[:, :tasks], axis=1)[gold].mean())

        fitted = minimize(task_loss, np.zeros(2), method="L-BFGS-B", bounds=[_LOG_RANGE] * 2)
        found |= dict(zip(("task_encoder", "task_ngrams"), np.exp(fitted.x).tolist(), strict=True))
    if domain.shape[1]:
        odds, sides, hits = _log_odds(domain), margins[:, tasks:], targets[:, tasks:]

        def domain_loss(values: np.ndarray) -> float:
            first, second = np.exp(values[:2])
            score = first * odds + second * sides + values[2:]
            prior = _SHIFT_PRIOR / 2 * float((values[2:] ** 2).sum())
            return (float((np.logaddexp(0, score) - hits * score).sum()) + prior) / hits.size

        start = np.zeros(2 + domain.shape[1])
        bounds = [_LOG_RANGE] * 2 + [(None, None)] * domain.shape[1]
        fitted = minimize(domain_loss, start, method="L-BFGS-B", bounds=bounds)
        first, second, *shift = fitted.x.tolist()
        found |= {"domain_encoder": float(np.exp(first)), "domain_ngrams": float(np.exp(second))}
        found["domain_shift"] = tuple(shift)
    return Mixing(**found)


def _log_odds(probability: np.ndarray) -> np.ndarray:
    return logit(np.clip(probability, _EPSILON, 1 - _EPSILON))


def save_ngrams(folder: Path, ngrams: Ngrams, settings: dict[str, Any]) -> None:
    """Write the weights in half precision, and the pieces with `settings` as JSON."""
    arrays = {"weights": ngrams.weights.astype(np.float16), "idf": ngrams.idf, "bias": ngrams.bias}
    save_file(arrays, folder / WEIGHTS)
    text = json.dumps(settings | {"pieces": ngrams.pieces}, ensure_ascii=False)
    (folder / SETTINGS).write_text(text + "\n", encoding="utf-8")


def load_ngrams(folder: Path, labels: int) -> tuple[Ngrams, dict[str, Any]]:
    """The n-grams of a checkpoint of `labels` labels, and the settings they were saved with.

    Raises:
        InputError: damaged files, or sizes that do not fit.
    """
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        arrays = load_file(folder / WEIGHTS)
        pieces = tuple(settings.pop("pieces"))
        ngrams = Ngrams(pieces, arrays["idf"], arrays["weights"].astype(np.float32), arrays["bias"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        found = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        do = "restore both files, or delete both to use the encoder alone"
        raise InputError(f"{SETTINGS} and {WEIGHTS} in {folder}", found, do) from error
    shapes = ngrams.idf.shape, ngrams.weights.shape, ngrams.bias.shape
    wanted = (len(pieces),), (len(pieces), labels), (labels,)
    if shapes != wanted:
        raise InputError(f"n-gram weights of shapes {wanted} in {folder}", str(shapes), "restore both files")
    return ngrams, settings
