"""Copying: what the scores are, that beams and saved models keep them, and words that come from the source alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, EncoderDecoderModel, PreTrainedModel, PreTrainedTokenizerBase

from jianghua.modeling.checkpoint import load_tokenizer, save_checkpoint
from jianghua.modeling.copying import attach_copying, copying_scores, new_pair
from jianghua.modeling.grounding import HAN_RUN
from jianghua.modeling.name_words import GENERAL, LINKS
from jianghua.modeling.summarizer import (
    Summarizer,
    SummarizerSettings,
    Wish,
    generate,
    load_summarizer,
    prompt,
    score_lines,
)
from jianghua.schema import InputError

DECODER = {"model_type": "gpt2", "n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 64,
           "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}  # fmt: skip
SOURCES = ("全县夜巡队走遍二十个渡口，劝回违规采砂船三艘。", "村口的老井旁建起议事亭，邻里的小事当天说。")


@pytest.fixture
def tokenizer(base_model: Callable[[str], Path]) -> PreTrainedTokenizerBase:
    return load_tokenizer(str(base_model("modernbert")))


@pytest.fixture
def pair(base_model: Callable[[str], Path], tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    torch.manual_seed(1)
    return new_pair(AutoModel.from_pretrained(base_model("modernbert")), DECODER, tokenizer).eval()


def _summarizer(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Summarizer:
    return Summarizer(model, tokenizer, SummarizerSettings(64, 24), "pair")


def test_scores_add_up_the_places_of_a_token() -> None:
    logits, hidden, states = torch.randn(2, 3, 7), torch.randn(2, 3, 4), torch.randn(2, 5, 4)
    source, mask = torch.tensor([[1, 6, 1, 2, 0], [3, 3, 3, 0, 0]]), torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 0, 0]])
    found = copying_scores(logits, hidden, states, source, mask)
    for row in range(2):
        for step in range(3):
            wanted = logits[row, step].exp()
            for place in range(5):
                if mask[row, place]:
                    wanted[source[row, place]] += (hidden[row, step] @ states[row, place] / 2).exp()
            torch.testing.assert_close(found[row, step], wanted.log())


def test_extreme_scores_stay_finite() -> None:
    logits = torch.full((1, 1, 3), -1e4)
    found = copying_scores(logits, torch.full((1, 1, 4), 80.0), torch.full((1, 2, 4), 80.0), torch.tensor([[0, 1]]),
                           torch.tensor([[1, 1]]))  # fmt: skip
    assert torch.isfinite(found).all()
    assert found[0, 0].argmax().item() in (0, 1)


def test_a_saved_pair_copies_again_and_opens_in_plain_transformers(
    pair: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    save_checkpoint(tmp_path, pair, tokenizer, SummarizerSettings(64, 24).to_dict(), half=False)
    ids = tokenizer(SOURCES[0], return_tensors="pt")["input_ids"]
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "decoder_input_ids": ids[:, :3]}
    plain = EncoderDecoderModel.from_pretrained(tmp_path).eval()
    ours = load_summarizer(tmp_path, torch.device("cpu"), torch.float32).model
    with torch.inference_mode():
        expected, found, without = pair(**given).logits, ours(**given).logits, plain(**given).logits
    torch.testing.assert_close(found, expected)
    here = torch.zeros(found.shape[-1], dtype=torch.bool)
    here[ids[0]] = True
    assert (found - without)[..., here].min() > 0
    torch.testing.assert_close(found[..., ~here], without[..., ~here], rtol=1e-4, atol=1e-4)


def test_beams_and_batches_read_their_own_source(pair: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    summarizer = _summarizer(pair, tokenizer)
    for beams in (1, 3):
        together = generate(summarizer, "gist", SOURCES, Wish(num_beams=beams))
        assert together == [generate(summarizer, "gist", [text], Wish(num_beams=beams))[0] for text in SOURCES]
    assert len(score_lines(summarizer, "gist", SOURCES[0], ["夜巡队", "采砂船三艘"])) == 2


@pytest.mark.parametrize("beams", [1, 3])
def test_constrained_words_are_of_the_source_general_or_links(
    beams: int, pair: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, sentences: tuple[str, ...]
) -> None:
    summarizer = _summarizer(pair, tokenizer)
    free = generate(summarizer, "gist", sentences, Wish(num_beams=beams))
    bound = generate(summarizer, "gist", sentences, Wish(constrained=True, num_beams=beams))
    assert any(HAN_RUN.search(text) for text in bound)
    free_characters = LINKS | set("".join(GENERAL))
    for source, text in zip(sentences, bound, strict=True):
        foreign = {x for run in HAN_RUN.findall(text) for x in run} - set(source) - free_characters
        assert foreign == set()
    assert bound != free
    assert not any(two in text for text in bound for two in ("，，", "：，", "。。"))


def test_a_pair_learns_to_copy(pair: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Fresh random sources every step: only a model that copies can name the token that stands behind a mark."""
    torch.manual_seed(0)
    optimizer = torch.optim.AdamW(pair.parameters(), lr=3e-3)
    start = torch.full((64, 1), int(tokenizer.cls_token_id or 0))
    losses = []
    for _ in range(150):
        ids = torch.randint(10, 150, (64, 6))
        places = torch.randint(0, 5, (64,))
        ids[torch.arange(64), places] = 9
        output = pair.train()(input_ids=ids, attention_mask=torch.ones_like(ids), decoder_input_ids=start)
        loss = torch.nn.functional.cross_entropy(output.logits[:, 0], ids[torch.arange(64), places + 1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-10:]) / 10 < 0.5 < 2 < losses[0]


def test_what_is_asked_for_stands_before_the_source() -> None:
    assert [prompt("gist"), prompt("headline", 18), prompt("summary", 100)] == [
        "段落要点：", "全文标题，20字：", "全文摘要，100字："]  # fmt: skip


@pytest.mark.parametrize(("decoder", "message"), [
    ({"n_embd": 32}, "model_type in decoder, found n_embd; add it, for example gpt2"),
    (DECODER | {"n_embd": 64}, "encoder and decoder of one width, found 32 and 64; correct the decoder"),
])  # fmt: skip
def test_a_decoder_that_does_not_fit_is_refused(
    decoder: dict[str, object], message: str, base_model: Callable[[str], Path], tokenizer: PreTrainedTokenizerBase
) -> None:
    with pytest.raises(InputError, match=message):
        new_pair(AutoModel.from_pretrained(base_model("modernbert")), decoder, tokenizer)


def test_other_models_are_left_as_they_are(base_model: Callable[[str], Path]) -> None:
    model = AutoModel.from_pretrained(base_model("bart"))
    attach_copying(model)
    assert not any(module._forward_hooks for module in model.modules())
