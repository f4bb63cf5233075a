from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase, set_seed

from jianghua.codebook import load_codebook
from jianghua.modeling.batching import (
    ClassifierInput,
    Windows,
    context_of,
    encode_windows,
    pad,
    pool_max,
    pool_mean,
    token_budget_batches,
)
from jianghua.modeling.classifier import Classifier, ClassifierSettings, new_classifier, predict
from jianghua.modeling.summarizer import Summarizer, SummarizerSettings, generate, new_summarizer
from jianghua.modeling.writing import write_lines
from jianghua.schema import InputError

START, END = 1, 2
ARCHITECTURE = {
    "model_type": "modernbert", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "max_position_embeddings": 96, "global_attn_every_n_layers": 1,
}  # fmt: skip
WRITER = {
    "model_type": "pegasus", "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 96,
}  # fmt: skip


@dataclass(frozen=True)
class OneTokenEach:
    """Every character is its own token, so that a lost one can be named."""

    cls_token_id: int = START
    sep_token_id: int = END
    eos_token_id: None = field(default=None)

    def __call__(self, texts: Sequence[str], **_: Any) -> dict[str, list[list[int]]]:
        return {"input_ids": [[ord(c) for c in text] for text in texts]}

    def num_special_tokens_to_add(self, pair: bool) -> int:
        return 3 if pair else 2


TOKENIZER = cast(PreTrainedTokenizerBase, OneTokenEach())


def _distinct(first: int, length: int) -> str:
    return "".join(chr(first + i) for i in range(length))


@given(
    lengths=st.lists(st.integers(0, 300), min_size=1, max_size=4),
    context=st.integers(0, 80),
    max_length=st.integers(6, 128),
    use_context=st.booleans(),
)
def test_windows_lose_no_token(lengths: list[int], context: int, max_length: int, use_context: bool) -> None:
    texts = [_distinct(0x4E00, length) for length in lengths]
    above = _distinct(0x3400, context)
    windows = encode_windows(TOKENIZER, [ClassifierInput(text, above) for text in texts], max_length, use_context)
    assert len(windows.ids) == len(windows.row) == len(windows.size)
    assert (windows.size > 0).all()
    assert sorted(set(windows.row)) == list(range(len(texts)))
    for ids, row in zip(windows.ids, windows.row, strict=True):
        assert len(ids) <= max_length
        assert (ids[0], ids[-1]) == (START, END)
        part = [i for i in ids if i >= 0x4E00]
        assert part == list(range(part[0], part[0] + len(part))) if part else lengths[row] == 0
    for row, text in enumerate(texts):
        seen = {i for ids, r in zip(windows.ids, windows.row, strict=True) if r == row for i in ids if i >= 0x4E00}
        assert seen == set(map(ord, text))


def test_context_stands_in_front_shortened_at_its_beginning() -> None:
    windows = encode_windows(TOKENIZER, [ClassifierInput("段落", "甲乙丙丁戊")], 16)
    assert windows.ids == [[START, *map(ord, "乙丙丁戊"), END, *map(ord, "段落"), END]]
    without = encode_windows(TOKENIZER, [ClassifierInput("段落", "甲乙丙丁戊")], 16, use_context=False)
    assert without.ids == [[START, *map(ord, "段落"), END]]
    assert context_of("题", None) == "题"
    assert context_of("题", "一 › 二") == "题；一 › 二"
    assert context_of(None, None) == ""


@pytest.mark.parametrize("max_length", [-1, 0, 3, 5])
def test_a_length_without_room_for_text_is_refused(max_length: int) -> None:
    with pytest.raises(InputError, match="max_length"):
        encode_windows(TOKENIZER, [ClassifierInput("一段很长的话", "题目")], max_length)


def test_no_inputs_have_no_windows() -> None:
    assert encode_windows(TOKENIZER, [], 16).ids == []


@given(st.lists(st.integers(1, 400), max_size=60), st.integers(1, 500))
def test_batches_hold_every_row_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = list(token_budget_batches(lengths, budget))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget
    flat = [lengths[i] for batch in batches for i in batch]
    assert flat == sorted(flat)


def test_padding() -> None:
    ids, mask = pad([[5, 6, 7], [8]], pad_id=9)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


WINDOWS = Windows([[0]] * 4, np.array([0, 0, 1, 1]), np.array([30.0, 10.0, 5.0, 5.0]))


def test_the_longer_part_decides_the_task() -> None:
    """Rule T2: a window of three quarters of the text outweighs a surer one of a quarter."""
    values = np.array([[0.7, 0.3], [0.1, 0.9], [1.0, 0.0], [0.0, 1.0]])
    assert pool_mean(values, WINDOWS, 2) == pytest.approx(np.array([[0.55, 0.45], [0.5, 0.5]]))


def test_a_domain_anywhere_counts() -> None:
    """Rule D1: the smallest window is enough."""
    values = np.array([[0.1, 0.2], [0.9, 0.0], [0.3, 0.3], [0.2, 0.4]])
    assert pool_max(values, WINDOWS, 2).tolist() == [[0.9, 0.2], [0.3, 0.4]]


@pytest.fixture(scope="module")
def classifier(unigram: PreTrainedTokenizerBase) -> Classifier:
    set_seed(3)
    settings = ClassifierSettings.for_codebook(load_codebook(), 40, True)
    return Classifier(new_classifier(ARCHITECTURE, unigram, settings).eval(), unigram, settings, "tiny")


@pytest.fixture(scope="module")
def summarizer(unigram: PreTrainedTokenizerBase) -> Summarizer:
    set_seed(3)
    return Summarizer(new_summarizer(WRITER, unigram).eval(), unigram, SummarizerSettings(64, 16, 60), "tiny")


@pytest.fixture(scope="module")
def inputs(sentences: tuple[str, ...]) -> list[ClassifierInput]:
    """Short, empty and long texts (several windows), with contexts of several lengths."""
    texts = [sentence * (1 + 5 * (i % 3)) for i, sentence in enumerate(sentences)] + ["", "   ", "🙂", "要"]
    return [ClassifierInput(text, sentences[1] * (i % 2)) for i, text in enumerate(texts)]


def _orders(count: int) -> Iterator[list[int]]:
    yield list(range(count))[::-1]
    yield np.random.default_rng(0).permutation(count).tolist()


def test_a_row_alone_in_a_batch_and_in_another_order(classifier: Classifier, inputs: list[ClassifierInput]) -> None:
    whole = predict(classifier, inputs)
    assert len(encode_windows(classifier.tokenizer, inputs, 40).ids) > len(inputs)
    assert whole.task.sum(axis=1) == pytest.approx(np.ones(len(inputs)))
    for i, item in enumerate(inputs):
        alone = predict(classifier, [item])
        assert np.abs(alone.task[0] - whole.task[i]).max() <= 1e-3
        assert np.abs(alone.domain[0] - whole.domain[i]).max() <= 1e-3
    for order in _orders(len(inputs)):
        other = predict(classifier, [inputs[i] for i in order], budget=90)
        assert np.abs(other.task - whole.task[order]).max() <= 1e-3
        assert np.abs(other.domain - whole.domain[order]).max() <= 1e-3


def test_padding_does_matter_to_this_model_if_it_is_seen(classifier: Classifier) -> None:
    """The test above can fail: without its mask the padding changes the logits."""
    ids, mask = pad([[2, 9, 3], [2, *range(5, 30), 3]], 0)
    with torch.inference_mode():
        seen, unseen = (classifier.model(input_ids=ids, attention_mask=m).logits[0] for m in (mask * 0 + 1, mask))
    assert (seen - unseen).abs().max() > 1e-3


def test_lines_written_alone_in_a_batch_and_in_another_order(
    summarizer: Summarizer, sentences: tuple[str, ...]
) -> None:
    texts = [text * (1 + i % 3) for i, text in enumerate(sentences[2:9])]
    raw, lines = generate(summarizer, "gist", texts), write_lines(summarizer, "gist", texts)
    assert [generate(summarizer, "gist", [text])[0] for text in texts] == raw
    assert [write_lines(summarizer, "gist", [text])[0] for text in texts] == lines
    assert write_lines(summarizer, "gist", texts[::-1]) == lines[::-1]
