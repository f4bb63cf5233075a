"""Items: found, labelled, rolled up; with the shipped classifier on invented paragraphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jianghua.evaluation.items import BOTH, DIRECT, ROLLED_UP, enumerated, item_documents, roll_up, segmentation
from jianghua.modeling.batching import ClassifierInput
from jianghua.modeling.classifier import load_classifier, predict
from jianghua.schema import Document, Item, Label, Paragraph

ROOT = Path(__file__).parents[2]
TEXT = "今年要办三件事。一要把夜市巡防抓实，严打盗窃。二要护好河道，封堵排污口。三要办好学校食堂。"
PIECES = ["一要把夜市巡防抓实，严打盗窃。", "二要护好河道，封堵排污口。", "三要办好学校食堂。"]
LABEL = Label("deployment", ("crime_control", "ecology", "livelihood"))


def _item(text: str, offset: int, label: Label | None) -> Item:
    start = offset + TEXT.index(text)
    return Item(start, start + len(text), text, label)


def _document() -> Document:
    items = tuple(_item(piece, 10, LABEL if i else None) for i, piece in enumerate(PIECES))
    many = Paragraph(1, 10, 10 + len(TEXT), TEXT, heading="二、任务", label=LABEL, items=items)
    plain = Paragraph(0, 0, 9, "去年破案九百起。", label=Label("review"))
    return Document("d", (plain, many, Paragraph(2, 0, 0, TEXT)), title="巡防会讲话")


def test_found_items_are_compared_with_the_annotated_ones() -> None:
    found = segmentation([_document(), Document("none", (Paragraph(0, 0, 1, TEXT, label=LABEL),))])
    # The third paragraph holds three items that nobody annotated.
    assert (found.annotated, found.found, found.equal) == (3, 6, 3)
    assert found.f1 == pytest.approx(2 * 3 / 9)
    assert segmentation([]).f1 == 0.0


def test_labelled_items_become_paragraphs_under_their_heading() -> None:
    (document,) = item_documents([_document(), Document("none", ())])
    assert [(p.index, p.text, p.heading) for p in document.paragraphs] == [
        (0, PIECES[1], "二、任务"), (1, PIECES[2], "二、任务"),
    ]  # fmt: skip
    assert document.title == "巡防会讲话" and all(p.label == LABEL for p in document.paragraphs)


def test_enumerated_paragraphs_are_those_labelled_with_items() -> None:
    (document,) = enumerated([_document(), Document("none", (Paragraph(0, 0, 1, "一句话。", label=LABEL),))])
    assert [p.index for p in document.paragraphs] == [1]


def test_rolling_up_takes_the_mean_task_and_the_highest_domain() -> None:
    classifier = load_classifier(ROOT / "models" / "classifier-compact")
    rows = roll_up(classifier, enumerated([_document()]))
    alone = predict(classifier, [ClassifierInput(piece, "巡防会讲话；二、任务") for piece in PIECES])
    lengths = [len(piece) for piece in PIECES]
    (direct,), (rolled,), (both,) = rows[DIRECT], rows[ROLLED_UP], rows[BOTH]
    assert (rolled.id, rolled.index) == ("d", 1)
    assert rolled.domain == pytest.approx(alone.domain.max(axis=0), abs=2e-2)
    assert rolled.task == pytest.approx(np.average(alone.task, axis=0, weights=lengths), abs=2e-2)
    assert both.task == pytest.approx((np.array(direct.task) + np.array(rolled.task)) / 2, abs=1e-5)
    assert direct.task != rolled.task
