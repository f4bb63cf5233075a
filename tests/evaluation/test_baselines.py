from __future__ import annotations

from pathlib import Path

import pytest

from jianghua.codebook import load_codebook
from jianghua.evaluation.baselines import fit_tfidf, predict_tfidf
from jianghua.metrics.classification import multi_label_report, single_label_report
from jianghua.records import read_annotated
from jianghua.schema import Document, InputError, Label, Paragraph

SHARED = Path(__file__).parents[3] / "shared" / "annotations"


def _document(*parts: tuple[str, str, tuple[str, ...]], title: str | None = None) -> Document:
    paragraphs = tuple(
        Paragraph(i, 0, len(text), text, label=Label(task, domains)) for i, (text, task, domains) in enumerate(parts)
    )
    return Document("d", paragraphs, title=title)


TOY = [
    _document(
        (f"第{n}项,要严厉打击盗窃犯罪", "deployment", ("crime_control",)),
        (f"第{n}次,河道采砂得到整治", "review", ("ecology",)),
        (f"第{n}点,衷心感谢同志们", "appeal", ()),
    )
    for n in "二三四五六"
]


def test_tfidf_learns_both_axes_and_predicts_empty_sets() -> None:
    baseline = fit_tfidf(TOY, load_codebook())
    labels = predict_tfidf(baseline, ["要严厉打击盗窃犯罪活动", "河道采砂整治见效", "衷心感谢同志们的付出"])
    assert [label.task_type for label in labels] == ["deployment", "review", "appeal"]
    assert [label.policy_domain for label in labels] == [("crime_control",), ("ecology",), ()]
    assert {label.provenance for label in labels} == {"tfidf"}
    assert predict_tfidf(baseline, []) == []


def test_tfidf_is_deterministic_and_survives_a_domain_on_every_paragraph() -> None:
    everywhere = [
        _document(*((p.text, p.label.task_type, ("economy", *p.label.policy_domain)) for p in d.paragraphs if p.label))
        for d in TOY
    ]
    first, again = (predict_tfidf(fit_tfidf(everywhere, load_codebook()), ["河道采砂"]) for _ in range(2))
    assert first == again
    assert "economy" not in first[0].policy_domain


def test_tfidf_refuses_one_task_type() -> None:
    with pytest.raises(InputError, match=r"at least two task types, found \['review'\]"):
        fit_tfidf([_document(("河道采砂得到整治", "review", ()))], load_codebook())


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "dev.jsonl").exists(), reason="the shared annotations are not beside this checkout")
def test_the_published_floor_is_reproduced() -> None:
    codebook = load_codebook()
    baseline = fit_tfidf(read_annotated(SHARED / "train.jsonl", codebook), codebook)
    gold = [(p.text, p.label) for d in read_annotated(SHARED / "dev.jsonl", codebook) for p in d.paragraphs if p.label]
    found = predict_tfidf(baseline, [text for text, _ in gold])
    task = single_label_report(
        [label.task_type for _, label in gold], [label.task_type for label in found], codebook.task_type.labels
    )
    domain = multi_label_report(
        [label.policy_domain for _, label in gold],
        [label.policy_domain for label in found],
        codebook.policy_domain.labels,
    )
    figures = task["accuracy"], task["macro_f1"], domain["micro_f1"], domain["macro_f1"]
    assert tuple(round(figure, 3) for figure in figures) == (0.744, 0.656, 0.767, 0.728)
