"""One fold of a cross-validation: the same configuration on other documents, with all its files in one folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from jianghua.config import config_hash
from jianghua.modeling.checkpoint import checkpoint_id
from jianghua.schema import InputError
from jianghua.trainers.classifier import ClassifierConfig


def codebook_of(config: ClassifierConfig) -> str:
    """The codebook of a configuration that can be cross-validated.

    Raises:
        InputError: it reads rows of a table, names no codebook, or holds fixed documents out, which may be of any fold.
    """
    if config.columns or config.held_out_data or not config.codebook:
        found = "columns" if config.columns else "held_out_data" if config.held_out_data else "no codebook"
        expected = "a codebook and a held_out_share of annotated documents"
        raise InputError(expected, found, "cross-validate without it")
    return config.codebook


def fold_config(config: ClassifierConfig, seed: int, folder: Path) -> ClassifierConfig:
    """Train on `folder`/train.jsonl into `folder`/model; nothing else of the configuration changes but the seed."""
    placed = dataclasses.replace(config.run, output_dir=folder / "run", seed=seed)
    return dataclasses.replace(
        config, train_data=[folder / "train.jsonl"], dev_data=[], save_to=folder / "model", run=placed
    )


def identity(config: ClassifierConfig) -> dict[str, str | None]:
    """`config_hash` of all that can change a fold's result but seed and data, and `base`, the model it starts from."""
    same: dict[str, Any] = {"seed": 0, "report_to": "none", "save_total_limit": 2, "logging_steps": 20, "resume": True}
    placed = dataclasses.replace(config.run, output_dir=Path("/"), **same)
    bare = dataclasses.replace(config, train_data=[], dev_data=[], save_to=Path("/"), run=placed)
    # A local base is known by its weights: another one may come to lie in its folder.
    local = config.model is not None and Path(config.model).is_dir()
    return {"config_hash": config_hash(bare), "base": checkpoint_id(Path(str(config.model))) if local else config.model}
