"""What share of a corpus's paragraphs has each label, by group, from analysed and labelled documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from jianghua.codebook import Codebook
from jianghua.corpus.keys import text_hash
from jianghua.metrics.shares import corrected_share
from jianghua.records import read_jsonl
from jianghua.schema import Document, InputError, Label

UNKNOWN = "unknown"
Key = Callable[[Mapping[str, Any]], str]
Record = Mapping[str, Any]


def group_key(by: str) -> Key:
    """How to group analysed documents: `all`, `year` (of the date), or any other field of the record.

    Documents that lack it are in the group "unknown".
    """
    if by == "all":
        return lambda record: "all"
    if by == "year":
        return lambda record: str(record.get("date") or "")[:4] or UNKNOWN
    return lambda record: str(record.get(by) or UNKNOWN)


def read_analysed(paths: Iterable[Path]) -> dict[str, Record]:
    """Analysed documents by id; those with an error or without paragraphs are left out.

    Raises:
        InputError: an id twice, a line that is no record of analysis, or no document at all.
    """
    found: dict[str, Record] = {}
    for path in paths:
        for number, record in enumerate(read_jsonl(path), 1):
            if "error" in record or record.get("paragraphs") == []:
                continue
            if not record.get("paragraphs") or "task_type_scores" not in record["paragraphs"][0]:
                do = "make it with scripts/analyze.py"
                raise InputError(f"an analysed document at {path}:{number}", "no paragraphs with scores", do)
            if record["id"] in found:
                raise InputError("each document once", f"{record['id']!r} again at {path}:{number}", "leave one out")
            found[record["id"]] = record
    if not found:
        raise InputError("analysed documents", f"none in {', '.join(map(str, paths))}", "check the files")
    return found


def estimate_shares(
    analysed: Mapping[str, Record], labelled: Sequence[Document], codebook: Codebook, key: Key, level: float = 0.95
) -> Iterator[dict[str, Any]]:
    """One row for each group, axis and label: `group`, `axis`, `label` and the fields of metrics.shares.Share.

    A group with fewer than two labelled documents has None for what cannot be estimated there.

    Raises:
        InputError: a labelled paragraph that was not analysed, or whose text is another.
    """
    readings = {d.id: _joined(d, analysed) for d in labelled if any(p.label for p in d.paragraphs)}
    groups: dict[str, list[Record]] = {}
    for record in analysed.values():
        groups.setdefault(key(record), []).append(record)
    for group, records in sorted(groups.items()):
        for axis, label in _labels(codebook):
            said = [_words(record["paragraphs"], axis, label) for record in records]
            read = [
                (_words([p for p, _ in pairs], axis, label), np.array([_has(one, axis, label) for _, one in pairs]))
                for pairs in (readings[record["id"]] for record in records if record["id"] in readings)
            ]
            row = {"group": group, "axis": axis, "label": label}
            if len(read) < 2:
                naive, nothing = float(np.concatenate(said).mean()), dict.fromkeys(("value", "low", "high"))
                yield row | nothing | {"naive": naive, "weight": None, "labelled": len(read), "documents": len(said)}
            else:
                yield row | asdict(corrected_share(said, read, level))


def _labels(codebook: Codebook) -> Iterator[tuple[str, str]]:
    yield from (("task_type", label) for label in codebook.task_type.labels)
    yield from (("policy_domain", label) for label in codebook.policy_domain.labels)


def _words(paragraphs: Sequence[Record], axis: str, label: str) -> np.ndarray:
    try:
        return np.array([paragraph[f"{axis}_scores"][label] for paragraph in paragraphs], dtype=np.float64)
    except (KeyError, TypeError) as error:
        found = f"none of {label}"
        raise InputError(f"the probability of every label under {axis}_scores", found, "analyse again") from error


def _has(label: Label, axis: str, name: str) -> float:
    return float(label.task_type == name if axis == "task_type" else name in label.policy_domain)


def _joined(document: Document, analysed: Mapping[str, Record]) -> list[tuple[Record, Label]]:
    """The analysed paragraph and the reading of every labelled paragraph of `document`."""
    if document.id not in analysed:
        do = "analyse it, or leave it out: the sample has to come from the corpus"
        raise InputError("labelled documents among the analysed", f"{document.id!r} not there", do)
    paragraphs = {p["index"]: p for p in analysed[document.id]["paragraphs"]}
    pairs = []
    for paragraph in document.paragraphs:
        if paragraph.label is None:
            continue
        other = paragraphs.get(paragraph.index)
        if other is None or text_hash(other["text"]) != text_hash(paragraph.text):
            found = f"{document.id!r} paragraph {paragraph.index} with {'no' if other is None else 'another'} text"
            raise InputError("labelled paragraphs as they were analysed", found, "label the paragraphs of the analysis")
        pairs.append((other, paragraph.label))
    return pairs
