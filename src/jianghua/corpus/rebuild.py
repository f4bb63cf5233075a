"""Public files → the paragraphs that references speak of, found by their hashes."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianghua.corpus.clean import clean_text
from jianghua.corpus.encoding import decode
from jianghua.corpus.keys import text_hash
from jianghua.corpus.readers import MAX_BYTES, check_zip, read_text
from jianghua.corpus.references import Reference, is_named
from jianghua.schema import InputError

_TABLES = {".json", ".jsonl", ".csv"}
_TAG_OR_LINE = re.compile(r"<[^<>]{0,2000}>|[\r\n]+")
# The makers of the annotated texts cut it: 某某网消息(某栏目)：
_LEAD = re.compile(r"^\s*[^：:。，]{0,12}(?:消息|电)[^：:。，]{0,12}[：:]")


@dataclass(frozen=True, slots=True)
class Missing:
    """A paragraph that was not found: document id, position in its reference, hash, task type, and why."""

    id: str
    position: int
    hash: str
    task_type: str
    reason: str


def paragraphs_by_hash(file: Path, member: str | None = None) -> dict[str, str]:
    """Every line and every cleaned paragraph of a file by its `text_hash`; lines come first.

    .json, .jsonl and .csv: of every string in it. `member`: of that part of an archive, by its name or hidden name.

    Raises:
        InputError: a file that cannot be read.
    """
    if member is not None:
        with tempfile.TemporaryDirectory() as folder:
            return paragraphs_by_hash(_unpacked(file, member, Path(folder)))
    if file.suffix.lower() in _TABLES:
        texts = list(_strings(file))
        is_html = any("</" in text for text in texts)
    else:
        read = read_text(file)
        texts, is_html = [read.text], read.kind == "html"
    found: dict[str, str] = {}
    for piece in [line for text in texts for line in _lines(text)] + list(_cleaned(texts, is_html)):
        found.setdefault(text_hash(piece), piece.strip())
    return found


def rebuild(reference: Reference, texts: dict[str, str]) -> tuple[dict[str, Any] | None, list[Missing]]:
    """An annotated record (gists and summary empty) of the paragraphs found in `texts`, and those that were not.

    The record is None where nothing was found.
    """
    paragraphs, missing = [], []
    for position, paragraph in enumerate(reference.paragraphs):
        label = paragraph.label
        text = texts.get(paragraph.hash)
        if text is None:
            reason = "no paragraph of the file has this hash"
            missing.append(Missing(reference.id, position, paragraph.hash, label.task_type, reason))
            continue
        paragraphs.append(
            {
                "index": position, "text": text, "task_type": label.task_type,
                "policy_domain": list(label.policy_domain), "uncertain": label.uncertain, "gist": "",
            }
        )  # fmt: skip
    if not paragraphs:
        return None, missing
    provenance = next(paragraph.label.provenance for paragraph in reference.paragraphs)
    facts = {"id": reference.id, "title": None, "date": None, "source": str(reference.source), "annotator": provenance}
    # Gaps are allowed in the indices of selected paragraphs only.
    return {**facts, "selected": True, "paragraphs": paragraphs, "summary": ""}, missing


def all_missing(reference: Reference, reason: str) -> list[Missing]:
    """Every paragraph of a document whose file was not to be had."""
    return [
        Missing(reference.id, i, paragraph.hash, paragraph.label.task_type, reason)
        for i, paragraph in enumerate(reference.paragraphs)
    ]


def _lines(text: str) -> Iterator[str]:
    for line in _TAG_OR_LINE.split(text):
        plain = html.unescape(line)
        yield plain
        if (bare := _LEAD.sub("", plain)) != plain:
            yield bare


def _cleaned(texts: Iterable[str], is_html: bool) -> Iterator[str]:
    for text in texts:
        # A cell of one line has nothing to join.
        if "\n" in text or "<" in text:
            for document in clean_text(text, id="x", html=is_html):
                yield from (paragraph.text for paragraph in document.paragraphs)


def _strings(file: Path) -> Iterator[str]:
    if file.stat().st_size > MAX_BYTES:
        raise InputError(f"at most {MAX_BYTES >> 20} MiB", f"more at {file}", "leave the document out")
    text, _ = decode(file.read_bytes(), str(file))
    suffix = file.suffix.lower()
    try:
        if suffix == ".csv":
            csv.field_size_limit(MAX_BYTES)
            yield from (cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row)
            return
        for part in text.splitlines() if suffix == ".jsonl" else [text]:
            if part.strip():
                yield from _leaves(json.loads(part))
    except (ValueError, csv.Error, RecursionError) as error:
        raise InputError(f"a readable {suffix} file", f"{error} at {file}", "leave the document out") from error


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)


def _unpacked(file: Path, member: str, folder: Path) -> Path:
    check_zip(file)
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if any(is_named(member, name) for name in _names(info)):
                target = folder / f"member{Path(info.filename).suffix}"
                target.write_bytes(archive.read(info))
                return target
    raise InputError(f"the member {member}", f"none in {file}", "leave the document out")


def _names(info: zipfile.ZipInfo) -> Iterator[str]:
    yield info.filename
    # Names that are not marked as UTF-8 are decoded as code page 437, whatever they were written in.
    if not info.flag_bits & 0x800:
        raw = info.filename.encode("cp437", errors="replace")
        for encoding in ("utf-8", "gb18030"):
            yield raw.decode(encoding, errors="replace")
