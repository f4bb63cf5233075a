"""python -m jianghua.corpus.parse_binary KIND PATH — text of a .docx, .pdf, .doc, .xlsx as one JSON object on stdout.

A process of its own, with 2 GiB of address space and 20 s of processor time, because these parsers can be made to
take any amount of either. Started by `readers.read_text`; {"text": …} or {"error": …}.
"""

from __future__ import annotations

import json
import logging
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

_MEMORY = 2 << 30
_SECONDS = 20
_MAX_CHARACTERS = 64 << 20
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Deleted and moved-away text, and the second copy of every text box that old programs read.
_SKIPPED = frozenset({f"{_WORD}del", f"{_WORD}moveFrom", f"{_WORD}delText", f"{_WORD}instrText", _FALLBACK})
_BREAKS = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}


def docx_text(path: str) -> str:
    """Every `w:t` of the body in reading order, tables, text boxes and insertions too; one line a paragraph."""
    from docx import Document

    return "".join(_walk(Document(path).element.body)).strip("\n")


def _walk(root: Any) -> Iterator[str]:
    """Depth first without recursion: a document may be nested deeper than Python's stack."""
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
            continue
        tag = node.tag
        if not isinstance(tag, str) or tag in _SKIPPED:
            continue
        if tag in (f"{_WORD}t", f"{_MATH}t"):
            yield node.text or ""
        elif tag in _BREAKS:
            # Tab stops in paragraph properties carry the same name.
            yield _BREAKS[tag] if node.getparent().tag == f"{_WORD}r" else ""
        elif tag == f"{_WORD}p":
            # A text box stands inside a paragraph: break before and after, so that it cannot run into it.
            yield "\n"
            stack += ["\n", *reversed(node)]
        else:
            stack.extend(reversed(node))


def pdf_text(path: str) -> str:
    """Text of all pages, a blank line between two; "" for scans."""
    from pypdf import PdfReader
    from pypdf.errors import PdfReadError

    reader = PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):
        raise PdfReadError("an encrypted document")
    pages: list[str] = []
    for page in reader.pages:
        pages.append(page.extract_text() or "")
        if sum(map(len, pages)) > _MAX_CHARACTERS:
            raise PdfReadError("more than 64 million characters")
    return "\n\n".join(pages) if any(page.strip() for page in pages) else ""


def doc_text(path: str) -> str:
    """Text of an old Word file through antiword or catdoc, whichever is installed."""
    for command in (["antiword", "-m", "UTF-8.txt", "-w", "0", path], ["catdoc", "-d", "utf-8", "-w", path]):
        if shutil.which(command[0]):
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
            if done.returncode == 0 and done.stdout.strip():
                return done.stdout.decode("utf-8", errors="replace")
    raise OSError("no text by antiword or catdoc (is one of them installed?)")


def xlsx_text(path: str) -> str:
    """The rows of the first sheet as a JSON array of arrays; dates and times are ISO text."""
    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    return json.dumps(rows, default=lambda value: value.isoformat() if hasattr(value, "isoformat") else str(value))


def main(kind: str, path: str) -> int:
    """Parse one file under limits and print the answer."""
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 1))
    parse = {"docx": docx_text, "pdf": pdf_text, "doc": doc_text, "xlsx": xlsx_text}[kind]
    try:
        # Lone surrogates can neither be printed nor stored.
        answer = {"text": parse(path).encode("utf-8", "replace").decode("utf-8")}
    except Exception as error:
        # Whatever a parser raises on a hostile file is an answer, not a crash of the caller.
        answer = {"error": f"{type(error).__name__}: {str(error)[:200]}"}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
