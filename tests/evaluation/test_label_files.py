"""Tasks out, labels in: every format gives back what was filled in, and refuses what does not fit."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from jianghua.codebook import Codebook, load_codebook
from jianghua.corpus.readers import read_sheet
from jianghua.evaluation.label_import import annotated_records, import_labels, read_labels
from jianghua.evaluation.label_tasks import COLUMNS, LabelTask, studio_config, text_sha256, write_tasks
from jianghua.records import read_annotated, write_jsonl
from jianghua.schema import InputError, Label

CODEBOOK = load_codebook()
TEXTS = [
    '=HYPERLINK("http://a.example")夜间巡防要抓实。',
    "二、守住夜市。\r\n第二行。",
    "去年破案九百起。\x07",
    "长" * 33_000,
]
LABELS = {
    0: {"task_type": "deployment", "policy_domain": ["public_safety", "grassroots_governance"], "uncertain": True},
    2: {"task_type": "review", "policy_domain": ["crime_control"], "uncertain": False},
    3: {"task_type": "guidance", "policy_domain": [], "uncertain": False},
}
Fill = Callable[[Path, dict[int, dict[str, Any]]], Path]


def analysed() -> dict[str, dict[str, Any]]:
    paragraphs = [{"index": i, "text": text, "task_type_scores": {}} for i, text in enumerate(TEXTS)]
    return {"7": {"id": "7", "title": "讲话", "date": "2021-03-04", "source": "a.txt", "paragraphs": paragraphs}}


def tasks() -> list[LabelTask]:
    called, rules = Label("review", ("economy",)), Label("deployment", ())
    return [LabelTask("7", i, text, "讲话", None, called, 0.4, rules, ("close_task",)) for i, text in enumerate(TEXTS)]


def _fill_book(path: Path, labels: dict[int, dict[str, Any]]) -> Path:
    """What a person would do in the workbook, saved as the rows that a spreadsheet program reads there."""
    import xlsxwriter

    head, *rows = read_sheet(path)
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("label")
        for number, row in enumerate([head, *rows]):
            cells = dict(zip(head, row, strict=True))
            if number and (label := labels.get(int(cells["index"]))):
                cells |= {"task_type": label["task_type"], "uncertain": "yes" if label["uncertain"] else ""}
                cells |= {f"domain_{i}": domain for i, domain in enumerate(label["policy_domain"], 1)}
            for place, name in enumerate(head):
                if cells[name] != "":
                    (sheet.write_number if isinstance(cells[name], float) else sheet.write_string)(
                        number, place, cells[name]
                    )
    return path


def _fill_studio(path: Path, labels: dict[int, dict[str, Any]]) -> Path:
    rows = json.loads(path.read_text(encoding="utf-8"))
    for task in rows:
        label = labels.get(task["data"]["index"])
        chosen = {"task_type": [label["task_type"]], "policy_domain": label["policy_domain"]} if label else {}
        chosen |= {"uncertain": ["yes"]} if label and label["uncertain"] else {}
        result = [
            {"from_name": n, "to_name": "text", "type": "choices", "value": {"choices": c}} for n, c in chosen.items()
        ]
        dropped = {"was_cancelled": True, "result": [{"from_name": "task_type", "value": {"choices": ["appeal"]}}]}
        task["annotations"] = [dropped, {"was_cancelled": False, "result": result}]
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


def _fill_lines(path: Path, labels: dict[int, dict[str, Any]]) -> Path:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    write_jsonl([row | {"label": labels.get(row["index"])} for row in rows], path)
    return path


FILLERS = {".xlsx": _fill_book, ".json": _fill_studio, ".jsonl": _fill_lines}


@pytest.mark.parametrize("suffix", FILLERS)
def test_what_is_filled_in_comes_back_trainable(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tasks{suffix}"
    write_tasks(tasks(), CODEBOOK, path)
    found = import_labels(read_labels(FILLERS[suffix](path, LABELS)), analysed(), CODEBOOK)
    assert (found.errors, found.open) == ((), 1)
    write_jsonl(annotated_records(found.labels, analysed(), "anna"), tmp_path / "labelled.jsonl")
    (document,) = read_annotated(tmp_path / "labelled.jsonl", CODEBOOK)
    assert (document.id, document.title, document.date) == ("7", "讲话", "2021-03-04")
    assert [p.index for p in document.paragraphs] == [0, 2, 3]
    assert [p.text for p in document.paragraphs] == [TEXTS[i] for i in (0, 2, 3)]  # of the analysis, not of the sheet
    domains = {i: tuple(x for x in CODEBOOK.policy_domain.labels if x in LABELS[i]["policy_domain"]) for i in LABELS}
    assert {p.index: p.label for p in document.paragraphs} == {
        i: Label(LABELS[i]["task_type"], domains[i], "anna", LABELS[i]["uncertain"]) for i in LABELS
    }


def test_names_of_the_codebook_are_labels_too(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    write_tasks(tasks(), CODEBOOK, path)
    domain = CODEBOOK.policy_domain.names_zh["ecology"]
    label = {"task_type": CODEBOOK.task_type.names_zh["review"], "policy_domain": [domain], "uncertain": False}
    found = import_labels(read_labels(_fill_lines(path, {1: label})), analysed(), CODEBOOK)
    assert found.labels["7", 1] == Label("review", ("ecology",))


def _lines(path: Path, *changes: dict[str, Any]) -> Path:
    """Rows of paragraphs 0, 1, …, all labelled, each with its changes."""
    write_tasks(tasks(), CODEBOOK, path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    write_jsonl([row | {"label": LABELS[2]} | change for row, change in zip(rows, changes, strict=False)], path)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "改过的话。"}, "expected the text that was analysed, found another text of '7'[0] at"),
        ({"text_sha256": text_sha256("旧")}, "found another text of '7'[0] at"),
        ({"label": LABELS[2] | {"task_type": "speech"}}, "found 'speech' in"),
        ({"label": LABELS[2] | {"policy_domain": ["nothing"]}}, "found 'nothing' in"),
        ({"id": "8"}, "expected a paragraph of the analysis, found '8'[0] at"),
        ({"index": 2}, "expected each paragraph labelled once, found '7'[2] again at"),
        ({"index": True}, "expected id, index, text and text_sha256"),
        ({"label": "review"}, "expected a label of task_type, policy_domain and uncertain, found 'review' in"),
        ({"label": {"task_type": "review"}}, "expected a label of task_type, policy_domain and uncertain"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_and_the_others_are_kept(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = _lines(tmp_path / "tasks.jsonl", change, {}, {})
    found = import_labels(read_labels(path), analysed(), CODEBOOK)
    assert all(f"{path}:" in str(error) for error in found.errors)
    assert message in str(found.errors[0])
    doubled = change.get("index") == 2
    assert len(found.errors) == (2 if doubled else 1)
    assert set(found.labels) == ({("7", 1)} if doubled else {("7", 1), ("7", 2)})


def test_a_damaged_line_is_refused_by_itself(tmp_path: Path) -> None:
    path = _lines(tmp_path / "tasks.jsonl", {}, {})
    path.write_text("{\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    found = import_labels(read_labels(path), analysed(), CODEBOOK)
    assert len(found.labels) == 2 and f"in {path}:1" in str(found.errors[0])


def test_domains_without_a_task_type_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tasks.xlsx"
    write_tasks(tasks()[:3], CODEBOOK, path)
    _fill_book(path, {0: {"task_type": "", "policy_domain": ["ecology"], "uncertain": False}, 2: LABELS[2]})
    found = import_labels(read_labels(path), analysed(), CODEBOOK)
    assert f"expected a task_type beside the domains, found none in {path} row 2" in str(found.errors[0])
    assert set(found.labels) == {("7", 2)}


def test_annotations_that_differ_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    write_tasks(tasks()[:1], CODEBOOK, path)
    (task,) = json.loads(path.read_text(encoding="utf-8"))
    done = [{"result": [{"from_name": "task_type", "value": {"choices": [x]}}]} for x in ("review", "appeal")]
    path.write_text(json.dumps([task | {"annotations": done}]), encoding="utf-8")
    (error,) = import_labels(read_labels(path), analysed(), CODEBOOK).errors
    assert f"expected one annotation of a task, found 2 that differ in {path} task 1" in str(error)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "x", "expected labels as .xlsx, .csv, .json"),
        ("a.json", "{", "expected a JSON file"),
        ("a.json", "{}", "expected a list of tasks"),
        ("a.csv", "id,index\n1,2\n", "found no text, task_type, text_sha256 in"),
        ("missing.xlsx", None, "expected a file of labels, found nothing at"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as error:
        list(read_labels(tmp_path / name))
    assert message in str(error.value)


def test_the_workbook_has_choices_and_no_formulas(tmp_path: Path) -> None:
    path = tmp_path / "new" / "tasks.xlsx"
    write_tasks(tasks(), CODEBOOK, path)
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "hyperlinks" not in sheet and "<f>" not in sheet
        assert sheet.count('type="list"') == 7 and "codebook!$B$2:$B$10" in sheet and "codebook!$B$11:$B$25" in sheet
    head, first, *_ = read_sheet(path)
    assert head == list(COLUMNS) and first[head.index("text")] == TEXTS[0]
    assert first[head.index("task_type")] == "" and first[head.index("model_task_type")] == "review"


def test_label_studio_gets_what_models_say_as_predictions(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    write_tasks(tasks()[:1], CODEBOOK, path)
    (task,) = json.loads(path.read_text(encoding="utf-8"))
    assert "annotations" not in task and [x["model_version"] for x in task["predictions"]] == ["model", "rules"]
    tree = ElementTree.parse(tmp_path / "tasks.config.xml")
    assert {x.attrib["value"] for x in tree.iterfind(".//Choices[@name='policy_domain']/Choice")} == set(
        CODEBOOK.policy_domain.labels
    )
    odd = Codebook.of_labels(['a"<&'], [])
    assert next(ElementTree.fromstring(studio_config(odd)).iter("Choice")).attrib["value"] == 'a"<&'


def test_tasks_need_a_known_suffix_and_task_types(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected tasks as"):
        write_tasks(tasks(), CODEBOOK, tmp_path / "a.doc")
    bare = dataclasses.replace(CODEBOOK, axes={"policy_domain": CODEBOOK.policy_domain})
    with pytest.raises(InputError, match="expected a codebook with task types"):
        write_tasks(tasks(), bare, tmp_path / "a.xlsx")
