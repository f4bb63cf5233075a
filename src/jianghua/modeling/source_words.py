"""Generation out of the source's own words: no pair of neighbouring characters that the source does not have."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from transformers import LogitsProcessor, PreTrainedTokenizerBase

from jianghua.modeling.grounding import HAN_RUN, normalise

_STOPS = frozenset("，、；：。")
_MARKS = _STOPS | frozenset("“”《》（）")


class SourceWords(LogitsProcessor):
    """Forbids every token that would not continue the source's words; marks and the end are allowed, two stops are not.

    After a mark any word of the source may begin. What stands between two Chinese characters is the rule of
    `grounding.unsupported`; whole numbers and quotations are left to that check.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, sources: Sequence[str], beams: int) -> None:
        self.pieces = _pieces(tokenizer)
        self.words = [_Words(self.pieces, normalise(source)) for source in sources]
        self.beams = beams
        self.end = [i for i in (tokenizer.eos_token_id, tokenizer.sep_token_id) if i is not None]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`input_ids` (sources × beams, steps), `scores` (sources × beams, vocabulary)."""
        allowed = torch.zeros_like(scores, dtype=torch.bool)
        for row, last in enumerate(input_ids[:, -1].tolist()):
            allowed[row, self.words[row // self.beams].after(self.pieces[last][-1:])] = True
        allowed[:, self.end] = True
        return scores.masked_fill(~allowed, float("-inf"))


class _Words:
    """Which pieces may follow a character in the words of one source."""

    def __init__(self, pieces: Sequence[str], source: str) -> None:
        pairs = {run[i : i + 2] for run in HAN_RUN.findall(source) for i in range(len(run) - 1)}
        characters = set(source)
        self.pairs = pairs
        self.inside = [
            (index, piece[0]) for index, piece in enumerate(pieces)
            if piece and (piece in _MARKS or (characters.issuperset(piece) and _joins(piece, pairs)))
        ]  # fmt: skip
        self._after: dict[str, list[int]] = {}

    def after(self, character: str) -> list[int]:
        if character not in self._after:
            self._after[character] = [
                index for index, first in self.inside
                if not {character, first} <= _STOPS and _joins(character + first, self.pairs)
            ]  # fmt: skip
        return self._after[character]


def _joins(text: str, pairs: set[str]) -> bool:
    """Whether every two neighbours in `text` that are both Chinese stand side by side in the source."""
    return all(run[i : i + 2] in pairs for run in HAN_RUN.findall(text) for i in range(len(run) - 1))


@lru_cache(maxsize=4)
def _pieces(tokenizer: PreTrainedTokenizerBase) -> tuple[str, ...]:
    """What each token writes; "" for special tokens."""
    special = set(tokenizer.all_special_ids)
    written = tokenizer.batch_decode([[i] for i in range(len(tokenizer))])
    return tuple("" if i in special else text.removeprefix("##").strip() for i, text in enumerate(written))
