"""Where the characters of a paragraph stood in the source."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from jianghua.schema import ParagraphAnalysis, Removed


def kept_offsets(paragraph: ParagraphAnalysis, removed: Iterable[Removed], text: str | None) -> Sequence[int] | None:
    """The source offset of each character of the paragraph; None where the record does not tell."""
    inside = [span for span in removed if span.start < paragraph.end and span.end > paragraph.start]
    span = range(paragraph.start, paragraph.end)
    if text is None:
        return span if not inside and len(span) == len(paragraph.text) else None
    gone = {offset for noise in inside for offset in range(noise.start, noise.end)}
    kept: list[int] = []
    for offset in span:
        if len(kept) < len(paragraph.text) and offset not in gone and text[offset] == paragraph.text[len(kept)]:
            kept.append(offset)
        elif offset not in gone and not text[offset].isspace():
            return None  # decoded entities, or characters that NFC composed
    return kept if len(kept) == len(paragraph.text) else None


def inside(kept: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """The characters [first, last) of the paragraph that the source span [start, end) holds."""
    return bisect_left(kept, start), bisect_left(kept, end)
