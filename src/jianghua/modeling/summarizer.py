"""The short-summary model: one sequence-to-sequence checkpoint for gists, headlines and summaries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSeq2SeqLM, GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.modeling_outputs import BaseModelOutput

from jianghua.modeling.batching import pad, token_budget_batches
from jianghua.modeling.checkpoint import default_device, inference_dtype, load_model, load_tokenizer, read_settings
from jianghua.modeling.copying import attach_copying
from jianghua.modeling.source_words import SourceWords

KIND = "summarizer"
TOKEN_BUDGET = 4096
# What is asked for stands in plain words before the source, so that any tokenizer can read it.
PROMPTS = {"gist": "段落要点", "headline": "全文标题", "summary": "全文摘要"}
LENGTH_STEP = 5  # characters
HALF_WIDTH = re.compile(r"(?<=[\u3400-\u9fff”》）])[,;:?!()]|[(](?=[\u3400-\u9fff“《])")
FULL_WIDTH = str.maketrans(",;:?!()", "，；：？！（）")
LIMITS = {"gist": 30, "headline": 30, "summary": 100}


@dataclass(frozen=True)
class SummarizerSettings:
    """What a checkpoint needs beside its weights.

    `methods` names for each kind what is tried, in order: "generate" (the model's own words, if they are
    grounded), "constrained" (its words out of those of the source), then a way to choose a line of the source:
    "liked" (by the model), "central" (by what the text repeats), "lead" (the most central of the first sentence)
    or "first". Chosen on held-out training documents. `lengths` tells whether the model has learned to keep a
    length that is asked for; `usual_lengths` are asked for where nothing else is, in characters by kind.
    """

    max_source_length: int = 192
    max_target_length: int = 64
    source_characters: int = 320
    num_beams: int = 1
    lengths: bool = False
    usual_lengths: tuple[tuple[str, int], ...] = ()
    methods: tuple[tuple[str, tuple[str, ...]], ...] = tuple((kind, ("generate", "liked")) for kind in PROMPTS)

    def to_dict(self) -> dict[str, Any]:
        named = {"methods": dict(self.methods), "usual_lengths": dict(self.usual_lengths)}
        return {"kind": KIND} | asdict(self) | named

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SummarizerSettings:
        fields = {k: v for k, v in values.items() if k in cls.__dataclass_fields__}
        methods = tuple((kind, tuple(names)) for kind, names in values["methods"].items())
        # A checkpoint from before they were kept has none.
        lengths = tuple(values.get("usual_lengths", {}).items())
        return cls(**fields | {"methods": methods, "usual_lengths": lengths})


@dataclass(frozen=True)
class Summarizer:
    """A loaded checkpoint, ready to write."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    settings: SummarizerSettings
    name: str


def new_summarizer(architecture: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """A model from random initialisation; `architecture` holds `model_type` and its configuration values."""
    values = dict(architecture)
    ids = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id,
           "bos_token_id": tokenizer.bos_token_id, "decoder_start_token_id": tokenizer.pad_token_id}  # fmt: skip
    config = AutoConfig.for_model(values.pop("model_type"), vocab_size=len(tokenizer), **ids, **values)
    return AutoModelForSeq2SeqLM.from_config(config)


def pretrained_summarizer(name: str, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """Any sequence-to-sequence hub name or folder, with the special ids its tokenizer has."""
    model = load_model(AutoModelForSeq2SeqLM, name, strict=False)
    attach_copying(model)
    start = model.config.decoder_start_token_id
    if start is None:
        start = tokenizer.cls_token_id if tokenizer.cls_token_id is not None else tokenizer.pad_token_id
    end = tokenizer.sep_token_id if tokenizer.eos_token_id is None else tokenizer.eos_token_id
    for config in (model.config, model.generation_config):
        config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = start, tokenizer.pad_token_id, end
    return model


def load_summarizer(
    folder: str | Path, device: torch.device | None = None, dtype: torch.dtype | None = None
) -> Summarizer:
    """Open a trained checkpoint for writing.

    Raises:
        InputError: not a complete summariser checkpoint.
    """
    settings = read_settings(Path(folder), KIND, SummarizerSettings.from_dict)
    device = device or default_device()
    model = load_model(AutoModelForSeq2SeqLM, str(folder), strict=True, dtype=dtype or inference_dtype(device))
    attach_copying(model)
    model.generation_config.max_length = None  # max_target_length counts; both together are warned of at every batch
    return Summarizer(model.to(device).eval(), load_tokenizer(str(folder)), settings, Path(folder).name)


def prompt(kind: str, length: int | None = None) -> str:
    """What asks for a text of `kind`, of `length` characters at most (rounded up to a multiple of five)."""
    if length is None:
        return f"{PROMPTS[kind]}："
    return f"{PROMPTS[kind]}，{-(-length // LENGTH_STEP) * LENGTH_STEP}字："


def encode_source(
    tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], texts: Sequence[str], max_length: int
) -> list[list[int]]:
    """Token ids of prompt and source, in the tokenizer's own special tokens."""
    joined = [before + text for before, text in zip(prompts, texts, strict=True)]
    return tokenizer(joined, truncation=True, max_length=max_length)["input_ids"]


def widen(text: str) -> str:
    """ASCII marks beside Chinese characters in full width: vocabularies normalised by NFKC know only the others."""
    return HALF_WIDTH.sub(lambda match: match.group().translate(FULL_WIDTH), text)


def _generation_config(summarizer: Summarizer, num_beams: int) -> GenerationConfig:
    known = summarizer.model.generation_config
    return GenerationConfig(
        max_new_tokens=summarizer.settings.max_target_length, num_beams=num_beams,
        num_return_sequences=num_beams, do_sample=False,
        no_repeat_ngram_size=4, pad_token_id=known.pad_token_id, eos_token_id=known.eos_token_id,
        decoder_start_token_id=known.decoder_start_token_id, bos_token_id=known.bos_token_id,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """How something is to be written: `length` in characters (None: the usual one), `constrained` to words of the
    source, `num_beams` (None: the checkpoint's)."""

    length: int | None = None
    constrained: bool = False
    num_beams: int | None = None


def generate(summarizer: Summarizer, kind: str, texts: Sequence[str], wish: Wish = Wish()) -> list[str]:
    """The model's own words for each text, unchecked, in input order."""
    return [found[0] for found in candidates(summarizer, kind, texts, wish)]


@torch.inference_mode()
def candidates(summarizer: Summarizer, kind: str, texts: Sequence[str], wish: Wish = Wish()) -> list[tuple[str, ...]]:
    """For each text, in input order, what the model would write, unchecked: one text for each beam, best first."""
    tokenizer, settings = summarizer.tokenizer, summarizer.settings
    length = wish.length or dict(settings.usual_lengths).get(kind)
    asked = prompt(kind, length if settings.lengths else None)
    rows = encode_source(tokenizer, [asked] * len(texts), texts, settings.max_source_length)
    beams = wish.num_beams or settings.num_beams
    config = _generation_config(summarizer, beams)
    outputs: list[tuple[str, ...]] = [()] * len(rows)
    for batch in token_budget_batches([len(row) for row in rows], TOKEN_BUDGET):
        ids, mask = pad([rows[i] for i in batch], tokenizer.pad_token_id)
        device = summarizer.model.device
        words = [SourceWords(tokenizer, [texts[i] for i in batch], beams)] if wish.constrained else []
        written = summarizer.model.generate(
            input_ids=ids.to(device), attention_mask=mask.to(device), generation_config=config, logits_processor=words
        )
        found = [widen(text.replace(" ", "")) for text in tokenizer.batch_decode(written, skip_special_tokens=True)]
        for place, i in enumerate(batch):
            outputs[i] = tuple(found[place * beams : (place + 1) * beams])
    return outputs


def target_ids(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, lines: Sequence[str]) -> list[list[int]]:
    """Token ids of what should be written, ended by the model's end mark."""
    end = model.generation_config.eos_token_id
    end = end[0] if isinstance(end, list) else end
    rows = tokenizer(list(lines), add_special_tokens=False)["input_ids"]
    return [[*row, end] for row in rows]


@torch.inference_mode()
def score_lines(summarizer: Summarizer, kind: str, text: str, lines: Sequence[str]) -> list[float]:
    """Mean log-probability per token of each line given the source: how much the model likes it."""
    model, device = summarizer.model, summarizer.model.device
    source = encode_source(summarizer.tokenizer, [prompt(kind)], [text], summarizer.settings.max_source_length)
    ids, mask = (t.to(device) for t in pad(source, summarizer.tokenizer.pad_token_id))
    hidden = model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
    rows, scores = target_ids(summarizer.tokenizer, model, lines), [0.0] * len(lines)
    for batch in token_budget_batches([len(row) for row in rows], TOKEN_BUDGET):
        labels, real = (t.to(device) for t in pad([rows[i] for i in batch], summarizer.tokenizer.pad_token_id))
        start = torch.full((len(batch), 1), model.generation_config.decoder_start_token_id, device=device)
        output = model(
            encoder_outputs=BaseModelOutput(last_hidden_state=hidden.repeat(len(batch), 1, 1)),
            attention_mask=mask.expand(len(batch), -1), decoder_input_ids=torch.cat([start, labels[:, :-1]], dim=1),
        )  # fmt: skip
        log = output.logits.float().log_softmax(-1).gather(-1, labels[..., None])[..., 0] * real
        for i, value in zip(batch, (log.sum(1) / real.sum(1)).tolist(), strict=True):
            scores[i] = value
    return scores
