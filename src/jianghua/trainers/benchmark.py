"""One run of a benchmark: its configuration with another seed, model and folder, by the ordinary trainers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianghua.config import config_hash, parse_config
from jianghua.modeling.checkpoint import checkpoint_id
from jianghua.trainers.classifier import ClassifierConfig, train_classifier
from jianghua.trainers.data import training_codebook, training_parts
from jianghua.trainers.summarizer import SummarizerConfig, train_summarizer

Config = ClassifierConfig | SummarizerConfig
KINDS: dict[str, type[Any]] = {"classifier": ClassifierConfig, "summarizer": SummarizerConfig}


@dataclass(frozen=True)
class Run:
    """A configuration in a folder of its own, and what tells its result from those of other runs."""

    config: Config
    key: dict[str, Any]
    folder: Path


def read_config(kind: str, path: Path, model: str | None, overrides: Sequence[str]) -> Config:
    """The configuration in `path`, started from `model` (None: as it says) and changed by `--field value` words.

    Raises:
        InputError: as `config.parse_config`.
    """
    config: Config = parse_config(KINDS[kind], ["--config", str(path), *overrides], "")
    return dataclasses.replace(config, model=model, architecture={}) if model else config


def benchmark_run(name: str, config: Config, seed: int, out: Path) -> Run:
    """The run of one seed; another configuration, or other weights in the model's folder, make it another run."""
    base = base_name(config)
    run = dataclasses.replace(config.run, seed=0)
    digest = config_hash(dataclasses.replace(config, run=run, model=base if config.model else None))
    folder = out / name / re.sub(r"[^\w.@-]+", "-", f"{base}-{digest}") / f"seed-{seed}"
    run = dataclasses.replace(config.run, seed=seed, output_dir=folder / "run")
    # The reported split is kept from the trainer altogether.
    placed = dataclasses.replace(config, run=run, save_to=folder / "model", dev_data=[])
    return Run(placed, {"benchmark": name, "model": base, "seed": seed, "config_hash": digest}, folder)


def base_name(config: Config) -> str:
    """What a run starts from: folder and digest of local weights, a hub name, or an architecture."""
    if config.model is None:
        return f"{config.architecture.get('model_type', 'model')} (random)"
    return checkpoint_id(Path(config.model)) if Path(config.model).is_dir() else config.model


def train(config: Config) -> int:
    """Train, or go on where an interrupted run stopped; returns the number of rows trained on."""
    if isinstance(config, ClassifierConfig):
        train_classifier(config)
    else:
        train_summarizer(config)
    return len(training_parts(config, training_codebook(config))[0])
