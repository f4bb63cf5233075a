"""Shares corrected by a labelled sample: exact where they can be, and covered as often as promised."""

from __future__ import annotations

import numpy as np
import pytest

from jianghua.metrics.shares import corrected_share
from jianghua.schema import InputError

Corpus = list[tuple[np.ndarray, np.ndarray]]


def _corpus(rng: np.random.Generator, documents: int) -> Corpus:
    """(what a biased classifier says, the truth) of each document; documents differ in size and in their own share."""
    corpus = []
    for _ in range(documents):
        size = int(rng.integers(3, 20))
        truth = (rng.random(size) < rng.beta(1.5, 4)).astype(float)
        said = np.clip(0.25 + 0.5 * truth + rng.normal(0, 0.15, size), 0, 1)  # far too many where there is none
        corpus.append((said, truth))
    return corpus


def test_coverage_bias_and_width_by_simulation() -> None:
    rng = np.random.default_rng(0)
    covered, corrected, sampled, errors = 0, [], [], []
    for _ in range(400):
        corpus = _corpus(rng, 300)
        truth = np.concatenate([t for _, t in corpus]).mean()
        chosen = [corpus[i] for i in rng.choice(300, 40, replace=False)]
        share = corrected_share([s for s, _ in corpus], chosen)
        covered += share.low <= truth <= share.high
        errors.append(share.value - truth)
        corrected.append(share.high - share.low)
        blind = [(np.zeros_like(t), t) for _, t in chosen]
        alone = corrected_share([np.zeros_like(s) for s, _ in corpus], blind)
        sampled.append(alone.high - alone.low)
        assert share.naive - truth > 0.08  # what the classifier says alone is wrong
    assert 0.925 <= covered / 400 <= 0.975
    assert abs(np.mean(errors)) < 0.003
    assert np.mean(corrected) < 0.6 * np.mean(sampled)


def test_a_corpus_read_as_a_whole_leaves_no_doubt() -> None:
    corpus = _corpus(np.random.default_rng(1), 30)
    share = corrected_share([s for s, _ in corpus], corpus)
    truth = np.concatenate([t for _, t in corpus]).mean()
    assert (share.value, share.low, share.high) == pytest.approx((truth, truth, truth))
    assert (share.labelled, share.documents) == (30, 30)


def test_no_spread_is_not_no_doubt() -> None:
    said = [np.zeros(5)] * 50
    share = corrected_share(said, [(np.zeros(5), np.zeros(5))] * 10)
    assert share.value == share.low == 0
    assert 0.1 < share.high < 0.5


def test_a_useless_classifier_is_not_listened_to() -> None:
    rng = np.random.default_rng(2)
    corpus = [(rng.random(8), (rng.random(8) < 0.3).astype(float)) for _ in range(200)]
    assert corrected_share([s for s, _ in corpus], corpus[:80]).weight < 0.3
    exact = [(t, t) for _, t in corpus]
    assert corrected_share([t for _, t in corpus], exact[:80]).weight == pytest.approx(1)


@pytest.mark.parametrize(
    ("said", "labelled", "level"),
    [
        ([np.ones(2)] * 3, [(np.ones(2), np.ones(2))], 0.95),
        ([np.ones(2)], [(np.ones(2), np.ones(2))] * 2, 0.95),
        ([np.ones(2)] * 3, [(np.ones(2), np.ones(1))] * 2, 0.95),
        ([np.ones(0)] * 3, [(np.ones(2), np.ones(2))] * 2, 0.95),
        ([np.ones(2)] * 3, [(np.ones(2), np.ones(2))] * 2, 1.0),
    ],
)
def test_what_cannot_be_estimated_is_refused(said: list[np.ndarray], labelled: Corpus, level: float) -> None:
    with pytest.raises(InputError):
        corrected_share(said, labelled, level)
