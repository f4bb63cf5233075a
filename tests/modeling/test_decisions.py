"""Calibration that is added to a trained checkpoint, and what the review mark promises."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from scipy.special import expit, softmax
from transformers import PreTrainedTokenizerBase

from jianghua.codebook import load_codebook
from jianghua.modeling.batching import ClassifierInput
from jianghua.modeling.classifier import Classifier, ClassifierSettings, Prediction, new_classifier, predict
from jianghua.modeling.decisions import (
    decide,
    fit_recalibration,
    indicators,
    recalibrate,
    recalibrated,
    review_limit,
)
from jianghua.modeling.ngrams import Mixing, fit_ngrams
from jianghua.modeling.parts import Decided, NgramPart
from jianghua.schema import Label

SETTINGS = ClassifierSettings.for_codebook(load_codebook(), 48, False)
TASKS, DOMAINS = len(SETTINGS.task_type), len(SETTINGS.policy_domain)
ARCHITECTURE = {
    "model_type": "bert", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
    "max_position_embeddings": 96,
}  # fmt: skip
INPUTS = [ClassifierInput(text) for text in ("法院要公正审理。", "绿化造林。", "会议指出要抓好落实。")]


def _overconfident(rows: int, seed: int = 0) -> tuple[Prediction, list[Label]]:
    """Labels drawn from honest probabilities, and probabilities thrice as sure, the domains timid besides."""
    rng = np.random.default_rng(seed)
    task, domain = rng.normal(size=(rows, TASKS)) * 1.5, rng.normal(size=(rows, DOMAINS)) * 2 - 1
    honest, odds = softmax(task, axis=1), expit(domain)
    labels = [
        Label(SETTINGS.task_type[rng.choice(TASKS, p=p)],
              tuple(np.array(SETTINGS.policy_domain)[rng.random(DOMAINS) < q].tolist()))
        for p, q in zip(honest, odds, strict=True)
    ]  # fmt: skip
    return Prediction(softmax(3 * task, axis=1), expit(3 * domain - 1), SETTINGS), labels


def test_indicators_of_both_axes_and_of_one() -> None:
    label = Label(SETTINGS.task_type[2], (SETTINGS.policy_domain[1],))
    found = indicators([label, label], SETTINGS)
    assert found.shape == (2, TASKS + DOMAINS)
    assert np.flatnonzero(found[0]).tolist() == [2, TASKS + 1]
    alone = dataclasses.replace(SETTINGS, task_type=())
    assert np.flatnonzero(indicators([label], alone)[0]).tolist() == [1]
    assert indicators([], SETTINGS).shape[0] == 0


def test_recalibration_finds_the_honest_probabilities() -> None:
    prediction, labels = _overconfident(3000)
    fitted = fit_recalibration(prediction, labels)
    assert abs(fitted.task_encoder - 1 / 3) < 0.05
    assert abs(fitted.domain_encoder - 1 / 3) < 0.05
    assert np.abs(np.array(fitted.domain_shift) - 1 / 3).max() < 0.2
    moved = recalibrate(prediction, fitted)
    assert moved.task_labels() == prediction.task_labels()
    right = np.mean([a == b.task_type for a, b in zip(moved.task_labels(), labels, strict=True)])
    assert abs(moved.confidence().mean() - right) < 0.02
    assert prediction.confidence().mean() > right + 0.15


def test_a_recalibrated_checkpoint_says_what_the_recalibrated_prediction_says(
    bert_tokenizer: PreTrainedTokenizerBase,
) -> None:
    torch.manual_seed(0)
    bare = Classifier(new_classifier(ARCHITECTURE, bert_tokenizer, SETTINGS).eval(), bert_tokenizer, SETTINGS, "tiny")
    targets = np.zeros((3, TASKS + DOMAINS), dtype=np.float32)
    targets[0, 0] = targets[1, 1] = targets[2, TASKS] = 1
    ngrams = fit_ngrams([item.text * 2 + "要" for item in INPUTS], targets, 50)
    part = NgramPart(ngrams, Decided(Mixing(0.7, 1.2, 0.6, 2.0, (0.2,) * DOMAINS), (0.4,) * DOMAINS, 0.5))
    recalibration = Mixing(0.4, 0.0, 0.5, 0.0, tuple(np.linspace(-1, 1, DOMAINS)))
    decided = dataclasses.replace(SETTINGS, thresholds=(0.3,) * DOMAINS, review_below=0.6)
    for classifier in (bare, dataclasses.replace(bare, ngrams=part)):
        expected = recalibrate(predict(classifier, INPUTS), recalibration)
        found = predict(recalibrated(classifier, recalibration, decided), INPUTS)
        np.testing.assert_allclose(found.task, expected.task, atol=1e-4)
        np.testing.assert_allclose(found.domain, expected.domain, atol=1e-4)
        assert found.settings.thresholds == (0.3,) * DOMAINS
        assert found.settings.review_below == 0.6


def test_among_what_is_not_flagged_the_error_is_as_promised() -> None:
    """By simulation: limits chosen on 400 paragraphs, the error counted on 4,000 others."""
    errors, shares = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        confidence = rng.beta(3, 1.5, size=4400)
        correct = rng.random(4400) < 0.35 + 0.65 * confidence
        limit = review_limit(confidence[:400], correct[:400], 0.1)
        kept = confidence[400:] >= limit
        shares.append(kept.mean())
        if kept.any():
            errors.append((~correct[400:][kept]).mean())
    standard_error = np.std(errors) / np.sqrt(len(errors))
    assert np.mean(errors) <= 0.1 + standard_error
    assert np.mean(shares) > 0.2


def test_decisions_are_those_of_the_rows_given() -> None:
    prediction, labels = _overconfident(1500)
    settings = decide(recalibrate(prediction, fit_recalibration(prediction, labels)), labels)
    assert all(0.15 < threshold < 0.6 for threshold in settings.thresholds)
    assert settings.thresholds != SETTINGS.thresholds
    assert settings.review_below > 0.5
