"""A file → its decoded text. Text is decoded here; .docx, .pdf, .doc, .xlsx are parsed in a bounded child process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianghua.corpus.encoding import decode
from jianghua.schema import InputError

_KINDS = {
    ".txt": "txt", ".text": "txt", ".md": "md", ".markdown": "md", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".shtml": "html", ".docx": "docx", ".pdf": "pdf", ".doc": "doc",
}  # fmt: skip
_MAGIC = {"docx": b"PK\x03\x04", "pdf": b"%PDF-", "doc": b"\xd0\xcf\x11\xe0"}
MAX_BYTES = 64 << 20  # of a text file and of one part of a zip
_MAX_TOTAL = 256 << 20
_MAX_RATIO = 200
_MAX_MEMBERS = 2_000
_SMALL_PART = 1 << 20  # a megabyte harms nobody whatever its ratio
WALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class SourceText:
    """A file's decoded text and what the file says about it; `flags` may hold needs_ocr."""

    text: str
    encoding: str
    kind: str
    title: str | None = None
    date: str | None = None
    author: str | None = None
    flags: tuple[str, ...] = ()


def read_text(path: Path) -> SourceText:
    """Read one file by its suffix.

    Raises:
        InputError: missing, empty, too large, of an unread kind, damaged, encrypted or a bomb.
    """
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"one of {', '.join(_KINDS)}", f"{path.suffix or 'no suffix'} at {path}", "convert it to .txt")
    check_size(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        do = "check the path and its permissions"
        raise InputError("a readable file", f"{error.strerror} at {path}", do) from error
    if kind in _MAGIC:
        return _read_binary(path, kind, data)
    text, encoding = decode(data, str(path))
    return SourceText(text, encoding, kind)


def _read_binary(path: Path, kind: str, data: bytes) -> SourceText:
    # PDF allows junk before its header.
    if _MAGIC[kind] not in data[:1024] or (kind != "pdf" and not data.startswith(_MAGIC[kind])):
        found = "an empty file" if not data else f"bytes {data[:8].hex(' ')}"
        raise InputError(f"a {kind} file", f"{found} at {path}", "check the suffix or convert it to .txt")
    if kind == "docx":
        check_zip(path)
    text = _parse_in_child(path, kind)
    flags = ("needs_ocr",) if kind == "pdf" and not text.strip() else ()
    return SourceText(text, "utf-8", kind, flags=flags)


def read_sheet(path: Path) -> list[list[Any]]:
    """The rows of the first sheet of an .xlsx file, its cells as text, numbers and truth values; dates are ISO text.

    Raises:
        InputError: missing, too large, damaged or a bomb.
    """
    check_size(path)
    check_zip(path)
    return json.loads(_parse_in_child(path, "xlsx"))


def check_size(path: Path) -> None:
    """Raises InputError for a file of more than 64 MiB, or one that is not there."""
    try:
        size = path.stat().st_size
    except OSError as error:
        do = "check the path and its permissions"
        raise InputError("a readable file", f"{error.strerror} at {path}", do) from error
    if size > MAX_BYTES:
        raise InputError(f"at most {MAX_BYTES >> 20} MiB", f"{size >> 20} MiB at {path}", "split it into smaller files")


def check_zip(path: Path) -> None:
    """Refuse archives that unpack to too much; reads the directory only.

    Raises:
        InputError: not a zip, over 2,000 members, 64 MB a part, 256 MB in all, or 200 times its packed size.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError("a zip container", f"a damaged one at {path} ({error})", "save the document again") from error
    largest = max(members, key=lambda member: member.file_size, default=None)
    total = sum(member.file_size for member in members)
    for limit, found, bad in (
        (f"at most {_MAX_MEMBERS} members", f"{len(members)}", len(members) > _MAX_MEMBERS),
        (
            f"parts of at most {MAX_BYTES >> 20} MiB",
            f"{largest and largest.filename}",
            largest and largest.file_size > MAX_BYTES,
        ),
        (f"at most {_MAX_TOTAL >> 20} MiB unpacked", f"{total >> 20} MiB", total > _MAX_TOTAL),
        (f"a compression ratio of at most {_MAX_RATIO}", "more", any(map(_is_bomb, members))),
    ):
        if bad:
            raise InputError(limit, f"{found} in {path}", "this looks like a decompression bomb; save it as .txt")


def _is_bomb(member: zipfile.ZipInfo) -> bool:
    return member.file_size > _SMALL_PART and member.file_size > _MAX_RATIO * max(1, member.compress_size)


def _parse_in_child(path: Path, kind: str) -> str:
    """Text of a document from `parse_binary`, which bounds its own memory and processor time."""
    package = str(Path(__file__).resolve().parents[2])
    search = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "jianghua.corpus.parse_binary", kind, str(path.resolve())]
    environment = {**os.environ, "PYTHONPATH": search, "PYTHONIOENCODING": "utf-8"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=WALL_SECONDS, env=environment, check=False)
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"a {kind} file that can be read in {WALL_SECONDS:.0f} s", f"more at {path}", "save it as .txt"
        ) from error
    return _answer(done, path, kind)


def _answer(done: subprocess.CompletedProcess[bytes], path: Path, kind: str) -> str:
    try:
        answer = json.loads(done.stdout)
        if "text" in answer:
            return answer["text"]
        reason = str(answer["error"])
    except (ValueError, KeyError, TypeError):
        # Killed by a limit: no answer, or half of one.
        reason = f"a document that exhausts memory or time (exit {done.returncode})"
    raise InputError(f"a readable {kind} file", f"{reason} at {path}", "save it again or convert it to .txt")
