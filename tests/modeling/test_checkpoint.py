"""What a folder must hold to be opened, and what the user reads when it does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerBase

from jianghua.codebook import load_codebook
from jianghua.modeling.checkpoint import load_model, load_tokenizer, save_checkpoint
from jianghua.modeling.classifier import ClassifierSettings, load_classifier, new_classifier, pretrained_classifier
from jianghua.modeling.summarizer import SummarizerSettings, load_summarizer, pretrained_summarizer
from jianghua.schema import InputError

SETTINGS = ClassifierSettings.for_codebook(load_codebook(), 48, False)
ARCHITECTURE = {
    "model_type": "bert", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "max_position_embeddings": 96,
}  # fmt: skip
CPU = torch.device("cpu")


@pytest.fixture
def folder(bert_tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> Path:
    """A sound classifier checkpoint."""
    path = tmp_path / "classifier"
    model = new_classifier(ARCHITECTURE, bert_tokenizer, SETTINGS)
    save_checkpoint(path, model, bert_tokenizer, SETTINGS.to_dict(), half=False)
    return path


def _refused(action: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        action()
    assert "\n" not in str(caught.value)


def _drop(folder: Path, part: str) -> None:
    path = folder / "model.safetensors"
    kept = {name: value for name, value in load_file(path).items() if part not in name}
    save_file(kept, path, metadata={"format": "pt"})


def _reset(folder: Path, **changes: Any) -> None:
    path = folder / "jianghua.json"
    values = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({key: value for key, value in values.items() if value is not None}), encoding="utf-8")


def test_what_is_saved_is_what_is_loaded(folder: Path) -> None:
    classifier = load_classifier(folder, CPU, torch.float32)
    assert classifier.settings == SETTINGS
    assert classifier.name == "classifier"
    assert not classifier.model.training
    stored = load_file(folder / "model.safetensors")
    assert all(
        torch.equal(value, stored[name]) for name, value in classifier.model.state_dict().items() if name in stored
    )


def test_half_size_checkpoints_are_half_the_size(folder: Path, tmp_path: Path) -> None:
    classifier = load_classifier(folder, CPU, torch.float32)
    save_checkpoint(tmp_path / "half", classifier.model, classifier.tokenizer, SETTINGS.to_dict(), half=True)
    sizes = [(path / "model.safetensors").stat().st_size for path in (folder, tmp_path / "half")]
    assert sizes[1] < 0.6 * sizes[0]
    assert next(classifier.model.parameters()).dtype == torch.float32
    again = load_classifier(tmp_path / "half", CPU, torch.float32)
    assert next(again.model.parameters()).dtype == torch.float32
    for one, other in zip(classifier.model.parameters(), again.model.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-3)


def test_tied_weights_are_written_once(base_model: Callable[[str], Path], tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(base_model("pegasus")))
    model = pretrained_summarizer(str(base_model("pegasus")), tokenizer)
    save_checkpoint(tmp_path, model, tokenizer, SummarizerSettings().to_dict(), half=True)
    stored = load_file(tmp_path / "model.safetensors")
    embeddings = [name for name, value in stored.items() if value.shape[0] == len(tokenizer)]
    assert embeddings == ["model.shared.weight"]
    load_summarizer(tmp_path, CPU, torch.float32)


def test_missing_folder_and_folder_of_something_else(folder: Path, tmp_path: Path) -> None:
    _refused(
        lambda: load_classifier(tmp_path / "none"), r"a classifier checkpoint in .*none, found no such folder; train"
    )
    (tmp_path / "empty").mkdir()
    _refused(lambda: load_classifier(tmp_path / "empty"), r"found no jianghua\.json there; ")
    _refused(
        lambda: load_summarizer(folder), r"a summarizer checkpoint in .*, found a classifier; give the folder of a"
    )


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"kind": "classifier"}', '{"kind": "classifier", "task_type": 3}']
)
def test_settings_that_cannot_be_read(text: str, folder: Path) -> None:
    (folder / "jianghua.json").write_text(text, encoding="utf-8")
    _refused(lambda: load_classifier(folder), r"jianghua\.json")


def test_settings_of_other_labels_than_the_weights(folder: Path) -> None:
    _reset(folder, task_type=list(SETTINGS.task_type)[::-1])
    _refused(lambda: load_classifier(folder), r"the labels of jianghua\.json")
    _reset(folder, task_type=["a", "b"])
    _refused(lambda: load_classifier(folder), r"the labels of jianghua\.json")


def test_missing_weights_of_a_trained_model_are_refused(folder: Path) -> None:
    _drop(folder, "classifier.bias")
    _refused(lambda: load_classifier(folder), r"all weights of Bert\w+ in .*1 missing or .*, first classifier\.bias")


@pytest.mark.parametrize("kind", ["bert", "roberta", "ernie", "macbert", "modernbert"])
def test_a_base_encoder_may_lack_a_head_but_no_layer(
    kind: str, base_model: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / kind
    shutil.copytree(base_model(kind), folder)
    pretrained_classifier(str(folder), SETTINGS)
    _drop(folder, "layers.1." if kind == "modernbert" else "layer.1.")
    _refused(
        lambda: pretrained_classifier(str(folder), SETTINGS),
        r"all weights of \w+ in .*missing or .*, first .*layers?\.1\.",
    )


@pytest.mark.parametrize("kind", ["bart", "mt5", "pegasus", "encoder-decoder"])
def test_a_base_writer_may_lack_nothing(kind: str, base_model: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / kind
    shutil.copytree(base_model(kind), folder)
    tokenizer = load_tokenizer(str(folder))
    pretrained_summarizer(str(folder), tokenizer)
    layers = {"mt5": "decoder.block.0.layer.0.", "encoder-decoder": "decoder.bert.encoder.layer.1."}
    _drop(folder, layers.get(kind, "layers.0."))
    _refused(lambda: pretrained_summarizer(str(folder), tokenizer), r"all weights of \w+ in .*missing or .*, first ")


def test_weights_of_another_size_are_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 40}), encoding="utf-8")
    _refused(lambda: load_classifier(folder), r"bert\.encoder\.layer\.0")
    _refused(lambda: pretrained_classifier(str(folder), SETTINGS), r"bert\.encoder\.layer\.0")


def test_a_head_of_another_size_is_replaced(folder: Path) -> None:
    other = ClassifierSettings(("a", "b"), ("c",), "own", "1")
    assert pretrained_classifier(str(folder), other).config.num_labels == 3


def _pickle(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def test_pickled_weights_are_refused(folder: Path, base_model: Callable[[str], Path], tmp_path: Path) -> None:
    _pickle(folder)
    _refused(
        lambda: load_classifier(folder), r"a model with safetensors weights at .*; check the name or path, or convert"
    )
    base = tmp_path / "base"
    shutil.copytree(base_model("bert"), base)
    _pickle(base)
    _refused(lambda: pretrained_classifier(str(base), SETTINGS), r"a model with safetensors weights at")


def test_code_in_a_checkpoint_is_never_run(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    places = {"AutoConfig": "own.Config", "AutoModelForSequenceClassification": "own.Model"}
    own = {"model_type": "own", "auto_map": places}
    (folder / "config.json").write_text(json.dumps(config | own), encoding="utf-8")
    trace = folder / "ran"
    (folder / "own.py").write_text(f"open({str(trace)!r}, 'w').close()\n", encoding="utf-8")
    _refused(lambda: load_classifier(folder), r"a model with safetensors weights at|a tokenizer")
    assert not trace.exists()


@pytest.mark.parametrize("keep", [0, 7, 5000])
def test_damaged_weights_are_refused_in_one_line(keep: int, folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    _refused(lambda: load_classifier(folder), r"a model with safetensors weights at")


@pytest.mark.parametrize("name", ["nowhere/at/all", "./none"])
def test_a_tokenizer_that_is_not_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    _refused(lambda: load_tokenizer(name), rf"a tokenizer at {name}")


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    _refused(
        lambda: load_model(AutoModelForSequenceClassification, missing, strict=True),
        rf"safetensors weights at {missing}",
    )


def test_a_saved_folder_opens_in_plain_transformers(folder: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(str(folder))
    inputs = AutoTokenizer.from_pretrained(str(folder))("要把夜巡做实", return_tensors="pt")
    assert model(**inputs).logits.shape == (1, len(SETTINGS.task_type) + len(SETTINGS.policy_domain))
