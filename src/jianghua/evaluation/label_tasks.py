"""Paragraphs to be labelled, as a workbook, as tasks of Label Studio, or as JSON Lines.

Every task carries document id, paragraph index and the SHA-256 of its text, so that labels find their paragraph again
(`evaluation.label_import`). What the models and the rules say stands apart from the empty places for the label.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import xlsxwriter
from xlsxwriter.workbook import Workbook

from jianghua.codebook import Codebook
from jianghua.records import write_jsonl
from jianghua.schema import InputError, Label

LONGEST_CELL = 32_767  # characters, Excel's limit
SEPARATOR = "|"  # between the labels of one cell
DOMAIN_COLUMNS = tuple(f"domain_{number}" for number in range(1, 6))
YES = "yes"
CONFIG_SUFFIX = ".config.xml"
# Widths of columns in characters; what is to be filled in stands next to the text.
COLUMNS: dict[str, int] = {
    "id": 22, "index": 7, "title": 28, "heading": 20, "text": 80, "task_type": 16, **dict.fromkeys(DOMAIN_COLUMNS, 18),
    "uncertain": 10, "note": 24, "model_task_type": 16, "probability": 11, "model_policy_domain": 26,
    "rules_task_type": 16, "rules_policy_domain": 26, "why": 24, "text_sha256": 12,
}  # fmt: skip
TO_FILL = ("task_type", *DOMAIN_COLUMNS, "uncertain", "note")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


@dataclass(frozen=True, slots=True)
class LabelTask:
    """One paragraph with what is known of it; `rules` is None where no rules were asked, `why` says why it was
    chosen."""

    id: str
    index: int
    text: str
    title: str | None
    heading: str | None
    called: Label
    probability: float
    rules: Label | None = None
    why: tuple[str, ...] = ()


def text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def cell_text(text: str) -> str:
    """`text` as a cell of a workbook can hold it: no control characters, at most 32,767 characters."""
    return _ILLEGAL.sub("", text)[:LONGEST_CELL]


def write_tasks(tasks: Sequence[LabelTask], codebook: Codebook, path: Path) -> None:
    """Write tasks as .xlsx, as .json for Label Studio (with its configuration beside it), or as .jsonl.

    Raises:
        InputError: another suffix, or a codebook without task types.
    """
    if not codebook.task_type.labels:
        do = "add a task_type axis; a paragraph counts as labelled once it has one"
        raise InputError("a codebook with task types", f"none in {codebook.name}", do)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        _write_book(tasks, codebook, path)
    elif path.suffix == ".json":
        content = json.dumps([_studio_task(task) for task in tasks], ensure_ascii=False, indent=1)
        path.write_text(content + "\n", encoding="utf-8", errors="replace")
        path.with_suffix(CONFIG_SUFFIX).write_text(studio_config(codebook), encoding="utf-8")
    elif path.suffix == ".jsonl":
        write_jsonl((_record(task) for task in tasks), path)
    else:
        raise InputError("tasks as .xlsx, .json (Label Studio) or .jsonl", str(path), "choose one of these names")


def studio_config(codebook: Codebook) -> str:
    """The labelling configuration of a Label Studio project for these tasks."""
    lines = ["<View>", '  <Header value="$title"/>', '  <Text name="text" value="$text"/>']
    for axis, many in ((codebook.task_type, False), (codebook.policy_domain, True)):
        how = 'choice="multiple"' if many else 'choice="single" required="true"'
        lines.append(f'  <Choices name="{axis.name}" toName="text" {how}>')
        lines += [f"    <Choice value={quoteattr(x)} hint={quoteattr(axis.names_zh[x])}/>" for x in axis.labels]
        lines.append("  </Choices>")
    lines += ['  <Choices name="uncertain" toName="text" choice="multiple">', f'    <Choice value="{YES}"/>']
    return "\n".join([*lines, "  </Choices>", "</View>", ""])


def _place(task: LabelTask) -> dict[str, Any]:
    return {
        "id": task.id, "index": task.index, "title": task.title or "", "heading": task.heading or "",
        "text": task.text, "text_sha256": text_sha256(task.text), "why": list(task.why),
    }  # fmt: skip


def _codes(label: Label | None) -> dict[str, Any] | None:
    return label and {"task_type": label.task_type, "policy_domain": list(label.policy_domain)}


def _record(task: LabelTask) -> dict[str, Any]:
    model = {**(_codes(task.called) or {}), "probability": round(task.probability, 4)}
    return _place(task) | {"model": model, "rules": _codes(task.rules), "label": None}


def _studio_task(task: LabelTask) -> dict[str, Any]:
    """What the models say is a prediction there, never an annotation."""
    said = [("model", task.called, task.probability)]
    said += [("rules", task.rules, 0.0)] if task.rules else []
    predictions = [
        {"model_version": name, "score": round(score, 4), "result": _studio_result(label)}
        for name, label, score in said
    ]
    return {"data": _place(task), "predictions": predictions}


def _studio_result(label: Label) -> list[dict[str, Any]]:
    chosen = {"task_type": [label.task_type], "policy_domain": list(label.policy_domain)}
    return [
        {"from_name": axis, "to_name": "text", "type": "choices", "value": {"choices": choices}}
        for axis, choices in chosen.items() if choices
    ]  # fmt: skip


def _write_book(tasks: Sequence[LabelTask], codebook: Codebook, path: Path) -> None:
    part = path.with_name(path.name + ".part")
    with xlsxwriter.Workbook(part, _OPTIONS) as book:
        sheet, names = book.add_worksheet("label"), book.add_worksheet("codebook")
        bold, open_ = book.add_format({"bold": True}), book.add_format({"bg_color": "#FFF2BF", "text_wrap": True})
        for place, (title, width) in enumerate(COLUMNS.items()):
            sheet.set_column(place, place, width, open_ if title in TO_FILL else None)
            sheet.write_string(0, place, title, bold)
        sheet.freeze_panes(1, 0)
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        for number, task in enumerate(tasks, 1):
            for place, value in enumerate(_cells(task)):
                if isinstance(value, int | float):
                    sheet.write_number(number, place, value)
                elif value:
                    sheet.write_string(number, place, cell_text(value), wrap)
        _add_choices(sheet, codebook, max(1, len(tasks)))
        _write_codebook(book, names, codebook)
    part.replace(path)


def _cells(task: LabelTask) -> list[str | int | float]:
    known: dict[str, str | int | float] = {
        "id": task.id, "index": task.index, "title": task.title or "", "heading": task.heading or "",
        "text": task.text, "model_task_type": task.called.task_type, "probability": round(task.probability, 4),
        "model_policy_domain": SEPARATOR.join(task.called.policy_domain), "why": ", ".join(task.why),
        "text_sha256": text_sha256(task.text),
    }  # fmt: skip
    if task.rules:
        known["rules_task_type"] = task.rules.task_type
        known["rules_policy_domain"] = SEPARATOR.join(task.rules.policy_domain)
    return [known.get(name, "") for name in COLUMNS]


def _add_choices(sheet: Any, codebook: Codebook, rows: int) -> None:
    """Drop-down lists; their labels stand on the second sheet, for a list in the cell itself holds 255 characters."""
    tasks, domains = len(codebook.task_type.labels), len(codebook.policy_domain.labels)
    of_column = {"task_type": f"=codebook!$B$2:$B${tasks + 1}", "uncertain": [YES]}
    if domains:
        of_column |= dict.fromkeys(DOMAIN_COLUMNS, f"=codebook!$B${tasks + 2}:$B${tasks + domains + 1}")
    for name, source in of_column.items():
        place = list(COLUMNS).index(name)
        sheet.data_validation(1, place, rows, place, {"validate": "list", "source": source})


def _write_codebook(book: Workbook, sheet: Any, codebook: Codebook) -> None:
    bold = book.add_format({"bold": True})
    for place, (title, width) in enumerate({"axis": 16, "label": 22, "名称": 18, "definition": 90}.items()):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, bold)
    rows = [(axis, label) for axis in (codebook.task_type, codebook.policy_domain) for label in axis.labels]
    for number, (axis, label) in enumerate(rows, 1):
        definition = str((axis.definitions.get(label) or {}).get("definition", ""))
        for place, value in enumerate((axis.name, label, axis.names_zh[label], definition)):
            sheet.write_string(number, place, cell_text(value))
