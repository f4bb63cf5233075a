"""Labels that came back, joined to the paragraphs they were given for: annotated documents, and what was refused.

A row without a label is open and waits. A row that cannot be used is refused by itself, with its reason; the others
are kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianghua.codebook import Axis, Codebook
from jianghua.corpus.columns import table_rows
from jianghua.evaluation.label_tasks import COLUMNS, DOMAIN_COLUMNS, SEPARATOR, YES, cell_text, text_sha256
from jianghua.records import read_lines
from jianghua.schema import InputError, Label

Record = Mapping[str, Any]
Place = tuple[str, int]
_LABEL = ("task_type", "policy_domain", "uncertain")
_SAME_FILE = "import the file that was exported, or export again"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it came back; `label` is None where nobody labelled it. Labels are not checked yet."""

    where: str
    id: str
    index: int
    text: str
    text_sha256: str
    label: Label | None


@dataclass(frozen=True, slots=True)
class Imported:
    """Accepted labels by place, the errors of rows that were refused, and how many rows were open."""

    labels: dict[Place, Label]
    errors: tuple[InputError, ...]
    open: int


def read_labels(path: Path) -> Iterator[Row | InputError]:
    """The rows of a file that `write_tasks` wrote and somebody filled in; a bad row gives its error.

    Raises:
        InputError: another suffix, no such file, a damaged one, or one without the columns.
    """
    if not path.is_file():
        raise InputError("a file of labels", f"nothing at {path}", "check the path")
    readers = {".xlsx": _table, ".csv": _table, ".json": _studio, ".jsonl": _lines}
    if path.suffix not in readers:
        raise InputError("labels as .xlsx, .csv, .json (Label Studio) or .jsonl", str(path), "give such a file")
    return readers[path.suffix](path)


def import_labels(rows: Iterable[Row | InputError], analysed: Mapping[str, Record], codebook: Codebook) -> Imported:
    """Accept the labels of rows whose paragraph stands in `analysed` with the very text, under labels of `codebook`.

    A paragraph that is labelled in several rows is refused in each of them: nothing says which is meant.
    """
    given = list(rows)
    errors = [row for row in given if isinstance(row, InputError)]
    known = [row for row in given if isinstance(row, Row)]
    filled = [row for row in known if row.label]
    where = {(row.id, row.index): row.where for row in reversed(filled)}
    times = Counter((row.id, row.index) for row in filled)
    texts = {(id_, part["index"]): part["text"] for id_, record in analysed.items() for part in record["paragraphs"]}
    labels: dict[Place, Label] = {}
    for row in filled:
        place = (row.id, row.index)
        try:
            if times[place] > 1:
                found = f"{_name(place)} again at {row.where}, first at {where[place]}"
                raise InputError("each paragraph labelled once", found, "remove one of the rows")
            labels[place] = _accepted(row, texts, codebook)
        except InputError as error:
            errors.append(error)
    return Imported(labels, tuple(errors), len(known) - len(filled))


def annotated_records(
    labels: Mapping[Place, Label], analysed: Mapping[str, Record], annotator: str
) -> Iterator[dict[str, Any]]:
    """Annotated documents in the order of `analysed`, with the labelled paragraphs alone: they say `selected`, so that
    gaps in their indices are no error."""
    for id_, record in analysed.items():
        parts = [(part, labels[id_, part["index"]]) for part in record["paragraphs"] if (id_, part["index"]) in labels]
        if parts:
            yield {
                "id": id_, "title": record.get("title"), "date": record.get("date"), "source": record.get("source"),
                "annotator": annotator, "selected": True,
                "paragraphs": [_paragraph(part, label) for part, label in parts], "summary": "",
            }  # fmt: skip


def _paragraph(part: Record, label: Label) -> dict[str, Any]:
    return {
        "index": part["index"], "text": part["text"], "task_type": label.task_type,
        "policy_domain": list(label.policy_domain), "uncertain": label.uncertain, "gist": "",
    }  # fmt: skip


def _accepted(row: Row, texts: Mapping[Place, str], codebook: Codebook) -> Label:
    place = (row.id, row.index)
    if place not in texts:
        raise InputError("a paragraph of the analysis", f"{_name(place)} at {row.where}", "give its --analysed file")
    # A workbook holds no control characters and cuts long cells; line ends change on the way through one.
    same = cell_text(row.text).splitlines() == cell_text(texts[place]).splitlines()
    if row.text_sha256 != text_sha256(texts[place]) or not same:
        found = f"another text of {_name(place)} at {row.where}"
        raise InputError("the text that was analysed", found, "restore it, or analyse and export again")
    assert row.label
    tasks, domains = codebook.task_type, codebook.policy_domain
    named = Label(
        _code(row.label.task_type, tasks), tuple(_code(x, domains) for x in row.label.policy_domain),
        uncertain=row.label.uncertain,
    )  # fmt: skip
    return codebook.check(named, row.where)


def _name(place: Place) -> str:
    return f"{place[0]!r}[{place[1]}]"


def _code(label: str, axis: Axis) -> str:
    """The code of a label that may be given by its Chinese name."""
    label = label.strip()
    return next((code for code, name in axis.names_zh.items() if label == name and label not in axis.labels), label)


def _lines(path: Path) -> Iterator[Row | InputError]:
    for number, row in read_lines(path):
        if isinstance(row, InputError):
            yield row
        else:
            yield _checked(row, row.get("label"), f"{path}:{number}")


def _table(path: Path) -> Iterator[Row | InputError]:
    for number, row in enumerate(table_rows(path), 2):  # as the program counts that shows them
        if missing := [name for name in ("id", "index", "text", "task_type", "text_sha256") if name not in row]:
            found = f"no {', '.join(missing)} in {path}"
            raise InputError(f"the columns {', '.join(COLUMNS)}", found, _SAME_FILE)
        cells = {name: str(row.get(name) or "").strip() for name in ("task_type", "uncertain", *DOMAIN_COLUMNS)}
        domains = [x.strip() for name in DOMAIN_COLUMNS for x in cells[name].split(SEPARATOR) if x.strip()]
        label = {
            "task_type": cells["task_type"],
            "policy_domain": domains,
            "uncertain": cells["uncertain"].lower() == YES,
        }
        where = f"{path} row {number}"
        if domains and not cells["task_type"]:
            yield InputError("a task_type beside the domains", f"none in {where}", "fill it in")
        else:
            yield _checked(row, label if cells["task_type"] else None, where)


def _studio(path: Path) -> Iterator[Row | InputError]:
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise InputError("a JSON file", f"{error} in {path}", "export it from Label Studio as JSON") from error
    if not isinstance(tasks, list):
        raise InputError("a list of tasks", f"something else in {path}", "export it from Label Studio as JSON")
    for number, task in enumerate(tasks, 1):
        where = f"{path} task {number}"
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            yield InputError("a task with data", f"none in {where}", "export from Label Studio as JSON, not JSON-MIN")
            continue
        done = [x for x in task.get("annotations") or () if not x.get("was_cancelled")]
        labels = [label for label in map(_studio_label, done) if label]
        if any(label != labels[0] for label in labels):
            do = "settle on one there, or export each annotator apart"
            yield InputError("one annotation of a task", f"{len(labels)} that differ in {where}", do)
        else:
            yield _checked(task["data"], labels[0] if labels else None, where)


def _studio_label(annotation: Record) -> dict[str, Any] | None:
    chosen: dict[str, list[str]] = {}
    for part in annotation.get("result") or ():
        chosen.setdefault(part.get("from_name", ""), []).extend((part.get("value") or {}).get("choices") or ())
    if not chosen.get("task_type"):
        return None
    domains = chosen.get("policy_domain", [])
    return {
        "task_type": chosen["task_type"][0],
        "policy_domain": domains,
        "uncertain": YES in chosen.get("uncertain", []),
    }


def _checked(row: Record, label: Any, where: str) -> Row | InputError:
    index, texts = _whole(row.get("index")), [row.get(key) for key in ("id", "text", "text_sha256")]
    if index is None or not all(isinstance(text, str | float | int) for text in texts):
        return InputError("id, index, text and text_sha256", f"others in {where}", _SAME_FILE)
    id_, text, digest = (str(_whole(x)) if isinstance(x, float) else str(x) for x in texts)
    if label is None:
        return Row(where, id_, index, text, digest, None)
    task, domains, uncertain = (label.get(key) for key in _LABEL) if isinstance(label, dict) else (None,) * 3
    listed = isinstance(domains, list) and all(isinstance(x, str) for x in domains)
    if not isinstance(task, str) or not listed or not isinstance(uncertain, bool):
        do = 'write {"task_type": "…", "policy_domain": ["…"], "uncertain": false}, or null'
        return InputError("a label of task_type, policy_domain and uncertain", f"{label!r:.80} in {where}", do)
    return Row(where, id_, index, text, digest, Label(task, tuple(domains), uncertain=uncertain))


def _whole(value: Any) -> int | None:
    """A whole number however a table holds it: spreadsheets know only 3.0, .csv only text."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
