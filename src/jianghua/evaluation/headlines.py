"""Title-body corpora: gzip JSON Lines with `title` and `text`, read as inference reads raw records."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jianghua.corpus.clean import clean_text
from jianghua.schema import Document, InputError

SUFFIX = ".jsonl.gz"
Choose = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def read_headlines(path: Path, choose: Choose = list) -> tuple[list[Document], list[str]]:
    """The cleaned documents of the rows that `choose` keeps, and their titles as they stand in the file.

    Raises:
        InputError: no such file, not gzip, or a line without the strings title and text; names file:line.
    """
    if not path.is_file():
        raise InputError(f"a {SUFFIX} corpus", f"nothing at {path}", "check the path")
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = list(enumerate(file, 1))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError("gzip of UTF-8 lines", f"{error} in {path}", "compress the file again") from error
    rows = choose([_row(line, f"{path}:{number}") for number, line in lines if line.strip()])
    if not rows:
        raise InputError("at least one row", f"none in {path}", "check the file")
    return [_document(row, str(number)) for number, row in enumerate(rows, 1)], [row["title"] for row in rows]


def _document(row: dict[str, Any], number: str) -> Document:
    # The title goes in so that a copy of it in the text is recognised, as for any record with a title.
    return clean_text(row["text"], id=str(row.get("id", number)), title=row["title"], split_articles=False)[0]


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError("one JSON object per line", f"{error} in {where}", "correct the line") from error
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) and row[key] for key in ("title", "text")):
        raise InputError("an object with the strings title and text", f"{line.strip()[:60]!r} in {where}", "correct it")
    return row
