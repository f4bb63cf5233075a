"""Fine-tune the short-summary model: configuration → Hugging Face Seq2SeqTrainer → checkpoint."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from datasets import Dataset
from transformers import (
    AutoModel,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    set_seed,
)

from jianghua.config import config_hash, config_values, portable
from jianghua.corpus.columns import Columns
from jianghua.metrics.rouge import corpus_rouge
from jianghua.modeling.batching import pad
from jianghua.modeling.checkpoint import load_model, load_tokenizer, save_checkpoint
from jianghua.modeling.copying import new_pair
from jianghua.modeling.summarizer import (
    Summarizer,
    SummarizerSettings,
    encode_source,
    generate,
    new_summarizer,
    pretrained_summarizer,
    prompt,
    target_ids,
)
from jianghua.modeling.tokenization import train_tokenizer
from jianghua.modeling.writing import write_lines
from jianghua.records import write_jsonl
from jianghua.schema import Document, InputError
from jianghua.trainers.data import read_all, training_codebook, training_parts
from jianghua.trainers.optimizers import make_optimizer
from jianghua.trainers.pairs import Pair, annotated_pairs, row_pairs, title_pairs
from jianghua.trainers.run import (
    RunConfig,
    callbacks,
    check_finite,
    fit,
    own_tokenizer,
    resumable,
    run_fingerprint,
    training_arguments,
)

IGNORED = -100
EXTRACTIVE = ("liked", "central", "lead", "first")
HELD_TITLES = 50  # every fiftieth title pair is held out

VOCABULARY_PAIRS = 6000  # more text changes few pieces and takes minutes


@dataclass(frozen=True)
class SummarizerConfig:
    """One summariser run.

    Give `model` (a hub name or local folder of BART, mT5, Pegasus, an encoder-decoder …), `encoder` (of any masked
    language model, with a new copying decoder of the values in `decoder`) or `architecture` (model_type and its
    configuration values, from random initialisation). `length_share` of the pairs say how long the target is, so that
    a length can be asked for; at inference the middle one of its kind is, with `num_beams` candidates.
    `title_data` adds title ← body pairs, at most `titles_per_file` of each corpus. A share of the
    annotated documents, or `held_out_data`, is held out to choose the checkpoint; `dev_data` only
    reports. With `columns` the files are rows of any table.
    """

    run: RunConfig
    train_data: list[Path]
    save_to: Path
    model: str | None = None
    architecture: dict[str, Any] = field(default_factory=dict)
    encoder: str | None = None
    decoder: dict[str, Any] = field(default_factory=dict)
    optimizer: Literal["adamw", "muon"] = "adamw"
    length_share: float = 0.0
    num_beams: int = 1
    vocab_size: int = 8000
    title_data: list[Path] = field(default_factory=list)
    titles_per_file: int = 0
    annotated_repeats: int = 1
    codebook: str | None = "zhengfa"
    columns: Columns | None = None
    dev_data: list[Path] = field(default_factory=list)
    max_source_length: int = 192
    max_target_length: int = 64
    source_characters: int = 320
    held_out_data: list[Path] = field(default_factory=list)
    held_out_share: float = 0.05
    held_out_pairs: int = 300
    save_half: bool = True


def encode_pairs(
    pairs: Sequence[Pair], tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, config: SummarizerConfig
) -> Dataset:
    """Token ids of prompt and source, and of the target with its end mark."""
    rows: dict[str, list[list[int]]] = {"input_ids": [], "labels": []}
    for kind in sorted({pair.kind for pair in pairs}):
        chosen = of_kind(pairs, kind)
        asked = [prompt(kind, _wished_length(pair, config.length_share)) for pair in chosen]
        rows["input_ids"] += encode_source(tokenizer, asked, [pair.source for pair in chosen], config.max_source_length)
        labels = target_ids(tokenizer, model, [pair.target for pair in chosen])
        rows["labels"] += [ids[: config.max_target_length] for ids in labels]
    return Dataset.from_dict(rows)


def _wished_length(pair: Pair, share: float) -> int | None:
    """The target's own length for a share of the pairs, chosen by a hash of the target; None for the others."""
    draw = int.from_bytes(hashlib.sha256(pair.target.encode()).digest()[:4], "big") / 2**32
    return len(pair.target) if draw < share else None


def collate(model: PreTrainedModel, pad_id: int) -> Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]:
    """Pads both sides; decoder inputs are the labels shifted right (Trainer takes the labels away from the model)."""
    start = model.generation_config.decoder_start_token_id

    def run(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        ids, mask = pad([row["input_ids"] for row in rows], pad_id)
        labels, real = pad([row["labels"] for row in rows], pad_id)
        begin = torch.full((len(rows), 1), start)
        inputs = torch.cat([begin, labels[:, :-1]], dim=1)
        return {"input_ids": ids, "attention_mask": mask, "decoder_input_ids": inputs,
                "labels": labels.masked_fill(real == 0, IGNORED)}  # fmt: skip

    return run


def token_loss(
    outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Cross-entropy summed over tokens, divided by the tokens of the whole step: exact for any split of it."""
    logits = outputs["logits"].float()
    total = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    count = (labels != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
    return check_finite(total / count)


def make_compute_metrics(tokenizer: PreTrainedTokenizerBase) -> Callable[[EvalPrediction], dict[str, float]]:
    """Character ROUGE (char-multiset) of what the model writes, unchecked."""

    def compute(output: EvalPrediction) -> dict[str, float]:
        pad_id = tokenizer.pad_token_id
        arrays = (np.asarray(output.predictions), np.asarray(output.label_ids))
        texts = (tokenizer.batch_decode(np.where(ids < 0, pad_id, ids), skip_special_tokens=True) for ids in arrays)
        written, wanted = ([text.replace(" ", "") for text in batch] for batch in texts)
        return corpus_rouge(written, wanted, "char-multiset")

    return compute


def build_model(
    config: SummarizerConfig, pairs: Sequence[Pair], checkpoint: Path | None = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A pretrained model, a pretrained encoder with a new decoder, or a model from random initialisation with its own
    (the checkpoint's) vocabulary.

    Raises:
        InputError: not exactly one of `model`, `encoder` and `architecture` given.
    """
    given = [name for name in ("model", "encoder", "architecture") if getattr(config, name)]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise InputError(
            "one of model, encoder (names or folders) and architecture", found, "correct the configuration"
        )
    if config.model:
        tokenizer = load_tokenizer(config.model)
        return pretrained_summarizer(config.model, tokenizer), tokenizer
    if config.encoder:
        tokenizer = load_tokenizer(config.encoder)
        return new_pair(load_model(AutoModel, config.encoder, strict=False), config.decoder, tokenizer), tokenizer
    sample = pairs[:: max(1, len(pairs) // VOCABULARY_PAIRS)]
    texts = [text for pair in sample for text in (pair.source, pair.target)]
    tokenizer = own_tokenizer(lambda: train_tokenizer(texts, config.vocab_size), checkpoint)
    return new_summarizer(config.architecture, tokenizer), tokenizer


def read_pairs(config: SummarizerConfig) -> tuple[list[Pair], list[Pair]]:
    """(training pairs, held-out pairs)."""
    train, held = training_parts(config, training_codebook(config))
    budget = config.source_characters
    pairs = pairs_of(train, config) * config.annotated_repeats
    titles = [p for path in config.title_data for p in title_pairs(path, config.titles_per_file, budget)]
    held_titles = titles[::HELD_TITLES]
    del titles[::HELD_TITLES]
    return pairs + titles, pairs_of(held, config)[: config.held_out_pairs] + held_titles[: config.held_out_pairs]


def pairs_of(documents: Sequence[Document], config: SummarizerConfig) -> list[Pair]:
    """What the documents of a file teach: a title is to be written only where a column was named for it."""
    make = annotated_pairs if config.columns is None else row_pairs
    return list(make(documents, config.source_characters))


def choose_methods(summarizer: Summarizer, held: Sequence[Pair]) -> SummarizerSettings:
    """For each kind the way of writing with the highest character ROUGE-L on held-out pairs.

    The best way to choose a line of the source is the safety net; the model's own words come first only
    where they win with that net below them. A kind without held-out pairs is written as gists are, without those as
    all pairs are. A summary is written in the model's own words if gists are, else put together of
    first lines.
    """
    methods: dict[str, tuple[str, ...]] = {}
    for kind in ("gist", "headline"):
        pairs = of_kind(held, kind) or of_kind(held, "gist") or held
        net = max(EXTRACTIVE, key=lambda method: rouge_l(summarizer, kind, pairs, (method,)))
        # "constrained" scores a little higher; of eleven such lines that were read, three were good.
        ways = [(net,), ("generate", net)]
        methods[kind] = max(ways, key=lambda way: rouge_l(summarizer, kind, pairs, way))
    methods["summary"] = ("generate",) if methods["gist"][0] == "generate" else ("first",)
    return dataclasses.replace(summarizer.settings, methods=tuple(methods.items()))


def usual_lengths(pairs: Sequence[Pair]) -> tuple[tuple[str, int], ...]:
    """The median length of the targets of every kind, in characters."""
    kinds = sorted({pair.kind for pair in pairs})
    return tuple((kind, int(np.median([len(pair.target) for pair in of_kind(pairs, kind)]))) for kind in kinds)


def of_kind(pairs: Sequence[Pair], kind: str) -> list[Pair]:
    return [pair for pair in pairs if pair.kind == kind]


def rouge_l(summarizer: Summarizer, kind: str, pairs: Sequence[Pair], methods: tuple[str, ...]) -> float:
    written = write_lines(summarizer, kind, [pair.source for pair in pairs], methods)
    return corpus_rouge([line.text for line in written], [pair.target for pair in pairs], "char-multiset")["rougeL"]


def train_summarizer(config: SummarizerConfig) -> dict[str, float]:
    """Train and save; returns character ROUGE on the held-out pairs (on `dev_data`: `<output_dir>/scores.json`)."""
    base = training_arguments(config.run, "eval_rougeL")
    arguments = Seq2SeqTrainingArguments(
        **{name: getattr(base, name) for name in base.__dataclass_fields__ if base.__dataclass_fields__[name].init},
        predict_with_generate=True, generation_max_length=config.max_target_length,
    )  # fmt: skip
    config.run.output_dir.mkdir(parents=True, exist_ok=True)
    set_seed(config.run.seed)
    pairs, held = read_pairs(config)
    data = [*config.train_data, *config.held_out_data, *config.title_data]
    fingerprint = run_fingerprint(config_values(config), data, base.world_size)
    checkpoint = resumable(base, config.run, fingerprint)
    model, tokenizer = build_model(config, pairs, checkpoint)
    trainer = Seq2SeqTrainer(
        model=model, args=arguments, processing_class=tokenizer, compute_loss_func=token_loss,
        train_dataset=encode_pairs(pairs, tokenizer, model, config),
        eval_dataset=encode_pairs(held, tokenizer, model, config),
        data_collator=collate(model, tokenizer.pad_token_id),
        compute_metrics=make_compute_metrics(tokenizer), callbacks=callbacks(config.run, fingerprint),
        optimizers=(_optimizer(model, config), None),
    )  # fmt: skip
    fit(trainer, checkpoint)
    scores = trainer.evaluate()
    if trainer.is_world_process_zero():
        finish(trainer, config, held)
    return {key: value for key, value in scores.items() if "rouge" in key}


def _optimizer(model: PreTrainedModel, config: SummarizerConfig) -> torch.optim.Optimizer | None:
    """None leaves AdamW to Trainer, which keeps norms and biases from decay."""
    if config.optimizer == "adamw":
        return None
    return make_optimizer(model, config.optimizer, config.run.learning_rate, config.run.weight_decay)


def finish(trainer: Seq2SeqTrainer, config: SummarizerConfig, held: Sequence[Pair]) -> None:
    """Choose the ways of writing on the held-out pairs, save the checkpoint, score its own words on `dev_data`."""
    settings = SummarizerSettings(
        config.max_source_length, config.max_target_length, config.source_characters, config.num_beams,
        config.length_share > 0, usual_lengths(held),
    )  # fmt: skip
    model, tokenizer = trainer.accelerator.unwrap_model(trainer.model).eval(), trainer.processing_class
    summarizer = Summarizer(model, tokenizer, settings, config.save_to.name)  # type: ignore[arg-type]
    settings = choose_methods(summarizer, held)
    facts = {"config_hash": config_hash(config)}
    save_checkpoint(config.save_to, model, tokenizer, settings.to_dict() | facts, config.save_half)  # type: ignore[arg-type]
    if config.dev_data:
        codebook = training_codebook(config)
        parts = {portable(path): read_all([path], codebook, config.columns) for path in config.dev_data}
        found = {name: own_words(summarizer, pairs_of(documents, config)) for name, documents in parts.items()}
        write_jsonl([found], config.run.output_dir / "scores.json")


def own_words(summarizer: Summarizer, pairs: Sequence[Pair]) -> dict[str, dict[str, float]]:
    """Character ROUGE (char-multiset) by kind of what the model writes, unchecked."""
    found = {}
    for kind in sorted({pair.kind for pair in pairs}):
        chosen = of_kind(pairs, kind)
        written = generate(summarizer, kind, [pair.source for pair in chosen])
        found[kind] = corpus_rouge(written, [pair.target for pair in chosen], "char-multiset")
    return found
