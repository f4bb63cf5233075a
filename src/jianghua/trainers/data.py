"""Documents → what the trainers feed on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from jianghua.codebook import Codebook, load_codebook
from jianghua.corpus.columns import Columns, codebook_of_rows, read_rows
from jianghua.corpus.table import load_documents
from jianghua.schema import Document, InputError


class DataConfig(Protocol):
    """The part of both configurations that says what the training data are.

    `columns` makes the files rows of one paragraph each; without a `codebook` their labels are gathered from the
    training rows. The held-out part is `held_out_data` or, if that is empty, `held_out_share` of the training
    documents, chosen by a hash of their ids.
    """

    @property
    def train_data(self) -> list[Path]: ...
    @property
    def held_out_data(self) -> list[Path]: ...
    @property
    def held_out_share(self) -> float: ...
    @property
    def codebook(self) -> str | None: ...
    @property
    def columns(self) -> Columns | None: ...


def training_codebook(config: DataConfig) -> Codebook:
    """The codebook that a configuration names, or the labels of its training rows.

    Raises:
        InputError: neither a codebook nor columns; whatever reading the rows raises.
    """
    if config.codebook:
        return load_codebook(config.codebook)
    if config.columns is None:
        raise InputError("a codebook, or columns to gather labels from", "neither", "correct the configuration")
    return codebook_of_rows(row for path in config.train_data for row in read_rows(path, config.columns))


def training_parts(config: DataConfig, codebook: Codebook) -> tuple[list[Document], list[Document]]:
    """(training documents, held-out documents), labels checked against the codebook."""
    train = read_all(config.train_data, codebook, config.columns)
    if config.held_out_data:
        return train, read_all(config.held_out_data, codebook, config.columns)
    return hold_out(train, config.held_out_share)


def read_all(paths: Sequence[Path], codebook: Codebook, columns: Columns | None = None) -> list[Document]:
    """Labelled documents of several files, in order; rows whose columns hold no labels count as they are.

    Raises:
        InputError: a missing file, or no labelled paragraph in any of them.
    """
    for path in paths:
        if not path.is_file():
            do = "build it with scripts/build_corpus.py, or correct the path"
            raise InputError("a file of labelled documents", f"nothing at {path}", do)
    documents = [document for path in paths for document in load_documents(path, codebook, columns)]
    unlabelled = columns is not None and not (columns.task_type or columns.policy_domain)
    if not documents or not (unlabelled or any(p.label for d in documents for p in d.paragraphs)):
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
