"""A checkpoint of one axis is evaluated on that axis alone: nothing is reported on the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from jianghua.codebook import Codebook
from jianghua.evaluation.baselines import fit_tfidf, predict_tfidf
from jianghua.evaluation.classifier import check_codebook, evaluate_classifier, review_figures, tfidf_baseline
from jianghua.evaluation.report import render
from jianghua.modeling.checkpoint import save_checkpoint
from jianghua.modeling.classifier import (
    Classifier,
    ClassifierSettings,
    Prediction,
    load_classifier,
    new_classifier,
    probabilities,
)
from jianghua.modeling.tokenization import PROBE, train_tokenizer
from jianghua.schema import Document, Label, Paragraph

ARCHITECTURE = {
    "model_type": "modernbert", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2, "global_attn_every_n_layers": 1, "max_position_embeddings": 128,
}  # fmt: skip
TEXTS = {"水利": "河道清淤月底完工", "交通": "县道今天通车", "治安": "夜市添了巡逻岗"}
BOOKS = {"task_type": Codebook.of_labels(sorted(TEXTS), ()), "policy_domain": Codebook.of_labels((), sorted(TEXTS))}
AXES = sorted(BOOKS)


def _documents(axis: str) -> list[Document]:
    rows = [(name, f"{text}之{n}") for n in range(4) for name, text in TEXTS.items()]
    labels = [Label(name) if axis == "task_type" else Label("", (name,)) for name, _ in rows]
    return [
        Document(f"d{i}", (Paragraph(0, 0, len(text), text, label=label),))
        for i, ((_, text), label) in enumerate(zip(rows, labels, strict=True))
    ]


@pytest.fixture(scope="module", params=AXES)
def axis(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def classifier(axis: str, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    torch.manual_seed(0)
    folder: Path = tmp_path_factory.mktemp(axis)
    tokenizer = train_tokenizer([PROBE, *TEXTS.values()] * 3, 200)
    settings = ClassifierSettings.for_codebook(BOOKS[axis], 32, use_context=False)
    save_checkpoint(folder, new_classifier(ARCHITECTURE, tokenizer, settings), tokenizer, settings.to_dict(), False)
    return load_classifier(folder, dtype=torch.float32)


def test_only_the_axis_with_labels_is_reported(classifier: Classifier, axis: str) -> None:
    documents = _documents(axis)
    floors = {"tfidf": tfidf_baseline(fit_tfidf(documents, BOOKS[axis]))}
    result = evaluate_classifier(classifier, documents, floors)
    assert [list(system) for system in result["systems"].values()] == [[axis], [axis]]
    assert list(result["calibration"]) == [axis]
    assert result["systems"]["tfidf"][axis]["micro_f1"] == 1
    assert set(result["systems"]["model"][axis]["intervals"]) == {"macro_f1", "micro_f1"}
    entry = {"path": "a.csv", "sha256": "0" * 64} | result
    text = render({"kind": "classifier", "model": "m@1", "codebook": "rows 0", "dtype": "f", "device": "cpu",
                   "left_out": {}, "data": [entry]})  # fmt: skip
    other = {"task_type": "domain macro-F1", "policy_domain": "task macro-F1"}[axis]
    assert other not in text
    assert {"task_type": "wrong task types", "policy_domain": "wrong label sets"}[axis] in text
    assert "| 水利 " in text


def test_labels_of_the_other_axis_are_never_predicted(axis: str) -> None:
    labels = predict_tfidf(fit_tfidf(_documents(axis), BOOKS[axis]), ["县道通车"])
    assert labels == [Label("交通", (), "tfidf") if axis == "task_type" else Label("", ("交通",), "tfidf")]


def test_the_checkpoint_knows_its_labels_without_a_file(classifier: Classifier, axis: str) -> None:
    settings = classifier.settings
    check_codebook(settings, Codebook.of_labels(settings.task_type, settings.policy_domain))
    task, domain = probabilities(np.zeros((5, 3)), settings)
    shapes = {"task_type": ((5, 3), (5, 0)), "policy_domain": ((5, 0), (5, 3))}
    assert (task.shape, domain.shape) == shapes[axis]


def test_review_without_task_types_is_about_the_whole_set() -> None:
    settings = ClassifierSettings((), ("甲", "乙"), "rows", "1", thresholds=(0.5, 0.3), review_below=0.5)
    domain = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.1]])
    prediction = Prediction(np.zeros((3, 0)), domain, settings)
    assert prediction.confidence() == pytest.approx([0.9 * 0.9, 0.6 * 0.4, 0.8 * 0.9])
    assert prediction.needs_review() == [False, True, False]
    # Right, wrong (one of two), right: the order of a set does not matter.
    labels = [Label("", ("甲",)), Label("", ("乙",)), Label("")]
    figures = review_figures(prediction, labels)
    assert (figures["error"], figures["error_flagged"]) == (pytest.approx(1 / 3), 1)


def test_unbalanced_and_balanced_floors_differ_in_weights() -> None:
    documents = _documents("task_type")
    skewed = documents[:1] * 30 + documents
    plain, balanced = (fit_tfidf(skewed, BOOKS["task_type"], flag).task_type for flag in (False, True))
    assert plain is not None
    assert balanced is not None
    assert not np.allclose(plain.coef_, balanced.coef_)
