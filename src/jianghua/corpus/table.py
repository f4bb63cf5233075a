"""Documents as Parquet rows, one a paragraph, and back; training data is read here, whatever its format."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jianghua.codebook import Codebook
from jianghua.corpus.columns import Columns, read_rows
from jianghua.corpus.crosswalk import PREFIX, Crosswalk
from jianghua.records import read_annotated
from jianghua.schema import Document, InputError, Item, Label, Paragraph

_ITEM = pa.struct(
    [
        ("start", pa.int64()), ("end", pa.int64()), ("text", pa.string()),
        ("task_type", pa.string()), ("policy_domain", pa.list_(pa.string())), ("provenance", pa.string()),
        ("gist", pa.string()),
    ]
)  # fmt: skip

SCHEMA = pa.schema(
    [
        ("id", pa.string()), ("index", pa.int64()), ("title", pa.string()), ("date", pa.string()),
        ("source", pa.string()), ("heading", pa.string()), ("is_heading", pa.bool_()), ("text", pa.string()),
        ("start", pa.int64()), ("end", pa.int64()), ("task_type", pa.string()),
        ("policy_domain", pa.list_(pa.string())), ("uncertain", pa.bool_()), ("provenance", pa.string()),
        ("gist", pa.string()), ("items", pa.list_(_ITEM)), ("summary", pa.string()),
        ("flags", pa.list_(pa.string())), ("group", pa.string()), ("split", pa.string()),
    ]
)  # fmt: skip

_ROWS_AT_ONCE = 4096


def load_documents(path: Path, codebook: Codebook, columns: Columns | None = None) -> list[Document]:
    """Labelled documents of an annotated .jsonl or of a .parquet that `build_corpus` wrote; with `columns`, any rows.

    Raises:
        InputError: another suffix, no such file, wrong columns, labels that the codebook does not have.
    """
    if columns is not None:
        return [_checked(document, codebook) for document in read_rows(path, columns)]
    if path.suffix == ".jsonl":
        return list(read_annotated(path, codebook))
    if path.suffix == ".parquet":
        return list(read_corpus(path, codebook))
    raise InputError("annotated documents as .jsonl or a built corpus as .parquet", str(path), "give such a file")


def _checked(row: Document, codebook: Codebook) -> Document:
    (paragraph,) = row.paragraphs
    label = codebook.check(paragraph.label, row.id) if paragraph.label else None
    return replace(row, paragraphs=(replace(paragraph, label=label),))


def read_corpus(path: Path, codebook: Codebook) -> Iterator[Document]:
    """The documents of a Parquet file of `write_corpus`, in its order; `removed` and `author` are not kept in it.

    Raises:
        InputError: no such file, not Parquet, other columns, or labels that the codebook does not have.
    """
    if not path.is_file():
        raise InputError("a Parquet file", f"nothing at {path}", "check the path, or run scripts/build_corpus.py")
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError("a Parquet file", f"{error} in {path}", "build the corpus again") from error
    with file:
        own = pa.schema([field for field in file.schema_arrow if not field.name.startswith(PREFIX)])
        if not own.equals(SCHEMA):
            found = ", ".join(f"{field.name}: {field.type}" for field in file.schema_arrow)
            raise InputError("the columns of scripts/build_corpus.py", f"{found} in {path}", "build the corpus again")
        rows = (row for batch in file.iter_batches(_ROWS_AT_ONCE) for row in batch.to_pylist())
        for _, group in groupby(rows, key=lambda row: row["id"]):
            yield _document(list(group), codebook, path)


def write_corpus(
    documents: Iterable[Document],
    path: Path,
    groups: Mapping[str, str],
    splits: Mapping[str, str],
    crosswalk: Crosswalk | None = None,
) -> int:
    """Write one row per paragraph, sorted by document id and index, atomically; return the number of rows.

    With `crosswalk` the counterparts of the domains stand in further columns. The bytes depend on the documents alone,
    not on their order.
    """
    ordered = sorted(documents, key=lambda document: document.id)
    rows = [row for document in ordered for row in _rows(document, groups[document.id], splits[document.id])]
    schema = SCHEMA
    if crosswalk is not None:
        rows = [row | crosswalk.columns(row["policy_domain"]) for row in rows]
        for name in crosswalk.columns(()):
            schema = schema.append(pa.field(name, pa.list_(pa.string())))
    table = pa.Table.from_pylist(rows, schema=schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            pq.write_table(table, file, compression="zstd", row_group_size=_ROWS_AT_ONCE)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return len(rows)


def _rows(document: Document, group: str, split: str) -> Iterator[dict[str, Any]]:
    for paragraph in document.paragraphs:
        yield {
            "id": document.id, "index": paragraph.index, "title": document.title, "date": document.date,
            "source": document.source, "heading": paragraph.heading, "is_heading": paragraph.is_heading,
            "text": paragraph.text, "start": paragraph.start, "end": paragraph.end,
            **_codes(paragraph.label),
            "uncertain": paragraph.label is not None and paragraph.label.uncertain,
            "gist": paragraph.gist, "items": [_item_row(item) for item in paragraph.items],
            "summary": document.summary, "flags": list(document.flags), "group": group, "split": split,
        }  # fmt: skip


def _codes(label: Label | None) -> dict[str, Any]:
    return {
        "task_type": label.task_type if label else None,
        "policy_domain": list(label.policy_domain) if label else [],
        "provenance": label.provenance if label else None,
    }


def _item_row(item: Item) -> dict[str, Any]:
    return {"start": item.start, "end": item.end, "text": item.text, **_codes(item.label), "gist": item.gist}


def _document(rows: list[dict[str, Any]], codebook: Codebook, path: Path) -> Document:
    first = rows[0]
    return Document(
        id=first["id"], title=first["title"], date=first["date"], source=first["source"],
        summary=first["summary"], flags=tuple(first["flags"]),
        paragraphs=tuple(_paragraph(row, codebook, f"{path}, {row['id']}[{row['index']}]") for row in rows),
    )  # fmt: skip


def _paragraph(row: dict[str, Any], codebook: Codebook, where: str) -> Paragraph:
    items = tuple(Item(i["start"], i["end"], i["text"], _label(i, codebook, where), i["gist"]) for i in row["items"])
    return Paragraph(
        index=row["index"], start=row["start"], end=row["end"], text=row["text"], heading=row["heading"],
        is_heading=row["is_heading"], label=_label(row, codebook, where),
        gist=row["gist"], items=items,
    )  # fmt: skip


def _label(row: dict[str, Any], codebook: Codebook, where: str) -> Label | None:
    if row["task_type"] is None:
        return None
    label = Label(row["task_type"], tuple(row["policy_domain"]), row["provenance"] or "", row.get("uncertain", False))
    return codebook.check(label, where)
