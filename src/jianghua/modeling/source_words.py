"""Generation out of the source's own words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from transformers import LogitsProcessor, PreTrainedTokenizerBase

from jianghua.modeling.grounding import HAN_RUN, normalise
from jianghua.modeling.name_words import GENERAL, LINKS

_STOPS = frozenset("，、；：。")
_MARKS = _STOPS | frozenset("“”《》（）")


class SourceWords(LogitsProcessor):
    """Forbids every token that would not continue the source's words or begin another of them.

    After a mark, a link or a general word any word of the source may begin, elsewhere one of at least two characters;
    marks and the end are allowed, two stops are not. The rules are those of `grounding.unsupported`, which still has
    the last word: whole numbers, quotations and names are left to it.
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
            allowed[row, self.words[row // self.beams].after(self.pieces[last])] = True
        allowed[:, self.end] = True
        return scores.masked_fill(~allowed, float("-inf"))


class _Words:
    """Which pieces may follow a piece in the words of one source."""

    def __init__(self, pieces: Sequence[str], source: str) -> None:
        self.source = source
        self.inside = [
            (index, piece) for index, piece in enumerate(pieces)
            if piece and (piece in _MARKS or piece in source or _free(piece))
        ]  # fmt: skip
        self._after: dict[str, list[int]] = {}

    def after(self, last: str) -> list[int]:
        if last not in self._after:
            self._after[last] = [index for index, piece in self.inside if self._follows(last, piece)]
        return self._after[last]

    def _follows(self, last: str, piece: str) -> bool:
        if {last[-1:], piece} <= _STOPS:
            return False
        begins = piece in _MARKS or _free(piece) or _free(last) or last[-1:] in _MARKS or not last
        return begins or last[-1] + piece in self.source or (len(piece) > 1 and HAN_RUN.fullmatch(piece) is not None)


def _free(piece: str) -> bool:
    return piece in GENERAL or piece in LINKS


@lru_cache(maxsize=4)
def _pieces(tokenizer: PreTrainedTokenizerBase) -> tuple[str, ...]:
    """What each token writes; "" for special tokens."""
    special = set(tokenizer.all_special_ids)
    written = tokenizer.batch_decode([[i] for i in range(len(tokenizer))])
    return tuple("" if i in special else text.removeprefix("##").strip() for i, text in enumerate(written))
