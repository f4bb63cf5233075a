"""Unlabelled documents for pretraining: streamed from tables, near-duplicates and excluded texts left out."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jianghua.corpus.columns import table_rows
from jianghua.corpus.dedup import NearDuplicates
from jianghua.corpus.keys import text_key
from jianghua.schema import InputError

_MIN_KEY = 20  # letters and digits below which two texts are alike by chance
_OPENING = 600  # letters and digits of a text that decide whether it repeats another: versions differ in their tails


@dataclass(frozen=True)
class TextSource:
    """One table of texts.

    Attributes:
        text, title: names of its columns. A text's paragraphs stand on lines of their own; it may also be a list of
            paragraphs, or of objects with a `text`.
        max_characters: keep at most this many, whole documents chosen by a hash of their place; 0 for all.
        labels: distant labels: name of the label → column, or `column /pattern/` whose first group is the label.
    """

    path: Path
    text: str = "text"
    title: str | None = "title"
    max_characters: int = 0
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """A document to learn from; `title` is "" where there is none, `labels` are distant labels by name."""

    id: str
    title: str
    paragraphs: tuple[str, ...]
    labels: Mapping[str, str]


@dataclass
class Rejected:
    """How many texts were left out, by source and reason."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, source: str, reason: str) -> None:
        self.counts[source, reason] += 1

    def to_dict(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for (source, reason), count in sorted(self.counts.items()):
            found.setdefault(source, {})[reason] = count
        return found


def read_texts(source: TextSource) -> Iterator[Text]:
    """Every row of a source that has text, in order; ids are file and row number.

    Raises:
        InputError: no such file, a row without the columns, or a label pattern that is none.
    """
    if not source.path.is_file():
        raise InputError("a file of texts", f"nothing at {source.path}", "correct the path, or remove the source")
    takers = {name: _label_taker(rule) for name, rule in source.labels.items()}
    wanted = [source.text, *([source.title] if source.title else [])]
    for number, row in enumerate(table_rows(source.path), 1):
        where = f"{source.path.name}:{number}"
        if missing := [name for name in wanted if name not in row]:
            found = f"{', '.join(map(str, row))} in {where}"
            raise InputError(f"the columns {', '.join(missing)}", found, "correct the source in the configuration")
        paragraphs = _paragraphs(row[source.text])
        title = str(row[source.title] or "").strip() if source.title else ""
        if title and paragraphs and text_key(paragraphs[0]) == text_key(title):
            paragraphs = paragraphs[1:]
        if paragraphs:
            labels = {name: label for name, take in takers.items() if (label := take(row))}
            yield Text(where, title, paragraphs, labels)


def _paragraphs(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else [value]
    wholes = (part.get("text") if isinstance(part, Mapping) else part for part in parts)
    lines = (line.strip() for whole in wholes for line in str(whole or "").splitlines())
    return tuple(line for line in lines if line)


def _label_taker(rule: str) -> Callable[[Mapping[str, Any]], str]:
    """`cat`, or `cat /^[^/]+/`: what a row's distant label is; "" for none."""
    column, _, pattern = rule.partition(" ")
    if not pattern:
        return lambda row: str(row.get(column) or "")
    try:
        compiled = re.compile(pattern.removeprefix("/").removesuffix("/"))
    except re.error as error:
        raise InputError("a label rule `column /pattern/`", f"{rule!r}: {error}", "correct the pattern") from error

    def take(row: Mapping[str, Any]) -> str:
        match = compiled.search(str(row.get(column) or ""))
        return (match[1] if compiled.groups else match[0]) if match else ""

    return take


def opening_key(text: str) -> str:
    """The part of a text's key that decides whether two texts are the same."""
    return text_key(text[: _OPENING * 2])[:_OPENING]


class TextFilter:
    """Passes each text once: near-duplicates of an earlier or of an excluded one are counted and left out."""

    def __init__(self, rejected: Rejected, excluded: Iterable[str] = ()) -> None:
        self.rejected = rejected
        self._seen = NearDuplicates()
        self._excluded = NearDuplicates()
        self._short: set[str] = set()
        for text in excluded:
            key = opening_key(text)
            if len(key) >= _MIN_KEY:
                self._excluded.add(key)
            else:
                self._short.add(key)

    def keep(self, source: str, text: Text) -> bool:
        key = opening_key("".join(text.paragraphs))
        if reason := self._reason(key):
            self.rejected.add(source, reason)
        elif len(key) >= _MIN_KEY:
            self._seen.add(key)
        return not reason

    def _reason(self, key: str) -> str:
        if len(key) < _MIN_KEY:
            return "excluded" if key in self._short else ""
        if self._excluded.find(key):
            return "excluded"
        return "near_duplicate" if self._seen.find(key) else ""


def filtered_texts(
    sources: Sequence[TextSource], excluded: Sequence[TextSource], report: Rejected
) -> Iterator[tuple[str, Text]]:
    """(source name, text) of every source in turn, filtered and capped; what is left out is counted in `report`."""
    sieve = TextFilter(report, ("".join(text.paragraphs) for source in excluded for text in read_texts(source)))
    for source in sources:
        name = f"{source.path.parent.name}/{source.path.name}"
        left = source.max_characters or float("inf")
        for text in _by_hash(source) if source.max_characters else read_texts(source):
            size = sum(map(len, text.paragraphs))
            if size > left:
                report.add(name, "over the cap")
            elif sieve.keep(name, text):
                left -= size
                yield name, text


def _by_hash(source: TextSource) -> list[Text]:
    """A capped source in the order of a hash, so that the cap takes a fair sample."""
    return sorted(read_texts(source), key=lambda text: hashlib.sha256(text.id.encode()).digest())
