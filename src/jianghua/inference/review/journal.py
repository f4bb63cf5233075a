"""One coder's decisions: appended and synced one by one, and from them the annotated documents that trainers read."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jianghua.inference.review.queue import Part
from jianghua.records import read_lines, write_jsonl
from jianghua.schema import InputError

SUFFIX = ".journal.jsonl"
_NAME = re.compile(r"\w[\w-]{0,39}")

Key = tuple[str, int, str]  # document id, paragraph index, SHA-256 of the text


@dataclass(frozen=True, slots=True)
class Decision:
    """What a coder said of one paragraph, when, and what the models had said (`was`)."""

    time: str
    coder: str
    id: str
    index: int
    title: str | None
    date: str | None
    source: str | None
    text: str
    text_sha256: str
    task_type: str
    policy_domain: tuple[str, ...]
    uncertain: bool
    gist: str
    items: tuple[Part, ...] | None
    was: Mapping[str, Any]

    @property
    def key(self) -> Key:
        return self.id, self.index, self.text_sha256


def check_coder(name: str) -> str:
    """`name`, if it can be part of a file's name.

    Raises:
        InputError: empty, longer than 40 characters, or with anything but letters, digits, _ and -.
    """
    if not _NAME.fullmatch(name):
        raise InputError("a coder's name of 1 to 40 letters, digits, _ and -", repr(name), "choose another")
    return name


def journal_of(folder: Path, coder: str) -> Path:
    return folder / f"{check_coder(coder)}{SUFFIX}"


def coders_in(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))


def read_decisions(path: Path) -> dict[Key, Decision]:
    """The latest decision on each paragraph; a last line without its end was never confirmed, and does not count.

    Raises:
        InputError: a damaged line before the last.
    """
    found: dict[Key, Decision] = {}
    if not path.exists():
        return found
    ended = path.read_bytes().count(b"\n")
    for number, row in read_lines(path):
        if number > ended:
            break
        if isinstance(row, InputError):
            raise row
        decision = _decision(row, f"{path}:{number}")
        found[decision.key] = decision
    return found


def append(decision: Decision, path: Path) -> None:
    """Add one line and return when it is on the disk; a line that does not fit there whole is taken back.

    Raises:
        InputError: a lone surrogate, which UTF-8 cannot hold.
        OSError: the disk is full or failed.
    """
    try:
        line = (json.dumps(asdict(decision), ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError as error:
        raise InputError("text that UTF-8 can hold", f"{error} in {decision.id}", "take it out") from error
    with path.open("ab") as file:
        size = file.tell()
        try:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            os.truncate(path, size)
            raise


def drop_torn_line(path: Path) -> int:
    """Cut off a last line that a kill left without its end; returns the number of its bytes."""
    if not path.exists():
        return 0
    content = path.read_bytes()
    torn = len(content) - (content.rfind(b"\n") + 1)
    if torn:
        os.truncate(path, len(content) - torn)
    return torn


def write_annotations(decisions: Iterable[Decision], path: Path) -> int:
    """The decisions as annotated documents, one record a document, in the order of ids; returns their number.

    Every record says `selected`: its paragraphs are those that were reviewed, so their indices may have gaps.
    """
    return write_jsonl(_records(decisions), path)


def _records(decisions: Iterable[Decision]) -> Iterator[dict[str, Any]]:
    by_document: dict[str, list[Decision]] = {}
    for decision in sorted(decisions, key=lambda d: (d.id, d.index)):
        by_document.setdefault(decision.id, []).append(decision)
    for id_, own in by_document.items():
        first = own[0]
        yield {
            "id": id_, "title": first.title, "date": first.date, "source": first.source,
            "annotator": f"coder:{first.coder}", "selected": True,
            "paragraphs": [_paragraph(decision) for decision in own], "summary": "",
        }  # fmt: skip


def _paragraph(decision: Decision) -> dict[str, Any]:
    row = {key: getattr(decision, key) for key in ("index", "text", "task_type", "policy_domain", "uncertain", "gist")}
    if decision.items:
        row["items"] = [asdict(item) for item in decision.items]
    return row | {"reviewed": {"time": decision.time, "text_sha256": decision.text_sha256, "was": decision.was}}


def _decision(row: Mapping[str, Any], where: str) -> Decision:
    try:
        given = row["items"]
        items = None if given is None else tuple(
            Part(**{**item, "policy_domain": tuple(item["policy_domain"])}) for item in given
        )  # fmt: skip
        return Decision(**{**row, "policy_domain": tuple(row["policy_domain"]), "items": items})
    except (KeyError, TypeError) as error:
        found = f"{type(error).__name__} {error} in {where}"
        raise InputError("a line that the review page wrote", found, "restore the file") from error
