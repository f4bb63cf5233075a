"""Documents → what the trainers feed on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from jianghua.codebook import Codebook
from jianghua.corpus.table import load_documents
from jianghua.schema import Document, InputError


def read_all(paths: Sequence[Path], codebook: Codebook) -> list[Document]:
    """Labelled documents of several files, in order.

    Raises:
        InputError: a missing file, or no labelled paragraph in any of them.
    """
    for path in paths:
        if not path.is_file():
            do = "build it with scripts/build_corpus.py, or correct the path"
            raise InputError("a file of labelled documents", f"nothing at {path}", do)
    documents = [document for path in paths for document in load_documents(path, codebook)]
    if not any(p.label for d in documents for p in d.paragraphs):
        found = f"none in {', '.join(map(str, paths))}"
        raise InputError("labelled paragraphs", found, "give annotated .jsonl or a built .parquet")
    return documents


def hold_out(documents: Sequence[Document], share: float) -> tuple[list[Document], list[Document]]:
    """Split documents into (kept, held out) by a hash of their id: the same whatever else is in the list.

    Raises:
        InputError: nothing is kept, or nothing held out.
    """
    kept, held = [], []
    for document in documents:
        point = int.from_bytes(hashlib.sha256(document.id.encode()).digest()[:4]) / 2**32
        (held if point < share else kept).append(document)
    if not kept or not held:
        found = f"{len(kept)} kept and {len(held)} held out at {share}"
        raise InputError("a held_out_share with documents on both sides", found, "change it, or give more documents")
    return kept, held
