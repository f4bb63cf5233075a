"""A benchmark is a YAML: rows with other columns and labels train both models, on one axis alone if need be."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_runs import classifier_config, summarizer_config, weights, write_summarizer_yaml, write_yaml

from jianghua.metrics.classification import multi_label_report, single_label_report
from jianghua.modeling.batching import ClassifierInput, Windows
from jianghua.modeling.classifier import ClassifierSettings, load_classifier, predict
from jianghua.modeling.summarizer import generate, load_summarizer
from jianghua.modeling.tokenization import PROBE
from jianghua.schema import InputError, Label
from jianghua.trainers.calibrating import Split, calibrate, target_rows
from jianghua.trainers.classifier import class_weights, make_loss, train_classifier
from jianghua.trainers.summarizer import read_pairs, train_summarizer

# Words decide each label, so that a model of any size can learn it.
WORDS = {"水利": "河道清淤", "交通": "公路通车", "治安": "夜间巡逻"}
STEPS: dict[str, Any] = {"eval_steps": 50, "learning_rate": 0.01}


def _rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    names = list(WORDS)
    rows = []
    for n in range(start, start + count):
        first, second = names[n % 3], names[n // 3 % 3]
        text = f"{first}简报第{n}期：{WORDS[first]}。" + (WORDS[second] if n % 2 else "") + PROBE
        rows.append({"正文": text, "类": first, "领域": sorted({first, second} if n % 2 else {first}),
                     "题": WORDS[first] + "获好评"})  # fmt: skip
    return rows


def _gz(path: Path, rows: list[dict[str, Any]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    for name, rows in (("train", _rows(60)), ("held", _rows(18, 60)), ("dev", _rows(18, 78))):
        _gz(folder / f"{name}.jsonl.gz", rows)
    return folder


def _classifier(home: Path, folder: Path, columns: dict[str, str], steps: int = 150, **changes: Any) -> dict[str, Any]:
    values = {"codebook": None, "columns": {"text": "正文"} | columns, "dev_data": [str(home / "dev.jsonl.gz")],
              "held_out_data": [str(home / "held.jsonl.gz")], "class_balance": 0.0}  # fmt: skip
    path = write_yaml(folder, home / "train.jsonl.gz", STEPS | {"max_steps": steps}, **values | changes)
    (found,) = train_classifier(classifier_config(path)).values()
    return found


def test_one_label_of_many(home: Path, tmp_path: Path) -> None:
    found = _classifier(home, tmp_path, {"task_type": "类"})
    assert list(found) == ["task_type"]
    classifier = load_classifier(tmp_path / "saved", torch.device("cpu"), torch.float32)
    assert classifier.settings.task_type == tuple(sorted(WORDS))
    assert classifier.settings.policy_domain == classifier.settings.thresholds == ()
    rows = _rows(18, 78)
    prediction = predict(classifier, [ClassifierInput(row["正文"]) for row in rows])
    assert prediction.task.shape == (18, 3)
    assert prediction.domain.shape == (18, 0)
    called = prediction.task_labels()
    expected = single_label_report([row["类"] for row in rows], called, classifier.settings.task_type)
    assert found["task_type"]["accuracy"] == pytest.approx(expected["accuracy"])
    assert expected["accuracy"] > 0.9
    assert {label.policy_domain for label in prediction.labels()} == {()}


def test_several_labels_at_once(tmp_path: Path) -> None:
    # Several labels take more rows to learn than one, and more held-out ones to find thresholds.
    for name, start, count in (("train", 0, 240), ("held", 240, 90), ("dev", 330, 18)):
        _gz(tmp_path / f"{name}.jsonl.gz", _rows(count, start))
    found = _classifier(tmp_path, tmp_path, {"policy_domain": "领域"})
    assert list(found) == ["policy_domain"]
    classifier = load_classifier(tmp_path / "saved", torch.device("cpu"), torch.float32)
    assert classifier.settings.task_type == ()
    assert len(classifier.settings.thresholds) == 3
    rows = _rows(18, 330)
    prediction = predict(classifier, [ClassifierInput(row["正文"]) for row in rows])
    expected = multi_label_report(
        [row["领域"] for row in rows], prediction.domain_labels(), classifier.settings.policy_domain
    )
    assert found["policy_domain"]["micro_f1"] == pytest.approx(expected["micro_f1"])
    assert expected["micro_f1"] > 0.8
    assert {label.task_type for label in prediction.labels()} == {""}
    assert len(prediction.needs_review()) == 18


def test_without_calibration_thresholds_stay_as_published(home: Path, tmp_path: Path) -> None:
    _classifier(home, tmp_path, {"policy_domain": "领域"}, steps=1, calibrate=False)
    settings = load_classifier(tmp_path / "saved").settings
    assert settings.thresholds == (0.5, 0.5, 0.5)
    assert settings.domain_scale == (1, 1, 1)


def test_held_out_rows_are_those_given_or_a_share(home: Path, tmp_path: Path) -> None:
    columns = {"text": "正文", "title": "题"}
    changes: dict[str, Any] = {"codebook": None, "columns": columns, "held_out_pairs": 99, "held_out_share": 0.3}
    shared = summarizer_config(write_summarizer_yaml(tmp_path, home / "train.jsonl.gz", **changes))
    train, held = read_pairs(shared)
    assert len(train) + len(held) == 60
    given = {"held_out_data": [str(home / "held.jsonl.gz")]}
    train, held = read_pairs(
        summarizer_config(write_summarizer_yaml(tmp_path, home / "train.jsonl.gz", **changes, **given))
    )
    assert (len(train), len(held)) == (60, 18)
    assert {pair.kind for pair in train} == {"headline"}
    assert train[0].target == "河道清淤获好评"
    assert train[0].source == _rows(1)[0]["正文"]


def test_titles_are_learned_from_rows(home: Path, tmp_path: Path) -> None:
    path = write_summarizer_yaml(
        tmp_path, home / "train.jsonl.gz", {"max_steps": 2, "eval_steps": 2}, codebook=None,
        columns={"text": "正文", "title": "题"}, dev_data=[str(home / "dev.jsonl.gz")],
    )  # fmt: skip
    train_summarizer(summarizer_config(path))
    (scores,) = json.loads((tmp_path / "run" / "scores.json").read_text(encoding="utf-8")).values()
    assert set(scores) == {"headline"}
    assert 0 <= scores["headline"]["rougeL"] <= 1
    summarizer = load_summarizer(tmp_path / "saved")
    assert {kind for kind, _ in summarizer.settings.methods} == {"gist", "headline", "summary"}
    assert len(generate(summarizer, "headline", [_rows(1)[0]["正文"]])) == 1


def test_any_base_model_takes_rows(home: Path, base_model: Callable[[str], Path], tmp_path: Path) -> None:
    chosen = {"model": str(base_model("modernbert")), "architecture": {}}
    assert set(_classifier(home, tmp_path, {"task_type": "类"}, steps=1, **chosen)) == {"task_type"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": {"text": "正文", "task_type": "标签"}}, r"the columns 标签, found 正文, 类, 领域, 题 in "),
        ({"columns": {"text": "正文", "label": "类"}}, r"found 'columns\.label'"),
        ({"columns": None}, "a codebook, or columns to gather labels from, found neither"),
        ({"columns": {"text": "正文"}}, "labels on one axis at least, found none in codebook rows"),
        (
            {"codebook": "zhengfa", "columns": {"text": "正文", "task_type": "类"}},
            r"task_type codes of codebook zhengfa",
        ),
    ],
)
def test_wrong_mappings_are_refused(changes: dict[str, Any], message: str, home: Path, tmp_path: Path) -> None:
    path = write_yaml(tmp_path, home / "train.jsonl.gz", **{"codebook": None, **changes})
    with pytest.raises(InputError, match=message):
        train_classifier(classifier_config(path))


ONE = ClassifierSettings(("甲", "乙"), (), "rows", "1")
MANY = ClassifierSettings((), ("子", "丑"), "rows", "1", domain_scale=(1.0, 1.0), domain_shift=(0.0, 0.0),
                          thresholds=(0.5, 0.5))  # fmt: skip


def _loss(settings: ClassifierSettings, labels: list[Label], logits: list[list[float]]) -> float:
    # The last column says which window a row is.
    targets = np.column_stack([target_rows(labels, settings, 1.0), np.arange(len(labels))])
    loss = make_loss(class_weights(labels, settings, 0), domain_weight=1.0, positive_weight=1.0)
    return float(loss({"logits": torch.tensor(logits)}, torch.tensor(targets, dtype=torch.float32)))


def test_the_loss_of_one_axis_is_the_plain_one() -> None:
    logits = [[2.0, -1.0], [0.5, 0.0]]
    single = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor([1, 0]))
    assert _loss(ONE, [Label("乙"), Label("甲")], logits) == pytest.approx(float(single))
    gold = torch.tensor([[0.0, 1.0], [1.0, 1.0]])
    multi = torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor(logits), gold)
    assert _loss(MANY, [Label("", ("丑",)), Label("", ("丑", "子"))], logits) == pytest.approx(float(multi))


def test_calibration_of_one_axis_leaves_the_other_alone() -> None:
    rng = np.random.default_rng(1)
    logits, windows = rng.normal(size=(50, 2)) * 4, Windows([[0]] * 50, np.arange(50), np.ones(50))
    one = calibrate(logits, Split(windows, [Label("甲" if x > 0 else "乙") for x in logits[:, 0]]), ONE)
    assert one.temperature != 1
    assert one.domain_scale == one.thresholds == ()
    sets = [Label("", tuple(n for n, x in zip("子丑", row, strict=True) if x > 1)) for row in logits]
    many = calibrate(logits, Split(windows, sets), MANY)
    assert many.temperature == 1
    assert len(many.thresholds) == 2
    # Every set can be told from the logits: hardly any paragraph needs a second look.
    assert many.review_below < 0.9


def test_a_trained_checkpoint_is_given_ngrams_without_training(home: Path, tmp_path: Path) -> None:
    _classifier(home, tmp_path / "first", {"task_type": "类"}, steps=1)
    columns = {"text": "正文", "task_type": "类"}
    path = write_yaml(
        tmp_path / "second", home / "train.jsonl.gz", {"num_train_epochs": 0}, codebook=None, columns=columns,
        dev_data=[str(home / "dev.jsonl.gz")], held_out_data=[str(home / "held.jsonl.gz")], architecture={},
        model=str(tmp_path / "first" / "saved"), ngrams=500,
    )  # fmt: skip
    (found,) = train_classifier(classifier_config(path)).values()
    before, after = (weights(tmp_path / name) for name in ("first", "second"))
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    classifier = load_classifier(tmp_path / "second" / "saved", torch.device("cpu"), torch.float32)
    assert classifier.ngrams is not None
    assert len(classifier.ngrams.ngrams.pieces) <= 500
    rows = _rows(18, 78)
    prediction = predict(classifier, [ClassifierInput(row["正文"]) for row in rows])
    expected = single_label_report([r["类"] for r in rows], prediction.task_labels(), classifier.settings.task_type)
    # One step taught the encoder nothing: what is right comes from the n-grams.
    assert found["task_type"]["accuracy"] == pytest.approx(expected["accuracy"])
    assert expected["accuracy"] > 0.9


def test_ngrams_need_calibration(home: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="calibrate: false; set calibrate"):
        _classifier(home, tmp_path, {"task_type": "类"}, steps=1, calibrate=False, ngrams=500)
