"""Rows of other people's tables → documents of one paragraph, by the names of their columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jianghua.codebook import Codebook
from jianghua.corpus.encoding import decode
from jianghua.corpus.readers import MAX_BYTES, read_sheet
from jianghua.records import read_jsonl
from jianghua.schema import Document, InputError, Label, Paragraph

SEPARATOR = "|"  # between the labels of one cell, where a format has no lists


@dataclass(frozen=True)
class Columns:
    """Which column of a row holds what; None for what the rows do not have.

    `task_type` holds one label, `policy_domain` several: a list, or one text with | between the labels. `title`,
    `gist` and `summary` are what a summariser learns to write from `text`; for a classifier `title` is context.
    """

    text: str
    task_type: str | None = None
    policy_domain: str | None = None
    title: str | None = None
    gist: str | None = None
    summary: str | None = None


def read_rows(path: Path, columns: Columns) -> Iterator[Document]:
    """A document of one paragraph for every row of a .jsonl, .jsonl.gz, .csv, .xlsx or .parquet file, in order.

    Ids are folder, file and row number (from 1). Labels are taken as they stand; where no label column is given, the
    paragraph has no label.

    Raises:
        InputError: another suffix, no such file, a row without one of the columns, or a cell that is no text or blank.
    """
    if not path.is_file():
        raise InputError("a file of rows", f"nothing at {path}", "correct the path")
    for number, row in enumerate(table_rows(path), 1):
        yield _document(row, columns, f"{path.parent.name}/{path.name}:{number}")


def codebook_of_rows(documents: Iterable[Document]) -> Codebook:
    """The labels that occur in `documents`, sorted; an axis that no row uses has none."""
    labels = [p.label for document in documents for p in document.paragraphs if p.label]
    tasks = {label.task_type for label in labels} - {""}
    return Codebook.of_labels(sorted(tasks), sorted({domain for label in labels for domain in label.policy_domain}))


def table_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a table, one after the other; of an .xlsx file those of the first sheet, under its first row.

    Raises:
        InputError: another suffix, or a damaged file.
    """
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return read_jsonl(path)
    if path.suffix == ".csv":
        return _csv_rows(path)
    if path.suffix == ".xlsx":
        return _sheet_rows(path)
    if path.suffix == ".parquet":
        return _parquet_rows(path)
    raise InputError("rows as .jsonl, .jsonl.gz, .csv, .xlsx or .parquet", str(path), "convert the file")


def _csv_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(MAX_BYTES)  # a whole speech may stand in one cell
    try:
        yield from csv.DictReader(io.StringIO(decode(path.read_bytes(), str(path))[0], newline=""), strict=True)
    except csv.Error as error:
        raise InputError("comma-separated values", f"{error} in {path}", "save it again as CSV UTF-8") from error


def _sheet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    head, *rows = read_sheet(path) or [[]]
    names = [str(name).strip() for name in head]
    for row in rows:
        # Empty cells are "", and rows below the table have nothing else.
        if any(cell != "" for cell in row):
            yield dict(zip(names, row, strict=True))


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError("a Parquet file", f"{error} in {path}", "write the file again") from error


def _document(row: Mapping[str, Any], columns: Columns, where: str) -> Document:
    wanted = {key: name for key, name in asdict(columns).items() if name is not None}
    if missing := [name for name in wanted.values() if name not in row]:
        found = f"{', '.join(map(str, row))} in {where}"
        raise InputError(f"the columns {', '.join(missing)}", found, "correct `columns` in the configuration")
    many = _labels(row[wanted.pop("policy_domain")], where) if columns.policy_domain else ()
    one = {key: _text(row[name], name, where) for key, name in wanted.items()}
    labelled = columns.task_type or columns.policy_domain
    label = Label(one.get("task_type", ""), many, where.rpartition(":")[0]) if labelled else None
    paragraph = Paragraph(0, 0, len(one["text"]), one["text"], label=label, gist=one.get("gist", ""))
    return Document(where, (paragraph,), title=one.get("title"), summary=one.get("summary", ""))


def _text(value: Any, name: str, where: str) -> str:
    # Labels are often numbers; true and false are nobody's label names.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    # Spreadsheets know no whole numbers.
    text = str(int(text)) if isinstance(text, float) and text.is_integer() else text
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"text under {name}", f"{value!r:.60} in {where}", "correct or remove the row")
    return text


def _labels(value: Any, where: str) -> tuple[str, ...]:
    parts = [part for part in value.split(SEPARATOR) if part.strip()] if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise InputError(
            "a list of labels, or one text with | between them", f"{value!r:.60} in {where}", "correct the row"
        )
    return tuple(dict.fromkeys(_text(part, "the label column", where).strip() for part in parts))
