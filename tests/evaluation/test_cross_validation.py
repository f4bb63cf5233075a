"""Pooling, pairing and the files of out-of-fold predictions."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jianghua.codebook import load_codebook
from jianghua.evaluation.classifier import pooled_mcc
from jianghua.evaluation.cross_validation import (
    Pooled,
    paired_differences,
    pool,
    pooled_scores,
    score_lines,
    seed_lines,
    trust_lines,
)
from jianghua.evaluation.out_of_fold import (
    PREDICTIONS,
    Fold,
    Row,
    costs,
    finished_folds,
    fold_folder,
    read_fold,
    record,
    reference_rows,
    reference_seed,
    refuse_recorded,
    rows_of_labels,
    rows_of_prediction,
    write_fold,
)
from jianghua.metrics.classification import expected_calibration_error, multi_label_report, single_label_report
from jianghua.modeling.classifier import ClassifierSettings, Prediction
from jianghua.records import read_jsonl
from jianghua.schema import Document, InputError, Label, Paragraph

CODEBOOK = load_codebook()
TASKS, DOMAINS = CODEBOOK.task_type.labels, CODEBOOK.policy_domain.labels


def label(draw: random.Random) -> Label:
    return Label(draw.choice(TASKS[:4]), tuple(x for x in DOMAINS if draw.random() < 0.15))


def documents(count: int = 12) -> list[Document]:
    draw = random.Random(7)
    return [
        Document(f"d{i:02}", tuple(Paragraph(j, 0, 1, "文", label=label(draw)) for j in range(draw.randint(1, 5))))
        for i in range(count)
    ]


DOCUMENTS = documents()


def rows(share_right: float, seed: int = 0) -> list[Row]:
    """Predictions of which a share is right on both axes."""
    draw = random.Random(seed)
    places = [p.label for d in DOCUMENTS for p in d.paragraphs if p.label]
    return rows_of_labels(DOCUMENTS, [x if draw.random() < share_right else label(draw) for x in places])


def pooled(found: list[Row]) -> Pooled:
    return pool(DOCUMENTS, found, CODEBOOK)


def test_pooled_scores_are_those_of_all_paragraphs_as_one_sample() -> None:
    found = rows(0.6)
    shuffled = random.Random(1).sample(found, len(found))
    result = pooled_scores(pool(DOCUMENTS[::-1], shuffled, CODEBOOK))
    wanted = [p.label for d in DOCUMENTS for p in d.paragraphs if p.label]
    tasks = single_label_report([x.task_type for x in wanted], [x.task_type for x in found], TASKS)
    domains = multi_label_report([x.policy_domain for x in wanted], [x.policy_domain for x in found], DOMAINS)
    for axis, report in (("task_type", tasks), ("policy_domain", domains)):
        for name in set(result[axis]) - {"per_label", "mcc"}:
            assert result[axis][name][0] == pytest.approx(report[name], abs=1e-4), (axis, name)
        for code, f1 in result[axis]["per_label"].items():
            assert f1 == pytest.approx(report["per_label"][code]["f1"], abs=1e-4)
    assert result["task_type"]["mcc"][0] == pytest.approx(tasks["mcc"], abs=1e-4)
    sides = [np.array([[code in x.policy_domain for code in DOMAINS] for x in side]) for side in (wanted, found)]
    assert result["policy_domain"]["mcc"][0] == pytest.approx(pooled_mcc(sides[0], sides[1]), abs=1e-4)
    assert set(result["policy_domain"]) - set(result["task_type"]) == {"macro_f1_no_other"}
    assert (result["documents"], result["paragraphs"]) == (12, len(found))


def test_intervals_hold_the_value_and_resample_documents() -> None:
    value, low, high = pooled_scores(pooled(rows(0.6)))["task_type"]["micro_f1"]
    assert low < value < high
    # Documents that are right or wrong as a whole vary more than paragraphs do.
    right = rows(1.0)
    wrong = [dataclasses.replace(row, task_type=TASKS[-1]) if int(row.id[1:]) % 2 else row for row in right]
    _, low, high = pooled_scores(pooled(wrong))["task_type"]["micro_f1"]
    share = sum(a == b for a, b in zip(right, wrong, strict=True)) / len(right)
    assert high - low > 2 * 1.96 * (share * (1 - share) / len(right)) ** 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found[1:], "found 1 without, 0 with another, 0 of unknown"),
        (lambda found: [*found, found[3]], "found 0 without, 1 with another, 0 of unknown"),
        (lambda found: [*found, Row("d00", 99, "review", ())], "found 0 without, 0 with another, 1 of unknown"),
    ],
)
def test_every_paragraph_is_predicted_exactly_once(change: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pooled(change(rows(0.6)))


def test_a_difference_is_paired_by_document() -> None:
    ours, theirs = pooled(rows(0.7, seed=1)), pooled(rows(0.4, seed=2))
    differences = paired_differences(ours, theirs)
    for axis in ("task_type", "policy_domain"):
        a, b = pooled_scores(ours)[axis], pooled_scores(theirs)[axis]
        for name, (value, low, high) in differences[axis].items():
            assert value == pytest.approx(a[name][0] - b[name][0], abs=2e-4)
            assert low <= value <= high
    same = paired_differences(ours, ours)
    assert {tuple(bound) for axis in same.values() for bound in axis.values()} == {(0.0, 0.0, 0.0)}


def test_pairing_removes_what_both_sides_share() -> None:
    theirs = rows(0.6)
    wrong = next(i for i, row in enumerate(theirs) if row.task_type != _reference()[i].task_type)
    ours = [*theirs]
    ours[wrong] = dataclasses.replace(ours[wrong], task_type=_reference()[wrong].task_type)
    value, low, high = paired_differences(pooled(ours), pooled(theirs))["task_type"]["micro_f1"]
    assert low == 0 < value
    one = pooled_scores(pooled(ours))["task_type"]["micro_f1"]
    assert high - low < (one[2] - one[1]) / 2


def _reference() -> list[Label]:
    return [p.label for d in DOCUMENTS for p in d.paragraphs if p.label]


def test_other_documents_cannot_be_paired() -> None:
    fewer = pool(DOCUMENTS[1:], [row for row in rows(0.5) if row.id != "d00"], CODEBOOK)
    with pytest.raises(InputError, match="the same documents and references on both sides"):
        paired_differences(pooled(rows(0.5)), fewer)
    relabelled = [dataclasses.replace(d, paragraphs=tuple(_other(p) for p in d.paragraphs)) for d in DOCUMENTS]
    with pytest.raises(InputError, match="the same documents and references on both sides"):
        paired_differences(pooled(rows(0.5)), pool(relabelled, rows(0.5), CODEBOOK))


def _other(paragraph: Paragraph) -> Paragraph:
    return dataclasses.replace(paragraph, label=Label(TASKS[0]))


def predicted() -> tuple[Prediction, list[Row]]:
    n, draw = len(_reference()), np.random.default_rng(0)
    settings = dataclasses.replace(ClassifierSettings.for_codebook(CODEBOOK, 64, True), review_below=0.4)
    made = Prediction(draw.dirichlet([0.3] * len(TASKS), n), draw.uniform(0, 1, (n, len(DOMAINS))) ** 3, settings)
    return made, rows_of_prediction(DOCUMENTS, made)


def test_rows_of_a_classifier_are_its_own_decisions() -> None:
    prediction, found = predicted()
    assert [(x.task_type, x.policy_domain) for x in found] == [
        (x.task_type, x.policy_domain) for x in prediction.labels()
    ]
    assert [x.needs_review for x in found] == prediction.needs_review()
    assert np.array([x.domain for x in found]) == pytest.approx(prediction.domain, abs=1e-6)


def test_calibration_and_review_marks_of_a_classifier() -> None:
    prediction, found = predicted()
    result = pooled_scores(pooled(found))
    right = np.array([a.task_type == b.task_type for a, b in zip(_reference(), found, strict=True)])
    flagged = np.array(prediction.needs_review())
    assert 0 < flagged.sum() < len(flagged)
    assert result["share_flagged"] == pytest.approx(flagged.mean(), abs=1e-4)
    assert result["error_unflagged"] == pytest.approx((~right[~flagged]).mean(), abs=1e-4)
    task = expected_calibration_error(prediction.task.max(axis=1), right)
    wanted = np.array([[code in x.policy_domain for code in DOMAINS] for x in _reference()])
    open_ = prediction.domain >= 0.05
    domain = expected_calibration_error(prediction.domain[open_], wanted[open_])
    assert result["ece"] == pytest.approx({"task_type": task, "policy_domain": domain}, abs=1e-3)
    assert pooled_scores(pooled(rows(0.5)))["ece"] is None


def test_tables_show_systems_axes_and_trust() -> None:
    ours, theirs = pooled(predicted()[1]), pooled(rows(0.5))
    scores = pooled_scores(ours)
    text = "\n".join(
        [*score_lines({"ours": scores, "difference": paired_differences(ours, theirs)}), *trust_lines(scores)]
    )
    for part in ("| task_type ", "| policy_domain ", "macro_f1_no_other", "difference", "flagged for review"):
        assert part in text
    assert list(trust_lines(pooled_scores(theirs))) == []
    means = list(seed_lines({0: scores, 1: pooled_scores(theirs)}))
    assert means[0].startswith("task_type, mean of 2 seeds: macro_f1 0.") and len(means) == 2


def test_a_fold_survives_its_files_and_is_not_another_run(tmp_path: Path) -> None:
    _, found = predicted()
    assert read_fold(tmp_path, {"config_hash": "a"}) is None
    write_fold(tmp_path, found, {"fingerprint": {"config_hash": "a"}, "seconds": 1.0})
    fold = read_fold(tmp_path, {"config_hash": "a"})
    assert fold and fold.rows == found and fold.facts["seconds"] == 1.0
    with pytest.raises(InputError, match=r"found another config_hash; restore it, or choose another --out"):
        read_fold(tmp_path, {"config_hash": "b"})
    assert "文" not in (tmp_path / PREDICTIONS).read_text(encoding="utf-8")


def test_a_damaged_fold_is_unfinished(tmp_path: Path) -> None:
    write_fold(tmp_path, rows(0.5), {"fingerprint": {}})
    whole = (tmp_path / PREDICTIONS).read_text(encoding="utf-8")
    (tmp_path / PREDICTIONS).write_text(whole[: len(whole) // 2], encoding="utf-8")
    assert read_fold(tmp_path, {}) is None


def test_folds_of_two_configurations_are_never_pooled(tmp_path: Path) -> None:
    write_fold(fold_folder(tmp_path, 0, 0), rows(0.5), {"fingerprint": {"config_hash": "a"}})
    write_fold(fold_folder(tmp_path, 0, 2), rows(0.5), {"fingerprint": {"config_hash": "a"}})
    assert list(finished_folds(tmp_path, 0, 3, {"config_hash": "a"})) == [0, 2]
    write_fold(fold_folder(tmp_path, 0, 1), rows(0.5), {"fingerprint": {"config_hash": "b"}})
    with pytest.raises(InputError, match="another config_hash"):
        finished_folds(tmp_path, 0, 3, {"config_hash": "a"})


def test_a_reference_is_whole_and_of_the_same_data(tmp_path: Path) -> None:
    run = {"config_hash": "a", "data": ["x"]}
    write_fold(fold_folder(tmp_path, 0, 0), rows(0.5)[:3], {"fingerprint": run})
    assert reference_rows(tmp_path, 0, [0], ["x"]) == rows(0.5)[:3]
    with pytest.raises(InputError, match=r"found no \[1\]; finish the reference"):
        reference_rows(tmp_path, 0, [0, 1], ["x"])
    with pytest.raises(InputError, match="one run on the same data and folds"):
        reference_rows(tmp_path, 0, [0], ["y"])
    write_fold(fold_folder(tmp_path, 0, 1), rows(0.5)[3:], {"fingerprint": run | {"config_hash": "b"}})
    with pytest.raises(InputError, match="one run on the same data and folds"):
        reference_rows(tmp_path, 0, [0, 1], ["x"])


def test_a_reference_has_the_same_seed_or_a_single_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found no folds there"):
        reference_seed(tmp_path, 1)
    (tmp_path / "seed-0").mkdir()
    assert (reference_seed(tmp_path, 0), reference_seed(tmp_path, 1)) == (0, 0)
    (tmp_path / "seed-1").mkdir()
    assert reference_seed(tmp_path, 1) == 1
    with pytest.raises(InputError, match="found seeds 0, 1 there"):
        reference_seed(tmp_path, 2)


def test_results_are_appended_once(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    refuse_recorded(path, "small", [0])
    record(path, {"name": "small", "seed": 0})
    record(path, {"name": "rules", "seed": None})
    assert [row["name"] for row in read_jsonl(path)] == ["small", "rules"]
    refuse_recorded(path, "small", [1])
    for name, seed in (("small", 0), ("rules", None)):
        with pytest.raises(InputError, match=f"found '{name}' with seed {seed}"):
            refuse_recorded(path, name, [seed])


def test_costs_of_a_resumed_run_are_unknown() -> None:
    folds = [Fold([], {"seconds": s, "left_out": 1, "parameters": 5, "device": "cpu"}) for s in (1.25, 2.5)]
    assert costs(folds) == {"seconds": 3.8, "left_out": 2, "parameters": 5, "device": "cpu"}
    assert costs([*folds, Fold([], {"seconds": None})])["seconds"] is None
