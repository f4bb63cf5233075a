"""Labels, slices, confusions and the work list of out-of-fold predictions, on invented paragraphs."""

from __future__ import annotations

import dataclasses
import html
from pathlib import Path

import pytest

from jianghua.codebook import load_codebook
from jianghua.evaluation.breakdown import (
    confusion_lines,
    domain_confusion,
    label_scores,
    places_of,
    slice_lines,
    slice_scores,
    task_confusion,
)
from jianghua.evaluation.cross_validation import Pooled, pool
from jianghua.evaluation.out_of_fold import Row
from jianghua.evaluation.slices import SLICES, kind_of, length_of, level_of, source_of
from jianghua.evaluation.worklist import errors_of, suspect_records, write_worklist
from jianghua.schema import Document, InputError, Label, Paragraph

CODEBOOK = load_codebook()
TASKS, DOMAINS = CODEBOOK.task_type.labels, CODEBOOK.policy_domain.labels
HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(2)> 全县要抓好夜间巡防。"


def label(task: str, *domains: str) -> Label:
    return Label(task, domains)


def row(place: tuple[str, int], task: str, *domains: str, sure: float = 0.9) -> Row:
    tasks = tuple(sure if name == task else (1 - sure) / (len(TASKS) - 1) for name in TASKS)
    return Row(*place, task, domains, False, tasks, tuple(0.9 if name in domains else 0.02 for name in DOMAINS))


DOCUMENTS = [
    Document("b", (Paragraph(0, 0, 1, HOSTILE, label=label("deployment", "public_safety")),
                   Paragraph(1, 0, 1, "二、抓落实。", label=label("heading"))),
             title="在全县夜间巡防推进会上的讲话", date="2021-03-04", source="corpora/a.txt"),
    Document("a", (Paragraph(0, 0, 1, "去年破获案件九百起。" * 12, label=label("review", "crime_control")),
                   Paragraph(1, 0, 1, "青禾县今年平安。", label=label("situation", "other"))),
             title=None, date=None, source=None),
]  # fmt: skip
ROWS = [
    row(("b", 0), "review", "public_safety", "economy"), row(("b", 1), "heading"),
    row(("a", 0), "review", "crime_control"), row(("a", 1), "review", "rule_of_law", sure=0.6),
]  # fmt: skip


@pytest.fixture
def pooled() -> Pooled:
    return pool(DOCUMENTS, ROWS, CODEBOOK)


def test_every_label_has_precision_recall_and_bounds(pooled: Pooled) -> None:
    scores = label_scores(pooled)
    review = scores["task_type"]["review"]
    assert (review["support"], review["found"]) == (1, 3)
    assert review["precision"][0] == pytest.approx(1 / 3, abs=1e-4) and review["recall"][0] == 1.0
    assert review["f1"][0] == 0.5 and review["f1"][1] <= 0.5 <= review["f1"][2]
    assert scores["policy_domain"]["ecology"]["f1"] == [0.0, 0.0, 0.0]


def test_slices_part_the_paragraphs(pooled: Pooled) -> None:
    places = places_of(DOCUMENTS, pooled)
    years = slice_scores(pooled, places, SLICES["year"])
    assert {value: (x["documents"], x["paragraphs"]) for value, x in years.items()} == {
        "2021": (1, 2),
        "unknown": (1, 2),
    }
    assert years["2021"]["task_type"]["micro_f1"][0] == 0.5
    lengths = slice_scores(pooled, places, SLICES["length"])
    assert list(lengths) == ["0–20", "21–100", "101–200"]
    assert lengths["101–200"]["task_type"]["macro_f1"] == [1.0, 1.0, 1.0]
    assert any("unknown" in line for line in slice_lines("year", years))


def test_confusions_name_what_was_missed_and_what_was_called(pooled: Pooled) -> None:
    tasks, domains = task_confusion(pooled), domain_confusion(pooled)
    assert tasks["deployment"]["review"] == tasks["situation"]["review"] == 1
    assert sum(sum(called.values()) for called in tasks.values()) == 4
    assert domains == [("other", "rule_of_law", 1), ("–", "economy", 1)]
    assert any("rule_of_law" in line for line in confusion_lines(tasks, domains))


def test_other_documents_are_refused(pooled: Pooled) -> None:
    with pytest.raises(InputError, match="expected the documents that were pooled"):
        places_of(DOCUMENTS[:1], pooled)


def test_the_most_confident_error_stands_first(pooled: Pooled) -> None:
    errors = errors_of(pooled, places_of(DOCUMENTS, pooled))
    assert [(error.id, error.index) for error in errors] == [("a", 1), ("b", 0)]
    assert errors[0].weight == pytest.approx((0.6 - 0.05) + 0.8 + (1 - 2 * 0.02), abs=1e-6)
    assert [name for name, _ in errors[1].likelihoods] == ["deployment", "economy", "review"]


def test_a_text_is_never_markup(pooled: Pooled, tmp_path: Path) -> None:
    errors = errors_of(pooled, places_of(DOCUMENTS, pooled))
    write_worklist(tmp_path / "new" / "errors.html", errors, {"name": "<b>x</b>", "paragraphs": 4}, limit=2)
    page = (tmp_path / "new" / "errors.html").read_text(encoding="utf-8")
    assert "<script" not in page and "<img" not in page and "<b>" not in page
    assert html.escape(HOSTILE) in page and "2 of 4 paragraphs" in page and "default-src 'none'" in page


def test_suspects_carry_place_text_and_hash() -> None:
    texts = [Paragraph(i, 0, 1, f"第{i}件事是巡防。", label=label("review" if i else "deployment")) for i in range(6)]
    texts.append(Paragraph(6, 0, 1, "第六件事。", label=label("deployment")))
    document = Document("d", tuple(texts))
    rows = [row(("d", i), "review") for i in range(6)] + [row(("d", 6), "deployment")]
    pooled = pool([document], rows, CODEBOOK)
    (record,) = suspect_records(pooled, places_of([document], pooled))
    assert (record["id"], record["index"], record["suspected"]["task_type"]) == ("d", 0, "review")
    assert record["text"] == "第0件事是巡防。" and len(record["hash"]) == 16


def test_without_probabilities_there_is_no_list_of_errors(pooled: Pooled) -> None:
    bare = dataclasses.replace(pooled, rows=tuple(dataclasses.replace(x, task=None, domain=None) for x in pooled.rows))
    with pytest.raises(InputError, match="expected predictions with probabilities"):
        errors_of(bare, places_of(DOCUMENTS, pooled))


@pytest.mark.parametrize(
    ("title", "kind", "level"),
    [
        ("在全县夜间巡防推进会上的讲话", "speech", "county"),
        ("澄陵市政府工作报告", "report", "city"),
        ("全省信访工作会议召开", "meeting", "province"),
        ("国务院关于巡防工作的意见", "instruction", "central"),
        ("把议事亭建在井边（人民时评）", "commentary", "unknown"),
        ("夜市灯火", "other", "unknown"),
        (None, "unknown", "unknown"),
    ],
)
def test_kind_and_level_are_read_from_the_title(title: str | None, kind: str, level: str) -> None:
    document = Document("d", (), title=title)
    assert (kind_of(document), level_of(document)) == (kind, level)


def test_sources_are_collections() -> None:
    sources = ("owner/name@0a1b:folder/file.json", "https://www.example.cn/a/b.html", "speeches/2020/x.docx", None)
    assert [source_of(Document("d", (), source=x)) for x in sources] == [
        "owner/name", "www.example.cn", "speeches/2020", "unknown",
    ]  # fmt: skip
    assert length_of(Paragraph(0, 0, 1, "字" * 401)) == "401 and more"
