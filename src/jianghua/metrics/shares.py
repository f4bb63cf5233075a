"""Shares of labels in a corpus, corrected for the classifier's error by a labelled sample of its documents.

The design-based difference estimator (Särndal, Swensson & Wretman 1992, ch. 6), known for predictions of a model as
prediction-powered inference (Angelopoulos et al. 2023; the weight is that of PPI++) and design-based supervised
learning (Egami et al. 2023). Documents are what is drawn: paragraphs of one document are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from jianghua.schema import InputError


@dataclass(frozen=True)
class Share:
    """A share of paragraphs with its interval; `naive` is what the classifier says uncorrected.

    `weight` is how much of the classifier's say was used (0: the labelled sample alone), `labelled` and `documents`
    are the numbers of labelled documents and of all.
    """

    value: float
    low: float
    high: float
    naive: float
    weight: float
    labelled: int
    documents: int


def corrected_share(
    said: Sequence[np.ndarray], labelled: Sequence[tuple[np.ndarray, np.ndarray]], level: float = 0.95
) -> Share:
    """The share of paragraphs that have a label, had somebody read all of them.

    Args:
        said: for each document of the corpus, the classifier's word on its paragraphs (n_d,): probabilities, or 0/1.
        labelled: for each document of a simple random sample of them, (its word, the reading of 0/1), both (m_d,), on
            the paragraphs that were read: all of the document's, or a random part.
        level: coverage of the interval, for the share in this very corpus (not in one it was drawn from).

    Raises:
        InputError: fewer than two labelled documents, more labelled than there are, unequal lengths, an empty document,
            or a level that is none.
    """
    _check(said, labelled, level)
    everything = np.concatenate(said)
    sizes = np.array([len(word) for word, _ in labelled], dtype=np.float64)
    words = np.array([word.sum() for word, _ in labelled], dtype=np.float64)
    read = np.array([reading.sum() for _, reading in labelled], dtype=np.float64)
    naive, count, n = float(everything.mean()), len(labelled), sizes.sum()
    # Deviations of each document's totals from what its size lets expect: the linearised ratio estimators.
    about_words, about_read = words - words.sum() / n * sizes, read - read.sum() / n * sizes
    spread = float(about_words @ about_words)
    weight = float(np.clip(about_read @ about_words / spread, 0, 1)) if spread > 0 else 0.0
    value = weight * naive + (read.sum() - weight * words.sum()) / n
    rest = about_read - weight * about_words
    # A corpus that was read as a whole leaves nothing to guess.
    unread = 1 - count / len(said)
    variance = count / (count - 1) * float(rest @ rest) / n**2 * unread
    quantile = float(t.ppf((1 + level) / 2, count - 1))
    half = quantile * np.sqrt(variance)
    low, high = value - half, value + half
    if not variance and unread:
        low, high = _score_interval(value, count, quantile)
    bounds = (float(np.clip(x, 0, 1)) for x in (value, low, high))
    return Share(*bounds, naive, weight, count, len(said))


def _score_interval(share: float, n: int, quantile: float) -> tuple[float, float]:
    """Wilson's interval, for samples in which every document is alike: no spread is not no doubt."""
    middle = (share + quantile**2 / (2 * n)) / (1 + quantile**2 / n)
    half = quantile / (1 + quantile**2 / n) * np.sqrt(share * (1 - share) / n + quantile**2 / (4 * n**2))
    return middle - half, middle + half


def _check(said: Sequence[np.ndarray], labelled: Sequence[tuple[np.ndarray, np.ndarray]], level: float) -> None:
    if len(labelled) < 2 or len(labelled) > len(said):
        found = f"{len(labelled)} of {len(said)}"
        raise InputError("two labelled documents or more, of the corpus", found, "label more, or widen the groups")
    if any(len(word) != len(reading) or not len(word) for word, reading in labelled) or not all(map(len, said)):
        raise InputError("paragraphs in each document, one reading for each word", "other lengths", "align them")
    if not 0 < level < 1:
        raise InputError("a level between 0 and 1", str(level), "correct it")
