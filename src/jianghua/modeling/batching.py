"""Windows over long paragraphs, length-sorted token-budget batches, and pooling back to paragraphs.

One place for trainers, evaluation and inference, so that what is measured is what is served.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from jianghua.schema import Document, InputError

SHORTEST = 6  # tokens of a window: two of text beside the special ones and a quarter of context
CONTEXT_SHARE = 4  # at most a quarter of a window goes to the context


@dataclass(frozen=True, slots=True)
class ClassifierInput:
    """A paragraph and what stands above it (title and heading path)."""

    text: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Windows:
    """Token ids of every window; window i belongs to input `row[i]` and holds `size[i]` tokens of its text."""

    ids: list[list[int]]
    row: np.ndarray
    size: np.ndarray


def context_of(title: str | None, heading: str | None) -> str:
    """The context line of a paragraph."""
    return "；".join(part for part in (title, heading) if part)


def classifier_inputs(documents: Sequence[Document]) -> list[ClassifierInput]:
    """Every labelled paragraph with its title and heading path as context."""
    return [
        ClassifierInput(paragraph.text, context_of(document.title, paragraph.heading))
        for document in documents
        for paragraph in document.paragraphs
        if paragraph.label
    ]


def _text_ids(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[list[int]]:
    if not texts:
        return []
    # verbose=False: "longer than the maximum length" is exactly what the windows are for.
    return tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]


def encode_windows(
    tokenizer: PreTrainedTokenizerBase, inputs: Sequence[ClassifierInput], max_length: int, use_context: bool = True
) -> Windows:
    """Cut every input into windows of at most `max_length` tokens; no token of a text is lost.

    A window is [CLS] context [SEP] text [SEP] (no context: [CLS] text [SEP]) in the tokenizer's own
    special tokens; windows of one text overlap by an eighth.
    """
    if max_length < SHORTEST:
        raise InputError(f"max_length of {SHORTEST} or more", str(max_length), "raise it: windows have to move on")
    texts = _text_ids(tokenizer, [item.text for item in inputs])
    contexts = _text_ids(tokenizer, [item.context if use_context else "" for item in inputs])
    extra = tokenizer.num_special_tokens_to_add(pair=True)
    ids, row, size = [], [], []
    for index, (text, context) in enumerate(zip(texts, contexts, strict=True)):
        context = context[-(max_length // CONTEXT_SHARE) :]
        room = max_length - extra - len(context)
        for part in _split(text, room):
            ids.append(_join(tokenizer, context, part))
            row.append(index)
            size.append(max(1, len(part)))
    return Windows(ids, np.asarray(row, dtype=np.int64), np.asarray(size, dtype=np.float64))


def _split(ids: list[int], room: int) -> Iterator[list[int]]:
    step = room - room // 8
    yield ids[:room]
    start = step
    while start + room // 8 < len(ids):
        yield ids[start : start + room]
        start += step


def _join(tokenizer: PreTrainedTokenizerBase, context: list[int], text: list[int]) -> list[int]:
    def mark(*names: str) -> list[int]:
        ids = (getattr(tokenizer, f"{name}_token_id") for name in names)
        return [token for token in ids if token is not None][:1]

    start, end = mark("cls"), mark("sep", "eos")
    middle = context + end if context else []
    return start + middle + text + end


def token_budget_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Indices in batches of similar length, each at most `budget` tokens with its padding (or one row)."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if batch and (len(batch) + 1) * lengths[index] > budget:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def pad(rows: Sequence[list[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Right-padded ids and attention mask, both (rows, longest)."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[i, : len(row)] = 1
    return ids, mask


def pool_mean(values: np.ndarray, windows: Windows, count: int) -> np.ndarray:
    """(windows, k) → (count, k), weighted by tokens: the majority of characters decides (rule T2)."""
    total = np.zeros((count, values.shape[1]))
    weight = np.zeros((count, 1))
    np.add.at(total, windows.row, values * windows.size[:, None])
    np.add.at(weight, windows.row, windows.size[:, None])
    return total / np.maximum(weight, 1)


def pool_max(values: np.ndarray, windows: Windows, count: int) -> np.ndarray:
    """(windows, k) → (count, k): a field acted on anywhere in the paragraph counts (rule D1)."""
    pooled = np.zeros((count, values.shape[1]))
    np.maximum.at(pooled, windows.row, values)
    return pooled
