"""Objectives: who sees whom, what is asked, and that each of them teaches."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase

from jianghua.modeling.pretraining import (
    IGNORED,
    Pretraining,
    block_mask,
    mean_pooled,
    new_encoder,
    start_from_vectors,
    vocabulary_logits,
)
from jianghua.schema import InputError

ARCHITECTURE = {
    "model_type": "modernbert", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "max_position_embeddings": 96, "layer_types": ["full_attention"] * 2,
}  # fmt: skip
DOCUMENT = torch.tensor([[0, 0, 0, 1, 1, 1, 1, 2], [0, 0, 0, 0, 0, 0, 1, 1]])


@pytest.fixture
def encoder(unigram: PreTrainedTokenizerBase) -> PreTrainedModel:
    torch.manual_seed(0)
    return new_encoder(ARCHITECTURE, unigram).eval()


def _states(model: PreTrainedModel, ids: torch.Tensor, causal: list[bool]) -> torch.Tensor:
    mask = block_mask(DOCUMENT, torch.tensor(causal))
    with torch.inference_mode():
        return model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state


def _influence(model: PreTrainedModel, causal: bool) -> torch.Tensor:
    """(8, 8) bool: whether the state at i changes with the token at j, in the first row of DOCUMENT."""
    ids = torch.arange(10, 26).reshape(2, 8)
    plain = _states(model, ids, [causal, causal])
    found = torch.zeros(8, 8, dtype=torch.bool)
    for j in range(8):
        other = ids.clone()
        other[0, j] = 40
        found[:, j] = (_states(model, other, [causal, causal]) - plain)[0].abs().amax(dim=-1) > 1e-6
    return found


@pytest.mark.parametrize("kind", ["modernbert", "bert", "roberta", "ernie"])
def test_packed_documents_do_not_see_each_other(kind: str, base_model: Callable[[str], Path]) -> None:
    model = AutoModelForMaskedLM.from_pretrained(base_model(kind)).eval()
    same = DOCUMENT[0][:, None] == DOCUMENT[0][None]
    assert torch.equal(_influence(model, causal=False), same)
    assert torch.equal(_influence(model, causal=True), same & torch.ones(8, 8, dtype=torch.bool).tril())


def test_one_row_may_be_causal_and_the_next_not(encoder: PreTrainedModel) -> None:
    ids = torch.arange(10, 26).reshape(2, 8)
    mixed = _states(encoder, ids, [True, False])
    assert torch.allclose(mixed[0], _states(encoder, ids, [True, True])[0], atol=1e-6)
    assert torch.allclose(mixed[1], _states(encoder, ids, [False, False])[1], atol=1e-6)
    assert not torch.allclose(mixed[0], _states(encoder, ids, [False, False])[0], atol=1e-3)


@pytest.mark.parametrize("kind", ["modernbert", "bert", "roberta", "ernie"])
def test_the_head_is_the_model_s_own(kind: str, base_model: Callable[[str], Path]) -> None:
    model = AutoModelForMaskedLM.from_pretrained(base_model(kind)).eval()
    ids = torch.arange(10, 18)[None]
    with torch.inference_mode():
        hidden = model.base_model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        expected = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0]
        assert torch.allclose(vocabulary_logits(model, hidden[0]), expected, atol=1e-5)


def _language() -> dict[str, torch.Tensor]:
    ids = torch.arange(10, 26).reshape(2, 8)
    targets = torch.full_like(ids, IGNORED)
    targets[0, :3], targets[1, 4] = torch.tensor([11, 12, 13]), 30
    return {"input_ids": ids, "document": DOCUMENT, "targets": targets, "causal": torch.tensor([True, False])}


def test_language_loss_is_the_mean_over_what_is_asked(encoder: PreTrainedModel) -> None:
    batch = _language()
    with torch.inference_mode():
        loss = Pretraining(encoder)("language", **batch)["loss"]
        states = _states(encoder, batch["input_ids"], [True, False])
        scores = vocabulary_logits(encoder, states).log_softmax(-1)
    asked = [scores[0, 0, 11], scores[0, 1, 12], scores[0, 2, 13], scores[1, 4, 30]]
    assert loss.item() == pytest.approx(-torch.stack(asked).mean().item(), rel=1e-5)


def _short(names: tuple[str, ...]) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    batch = {}
    for name in names:
        batch[f"{name}input_ids"] = torch.randint(10, 60, (6, 9), generator=generator)
        batch[f"{name}attention_mask"] = torch.ones(6, 9, dtype=torch.long)
    return batch


@pytest.mark.parametrize(
    ("objective", "batch"),
    [
        ("language", _language()),
        ("replaced", _language() | {"causal": torch.tensor([False, False])}),
        ("title_body", _short(("", "title_"))),
        ("distant", _short(("",)) | {"labels": torch.tensor([[0, -1], [1, 2], [0, 1], [1, 0], [-1, -1], [0, 2]])}),
        ("similarity", _short(("", "teacher_"))),
    ],
)
def test_every_objective_can_be_learned(
    objective: str, batch: dict[str, torch.Tensor], encoder: PreTrainedModel, unigram: PreTrainedTokenizerBase
) -> None:
    labels = {"page": ["1", "2"], "kind": ["a", "b", "c"]} if objective == "distant" else None
    model = Pretraining(encoder, labels, new_encoder(ARCHITECTURE, unigram), new_encoder(ARCHITECTURE, unigram))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    losses = []
    for _ in range(15):
        loss = model(objective, **batch)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] * 0.9
    assert model.tokens == 15 * sum(batch[name].numel() for name in ("input_ids", "title_input_ids") if name in batch)
    assert not [name for name in model.state_dict() if "teacher" in name]


def test_a_row_without_labels_does_not_count(encoder: PreTrainedModel) -> None:
    model = Pretraining(encoder, {"page": ["1", "2"]}).eval()
    batch = _short(("",))
    batch["labels"] = torch.tensor([[0], [1], [0], [-1], [-1], [-1]])
    first = {name: value[:3] for name, value in batch.items()}
    with torch.inference_mode():
        assert torch.allclose(model("distant", **batch)["loss"], model("distant", **first)["loss"], atol=1e-5)


def test_a_loss_that_is_no_number_stops_the_run(encoder: PreTrainedModel) -> None:
    with torch.no_grad():
        encoder.get_input_embeddings().weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match=r"language loss is nan; lower run\.learning_rate"):
        Pretraining(encoder)("language", **_language())


def test_mean_pooling_leaves_padding_out() -> None:
    hidden = torch.tensor([[[1.0], [3.0], [50.0]]])
    assert mean_pooled(hidden, torch.tensor([[1, 1, 0]])).item() == 2.0


def test_static_vectors_start_the_embedding(
    encoder: PreTrainedModel, unigram: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    characters = ["夜", "巡", "防", "<UNK>"]
    vectors = np.random.default_rng(0).normal(size=(4, 7)).astype(np.float16)
    np.savez(tmp_path / "v.npz", embeddings=vectors)
    (tmp_path / "v.vocab.txt").write_text("\n".join(characters), encoding="utf-8")
    before = encoder.get_input_embeddings().weight.detach().clone()
    count = start_from_vectors(encoder, unigram, tmp_path / "v.npz", 0)
    changed = (encoder.get_input_embeddings().weight != before).any(dim=1)
    pieces = {piece for piece, i in unigram.get_vocab().items() if changed[i]}
    assert count == len(pieces) == int(changed.sum()) > 0
    assert all(set(piece) & set(characters) for piece in pieces)
    (tmp_path / "v.vocab.txt").write_text("夜", encoding="utf-8")
    with pytest.raises(InputError, match="as many vectors as characters, found 4 and 1"):
        start_from_vectors(encoder, unigram, tmp_path / "v.npz", 0)


@pytest.mark.skipif(not shutil.which("g++"), reason="needs a C++ compiler")
def test_compiled_steps_learn_the_same(encoder: PreTrainedModel) -> None:
    batch = {"input_ids": torch.arange(10, 26).reshape(2, 8), "document": DOCUMENT,
             "causal": torch.tensor([True, False]), "targets": torch.full((2, 8), IGNORED)}  # fmt: skip
    batch["targets"][:, ::2] = 7
    found = []
    for compiled in (False, True):
        encoder.zero_grad()
        loss = Pretraining(encoder, compiled=compiled)("language", **batch)["loss"]
        loss.backward()
        found.append([loss.detach(), *(p.grad.clone() for p in encoder.parameters() if p.grad is not None)])
    assert len(found[0]) == len(found[1]) > 5
    for plain, fused in zip(*found, strict=True):
        torch.testing.assert_close(fused, plain, rtol=1e-4, atol=1e-5)
