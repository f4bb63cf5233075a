"""The linear model of character n-grams beside the encoder."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerBase

from jianghua.codebook import load_codebook
from jianghua.modeling.batching import ClassifierInput
from jianghua.modeling.checkpoint import save_checkpoint
from jianghua.modeling.classifier import ClassifierSettings, load_classifier, new_classifier, predict
from jianghua.modeling.ngrams import Mixing, fit_mixing, fit_ngrams, mix
from jianghua.modeling.parts import Decided, NgramPart, drop_parts
from jianghua.schema import InputError

SETTINGS = ClassifierSettings.for_codebook(load_codebook(), 48, False)
TASKS, DOMAINS = len(SETTINGS.task_type), len(SETTINGS.policy_domain)
LABELS = TASKS + DOMAINS
CPU = torch.device("cpu")
ARCHITECTURE = {
    "model_type": "bert", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
    "max_position_embeddings": 96,
}  # fmt: skip
COURT, FOREST = "法院要公正审理案件。", "绿化造林保护生态。"
TEXTS = [f"{text}第{i}条。" for i in range(8) for text in (COURT, FOREST)]
TARGETS = np.zeros((16, LABELS), dtype=np.float32)
TARGETS[::2, 0] = TARGETS[1::2, 1] = 1  # one task type for courts, one for forests
TARGETS[::2, TASKS] = 1  # the first domain is that of courts


def _part() -> NgramPart:
    mixing = Mixing(0.5, 2.0, 0.5, 2.0, (0.1,) * DOMAINS)
    return NgramPart(fit_ngrams(TEXTS, TARGETS, 500), Decided(mixing, (0.4,) * DOMAINS, 0.3))


@pytest.fixture
def folder(bert_tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> Path:
    """A checkpoint with n-grams."""
    path = tmp_path / "classifier"
    save_checkpoint(
        path, new_classifier(ARCHITECTURE, bert_tokenizer, SETTINGS), bert_tokenizer, SETTINGS.to_dict(), False
    )
    _part().save(path)
    return path


def test_margins_tell_labels_apart_and_say_nothing_of_labels_never_seen() -> None:
    margins = fit_ngrams(TEXTS, TARGETS, 500).margins([f"今天，{COURT}", f"今天，{FOREST}", ""])
    assert margins.shape == (3, LABELS)
    assert margins[0, 0] > 0 > margins[1, 0]
    assert margins[1, 1] > 0 > margins[0, 1]
    assert margins[0, TASKS] > 0 > margins[1, TASKS]
    assert not margins[:, 2:TASKS].any()
    assert not margins[:, TASKS + 1 :].any()
    assert fit_ngrams(TEXTS, TARGETS, 500).margins([]).shape == (0, LABELS)


def test_at_most_so_many_pieces() -> None:
    assert len(fit_ngrams(TEXTS, TARGETS, pieces=7).pieces) == 7
    with pytest.raises(InputError, match="share some characters"):
        fit_ngrams(["甲", "乙"], TARGETS[:2], 9)


def test_mixing_follows_the_model_that_knows() -> None:
    """Held-out rows on which the encoder is right and the n-grams are noise, and the other way round."""
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 2, size=(400, 4)).astype(np.float32)
    gold[:, 0] = rng.integers(0, 2, size=400)
    gold[:, 1] = 1 - gold[:, 0]  # two task types, two domains
    sure = np.where(gold == 1, 0.85, 0.15)
    # One answer in twelve is wrong, so that no weight grows without bound.
    wrong = rng.random(400) < 1 / 12
    sure[wrong] = 1 - sure[wrong]
    blind = np.full((400, 2), 0.5)
    noise = rng.normal(size=(400, 4))
    trusting = fit_mixing(sure[:, :2], sure[:, 2:], noise, gold)
    assert trusting.task_encoder > 5 * trusting.task_ngrams
    assert trusting.domain_encoder > 5 * trusting.domain_ngrams
    task, domain = mix(fit_mixing(blind, blind, 4 * (sure - 0.5), gold), blind, blind, 4 * (sure - 0.5))
    assert task.sum(axis=1) == pytest.approx(1)
    assert ((task[:, 0] > 0.5) == (gold[:, 0] == 1)).mean() > 0.8
    assert ((domain > 0.5) == (gold[:, 2:] == 1)).mean() > 0.8


def test_mixing_with_one_axis_missing() -> None:
    gold = np.array([[1.0, 0.0], [0.0, 1.0]])
    none = np.zeros((2, 0))
    task, domain = mix(fit_mixing(none, gold * 0.6 + 0.2, gold, gold), none, gold * 0.6 + 0.2, gold)
    assert task.shape == (2, 0)
    assert (domain > 0.5).tolist() == [[True, False], [False, True]]
    task, domain = mix(fit_mixing(gold * 0.6 + 0.2, none, gold, gold), gold * 0.6 + 0.2, none, gold)
    assert domain.shape == (2, 0)
    assert task.argmax(axis=1).tolist() == [0, 1]


def test_a_saved_checkpoint_says_the_same_and_opens_without_its_ngrams(folder: Path) -> None:
    inputs = [ClassifierInput(COURT), ClassifierInput(FOREST * 20)]
    whole, alone = (
        load_classifier(folder, CPU, torch.float32),
        load_classifier(folder, CPU, torch.float32, with_parts=False),
    )
    assert whole.ngrams is not None
    assert alone.ngrams is None
    apart = predict(alone, inputs)
    joined = _part().join(apart, [item.text for item in inputs])
    found = predict(whole, inputs)
    np.testing.assert_allclose(found.task, joined.task, atol=1e-6)
    np.testing.assert_allclose(found.domain, joined.domain, atol=1e-6)
    assert found.task_labels() == list(SETTINGS.task_type[:2])
    assert found.settings == dataclasses.replace(SETTINGS, thresholds=(0.4,) * DOMAINS, review_below=0.3)
    assert apart.settings == SETTINGS
    assert not np.allclose(apart.task, found.task, atol=0.05)
    assert AutoModelForSequenceClassification.from_pretrained(folder).config.num_labels == LABELS
    drop_parts(folder)
    assert load_classifier(folder, CPU).ngrams is None


@pytest.mark.parametrize("damage", ["weights", "settings", "mixing", "labels"])
def test_damaged_ngrams_are_refused(folder: Path, damage: str) -> None:
    path = folder / "ngrams.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    if damage == "weights":
        (folder / "ngrams.safetensors").write_bytes(b"broken")
    elif damage == "settings":
        path.unlink()
    elif damage == "mixing":
        path.write_text(json.dumps(values | {"mixing": {}}), encoding="utf-8")
    else:
        path.write_text(json.dumps(values | {"pieces": values["pieces"][1:]}), encoding="utf-8")
    with pytest.raises(InputError, match=r"ngrams") as caught:
        load_classifier(folder, CPU)
    assert "\n" not in str(caught.value)
    load_classifier(folder, CPU, with_parts=False)
