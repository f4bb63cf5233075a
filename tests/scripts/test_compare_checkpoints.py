"""scripts/compare_checkpoints.py on tiny checkpoints and the samples."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch
from transformers import PreTrainedTokenizerBase

from jianghua.codebook import load_codebook
from jianghua.config import run
from jianghua.modeling.checkpoint import save_checkpoint
from jianghua.modeling.classifier import ClassifierSettings, new_classifier
from jianghua.modeling.decisions import indicators
from jianghua.modeling.ngrams import Mixing, fit_ngrams
from jianghua.modeling.parts import Decided, NgramPart
from jianghua.records import read_annotated, read_jsonl

ROOT = Path(__file__).parents[2]
DEV = ROOT / "data" / "samples" / "dev.jsonl"
SETTINGS = ClassifierSettings.for_codebook(load_codebook(), 48, False)
ARCHITECTURE = {
    "model_type": "bert", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
    "max_position_embeddings": 96,
}  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compare", ROOT / "scripts" / "compare_checkpoints.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def models(bert_tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> list[str]:
    """An encoder that has learned nothing, and one with n-grams that know the very documents."""
    torch.manual_seed(0)
    folders = [tmp_path / name for name in ("knowing", "blank")]
    model = new_classifier(ARCHITECTURE, bert_tokenizer, SETTINGS)
    for folder in folders:
        save_checkpoint(folder, model, bert_tokenizer, SETTINGS.to_dict(), half=False)
    pairs = [(p.text, p.label) for d in read_annotated(DEV, load_codebook()) for p in d.paragraphs if p.label]
    ngrams = fit_ngrams([text for text, _ in pairs], indicators([label for _, label in pairs], SETTINGS), 5000)
    domains = len(SETTINGS.policy_domain)
    mixing = Mixing(0.1, 5.0, 0.1, 5.0, (0.0,) * domains)
    NgramPart(ngrams, Decided(mixing, (0.5,) * domains, 0.5)).save(folders[0])
    return [str(folder) for folder in folders]


def test_the_one_that_knows_is_ahead(
    script: ModuleType, models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.jsonl"
    assert script.main(["--models", *models, "--data", str(DEV), "--output", str(output)]) == 0
    first, other = read_jsonl(output)
    value, low, _ = other["first_less_this"]["task_type"]["macro_f1"]
    assert value == pytest.approx(
        first["scores"]["task_type"]["macro_f1"][0] - other["scores"]["task_type"]["macro_f1"][0], abs=2e-4
    )
    assert low > 0.3
    assert other["mcnemar"]["only_first_right"] > other["mcnemar"]["only_other_right"]
    assert other["mcnemar"]["p"] < 0.001
    printed = capsys.readouterr().out
    assert "]*" in printed
    assert "McNemar p = 0.0000" in printed


def test_one_checkpoint_is_no_comparison(
    script: ModuleType, models: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(lambda: script.main(["--models", models[0], "--data", str(DEV)])) == 2
    assert "expected two checkpoints or more, found 1" in capsys.readouterr().err
