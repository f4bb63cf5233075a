"""Cross-validation folds by document: made once, kept in a file of ids, and checked before every use."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from jianghua.corpus.dedup import group_documents
from jianghua.corpus.splits import assign_folds, audit
from jianghua.records import read_jsonl, write_jsonl
from jianghua.schema import Document, InputError

_MAKE = "make it with scripts/make_folds.py"


def make_folds(documents: Sequence[Document], count: int, seed: int = 0) -> dict[str, int]:
    """Document id → fold, balanced over the labels of both axes; the order of `documents` changes nothing.

    Documents that are near-duplicates or share a near-duplicate long paragraph are in one fold.

    Raises:
        InputError: fewer groups than folds, or a leak that the audit finds.
    """
    groups = near_duplicates(documents)
    folds = assign_folds(documents, groups, count, seed)
    _audit(documents, groups, folds)
    return folds


def near_duplicates(documents: Sequence[Document]) -> dict[str, str]:
    """Document id → its group; the articles of one raw file (<stem>#1, <stem>#2 …) share one."""
    return group_documents(documents, {document.id: document.id.partition("#")[0] for document in documents}).of


def write_folds(folds: Mapping[str, int], path: Path, made_by: str) -> None:
    """Write folds as JSON, one id a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"made_by": made_by, "folds": dict(sorted(folds.items()))}, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def read_folds(path: Path) -> dict[str, int]:
    """The folds of a file that `write_folds` wrote.

    Raises:
        InputError: no such file, or something else than ids with folds 0, 1, 2 … without a gap.
    """
    if not path.is_file():
        raise InputError("a file of folds", f"nothing at {path}", _MAKE)
    try:
        folds = json.loads(path.read_text(encoding="utf-8"))["folds"]
        numbers = set(folds.values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found = f"{type(error).__name__}: {error} in {path}"
        raise InputError('a JSON object with "folds": {id: fold}', found, _MAKE) from error
    if len(numbers) < 2 or numbers != set(range(len(numbers))):
        raise InputError("folds 0, 1, 2 …, at least two", f"{sorted(map(str, numbers))} in {path}", "make it again")
    return folds


def check_folds(folds: Mapping[str, int], documents: Sequence[Document]) -> None:
    """Refuse folds that are not those of the documents, or that leak.

    Raises:
        InputError: an id twice, a document without fold, a fold of a document that is not there, or near-duplicates in
            two folds.
    """
    ids = {document.id for document in documents}
    if len(ids) < len(documents):
        raise InputError("each document id once", f"{len(documents) - len(ids)} repeated", "remove the copies")
    without, unknown = sorted(ids - set(folds)), sorted(set(folds) - ids)
    if without or unknown:
        found = f"{len(without)} documents without fold and {len(unknown)} folds without document"
        first = (without or unknown)[0]
        raise InputError("one fold for each document", f"{found} ({first!r})", "make the folds of these documents")
    _audit(documents, near_duplicates(documents), folds)


def _audit(documents: Sequence[Document], groups: Mapping[str, str], folds: Mapping[str, int]) -> None:
    audit(documents, groups, {id_: f"fold {fold}" for id_, fold in folds.items()})


def forbidden_folds(
    extras: Sequence[Document], documents: Sequence[Document], folds: Mapping[str, int]
) -> dict[str, set[int]]:
    """Extra document id → the folds that must not be left out while it is trained on; ids that have none are absent.

    Forbidden are the folds of all documents in the extra one's group of near-duplicates.

    Raises:
        InputError: an extra document has the id of one in the folds.
    """
    if known := sorted({document.id for document in extras} & set(folds)):
        found = f"{len(known)} of them in the folds, first {known[0]!r}"
        raise InputError("extra training documents that are in no fold", found, "remove them from train_data")
    if not extras:
        return {}
    groups = near_duplicates([*extras, *documents])
    folds_of_group: dict[str, set[int]] = {}
    for id_, fold in folds.items():
        folds_of_group.setdefault(groups[id_], set()).add(fold)
    found_folds = {document.id: folds_of_group.get(groups[document.id], set()) for document in extras}
    return {id_: forbidden for id_, forbidden in found_folds.items() if forbidden}


def copy_records(files: Sequence[Path], left_out: Container[str], path: Path) -> int:
    """Copy the records of annotated .jsonl `files` but those with an id in `left_out`, as they are; return how many."""
    return write_jsonl((row for file in files for row in read_jsonl(file) if row["id"] not in left_out), path)
