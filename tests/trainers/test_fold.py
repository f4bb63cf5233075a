"""One fold of a cross-validation: what makes it the same run, and where its files are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_runs import classifier_config, write_yaml
from transformers import AutoModel

from jianghua.schema import InputError
from jianghua.trainers.fold import codebook_of, fold_config, identity


def test_a_fold_keeps_the_configuration_and_places_its_files(annotated: Path, tmp_path: Path) -> None:
    config = classifier_config(write_yaml(tmp_path, annotated), "--dev_data", f'["{annotated}"]')
    placed = fold_config(config, 4, tmp_path / "fold")
    assert (placed.train_data, placed.dev_data) == ([tmp_path / "fold" / "train.jsonl"], [])
    assert (placed.save_to, placed.run.output_dir) == (tmp_path / "fold" / "model", tmp_path / "fold" / "run")
    assert (placed.run.seed, placed.run.learning_rate) == (4, config.run.learning_rate)


def test_places_and_logging_do_not_make_another_run_and_settings_do(annotated: Path, tmp_path: Path) -> None:
    path = write_yaml(tmp_path, annotated)
    known = identity(classifier_config(path))
    places = ("--save_to", "x"), ("--run.output_dir", "y"), ("--run.seed", "9"), ("--run.report_to", "tensorboard")
    for words in places:
        assert identity(classifier_config(path, *words)) == known
    for words in (("--run.learning_rate", "0.1"), ("--max_length", "32"), ("--uncertain_weight", "1.0")):
        assert identity(classifier_config(path, *words)) != known


def test_another_base_model_in_the_same_folder_makes_another_run(
    annotated: Path, tmp_path: Path, base_model: Callable[[str], Path]
) -> None:
    model = AutoModel.from_pretrained(base_model("bert"))
    model.save_pretrained(tmp_path / "base")
    config = classifier_config(write_yaml(tmp_path, annotated, architecture={}, model=str(tmp_path / "base")))
    known = identity(config)
    with torch.no_grad():
        next(model.parameters()).add_(1)
    model.save_pretrained(tmp_path / "base")
    assert identity(config) != known
    assert identity(config)["config_hash"] == known["config_hash"]


def test_documents_that_are_held_out_whatever_the_fold_are_refused(annotated: Path, tmp_path: Path) -> None:
    path = write_yaml(tmp_path, annotated)
    assert codebook_of(classifier_config(path)) == "zhengfa"
    with pytest.raises(InputError, match=r"expected a codebook and a held_out_share .*, found held_out_data"):
        codebook_of(classifier_config(path, "--held_out_data", f'["{annotated}"]'))
    table = write_yaml(tmp_path, annotated, columns={"text": "text"}, codebook=None)
    with pytest.raises(InputError, match="found columns; cross-validate without it"):
        codebook_of(classifier_config(table))
