"""Annotations by reference: labels, the public source and hashes of paragraphs, without any text."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianghua.codebook import Codebook
from jianghua.corpus.keys import text_hash
from jianghua.records import read_jsonl
from jianghua.schema import Document, InputError, Label

HASH = "first 16 hexadecimal digits of the SHA-256 of the text in NFKC, lower case, without white space and punctuation"

_SOURCE = re.compile(
    r"(?P<repository>\w[\w.-]*/\w[\w.-]*)@(?P<commit>[0-9a-f]{40}):(?P<path>[^#]+)(?:#(?P<record>\d+))?"
)
_KEYS = {"id", "source", "provenance", "paragraphs"}


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a public repository at a commit.

    `parts`: the path and, in an archive, the member's name. A part that may hold a title (it is not ASCII) is given
    as "~" and the first 16 hexadecimal digits of its SHA-256. `record`: the number of a record, for people; the
    paragraphs of a whole file are searched.
    """

    repository: str
    commit: str
    parts: tuple[str, ...]
    record: str | None = None

    def __str__(self) -> str:
        record = "" if self.record is None else f"#{self.record}"
        return f"{self.repository}@{self.commit}:{'!'.join(self.parts)}{record}"


@dataclass(frozen=True, slots=True)
class ReferencedParagraph:
    """The hash (`text_hash`) and the label of a paragraph."""

    hash: str
    label: Label


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known of an annotated document without its text."""

    id: str
    source: Source
    paragraphs: tuple[ReferencedParagraph, ...]


def is_named(part: str, name: str) -> bool:
    """Whether `part` of a source means the path or member `name`."""
    return part == (_hidden(name) if part.startswith("~") else name)


def parse_source(source: str | None, where: str) -> Source:
    """Read "owner/name@commit:path", "…:archive!member", "…:path#record".

    Raises:
        InputError: anything else, or a path that leaves the repository.
    """
    found = _SOURCE.fullmatch(source or "")
    if found is None or ".." in found["path"].split("/"):
        shape = "owner/name@<40 hexadecimal digits>:path as source"
        raise InputError(shape, f"{source!r:.80} in {where}", "give the public source, or leave the document out")
    return Source(found["repository"], found["commit"], tuple(found["path"].split("!")), found["record"])


def make_reference(document: Document) -> tuple[Reference, int]:
    """The reference of an annotated document, and how many paragraphs without a letter or digit it leaves out.

    Raises:
        InputError: a source that names no public file, or an unlabelled paragraph.
    """
    source = parse_source(document.source, document.id)
    hidden = Source(source.repository, source.commit, tuple(map(_shown, source.parts)), source.record)
    paragraphs = []
    for paragraph in document.paragraphs:
        if paragraph.label is None:
            raise InputError("a label on every paragraph", f"none in {document.id}[{paragraph.index}]", "label it")
        if key := text_hash(paragraph.text):
            paragraphs.append(ReferencedParagraph(key, paragraph.label))
    return Reference(document.id, hidden, tuple(paragraphs)), len(document.paragraphs) - len(paragraphs)


def write_references(references: Iterable[Reference], path: Path, provenance: str | None = None) -> int:
    """Write references as gzipped JSON Lines, by id, atomically; return their number. Equal input, equal bytes.

    `provenance` replaces what the labels themselves say, which may be a file's name.

    Raises:
        InputError: labels of one document with several provenances.
    """
    ordered = sorted(references, key=lambda reference: reference.id)
    lines = [json.dumps(_row(r, provenance), ensure_ascii=False, separators=(",", ":")) + "\n" for r in ordered]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            # A time of packing would change the bytes.
            file.write(gzip.compress("".join(lines).encode(), 9, mtime=0))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return len(lines)


def read_references(path: Path, codebook: Codebook) -> Iterator[Reference]:
    """The references of a file of `write_references`.

    Raises:
        InputError: no such file, other keys (a text would be one), a bad source, unknown labels.
    """
    for number, row in enumerate(read_jsonl(path), 1):
        where = f"{path}, document {number}"
        if set(row) != _KEYS:
            raise InputError(f"the keys {', '.join(sorted(_KEYS))}", f"{sorted(row)} in {where}", "make it again")
        try:
            paragraphs = tuple(_paragraph(part, row["provenance"], codebook, where) for part in row["paragraphs"])
        except (KeyError, TypeError, AttributeError) as error:
            expected = "paragraphs with hash, task_type and policy_domain"
            raise InputError(expected, f"{error} in {where}", "make it again") from error
        yield Reference(row["id"], parse_source(row["source"], where), paragraphs)


def _paragraph(part: Mapping[str, Any], provenance: str, codebook: Codebook, where: str) -> ReferencedParagraph:
    uncertain = part.get("uncertain", False)
    label = Label(part["task_type"], tuple(part["policy_domain"]), provenance, uncertain)
    return ReferencedParagraph(part["hash"], codebook.check(label, where))


def _row(reference: Reference, provenance: str | None) -> dict[str, Any]:
    said = {provenance} if provenance else {paragraph.label.provenance for paragraph in reference.paragraphs}
    if len(said) > 1:
        found = f"{', '.join(sorted(said))} in {reference.id}"
        raise InputError("labels of one provenance", found, "give --provenance, or split the document")
    return {
        "id": reference.id,
        "source": str(reference.source),
        "provenance": next(iter(said), ""),
        "paragraphs": [_paragraph_row(paragraph) for paragraph in reference.paragraphs],
    }


def _paragraph_row(paragraph: ReferencedParagraph) -> dict[str, Any]:
    label = paragraph.label
    row = {"hash": paragraph.hash, "task_type": label.task_type, "policy_domain": list(label.policy_domain)}
    return row | ({"uncertain": True} if label.uncertain else {})


def _shown(part: str) -> str:
    return part if part.isascii() else _hidden(part)


def _hidden(name: str) -> str:
    return "~" + hashlib.sha256(name.encode()).hexdigest()[:16]
