"""The record types that flow through everything, and the one error users see.

Standard library only. Offsets are code points into a document's decoded text
(for documents given as paragraphs: into the paragraphs joined by a line feed).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

NoiseReason = Literal[
    "navigation", "byline", "editor", "caption", "counter", "widget",
    "front_matter", "html", "title_copy", "duplicate_lead", "page_head", "other",
]  # fmt: skip
NOISE_REASONS: tuple[str, ...] = NoiseReason.__args__  # type: ignore[attr-defined]

Flag = Literal[
    "masked_words", "date_conflict", "truncated", "duplicated", "mojibake",
    "off_topic", "too_long", "several_articles", "needs_ocr",
]  # fmt: skip
FLAGS: tuple[str, ...] = Flag.__args__  # type: ignore[attr-defined]

Split = Literal["train", "dev", "test"]


class InputError(ValueError):
    """Something a user gave that cannot be used: what was expected, what was found, what to do."""

    def __init__(self, expected: str, found: str, do: str) -> None:
        self.expected, self.found, self.do = expected, found, do
        # One line whatever the parts hold: errors are records in a JSONL file, too.
        super().__init__(" ".join(f"expected {expected}, found {found}; {do}".split()))


@dataclass(frozen=True, slots=True)
class Removed:
    """A span of the decoded text that is no content, and why."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Label:
    """The two axes of one paragraph or item; `provenance` says who set them."""

    task_type: str
    policy_domain: tuple[str, ...] = ()
    provenance: str = ""
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One enumerated part of a paragraph (一要…); `label` is None until someone labels it."""

    start: int
    end: int
    text: str
    label: Label | None = None
    gist: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph. `text` is the source from `start` to `end` less removed spans and line breaks, in NFC."""

    index: int
    start: int
    end: int
    text: str
    heading: str | None = None
    is_heading: bool = False
    label: Label | None = None
    gist: str = ""
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One article: its paragraphs in order, what was removed around them, and what a reader should be warned of."""

    id: str
    paragraphs: tuple[Paragraph, ...]
    title: str | None = None
    date: str | None = None
    source: str | None = None
    author: str | None = None
    summary: str = ""
    removed: tuple[Removed, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemAnalysis:
    """Labels and gist of one enumerated item."""

    start: int
    end: int
    task_type: str
    policy_domain: tuple[str, ...]
    gist: str


@dataclass(frozen=True, slots=True)
class ParagraphAnalysis:
    """Labels, calibrated probabilities and gist of one paragraph."""

    index: int
    start: int
    end: int
    text: str
    heading: str | None
    task_type: str
    task_type_scores: dict[str, float]
    policy_domain: tuple[str, ...]
    policy_domain_scores: dict[str, float]
    needs_review: bool
    gist: str
    items: tuple[ItemAnalysis, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """What `analyze()` returns for one document; `to_dict()` is the JSON record of the output format.

    A document that could not be read has `error` set and nothing else but `id` and `source`.
    """

    id: str
    title: str | None = None
    date: str | None = None
    source: str | None = None
    headline: str = ""
    summary: str = ""
    summary_evidence: tuple[tuple[int, int], ...] = ()
    paragraphs: tuple[ParagraphAnalysis, ...] = ()
    removed: tuple[Removed, ...] = ()
    flags: tuple[str, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON types, keys in the order of the format."""
        if self.error is not None:
            return {"id": self.id, "source": self.source, "error": self.error}
        record = asdict(self)
        del record["error"]
        return record
