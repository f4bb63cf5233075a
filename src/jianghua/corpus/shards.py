"""Reading and cleaning in shards that stay on disk: a build that was killed goes on where it stopped."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import jianghua
from jianghua.codebook import load_codebook
from jianghua.config import portable
from jianghua.corpus.clean import clean_file
from jianghua.corpus.readers import read_text
from jianghua.records import read_annotated, read_jsonl, sha256, write_jsonl
from jianghua.schema import Document, InputError, Item, Label, Paragraph, Removed

_EXCERPT = 200


@dataclass(frozen=True)
class ReadFile:
    """One input file: its SHA-256 and documents, the removed spans as rows, or the error that rejects it."""

    path: Path
    sha256: str
    documents: tuple[Document, ...] = ()
    removed: tuple[dict[str, Any], ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Shard:
    """Some input files, the codebook that annotated ones are read with, and where the result is kept."""

    paths: tuple[Path, ...]
    codebook: str
    result: Path


def make_shards(paths: Sequence[Path], codebook: str, folder: Path, size: int) -> list[Shard]:
    """Shards of `size` files in sorted order; a result's name says all that it depends on."""
    ordered = sorted(set(paths))
    shards = []
    for start in range(0, len(ordered), size):
        part = tuple(ordered[start : start + size])
        inputs = [(portable(path), sha256(path)) for path in part]
        key = repr((jianghua.__version__, load_codebook(codebook), inputs))
        shards.append(Shard(part, codebook, folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.jsonl"))
    return shards


def finish_shards(shards: Sequence[Shard], processes: int) -> None:
    """Clean what has no result yet, in `processes` processes; every result appears whole or not at all."""
    missing = [shard for shard in shards if not shard.result.is_file()]
    count = min(processes, len(missing))
    if count > 1:
        # spawn: threads of libraries do not survive a fork.
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=_finish, args=(missing[i::count],)) for i in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    # Also what a worker that died left behind.
    _finish(missing)


def read_shards(shards: Sequence[Shard]) -> Iterator[ReadFile]:
    """The files of finished shards, in order, one shard in memory at a time."""
    for shard in shards:
        for row in read_jsonl(shard.result):
            documents = tuple(map(_document, row["documents"]))
            yield ReadFile(Path(row["path"]), row["sha256"], documents, tuple(row["removed"]), row["error"])


def _finish(shards: Sequence[Shard]) -> None:
    parent = multiprocessing.parent_process()
    for shard in shards:
        # A worker must not outlive a build that was killed.
        if parent is not None and not parent.is_alive():
            return
        if not shard.result.is_file():
            write_jsonl((_row(_read_file(path, shard.codebook)) for path in shard.paths), shard.result)


def _read_file(path: Path, codebook: str) -> ReadFile:
    digest = sha256(path)
    try:
        documents = tuple(_documents(path, codebook))
    # A parser may fail on a hostile file in ways nobody listed; one file must never stop the others.
    except Exception as error:
        message = str(error) if isinstance(error, InputError) else _unforeseen(error)
        return ReadFile(path, digest, error=message)
    return ReadFile(path, digest, documents, tuple(_removed(path, documents)))


def _documents(path: Path, codebook: str) -> Iterator[Document]:
    if path.suffix == ".jsonl":
        yield from read_annotated(path, load_codebook(codebook))
    else:
        # A path that names this machine would make the bytes differ between two checkouts.
        yield from (replace(document, source=portable(path)) for document in clean_file(path))


def _unforeseen(error: Exception) -> str:
    found = f"{type(error).__name__}: {error}"
    return str(InputError("a file that the readers understand", found, "report it with the file"))


def _removed(path: Path, documents: Sequence[Document]) -> Iterator[dict[str, Any]]:
    spans = [(document, span) for document in documents for span in document.removed]
    text = read_text(path).text if spans else ""
    for document, span in spans:
        yield {
            "id": document.id, "source": document.source, "start": span.start, "end": span.end,
            "reason": span.reason, "text": text[span.start : span.end][:_EXCERPT],
        }  # fmt: skip


def _row(file: ReadFile) -> dict[str, Any]:
    return asdict(file) | {"path": str(file.path)}


def _document(row: dict[str, Any]) -> Document:
    paragraphs = tuple(Paragraph(**p | {"label": _label(p), "items": _items(p)}) for p in row["paragraphs"])
    removed = tuple(Removed(**span) for span in row["removed"])
    return Document(**row | {"paragraphs": paragraphs, "removed": removed, "flags": tuple(row["flags"])})


def _items(paragraph: dict[str, Any]) -> tuple[Item, ...]:
    return tuple(Item(**item | {"label": _label(item)}) for item in paragraph["items"])


def _label(row: dict[str, Any]) -> Label | None:
    label = row["label"]
    return None if label is None else Label(**label | {"policy_domain": tuple(label["policy_domain"])})
