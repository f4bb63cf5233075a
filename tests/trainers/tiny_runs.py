"""Configurations of runs that take a second, and the launchers as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import load_file

from jianghua.config import parse_config
from jianghua.trainers.classifier import ClassifierConfig
from jianghua.trainers.summarizer import SummarizerConfig

TRAINING = Path(__file__).parents[2] / "training"
RUN: dict[str, Any] = {
    "output_dir": "run", "num_train_epochs": 3, "learning_rate": 0.003, "per_device_train_batch_size": 8,
    "eval_steps": 5, "save_total_limit": 20, "logging_steps": 1, "precision": "fp32", "report_to": "none",
}  # fmt: skip
ENCODER: dict[str, Any] = {
    "model_type": "modernbert", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "max_position_embeddings": 96, "global_attn_every_n_layers": 1,
}  # fmt: skip
WRITER: dict[str, Any] = {
    "model_type": "pegasus", "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 96,
    "dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0,
}  # fmt: skip


def write_yaml(folder: Path, data: Path, run: dict[str, Any] | None = None, **changes: Any) -> Path:
    """A classifier's YAML in `folder`, where the relative paths in it lead."""
    values = {"train_data": [str(data)], "dev_data": [], "save_to": "saved", "architecture": ENCODER, "vocab_size": 400,
              "max_length": 48, "held_out_share": 0.3, "save_half": False}  # fmt: skip
    return _write(folder, values | changes | {"run": RUN | (run or {})})


def write_summarizer_yaml(folder: Path, data: Path, run: dict[str, Any] | None = None, **changes: Any) -> Path:
    values = {"train_data": [str(data)], "save_to": "saved", "architecture": WRITER, "vocab_size": 400,
              "max_source_length": 64, "max_target_length": 24, "held_out_share": 0.2, "held_out_pairs": 4,
              "save_half": False}  # fmt: skip
    return _write(folder, values | changes | {"run": RUN | (run or {})})


def _write(folder: Path, values: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return path


def classifier_config(path: Path, *overrides: str) -> ClassifierConfig:
    return parse_config(ClassifierConfig, ["--config", str(path), *overrides], "")


def summarizer_config(path: Path, *overrides: str) -> SummarizerConfig:
    return parse_config(SummarizerConfig, ["--config", str(path), *overrides], "")


def start(launcher: str, config: Path, before: Sequence[str] = (), *overrides: str) -> subprocess.Popen[str]:
    """The launcher in a process of its own, in a folder that is neither the checkout nor the configuration's."""
    command = [sys.executable, *before, str(TRAINING / launcher), "--config", str(config), *overrides]
    elsewhere = config.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    return subprocess.Popen(
        command, cwd=elsewhere, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Its output, once it has ended well."""
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 0, output
    return output


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "saved" / "model.safetensors")
