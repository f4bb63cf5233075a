"""What users hand in → documents, in order; what cannot be read becomes an error, never an exception."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from jianghua.corpus.clean import clean_file, clean_text, from_paragraphs
from jianghua.corpus.columns import table_rows
from jianghua.corpus.encoding import decode
from jianghua.records import read_lines
from jianghua.schema import Document, InputError

RECORDS = (".jsonl", ".jsonl.gz")
TABLES = (".csv", ".xlsx", ".parquet")
STREAM = Path("-")
# What columns are called in tables as they are found; the first that is there counts.
NAMES = {
    "id": ("id", "ID", "编号", "序号"), "title": ("title", "标题", "题目"),
    "date": ("date", "日期", "时间", "发布时间"), "text": ("text", "正文", "内容", "全文", "content"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that could not be read."""

    id: str
    source: str | None
    error: str


Found = Document | Failure


def from_text(text: str, id: str = "text") -> Document:  # noqa: A002
    return clean_text(text, id=id, split_articles=False)[0]


def from_record(record: Any, fallback_id: str, source: str | None = None) -> Found:
    """One record of the input format → exactly one document or failure."""
    try:
        return _document(record, fallback_id, source)
    except InputError as error:
        id_ = record.get("id", fallback_id) if isinstance(record, Mapping) else fallback_id
        return Failure(str(id_), source, str(error))


def _document(record: Any, fallback_id: str, source: str | None) -> Document:
    if not isinstance(record, Mapping):
        raise InputError('a record {"id", "text" or "paragraphs"}', type(record).__name__, "correct the input")
    given = record.get("id")
    id_ = fallback_id if given is None else str(given)
    title, date = (_optional(record, key) for key in ("title", "date"))
    if "paragraphs" in record:
        texts = record["paragraphs"]
        if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
            raise InputError("paragraphs as a list of strings", f"{texts!r:.60}", "correct the record")
        return from_paragraphs(list(texts), id=id_, title=title, date=date, source=source)
    text = record.get("text")
    if not isinstance(text, str):
        raise InputError("a string under text, or a list under paragraphs", f"{text!r:.60}", "correct the record")
    return clean_text(text, id=id_, title=title, date=date, source=source, split_articles=False)[0]


def _optional(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise InputError(f"a string under {key}", f"{value!r:.60}", "correct the record")
    return value or None


def from_path(path: Path, columns: Mapping[str, str] | None = None) -> Iterator[Found]:
    """Every document of a file or, in sorted order, of the files of a folder; `-` is standard input.

    `columns` says which column of a table is which of id, title, date and text; default: `NAMES`.

    Raises:
        InputError: no such path.
    """
    if path == STREAM:
        yield from _from_stream(sys.stdin.buffer)
        return
    if not path.exists():
        raise InputError("a file or folder", f"nothing at {path}", "check the path")
    inside = [path] if path.is_file() else sorted(path.rglob("*"))
    for file in inside:
        if file.is_file() and (file == path or not file.name.startswith(".")):
            yield from _from_file(file, columns or {})


def holds_records(path: Path) -> bool:
    """Whether a file is one of records or rows, each of which is a document."""
    return path.name.lower().endswith((*RECORDS, *TABLES))


def _from_file(path: Path, columns: Mapping[str, str]) -> Iterator[Found]:
    if path.name.lower().endswith(TABLES):
        yield from _from_table(path, columns)
        return
    if path.name.lower().endswith(RECORDS):
        yield from _from_record_file(path)
        return
    try:
        yield from clean_file(path)
    except InputError as error:
        yield Failure(path.stem, str(path), str(error))


def _from_stream(stream: BinaryIO) -> Iterator[Found]:
    """Records, one a line, where the first thing is a {; else one text."""
    data = stream.read()
    if not data.lstrip().startswith(b"{"):
        try:
            yield from_text(decode(data, "standard input")[0], "stdin")
        except InputError as error:
            yield Failure("stdin", None, str(error))
        return
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            bad = InputError("a JSON object", f"{error} in line {number} of standard input", "correct the line")
            yield Failure(str(number), None, str(bad))
        else:
            yield from_record(record, str(number))


def _from_table(path: Path, columns: Mapping[str, str]) -> Iterator[Found]:
    try:
        for number, row in enumerate(table_rows(path), 1):
            yield from_record(_renamed(row, columns), str(number), f"{path}:{number}")
    except InputError as error:
        yield Failure(path.stem, str(path), str(error))


def _renamed(row: Mapping[str, Any], columns: Mapping[str, str]) -> Mapping[str, Any]:
    """The row as a record; a row that is one already stays.

    Raises:
        InputError: a column that was asked for is not there, or none is a text.
    """
    if missing := [name for name in columns.values() if name not in row]:
        raise InputError(f"the column {missing[0]}", f"{', '.join(map(str, row))}", "correct --columns")
    names = {
        key: columns.get(key) or next((name for name in known if name in row), None) for key, known in NAMES.items()
    }
    if names["text"] is None:
        if "paragraphs" in row:
            return row
        do = "say which it is: --columns text=COLUMN"
        raise InputError(f"a column of texts ({', '.join(NAMES['text'])})", f"{', '.join(map(str, row))}", do)
    found = {key: row[name] for key, name in names.items() if name is not None}
    for key in ("title", "date"):
        found[key] = _plain(found.get(key))
    found["id"] = _plain(found.get("id"))
    return found


def _plain(value: Any) -> str | None:
    """A cell as text: dates in ISO form, whole numbers without .0; None for an empty one."""
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    text = str(value)
    # A spreadsheet's date is a moment at midnight.
    return text.removesuffix("T00:00:00")


def _from_record_file(path: Path) -> Iterator[Found]:
    for number, row in read_lines(path):
        source = f"{path}:{number}"
        if isinstance(row, InputError):
            yield Failure(str(number), source, str(row))
        else:
            yield from_record(row, str(number), source)


def refuse_repeated_ids(found: Iterable[Found]) -> Iterator[Found]:
    """The second document of an id becomes a failure: results are joined by id."""
    seen: dict[str, str | None] = {}
    for document in found:
        if document.id in seen:
            first = seen[document.id] or "an earlier record"
            error = InputError("each id once", f"{document.id!r} again (first in {first})", "rename one")
            yield Failure(document.id, document.source, str(error))
            continue
        seen[document.id] = document.source
        yield document
