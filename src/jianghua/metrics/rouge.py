"""Character ROUGE-1, -2 and -L in three named conventions that are not comparable with one another.

char-multiset   clipped n-gram counts, longest common subsequence over the whole text, F1. White space is ignored.
char-set-1.0    what pip `rouge` 1.0.1 gives for texts whose characters are joined by spaces: unique n-grams, text
                cut at every ".", ROUGE-L over the set of characters on common subsequences of sentence pairs.
char-set-0.3    the same of pip `rouge` 0.3.2, whose ROUGE-L weights precision and recall unequally.

Published Chinese figures are mostly one of the last two. A figure without its convention says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Literal

from jianghua.schema import InputError

Convention = Literal["char-multiset", "char-set-1.0", "char-set-0.3"]
CONVENTIONS: tuple[str, ...] = Convention.__args__  # type: ignore[attr-defined]
KEYS = ("rouge1", "rouge2", "rougeL")


def rouge(candidate: str, reference: str, convention: Convention = "char-multiset") -> dict[str, float]:
    """F values of one pair, 0 to 1, under `rouge1`, `rouge2`, `rougeL`.

    A side without any character (or, in the set conventions, of dots only) scores 0.

    Raises:
        InputError: an unknown convention.
    """
    if convention not in CONVENTIONS:
        raise InputError(f"a ROUGE convention ({', '.join(CONVENTIONS)})", repr(convention), "choose one of them")
    if convention == "char-multiset":
        return _multiset("".join(candidate.split()), "".join(reference.split()))
    return _as_sets(_sentences(candidate), _sentences(reference), convention)


def corpus_rouge(
    candidates: Sequence[str], references: Sequence[str], convention: Convention = "char-multiset"
) -> dict[str, float]:
    """Mean of `rouge` over pairs, 0 to 1; pairs with an empty prediction score 0 and count.

    Raises:
        InputError: no pairs, lists of unequal length, or an unknown convention.
    """
    if len(candidates) != len(references) or not candidates:
        found = f"{len(candidates)} and {len(references)}"
        raise InputError("as many predictions as references, at least one", found, "give one prediction per reference")
    scores = [rouge(*pair, convention) for pair in zip(candidates, references, strict=True)]
    return {key: sum(score[key] for score in scores) / len(scores) for key in KEYS}


def lcs_length(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence, bit-parallel: len(a) steps on integers of len(b) bits."""
    rows = _lcs_rows(a, b)
    return rows[-1].bit_count() if rows else 0


def _multiset(candidate: str, reference: str) -> dict[str, float]:
    size = len(candidate) + len(reference)
    scores = {f"rouge{n}": _clipped_f1(candidate, reference, n) for n in (1, 2)}
    return scores | {"rougeL": 2 * lcs_length(candidate, reference) / size if size else 0.0}


def _clipped_f1(candidate: str, reference: str, n: int) -> float:
    a, b = (Counter(text[i : i + n] for i in range(len(text) - n + 1)) for text in (candidate, reference))
    size = a.total() + b.total()
    return 2 * (a & b).total() / size if size else 0.0


def _sentences(text: str) -> list[list[str]]:
    # The package splits a blank piece into one empty token; figures match only if that token counts.
    return [piece.split() or [""] for piece in " ".join(text).split(".") if piece] if text.strip() else []


def _as_sets(candidate: list[list[str]], reference: list[list[str]], convention: str) -> dict[str, float]:
    if not candidate or not reference:
        return dict.fromkeys(KEYS, 0.0)
    scores = {}
    for n in (1, 2):
        a, b = _unique_ngrams(candidate, n), _unique_ngrams(reference, n)
        scores[f"rouge{n}"] = _f_value(len(a & b), len(a), len(b))
    common = set().union(*(_lcs_members(r, c) for r in reference for c in candidate))
    sizes = len(_unique_ngrams(candidate, 1)), len(_unique_ngrams(reference, 1))
    combine = _f_value_beta if convention == "char-set-0.3" else _f_value
    return scores | {"rougeL": combine(len(common), *sizes)}


def _unique_ngrams(sentences: list[list[str]], n: int) -> set[tuple[str, ...]]:
    tokens = [token for sentence in sentences for token in sentence]
    return {tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)}


def _f_value(overlap: int, candidate: int, reference: int) -> float:
    precision = overlap / candidate if candidate else 0.0
    recall = overlap / reference if reference else 0.0
    return 2.0 * precision * recall / (precision + recall + 1e-8)


def _f_value_beta(overlap: int, candidate: int, reference: int) -> float:
    precision, recall = overlap / candidate, overlap / reference
    beta2 = (precision / (recall + 1e-12)) ** 2
    return (1 + beta2) * recall * precision / (recall + beta2 * precision + 1e-12)


def _lcs_rows(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[int]:
    """Row i of the LCS table as increments: bit j is set where table[i + 1][j + 1] > table[i + 1][j].

    Source: Hyyrö, "Bit-parallel LCS-length computation revisited" (2004).
    """
    places: dict[Hashable, int] = {}
    for j, token in enumerate(b):
        places[token] = places.get(token, 0) | 1 << j
    full = (1 << len(b)) - 1
    flat, rows = full, []
    for token in a:
        match = flat & places.get(token, 0)
        flat = ((flat + match) | (flat - match)) & full
        rows.append(full & ~flat)
    return rows


def _lcs_members(reference: list[str], candidate: list[str]) -> set[str]:
    """The tokens on the one subsequence that the package's backtracking reaches: ties go along the candidate."""
    rows, members = _lcs_rows(reference, candidate), set()
    i, j = len(reference), len(candidate)
    while i and j:
        if reference[i - 1] == candidate[j - 1]:
            members.add(reference[i - 1])
            i, j = i - 1, j - 1
        # No match here, so an increment at j means that the row above already holds this length: go up.
        elif rows[i - 1] >> (j - 1) & 1:
            i -= 1
        else:
            j -= 1
    return members
