"""Annotated documents and JSON Lines, in and out; files appear whole or not at all, manifests last."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianghua.codebook import Codebook
from jianghua.schema import Document, InputError, Item, Label, Paragraph

_JSON_NAMES = {str: "a string", int: "an integer", bool: "true or false", list: "a list", dict: "an object"}
_MISSING = object()


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a UTF-8 JSON Lines file, gzipped if its name ends in .gz; blank lines are skipped.

    Raises:
        InputError: no such file, not UTF-8, damaged gzip, or a line that is not a JSON object; names file:line.
    """
    return (row for _, row in _numbered(path))


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | InputError]]:
    """The line numbers (from 1) and objects of a JSON Lines file, gzipped if its name ends in .gz.

    A bad line gives its error instead of raising it; so does a damaged gzip, at the line where it breaks off.
    """
    number = 0
    try:
        for number, line in enumerate(_lines(path), 1):
            if line.strip():
                try:
                    yield number, _decode(line, f"{path}:{number}")
                except InputError as error:
                    yield number, error
    except InputError as error:
        yield number + 1, error


def write_jsonl(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Write `rows` as JSON Lines, atomically; return their number. Parent folders are created.

    Raises:
        InputError: a row that JSON cannot hold (NaN, infinity, other types); the old file then stays.
    """
    return _replace(path, (_encode(row, f"row {i}") + "\n" for i, row in enumerate(rows)))


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(path: Path, files: Iterable[Path], facts: Mapping[str, Any]) -> None:
    """Write the manifest of finished files; call it last, its existence means completeness.

    The manifest holds `facts` and under "files" the size and SHA-256 of each file, by its path relative to the
    manifest's folder.

    Raises:
        InputError: a listed file does not exist, or `facts` names "files" itself.
    """
    if "files" in facts:
        raise InputError("facts beside the key files", "the key files", "rename it")
    entries = {}
    for file in sorted(files):
        if not file.is_file():
            raise InputError("finished files", f"nothing at {file}", "write the files before the manifest")
        entries[os.path.relpath(file, path.parent)] = {"bytes": file.stat().st_size, "sha256": sha256(file)}
    _replace(path, [_encode({**facts, "files": entries}, "the manifest", indent=2) + "\n"])


def read_annotated(path: Path, codebook: Codebook) -> Iterator[Document]:
    """The annotated documents of a .jsonl file; offsets count into the paragraphs joined by a line feed.

    A record that says "selected": true holds chosen paragraphs, in order, whose indices may have gaps.
    `Label.provenance` is the record's "annotator", or the file's name where it has none. Item offsets are relative
    to the paragraph in the file and to the document in the result.

    Raises:
        InputError: bad JSON, missing keys, wrong types, unknown labels, a gap in the paragraph indices or an id seen
            before; names file:line.
    """
    seen: dict[str, str] = {}
    for where, row in _numbered(path):
        document = _document(_Record(row, where), codebook, path.name)
        if document.id in seen:
            raise InputError("each id once", f"{document.id!r} in {where} and {seen[document.id]}", "remove one")
        seen[document.id] = where
        yield document


def write_annotated(documents: Iterable[Document], path: Path) -> int:
    """Write labelled documents in the format that `read_annotated` reads, atomically; return their number.

    Raises:
        InputError: a paragraph without label, or labels of one document with several provenances.
    """
    return write_jsonl((_annotated(document) for document in documents), path)


@dataclass(frozen=True)
class _Record:
    """A JSON object and the place that errors about it name."""

    row: dict[str, Any]
    where: str

    def get(self, key: str, kind: type, default: Any = _MISSING) -> Any:
        value = self.row.get(key, default)
        if value is _MISSING:
            raise InputError(f"the key {key}", f"none in {self.where}", "add it")
        if value is default:
            return value
        # bool is an int in Python, not in JSON.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InputError(f"{_JSON_NAMES[kind]} under {key}", f"{value!r:.60} in {self.where}", "correct it")
        return value

    def parts(self, key: str, default: Any = _MISSING) -> list[_Record]:
        values = self.get(key, list, default)
        for i, value in enumerate(values):
            if not isinstance(value, dict):
                raise InputError(f"objects under {key}", f"{value!r:.60} in {self.where}, {key}[{i}]", "correct it")
        return [_Record(value, f"{self.where}, {key}[{i}]") for i, value in enumerate(values)]


def _numbered(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.is_file():
        raise InputError("a JSON Lines file", f"nothing at {path}", "check the path")
    for number, line in enumerate(_lines(path), 1):
        if line.strip():
            yield f"{path}:{number}", _decode(line, f"{path}:{number}")


def _lines(path: Path) -> Iterator[bytes]:
    if path.suffix != ".gz":
        with path.open("rb") as plain:
            yield from plain
        return
    try:
        with gzip.open(path, "rb") as packed:
            yield from packed
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError("gzip of UTF-8 lines", f"{error} in {path}", "compress the file again") from error


def _decode(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    # RecursionError: ten thousand opening brackets are a line, too.
    except (ValueError, RecursionError) as error:
        raise InputError("one JSON object per line in UTF-8", f"{error} in {where}", "correct the line") from error
    if not isinstance(row, dict):
        raise InputError("one JSON object per line", f"{_kind(row)} in {where}", "correct the line")
    return row


def _kind(value: Any) -> str:
    return _JSON_NAMES.get(type(value), f"{value!r:.40}")


def _encode(row: Mapping[str, Any], where: str, indent: int | None = None) -> str:
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False, indent=indent)
    except (TypeError, ValueError) as error:
        raise InputError("values that JSON can hold", f"{error} in {where}", "convert them first") from error


def _replace(path: Path, chunks: Iterable[str]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    count = 0
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            for chunk in chunks:
                file.write(chunk)
                count += 1
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return count


def _sync_folder(folder: Path) -> None:
    # Without this the rename itself can be lost with the power.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _document(record: _Record, codebook: Codebook, file_name: str) -> Document:
    provenance = record.get("annotator", str, file_name)
    selected = record.get("selected", bool, False)
    paragraphs: list[Paragraph] = []
    start = 0
    for part in record.parts("paragraphs"):
        paragraph = _paragraph(part, start, provenance, codebook)
        if paragraphs and _misplaced(paragraph.index, paragraphs[-1].index, selected):
            raise InputError(f"index {paragraphs[-1].index + 1}", f"{paragraph.index} in {part.where}", "renumber")
        paragraphs.append(paragraph)
        start = paragraph.end + 1
    return Document(
        id=record.get("id", str),
        paragraphs=tuple(paragraphs),
        title=record.get("title", str, None),
        date=record.get("date", str, None),
        source=record.get("source", str, None),
        summary=record.get("summary", str),
    )


def _misplaced(index: int, before: int, selected: bool) -> bool:
    return index <= before if selected else index != before + 1


def _paragraph(part: _Record, start: int, provenance: str, codebook: Codebook) -> Paragraph:
    text = part.get("text", str)
    items = tuple(_item(item, text, start, (provenance, codebook)) for item in part.parts("items", ()))
    label = _label(part, provenance, codebook, uncertain=part.get("uncertain", bool, False))
    return Paragraph(
        index=part.get("index", int), start=start, end=start + len(text), text=text,
        label=label, gist=part.get("gist", str), items=items,
    )  # fmt: skip


def _label(part: _Record, provenance: str, codebook: Codebook, uncertain: bool = False) -> Label:
    domains = part.get("policy_domain", list)
    if not all(isinstance(code, str) for code in domains):
        raise InputError("strings under policy_domain", f"{domains!r:.60} in {part.where}", "correct it")
    return codebook.check(Label(part.get("task_type", str), tuple(domains), provenance, uncertain), part.where)


def _item(part: _Record, text: str, offset: int, context: tuple[str, Codebook]) -> Item:
    start, end = part.get("start", int), part.get("end", int)
    if not 0 <= start < end <= len(text):
        raise InputError(f"0 ≤ start < end ≤ {len(text)}", f"{start}, {end} in {part.where}", "correct the offsets")
    label = _label(part, *context)
    return Item(offset + start, offset + end, text[start:end], label, part.get("gist", str))


def _annotated(document: Document) -> dict[str, Any]:
    labels = [p.label for p in document.paragraphs] + [i.label for p in document.paragraphs for i in p.items]
    provenances = {label.provenance for label in labels if label is not None}
    if None in labels or len(provenances) > 1:
        found = "an unlabelled part" if None in labels else f"{', '.join(sorted(provenances))}"
        raise InputError("labels of one provenance on every part", f"{found} in {document.id}", "label or split first")
    return {
        "id": document.id,
        "title": document.title,
        "date": document.date,
        "source": document.source,
        **({"annotator": provenances.pop()} if provenances else {}),
        "paragraphs": [_annotated_paragraph(paragraph) for paragraph in document.paragraphs],
        "summary": document.summary,
    }


def _codes(label: Label | None) -> dict[str, Any]:
    assert label is not None
    return {"task_type": label.task_type, "policy_domain": list(label.policy_domain)}


def _annotated_paragraph(paragraph: Paragraph) -> dict[str, Any]:
    row = {"index": paragraph.index, "text": paragraph.text, **_codes(paragraph.label)}
    row |= {"uncertain": paragraph.label is not None and paragraph.label.uncertain, "gist": paragraph.gist}
    if paragraph.items:
        row["items"] = [_annotated_item(item, paragraph) for item in paragraph.items]
    return row


def _annotated_item(item: Item, paragraph: Paragraph) -> dict[str, Any]:
    # Document offsets span what was removed inside the paragraph, so the text decides; the search starts at the
    # earliest place the item can have.
    removed = paragraph.end - paragraph.start - len(paragraph.text)
    start = paragraph.text.find(item.text, max(0, item.start - paragraph.start - removed))
    if start < 0:
        raise InputError("items that are substrings of their paragraph", f"{item.text!r:.60}", "segment again")
    return {"start": start, "end": start + len(item.text), **_codes(item.label), "gist": item.gist}
