from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jianghua.codebook import load_codebook
from jianghua.metrics.classification import best_thresholds
from jianghua.modeling.batching import Windows
from jianghua.modeling.classifier import ClassifierSettings, predict_from_logits
from jianghua.modeling.decisions import review_limit, shrunken_thresholds
from jianghua.schema import Document, InputError, Label, Paragraph
from jianghua.trainers.calibrating import Split, calibrate, target_rows
from jianghua.trainers.classifier import class_weights, logits_in_order
from jianghua.trainers.data import hold_out, read_all
from jianghua.trainers.pairs import annotated_pairs, clean_title, title_pairs

SETTINGS = ClassifierSettings(
    ("review", "appeal", "boilerplate"), ("ecology", "economy"), "tiny", "1",
    domain_scale=(1.0, 1.0), domain_shift=(0.0, 0.0), thresholds=(0.5, 0.5),
)  # fmt: skip


def _documents(count: int) -> list[Document]:
    return [Document(f"d{n}", (), title=str(n)) for n in range(count)]


def test_holding_out_looks_at_the_id_alone() -> None:
    documents = _documents(400)
    kept, held = hold_out(documents, 0.2)
    assert 50 < len(held) < 110
    assert {d.id for d in kept} | {d.id for d in held} == {d.id for d in documents}
    for other in (documents[::-1], documents[100:], [*_documents(500)]):
        again = {d.id for d in hold_out(other, 0.2)[1]}
        assert again & {d.id for d in documents} == {d.id for d in held} & {d.id for d in other}
    assert {d.id for d in hold_out(documents, 0.1)[1]} <= {d.id for d in held}


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_holding_out_nothing_or_all_is_refused(share: float) -> None:
    with pytest.raises(InputError, match=r"held_out_share .*, found \d+ kept and \d+ held out"):
        hold_out(_documents(5), share)


def test_data_that_cannot_train(tmp_path: Path) -> None:
    codebook = load_codebook()
    with pytest.raises(InputError, match=r"nothing at .*none\.jsonl"):
        read_all([tmp_path / "none.jsonl"], codebook)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"labelled paragraphs, found none in .*empty\.jsonl"):
        read_all([empty], codebook)


def test_targets_and_class_weights() -> None:
    labels = [Label("appeal", ("economy",), uncertain=True), Label("review", ("ecology", "economy")), Label("review")]
    assert target_rows(labels, SETTINGS, 0.5).tolist() == [[1, 0.5, 0, 1], [0, 1, 1, 1], [0, 1, 0, 0]]
    assert class_weights(labels, SETTINGS, 0).tolist() == [1, 1, 1]
    # mean count 1; a label that never occurs weighs as if it did once
    assert class_weights(labels, SETTINGS, 1).tolist() == [0.5, 1, 1]


def test_logits_come_back_in_the_order_of_the_windows() -> None:
    class Output:
        label_ids = np.array([[0, 9, 2], [0, 9, 0], [0, 9, 1], [0, 9, 2]])  # a process may pad with a copy
        predictions = np.array([[3.0, 30], [1, 10], [2, 20], [3, 30]])

    assert logits_in_order(Output()).tolist() == [[1, 10], [2, 20], [3, 30]]


def _overconfident(rows: int) -> tuple[np.ndarray, Split]:
    """Logits that are right seven times of ten, and as sure when they are wrong; domains shifted by three."""
    rng = np.random.default_rng(5)
    gold, domains = rng.integers(0, 2, rows), rng.random((rows, 2)) < 0.4
    logits = np.zeros((rows, 5))
    shown = np.where(rng.random(rows) < 0.7, gold, 1 - gold)
    logits[np.arange(rows), shown] = 8
    logits[:, 3:] = np.where(domains, 1.0, -1.0) + rng.normal(0, 0.7, (rows, 2)) - 3
    labels = [
        Label(SETTINGS.task_type[g], tuple(n for n, hit in zip(SETTINGS.policy_domain, row, strict=True) if hit))
        for g, row in zip(gold, domains, strict=True)
    ]
    windows = Windows([[0]] * rows, np.arange(rows), np.ones(rows))
    return logits, Split(windows, labels)


def test_calibration_makes_confidence_honest() -> None:
    logits, split = _overconfident(600)
    before = predict_from_logits(logits, split.windows, 600, SETTINGS)
    settings = calibrate(logits, split, SETTINGS)
    after = predict_from_logits(logits, split.windows, 600, settings)
    correct = np.mean([a == b.task_type for a, b in zip(after.task_labels(), split.labels, strict=True)])
    assert settings.temperature > 2
    assert before.task.max(axis=1).mean() > 0.95
    assert abs(after.task.max(axis=1).mean() - correct) < 0.03
    assert before.task_labels() == after.task_labels()

    gold = np.array([[d in x.policy_domain for d in settings.policy_domain] for x in split.labels])
    assert (np.abs(after.domain.mean(axis=0) - gold.mean(axis=0)) < 0.03).all()
    # At the fixed .5 the shifted logits would hardly ever name a domain.
    named = np.array([[d in x for d in settings.policy_domain] for x in after.domain_labels()])
    assert (before.domain >= 0.5).mean() < 0.05
    assert (named == gold).mean() > 0.85
    assert (settings.task_type, settings.policy_domain) == (SETTINGS.task_type, SETTINGS.policy_domain)


def test_calibration_of_few_rows_stays_finite() -> None:
    logits, split = _overconfident(2)
    settings = calibrate(logits, split, SETTINGS)
    values = [settings.temperature, settings.review_below, *settings.domain_scale, *settings.domain_shift]
    assert np.isfinite([*values, *settings.thresholds]).all()
    assert all(0 <= threshold <= 1 for threshold in settings.thresholds)


@given(st.lists(st.tuples(st.floats(0.1, 1), st.booleans()), min_size=1, max_size=80), st.floats(0.01, 0.5))
def test_above_the_review_limit_the_error_is_bounded(rows: list[tuple[float, bool]], risk: float) -> None:
    confidence, correct = np.array([c for c, _ in rows]), np.array([ok for _, ok in rows])
    limit = review_limit(confidence, correct, risk)
    # Prediction.needs_review flags what is below the limit.
    unflagged = confidence >= limit
    assert 0 <= limit <= 1
    if limit < 1:
        assert unflagged.any()
        assert (~correct[unflagged]).mean() <= risk


def test_equal_confidences_pass_the_review_limit_together_or_not_at_all() -> None:
    confidence = np.array([0.9] * 30 + [0.5] * 20)
    correct = np.array([True] * 30 + [True] * 5 + [False] * 15)
    assert review_limit(confidence, correct, 0.1) == 0.9


def test_a_threshold_of_few_positives_stays_near_the_common_one() -> None:
    rng = np.random.default_rng(0)
    gold = (rng.random((2000, 2)) < (0.5, 0.002)).astype(int)
    scores = np.clip(gold * 0.5 + rng.random((2000, 2)) * 0.5, 0, 1)
    scores[:, 1] = np.where(gold[:, 1] == 1, 0.95, scores[:, 1] * 0.5)
    own, common = best_thresholds(scores, gold), best_thresholds(scores.reshape(-1, 1), gold.reshape(-1, 1))
    found = shrunken_thresholds(scores, gold)
    assert abs(found[1] - common[0]) < 0.05 * max(1, abs(own[1] - common[0]) / 0.05)
    assert abs(found[0] - own[0]) < abs(common[0] - own[0]) + 1e-9
    assert shrunken_thresholds(np.zeros((3, 0)), np.zeros((3, 0))).shape == (0,)


def test_the_review_limit_is_as_low_as_the_risk_allows() -> None:
    confidence = np.linspace(1, 0, 101)
    assert review_limit(confidence, np.ones(101, dtype=bool), 0.1) == 0
    assert review_limit(confidence, np.zeros(101, dtype=bool), 0.1) == 1
    half = confidence >= 0.5
    found = review_limit(confidence, half, 0.1)
    assert 0.4 < found < 0.5
    assert review_limit(confidence, half, 0.01) == 1  # fifty rows cannot show one error in a hundred


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("青禾县夜间巡防推进会召开", "青禾县夜间巡防推进会召开"),
        ("【一线见闻】青禾县夜间巡防推进会召开", "青禾县夜间巡防推进会召开"),
        ("青禾县夜间巡防推进会召开（组图）", "青禾县夜间巡防推进会召开"),
        ("青禾县夜间巡防推进会召开(附名单)", "青禾县夜间巡防推进会召开"),
        ("青禾县夜间巡防推进会召开——记夜市里的灯", "青禾县夜间巡防推进会召开"),
        ("夜巡护平安  青禾在行动", "夜巡护平安，青禾在行动"),
        (" 青禾县夜间巡防\u3000推进会召开 ", "青禾县夜间巡防，推进会召开"),
        ("要闻", None),
        ("【青禾县夜间巡防推进会召开】", None),
        ("", None),
        ("青禾县" * 11, None),
    ],
)
def test_titles_become_headlines(title: str, headline: str | None) -> None:
    assert clean_title(title) == headline


def _corpus(path: Path, *rows: Mapping[str, str | None]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


def test_title_pairs_are_those_whose_body_bears_them_out(tmp_path: Path) -> None:
    body = "本报讯（记者 禾苗）青禾县昨日召开夜间巡防推进会。\n会后各镇连夜部署。"
    rows: list[dict[str, str | None]] = [
        {"title": "青禾县召开夜间巡防推进会", "text": body},
        {"title": "今日要闻导读：山海之间好风光", "text": body},
        {"title": None, "text": body},
        {"title": "青禾县召开夜间巡防推进会", "text": " \n"},
    ]
    (pair,) = title_pairs(_corpus(tmp_path / "x.jsonl.gz", *rows), 0, 200)
    assert (pair.kind, pair.target) == ("headline", "青禾县召开夜间巡防推进会")
    assert pair.source == "青禾县昨日召开夜间巡防推进会。会后各镇连夜部署。"
    with pytest.raises(InputError, match=r"nothing at .*none"):
        list(title_pairs(tmp_path / "none.jsonl.gz", 5, 100))


@pytest.mark.parametrize(("rows", "limit"), [(10, 3), (7, 4), (100, 60), (5, 9)])
def test_no_more_titles_than_asked_for_from_the_whole_corpus(rows: int, limit: int, tmp_path: Path) -> None:
    numbered = [{"title": f"青禾县第{n}次夜间巡防", "text": f"青禾县第{n}次夜间巡防今晚开始。"} for n in range(rows)]
    pairs = list(title_pairs(_corpus(tmp_path / "x.jsonl.gz", *numbered), limit, 100))
    assert len(pairs) == min(rows, limit)
    chosen = [int("".join(c for c in pair.target if c.isdigit())) for pair in pairs]
    assert chosen == sorted(set(chosen))
    assert chosen[-1] >= rows - 2 * max(1, rows // limit)


def test_annotated_pairs_leave_headings_out_of_the_summary() -> None:
    texts = [("一、夜巡", "heading", ""), ("各镇夜巡到位。", "review", "夜巡到位"), ("打印", "boilerplate", "")]
    paragraphs = tuple(
        Paragraph(i, 0, 1, text, label=Label(task), gist=gist) for i, (text, task, gist) in enumerate(texts)
    )
    pairs = list(annotated_pairs([Document("d", paragraphs, title="题", summary="各镇夜巡到位。")], 100))
    assert [(p.kind, p.source, p.target) for p in pairs] == [
        ("gist", "各镇夜巡到位。", "夜巡到位"), ("summary", "各镇夜巡到位。", "各镇夜巡到位。"),
        ("summary", "各镇夜巡到位。\n夜巡到位", "各镇夜巡到位。"),
    ]  # fmt: skip
