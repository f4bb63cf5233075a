"""Copying from the source (CopyNet, Gu et al. 2016): each word of the source is a choice beside the vocabulary.

The scores need no weights of their own: what the decoder would multiply with the vocabulary it multiplies with the
encoder's states, too. So a checkpoint is an ordinary `EncoderDecoderModel`, which plain transformers opens.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    EncoderDecoderConfig,
    EncoderDecoderModel,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from jianghua.schema import InputError

_COPIES = "copies_source"  # the mark in config.json of a model that was trained with copying


def copying_scores(
    logits: torch.Tensor, hidden: torch.Tensor, states: torch.Tensor, source: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Log of exp(logit) plus the exponentials of the scores of all places where the source has this token.

    Args:
        logits: (rows, steps, vocabulary) of the decoder.
        hidden: (rows, steps, width), what the decoder's head read.
        states: (rows, places, width) of the encoder.
        source: (rows, places) token ids.
        mask: (rows, places), 0 where a place is padding.

    Returns:
        (rows, steps, vocabulary), unnormalised log-probabilities in fp32.
    """
    scores = torch.einsum("rth,rph->rtp", hidden, states).float() / hidden.shape[-1] ** 0.5
    scores = scores.masked_fill(mask[:, None] == 0, torch.finfo(torch.float32).min)
    logits = logits.float()
    highest = torch.maximum(logits.amax(-1, keepdim=True), scores.amax(-1, keepdim=True)).detach()
    places = source[:, None].expand(-1, scores.shape[1], -1)
    mass = (logits - highest).exp().scatter_add(-1, places, (scores - highest).exp())
    return mass.clamp_min(torch.finfo(torch.float32).tiny).log() + highest


def copies(config: PretrainedConfig) -> bool:
    """Whether a model of this configuration copies."""
    return bool(getattr(config, _COPIES, False))


def attach_copying(model: PreTrainedModel) -> None:
    """Make an encoder-decoder pair's logits those of `copying_scores`, in training and in `generate` alike.

    A model that does not copy is left as it is. Hooks, not a class of its own: `generate`, beams and saving stay those
    of transformers.
    """
    if not copies(model.config):
        return
    read: dict[str, torch.Tensor] = {}

    def remember(_: nn.Module, __: Any, given: dict[str, Any], output: Any) -> None:
        read.update(source=given["input_ids"], mask=given["attention_mask"], states=output.last_hidden_state)

    def combine(_: nn.Module, given: tuple[torch.Tensor, ...], logits: torch.Tensor) -> torch.Tensor:
        hidden = given[0]
        # Beams stand side by side: each row of the source serves as many rows of the decoder.
        beams = hidden.shape[0] // read["source"].shape[0]
        states, source, mask = (read[name].repeat_interleave(beams, 0) for name in ("states", "source", "mask"))
        return copying_scores(logits, hidden, states, source, mask)

    model.get_encoder().register_forward_hook(remember, with_kwargs=True)
    model.decoder.get_output_embeddings().register_forward_hook(combine)


def new_pair(
    encoder: PreTrainedModel, decoder: dict[str, Any], tokenizer: PreTrainedTokenizerBase
) -> EncoderDecoderModel:
    """A pretrained encoder with a new decoder that starts from the encoder's embedding, with copying attached.

    Args:
        decoder: `model_type` (gpt2 is pre-norm) and its configuration values; the width is the encoder's.

    Raises:
        InputError: a decoder without model_type or of another width, or an encoder without some of its weights.
    """
    values = dict(decoder)
    kind = values.pop("model_type", None)
    if not kind:
        raise InputError("model_type in decoder", ", ".join(values) or "nothing", "add it, for example gpt2")
    start, end = tokenizer.cls_token_id, tokenizer.sep_token_id
    ids = {"pad_token_id": tokenizer.pad_token_id, "bos_token_id": start, "eos_token_id": end}
    config = AutoConfig.for_model(
        kind, vocab_size=encoder.config.vocab_size, is_decoder=True, add_cross_attention=True, **ids, **values
    )
    widths = encoder.config.hidden_size, config.hidden_size
    if widths[0] != widths[1]:
        raise InputError("encoder and decoder of one width", f"{widths[0]} and {widths[1]}", "correct the decoder")
    pair = EncoderDecoderConfig.from_encoder_decoder_configs(encoder.config, config)
    pair.decoder_start_token_id, pair.pad_token_id, pair.eos_token_id = start, ids["pad_token_id"], end
    setattr(pair, _COPIES, True)
    model = EncoderDecoderModel(config=pair)
    assert model.encoder is not None and model.decoder is not None  # the configuration names both
    missing = model.encoder.load_state_dict(encoder.state_dict(), strict=False).missing_keys
    if missing:
        raise InputError(f"all weights of a {type(model.encoder).__name__}", f"no {missing[0]}", "give a whole encoder")
    with torch.no_grad():
        model.decoder.get_input_embeddings().weight.copy_(encoder.get_input_embeddings().weight)
    for name, value in {"decoder_start_token_id": start, **ids}.items():
        setattr(model.generation_config, name, value)
    attach_copying(model)
    return model
