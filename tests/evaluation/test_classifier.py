"""Scores of a classifier checkpoint: the served predictions, floors beside them, intervals, calibration, review."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from jianghua.codebook import find_resource, load_codebook
from jianghua.corpus.rules import load_rules
from jianghua.evaluation.baselines import fit_tfidf
from jianghua.evaluation.classifier import (
    calibration_errors,
    check_codebook,
    evaluate_classifier,
    f1_intervals,
    pooled_mcc,
    reference_labels,
    review_figures,
    rule_baseline,
    tfidf_baseline,
)
from jianghua.evaluation.report import render, table
from jianghua.modeling.batching import classifier_inputs
from jianghua.modeling.checkpoint import checkpoint_id, save_checkpoint
from jianghua.modeling.classifier import (
    Classifier,
    ClassifierSettings,
    Prediction,
    label_scores,
    load_classifier,
    new_classifier,
    predict,
    scores,
)
from jianghua.modeling.tokenization import PROBE, train_tokenizer
from jianghua.schema import Document, InputError, Label, Paragraph

CODEBOOK = load_codebook()
SETTINGS = ClassifierSettings.for_codebook(CODEBOOK, 64, use_context=True)
ARCHITECTURE = {
    "model_type": "modernbert", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2, "global_attn_every_n_layers": 1, "max_position_embeddings": 128,
}  # fmt: skip
ROWS = (
    ("一、盘点全年工作", "heading", ()),
    ("全年破获电诈案件八十起，追回赃款三百万元。", "review", ("crime_control",)),
    ("要加快河道整治，严禁乱倒垃圾。", "deployment", ("ecology",)),
    ("大家辛苦了，谢谢同志们！", "appeal", ()),
)


def _document(number: int) -> Document:
    paragraphs = tuple(
        Paragraph(i, 0, 0, f"{text}之{number}", heading="盘点" if i else None, label=Label(task, domains))
        for i, (text, task, domains) in enumerate(ROWS)
    )
    return Document(f"d{number}", paragraphs, title="在年终会上的讲话")


DOCUMENTS = [_document(number) for number in range(6)]


def _perfect(documents: object) -> list[Label]:
    return reference_labels(DOCUMENTS)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("classifier")
    tokenizer = train_tokenizer([PROBE, *(text for text, _, _ in ROWS)] * 3, 300)
    save_checkpoint(folder, new_classifier(ARCHITECTURE, tokenizer, SETTINGS), tokenizer, SETTINGS.to_dict(), False)
    return load_classifier(folder, dtype=torch.float32)


def _prediction(task: list[list[float]], review_below: float = 0.5) -> Prediction:
    """Probabilities of the first task types, the rest 0, and of no domain at all."""
    rows = np.zeros((len(task), len(SETTINGS.task_type)))
    rows[:, : len(task[0])] = task
    domain = np.zeros((len(task), len(SETTINGS.policy_domain)))
    return Prediction(rows, domain, dataclasses.replace(SETTINGS, review_below=review_below))


def test_inputs_carry_title_and_heading_and_skip_unlabelled_paragraphs() -> None:
    unlabelled = dataclasses.replace(DOCUMENTS[0].paragraphs[1], label=None)
    document = dataclasses.replace(DOCUMENTS[0], paragraphs=(*DOCUMENTS[0].paragraphs[:1], unlabelled,
                                                             *DOCUMENTS[0].paragraphs[2:]))  # fmt: skip
    inputs = classifier_inputs([document])
    assert [item.text[:2] for item in inputs] == ["一、", "要加", "大家"]
    assert [item.context for item in inputs] == ["在年终会上的讲话", *["在年终会上的讲话；盘点"] * 2]


def test_model_figures_are_those_of_the_served_prediction(classifier: Classifier) -> None:
    served = predict(classifier, classifier_inputs(DOCUMENTS))
    expected = scores(served, reference_labels(DOCUMENTS))
    system = evaluate_classifier(classifier, DOCUMENTS, {})["systems"]["model"]
    for axis in ("task_type", "policy_domain"):
        assert {key: system[axis][key] for key in expected[axis]} == expected[axis]


def test_context_reaches_the_model(classifier: Classifier) -> None:
    other = [dataclasses.replace(document, title="河道整治河道整治") for document in DOCUMENTS]
    one, two = (evaluate_classifier(classifier, documents, {}) for documents in (DOCUMENTS, other))
    assert one["calibration"] != two["calibration"]


def test_a_perfect_baseline_scores_one_and_an_interval_of_one(classifier: Classifier) -> None:
    result = evaluate_classifier(classifier, DOCUMENTS, {"perfect": _perfect})
    assert (result["documents"], result["paragraphs"], result["uncertain"]) == (6, 24, 0)
    for report in result["systems"]["perfect"].values():
        assert (report["macro_f1"], report["micro_f1"], report["mcc"]) == pytest.approx((1, 1, 1))
        assert report["intervals"] == {"macro_f1": [1, 1], "micro_f1": [1, 1]}
    assert result["systems"]["model"]["task_type"]["accuracy"] < 1


def test_rules_and_tfidf_label_what_is_labelled(classifier: Classifier) -> None:
    rules = load_rules(find_resource("codebook", "zhengfa_rules.yaml"), CODEBOOK)
    floors = {"rules": rule_baseline(rules), "tfidf": tfidf_baseline(fit_tfidf(DOCUMENTS, CODEBOOK))}
    systems = evaluate_classifier(classifier, DOCUMENTS, floors)["systems"]
    assert systems["tfidf"]["task_type"]["accuracy"] == 1
    assert systems["rules"]["policy_domain"]["per_label"]["crime_control"]["f1"] == 1
    partly = dataclasses.replace(DOCUMENTS[0], paragraphs=tuple(
        dataclasses.replace(p, label=p.label if i == 3 else None) for i, p in enumerate(DOCUMENTS[0].paragraphs)
    ))  # fmt: skip
    # The label of a last paragraph depends on its place among all paragraphs, labelled or not.
    assert rule_baseline(rules)([partly]) == [rules.label(DOCUMENTS[0].paragraphs[3], 3, 4)[0]]


def test_documents_without_labels_are_refused(classifier: Classifier) -> None:
    bare = Document("x", (Paragraph(0, 0, 4, "没有标注"),))
    with pytest.raises(InputError, match="expected labelled paragraphs, found none in 1 documents"):
        evaluate_classifier(classifier, [bare], {})


def test_an_interval_of_one_document_is_the_report_itself() -> None:
    rng = np.random.default_rng(0)
    gold, found = rng.random((40, 15)) < 0.3, rng.random((40, 15)) < 0.3
    names = SETTINGS.policy_domain
    labels, predicted = ([Label("review", tuple(n for n, hit in zip(names, row, strict=True) if hit)) for row in rows]
                         for rows in (gold, found))  # fmt: skip
    report = label_scores(predicted, labels, SETTINGS)["policy_domain"]
    whole = f1_intervals(gold, found, [40])
    assert whole["macro_f1"] == pytest.approx([report["macro_f1"]] * 2)
    assert whole["micro_f1"] == pytest.approx([report["micro_f1"]] * 2)
    low, high = f1_intervals(gold, found, [10, 0, 10, 20])["micro_f1"]
    assert low < report["micro_f1"] < high


def test_pooled_mcc_runs_from_minus_one_to_one() -> None:
    gold = np.eye(4, dtype=bool)
    assert pooled_mcc(gold, gold) == pytest.approx(1)
    assert pooled_mcc(gold, ~gold) == pytest.approx(-1)
    assert pooled_mcc(gold, np.zeros_like(gold)) == 0


def test_review_figures_split_errors_by_the_flag() -> None:
    # Columns: heading, meeting_report. Two sure (one wrong), two unsure (both wrong).
    prediction = _prediction([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]], review_below=0.7)
    labels = [Label(task) for task in ("heading", "review", "meeting_report", "heading")]
    figures = review_figures(prediction, labels)
    assert figures == {"review_below": 0.7, "share_flagged": 0.5, "error": 0.75, "error_flagged": 1.0,
                       "error_unflagged": 0.5}  # fmt: skip
    assert review_figures(_prediction([[0.6, 0.4]], review_below=1.0), labels[:1])["error_unflagged"] is None


def test_calibration_error_is_the_gap_between_confidence_and_hits() -> None:
    labels = [Label("heading"), Label("meeting_report")]
    assert calibration_errors(_prediction([[1.0, 0.0], [1.0, 0.0]]), labels) == {"task_type": 0.5, "policy_domain": 0.0}
    named = [Label("heading", ("ecology",)), Label("heading")]
    errors = calibration_errors(_prediction([[1.0, 0.0], [1.0, 0.0]]), named)
    assert errors == pytest.approx({"task_type": 0.0, "policy_domain": 1 / 30})


def test_a_codebook_with_other_labels_is_refused_by_name() -> None:
    check_codebook(SETTINGS, CODEBOOK)
    older = dataclasses.replace(SETTINGS, policy_domain=SETTINGS.policy_domain[1:], codebook_version="0.0")
    with pytest.raises(InputError, match=r"a checkpoint of zhengfa 0\.0 that differs in political_security"):
        check_codebook(older, CODEBOOK)


def test_the_comparison_stands_before_the_labels(classifier: Classifier) -> None:
    entry = {"path": "a.jsonl", "sha256": "0" * 64} | evaluate_classifier(classifier, DOCUMENTS, {"perfect": _perfect})
    record = {"kind": "classifier", "model": "m@1", "codebook": "zhengfa 0", "dtype": "f", "device": "cpu",
              "left_out": {"tfidf": "no files"}, "data": [entry]}  # fmt: skip
    text = render(record)
    places = [text.index(part) for part in ("left out: tfidf: no files", "| perfect ", "needs_review", "| appeal ",
                                            "| ecology ")]  # fmt: skip
    assert places == sorted(places)
    assert "1.000 [1.000, 1.000]" in text


def test_tables_are_aligned() -> None:
    lines = list(table(("name", "x"), [("a", "0.125"), ("longer", "1")]))
    assert lines == ["| name   |     x |", "| ------ | ----: |", "| a      | 0.125 |", "| longer |     1 |"]


def test_weights_in_several_files_change_the_id(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="safetensors weights"):
        checkpoint_id(tmp_path)
    (tmp_path / "model-1.safetensors").write_bytes(b"one")
    first = checkpoint_id(tmp_path)
    (tmp_path / "model-2.safetensors").write_bytes(b"two")
    assert first.startswith(f"{tmp_path.name}@") and checkpoint_id(tmp_path) != first
