"""Tokens a second of this project's pretraining beside the stock Hugging Face way, taking turns in one run.

    python scripts/benchmark_pretraining.py --config configs/encoder/compact.yaml

All train the configuration's architecture on its packed corpus. `stock` is transformers' Trainer at its defaults with
DataCollatorForLanguageModeling and the architecture's default dropout of a BERT (0.1); `stock-bf16` is the same in bf16
without dropout. Tokens are tokens of text: padding and repeated documents are none.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from transformers import DataCollatorForLanguageModeling, Trainer, TrainingArguments, set_seed

from jianghua.config import parse_config, run
from jianghua.modeling.pretraining import Pretraining, new_encoder
from jianghua.trainers.optimizers import make_optimizer
from jianghua.trainers.packing import PackedCorpus, packed_corpus
from jianghua.trainers.pretraining import PretrainingConfig, matrix_peak
from jianghua.trainers.pretraining_batches import Batches

WARM_UP = 3  # steps that compile, once a process
DROPOUT = {"embedding_dropout": 0.1, "mlp_dropout": 0.1, "attention_dropout": 0.1}


class Rows(torch.utils.data.Dataset[dict[str, Any]]):
    """Each document cut to `length` tokens, as the stock examples feed them."""

    def __init__(self, corpus: PackedCorpus, length: int, count: int) -> None:
        places = pairwise(corpus.starts[: count + 1])
        self.rows = [corpus.tokens[start : min(end, start + length)].tolist() for start, end in places]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self.rows[index]}


def stock(config: PretrainingConfig, corpus: PackedCorpus, steps: int, plain: bool) -> float:
    """Tokens a second of the stock Trainer."""
    architecture = config.architecture | (DROPOUT if plain else {})
    model = new_encoder(architecture, corpus.tokenizer)
    rows = Rows(corpus, config.batches.length, 2000)
    collate = DataCollatorForLanguageModeling(corpus.tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        extra: dict[str, Any] = {} if plain else {"bf16": True}
        arguments = TrainingArguments(folder, max_steps=steps, report_to="none", save_strategy="no",
                                      use_cpu=not torch.cuda.is_available(), disable_tqdm=True, **extra)  # fmt: skip
        trainer = Trainer(model, arguments, train_dataset=rows, data_collator=collate)
        loader = iter(trainer.get_train_dataloader())
        tokens = sum(int(next(loader)["attention_mask"].sum()) for _ in range(steps))
        began = time.perf_counter()
        trainer.train()
        return tokens / (time.perf_counter() - began)


def ours(config: PretrainingConfig, corpus: PackedCorpus, steps: int) -> tuple[float, float]:
    """(tokens a second, floating-point operations a second) of steps from the middle of the run, compiled before."""
    model = Pretraining(new_encoder(config.architecture, corpus.tokenizer), compiled=config.compiled).train()
    whole = max(config.run.max_steps, 2 * (steps + WARM_UP))
    middle = whole // 2
    batches = Batches(corpus, dataclasses.replace(config.batches, objectives={"language": 1.0}), whole, 0)
    optimizer = make_optimizer(model, config.optimizer, config.run.learning_rate, config.run.weight_decay)
    began = time.perf_counter()
    for step in range(steps + WARM_UP):
        if step == WARM_UP:
            began, model.tokens, model.operations = time.perf_counter(), 0, 0.0
        batch = batches[middle + step]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(**batch)["loss"]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    seconds = time.perf_counter() - began
    return model.tokens / seconds, model.operations / seconds


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0], allow_abbrev=False)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    config = parse_config(PretrainingConfig, ["--config", str(given.config)], __doc__ or "")
    corpus = packed_corpus(config.corpus)
    set_seed(0)
    found: dict[str, list[float]] = {"jianghua": [], "stock": [], "stock-bf16": [], "share_of_matrix_peak": []}
    for _ in range(given.rounds):
        peak = matrix_peak()
        speed, operations = ours(config, corpus, given.steps)
        found["jianghua"].append(speed)
        found["share_of_matrix_peak"].append(operations / peak)
        found["stock"].append(stock(config, corpus, given.steps, plain=True))
        found["stock-bf16"].append(stock(config, corpus, given.steps, plain=False))
    middle = {name: sorted(values)[len(values) // 2] for name, values in found.items()}
    ratios = {f"times {name}": middle["jianghua"] / middle[name] for name in ("stock", "stock-bf16")}
    print(json.dumps({name: round(value, 3) for name, value in (middle | ratios).items()}, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
