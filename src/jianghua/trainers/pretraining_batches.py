"""Batches of pretraining: each a pure function of seed and step, so that a run resumes exactly wherever it stopped."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase

from jianghua.modeling.batching import pad
from jianghua.schema import InputError
from jianghua.trainers.packing import PackedCorpus

Objective = Literal["language", "replaced", "title_body", "distant", "similarity"]
IGNORED = -100


@dataclass(frozen=True)
class BatchConfig:
    """How batches are made.

    Attributes:
        objectives: objective → its share of the steps. `language` is masked and causal language modelling on the same
            weights, `replaced` replaced-token detection, `title_body` contrastive title ← body, `distant` distant
            labels, `similarity` the similarities that a teacher finds.
        length: tokens of a row of `language` and `replaced`, documents packed without padding.
        rows: step → rows a batch from this step on.
        causal_share: share of a `language` batch's rows that learn the next token; the rest learn masked ones.
        mask_rate: share of tokens masked at the first and at the last step, linear between.
        mask_span: mean length of a masked span; 1 masks tokens one by one.
        short_length, short_rows: tokens and documents of a batch of the other objectives.
    """

    objectives: dict[Objective, float] = field(default_factory=lambda: {"language": 1.0})
    length: int = 256
    rows: dict[int, int] = field(default_factory=lambda: {0: 8})
    causal_share: float = 0.5
    mask_rate: tuple[float, float] = (0.3, 0.15)
    mask_span: float = 1.0
    short_length: int = 96
    short_rows: int = 48


class Stream:
    """Documents in an order that changes every epoch, one after another without end, cut into rows of one length."""

    def __init__(self, corpus: PackedCorpus, chosen: np.ndarray, length: int, seed: int) -> None:
        self.corpus, self.chosen, self.length, self.seed = corpus, chosen, length, seed
        sizes = np.diff(corpus.starts)[chosen]
        self.rows_an_epoch = int(sizes.sum()) // length
        if not self.rows_an_epoch:
            found = f"{int(sizes.sum())} tokens in {len(chosen)} documents"
            raise InputError(f"at least one row of {length} tokens", found, "give more text, or lower batches.length")
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def _shuffled(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        order = self.chosen[np.random.default_rng([self.seed, epoch]).permutation(len(self.chosen))]
        return order, np.concatenate([[0], np.cumsum(np.diff(self.corpus.starts)[order])])

    def row(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """(length,) token ids, and (length,) which document of the row each stands in."""
        epoch, place = divmod(index, self.rows_an_epoch)
        order, ends = self._order(epoch)
        at, stop = place * self.length, (place + 1) * self.length
        first = int(np.searchsorted(ends, at, side="right")) - 1
        ids, parts = [], []
        while at < stop:
            take = int(min(stop, ends[first + 1]) - at)
            begin = int(self.corpus.starts[order[first]] + at - ends[first])
            ids.append(self.corpus.tokens[begin : begin + take])
            parts.append(np.full(take, len(parts)))
            at, first = at + take, first + 1
        return np.concatenate(ids).astype(np.int64), np.concatenate(parts)


class Batches(Dataset[dict[str, Any]]):
    """Item i is the whole batch of micro-step i."""

    def __init__(
        self, corpus: PackedCorpus, config: BatchConfig, steps: int, seed: int,
        teacher: PreTrainedTokenizerBase | None = None,
    ) -> None:  # fmt: skip
        self.corpus, self.config, self.steps, self.seed, self.teacher = corpus, config, steps, seed, teacher
        learned = np.flatnonzero(~corpus.held_out)
        self.stream = Stream(corpus, learned, config.length, seed)
        self.titled = learned[corpus.bodies[learned] > 1]
        self.labelled = learned[(corpus.labels[learned] >= 0).any(axis=1)]
        self.learned = learned
        self.kinds = self._plan()
        sizes = np.array([rows_at(config.rows, step) for step in range(steps)])
        packed = np.isin(self.kinds, ("language", "replaced"))
        self.first = np.concatenate([[0], np.cumsum(sizes * packed)])

    def _plan(self) -> np.ndarray:
        names = [name for name, share in self.config.objectives.items() if share > 0]
        shares = np.array([self.config.objectives[name] for name in names])
        needs: dict[str, int] = {"title_body": len(self.titled), "distant": len(self.labelled)}
        for name in names:
            if needs.get(name, 1) == 0:
                raise InputError(f"documents for the objective {name}", "none", "give titles or labels, or drop it")
        return np.random.default_rng([self.seed, 1]).choice(names, self.steps, p=shares / shares.sum())

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> dict[str, Any]:
        rng = np.random.default_rng([self.seed, 2, step])
        kind = str(self.kinds[step])
        if kind in ("language", "replaced"):
            low, high = self.config.mask_rate
            rate = low + (high - low) * step / max(1, self.steps - 1)
            rows = [self.stream.row(i) for i in range(self.first[step], self.first[step + 1])]
            causal = round(len(rows) * self.config.causal_share) if kind == "language" else 0
            return {"objective": kind, **self.language(rows, causal, rate, rng)}
        return {"objective": kind, **self._short(kind, rng)}

    def language(
        self, rows: list[tuple[np.ndarray, np.ndarray]], causal: int, rate: float, rng: np.random.Generator
    ) -> dict[str, torch.Tensor]:
        """The first `causal` rows learn the next token, the others masked ones.

        All of shape (rows, length): `input_ids`, `document` (what may see each other), `targets` (IGNORED where nothing
        is asked); `causal` (rows,) bool.
        """
        ids, document = (np.stack(part) for part in zip(*rows, strict=True))
        targets = np.full_like(ids, IGNORED)
        following = document[:causal, 1:] == document[:causal, :-1]
        targets[:causal, :-1] = np.where(following, ids[:causal, 1:], IGNORED)
        hidden = masked_positions(~np.isin(ids[causal:], self._special()), rate, self.config.mask_span, rng)
        targets[causal:][hidden] = ids[causal:][hidden]
        ids[causal:] = self._corrupted(ids[causal:], hidden, rng)
        return {
            "input_ids": torch.from_numpy(ids), "document": torch.from_numpy(document),
            "targets": torch.from_numpy(targets), "causal": torch.arange(len(rows)) < causal,
        }  # fmt: skip

    def _special(self) -> list[int]:
        return list(self.corpus.tokenizer.all_special_ids)

    def _corrupted(self, ids: np.ndarray, hidden: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Of the hidden tokens 80% become [MASK], 10% another token, 10% stay (Devlin et al. 2019)."""
        draw = rng.random(ids.shape)
        random = rng.integers(0, len(self.corpus.tokenizer), ids.shape)
        found = np.where(hidden & (draw < 0.8), self.corpus.tokenizer.mask_token_id, ids)
        return np.where(hidden & (draw >= 0.9), random, found)

    def _short(self, kind: str, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        pool = {"title_body": self.titled, "distant": self.labelled}.get(kind, self.learned)
        chosen = rng.choice(pool, min(self.config.short_rows, len(pool)), replace=False)
        bodies = self._padded([self._body(i) for i in chosen], "")
        if kind == "title_body":
            return bodies | self._padded([self._title(i) for i in chosen], "title_")
        if kind == "distant":
            return bodies | {"labels": torch.from_numpy(self.corpus.labels[chosen].astype(np.int64))}
        return bodies | self._for_teacher([self._body(i) for i in chosen])

    def _padded(self, rows: list[list[int]], prefix: str) -> dict[str, torch.Tensor]:
        ids, mask = pad(rows, self.corpus.tokenizer.pad_token_id or 0)
        return {f"{prefix}input_ids": ids, f"{prefix}attention_mask": mask}

    def _for_teacher(self, rows: list[list[int]]) -> dict[str, torch.Tensor]:
        assert self.teacher is not None  # the trainer refuses the objective otherwise
        texts = self.corpus.tokenizer.batch_decode(rows, skip_special_tokens=True)
        encoded = self.teacher(
            texts, truncation=True, max_length=self.config.short_length * 2, padding=True, return_tensors="pt",
            return_token_type_ids=False,
        )  # fmt: skip
        return {f"teacher_{name}": value for name, value in encoded.items()}

    def _title(self, document: int) -> list[int]:
        start = self.corpus.starts[document]
        ids = self.corpus.tokens[start : start + self.corpus.bodies[document]].tolist()
        return ids[: self.config.short_length]

    def _body(self, document: int) -> list[int]:
        start, end = self.corpus.starts[document] + self.corpus.bodies[document], self.corpus.starts[document + 1]
        ids = self.corpus.tokens[start : min(end, start + self.config.short_length - 1)].tolist()
        return [int(self.corpus.tokenizer.cls_token_id), *ids]


def rows_at(schedule: dict[int, int], step: int) -> int:
    return schedule[max(begin for begin in schedule if begin <= step)]


def masked_positions(allowed: np.ndarray, rate: float, span: float, rng: np.random.Generator) -> np.ndarray:
    """(rows, length) bool: about `rate` of the allowed positions, in spans of geometric length with mean `span`."""
    if span <= 1:
        return allowed & (rng.random(allowed.shape) < rate)
    # Each position starts a span with such a probability that the share covered is `rate`.
    starts = rng.random(allowed.shape) < 1 - (1 - rate) ** (1 / span)
    lengths = rng.geometric(1 / span, allowed.shape) * starts
    reach = np.maximum.accumulate(np.where(starts, np.arange(allowed.shape[1]) + lengths, 0), axis=1)
    return allowed & (np.arange(allowed.shape[1]) < reach)


class HeldOut(Dataset[dict[str, Any]]):
    """Fixed masked batches of the held-out documents: 15% single tokens, the same for every run on one corpus."""

    def __init__(self, batches: Batches, rows: int = 8, limit: int = 400) -> None:
        corpus, length = batches.corpus, batches.config.length
        self.batches = copy.copy(batches)
        self.batches.config = replace(batches.config, mask_span=1.0)
        self.stream = Stream(corpus, np.flatnonzero(corpus.held_out), length, 0)
        self.rows, self.count = rows, min(limit, self.stream.rows_an_epoch) // rows

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, Any]:
        if index >= self.count:
            raise IndexError(index)
        rows = [self.stream.row(i) for i in range(index * self.rows, (index + 1) * self.rows)]
        return {"objective": "language", **self.batches.language(rows, 0, 0.15, np.random.default_rng([0, index]))}
