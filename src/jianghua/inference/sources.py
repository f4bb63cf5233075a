"""What users hand in → documents, in order; what cannot be read becomes an error, never an exception."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianghua.corpus.clean import clean_file, clean_text, from_paragraphs
from jianghua.records import read_lines
from jianghua.schema import Document, InputError

RECORDS = ".jsonl"


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


def from_path(path: Path) -> Iterator[Found]:
    """Every document of a file or, in sorted order, of the files of a folder.

    Raises:
        InputError: no such path.
    """
    if not path.exists():
        raise InputError("a file or folder", f"nothing at {path}", "check the path")
    inside = [path] if path.is_file() else sorted(path.rglob("*"))
    for file in inside:
        if file.is_file() and (file == path or not file.name.startswith(".")):
            yield from _from_file(file)


def _from_file(path: Path) -> Iterator[Found]:
    if path.suffix.lower() == RECORDS:
        yield from _from_record_file(path)
        return
    try:
        yield from clean_file(path)
    except InputError as error:
        yield Failure(path.stem, str(path), str(error))


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
