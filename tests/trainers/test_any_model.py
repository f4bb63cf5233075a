"""Changing the model is one line of the configuration, and what comes out opens in plain transformers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoModelForSequenceClassification, AutoTokenizer

from jianghua.codebook import load_codebook
from jianghua.modeling.batching import ClassifierInput
from jianghua.modeling.classifier import load_classifier, predict
from jianghua.modeling.grounding import unsupported
from jianghua.modeling.summarizer import Wish, generate, load_summarizer, score_lines
from jianghua.modeling.writing import write_lines
from jianghua.schema import InputError
from jianghua.trainers.classifier import ClassifierConfig, train_classifier
from jianghua.trainers.run import RunConfig
from jianghua.trainers.summarizer import SummarizerConfig, train_summarizer

CODEBOOK = load_codebook()
NAMES = [f"{axis.name}/{label}" for axis in (CODEBOOK.task_type, CODEBOOK.policy_domain) for label in axis.labels]


def _run(tmp_path: Path) -> RunConfig:
    return RunConfig(
        tmp_path / "run", max_steps=2, eval_steps=2, per_device_train_batch_size=4, precision="fp32", report_to="none"
    )


@pytest.mark.parametrize("kind", ["bert", "roberta", "ernie", "macbert", "modernbert"])
def test_any_encoder(
    kind: str, base_model: Callable[[str], Path], annotated: Path, sentences: tuple[str, ...], tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    config = ClassifierConfig(
        _run(tmp_path), [annotated], [annotated], saved, str(base_model(kind)), max_length=48, held_out_share=0.3
    )
    found = train_classifier(config)
    assert json.loads((tmp_path / "run" / "scores.json").read_text(encoding="utf-8")) == found
    (scores,) = found.values()
    assert 0 <= scores["task_type"]["macro_f1"] <= 1
    assert not [path.name for path in saved.iterdir() if path.suffix in (".bin", ".pt", ".pth")]

    plain = AutoModelForSequenceClassification.from_pretrained(str(saved))
    assert [plain.config.id2label[i] for i in range(plain.config.num_labels)] == NAMES
    classifier = load_classifier(saved, torch.device("cpu"), torch.float32)
    prediction = predict(classifier, [ClassifierInput(text, "青禾县讲话") for text in sentences])
    assert prediction.task.shape == (12, 9)
    assert np.allclose(prediction.task.sum(axis=1), 1, atol=1e-6)
    assert (prediction.domain >= 0).all()
    assert (prediction.domain <= 1).all()

    # The stock way, without a line of this project, sees the same tokens and gives the same logits.
    tokenizer = AutoTokenizer.from_pretrained(str(saved))
    inputs = tokenizer(sentences[0], return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        stock, ours = plain.float().eval()(**inputs).logits, classifier.model(**inputs).logits
    assert torch.allclose(stock, ours, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Version v4.12.0 introduces:FutureWarning")
@pytest.mark.parametrize("kind", ["bart", "mt5", "pegasus", "encoder-decoder"])
def test_any_sequence_to_sequence_model(
    kind: str, base_model: Callable[[str], Path], annotated: Path, sentences: tuple[str, ...], tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    config = SummarizerConfig(
        _run(tmp_path), [annotated], saved, str(base_model(kind)), max_source_length=48, max_target_length=16,
        held_out_share=0.3, held_out_pairs=6,
    )  # fmt: skip
    scores = train_summarizer(config)
    assert 0 <= scores["eval_rougeL"] <= 100

    plain = AutoModelForSeq2SeqLM.from_pretrained(str(saved))
    assert plain.generation_config.decoder_start_token_id is not None
    summarizer = load_summarizer(saved, torch.device("cpu"), torch.float32)
    texts = sentences[2:5]
    assert len(generate(summarizer, "gist", texts, Wish(num_beams=2))) == 3
    assert np.isfinite(
        score_lines(summarizer, "gist", texts[1], ["去年全县调解纠纷九百余件", "盗窃警情下降一成三"])
    ).all()
    # Random weights write nonsense; what leaves is grounded all the same.
    for source, written in zip(texts, write_lines(summarizer, "gist", texts), strict=True):
        assert written.text
        assert written.text in source


def test_an_encoder_with_a_new_copying_decoder(
    base_model: Callable[[str], Path], annotated: Path, sentences: tuple[str, ...], tmp_path: Path
) -> None:
    decoder = {"model_type": "gpt2", "n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 32}
    config = SummarizerConfig(
        _run(tmp_path), [annotated], tmp_path / "saved", encoder=str(base_model("modernbert")), decoder=decoder,
        optimizer="muon", length_share=0.5, max_source_length=48, max_target_length=16, held_out_share=0.3,
        held_out_pairs=6,
    )  # fmt: skip
    assert 0 <= train_summarizer(config)["eval_rougeL"] <= 100
    summarizer = load_summarizer(tmp_path / "saved", torch.device("cpu"), torch.float32)
    assert summarizer.settings.lengths
    methods = ("generate", "constrained", "first")
    for source, written in zip(sentences, write_lines(summarizer, "gist", sentences, methods), strict=True):
        assert written.how in ("generated", "constrained", "extracted")
        assert 0 < len(written.text) <= 30
        assert not unsupported(written.text, source)


def test_a_chinese_bart_folder_without_its_tokenizer_class_is_refused(
    base_model: Callable[[str], Path], annotated: Path, tmp_path: Path
) -> None:
    whole = base_model("bart")
    folder = tmp_path / "bart"
    folder.mkdir()
    for name in ("config.json", "generation_config.json", "model.safetensors"):
        (folder / name).symlink_to(whole / name)
    # As such folders lie on the hub: a vocabulary, and nothing that says how to read it.
    vocabulary = AutoTokenizer.from_pretrained(str(whole)).get_vocab()
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}), encoding="utf-8")
    config = SummarizerConfig(_run(tmp_path), [annotated], tmp_path / "saved", str(folder))
    with pytest.raises(InputError, match=r"a tokenizer that keeps Chinese text, found .*BertTokenizer"):
        train_summarizer(config)


@pytest.mark.parametrize("chosen", [{}, {"model": "x", "architecture": {"model_type": "bert"}}])
def test_model_or_architecture(chosen: dict, annotated: Path, tmp_path: Path) -> None:
    found = ("both", "model and architecture") if chosen else ("neither", "none")
    with pytest.raises(InputError, match=rf"either model \(a name or folder\) or architecture, found {found[0]}"):
        train_classifier(ClassifierConfig(_run(tmp_path), [annotated], [], tmp_path / "saved", **chosen))
    message = rf"one of model, encoder \(names or folders\) and architecture, found {found[1]}"
    with pytest.raises(InputError, match=message):
        train_summarizer(SummarizerConfig(_run(tmp_path), [annotated], tmp_path / "saved", **chosen))
