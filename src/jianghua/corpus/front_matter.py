"""Metadata blocks above a text (YAML between dashes), lifted and removed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from jianghua.corpus.view import Line

_FIELD = re.compile(r"([\w-]{1,30}|[\u4e00-\u9fff]{2,6}) ?[:：] ?(.*)")
_LONGEST = 60
_TITLE_KEYS, _AUTHOR_KEYS = frozenset({"title", "标题"}), frozenset({"author", "作者"})
_DATE_KEYS = frozenset({"date", "pubdate", "published", "created", "日期", "时间"})
_DAY = re.compile(r"((?:19|20)\d\d) ?[-/.年] ?(\d{1,2}) ?[-/.月] ?(\d{1,2})(?!\d)")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an article besides its text; the date is ISO."""

    title: str | None = None
    date: str | None = None
    author: str | None = None
    spoken: str | None = None  # the date that a note below the title gives to the speech

    def or_else(self, other: Facts) -> Facts:
        """These facts, completed from others."""
        return replace(
            self,
            title=self.title or other.title,
            date=self.date or other.date,
            author=self.author or other.author,
            spoken=self.spoken or other.spoken,
        )


def iso_date(text: str) -> str | None:
    """The first full date in a text as YYYY-MM-DD, or None."""
    for match in _DAY.finditer(text):
        year, month, day = (int(part) for part in match.groups())
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            continue
    return None


def read_front_matter(lines: Sequence[Line]) -> tuple[int, Facts]:
    """How many of the first lines are front matter (0: none), and what it says."""
    if not lines or lines[0].key not in ("---", "+++"):
        return 0, Facts()
    fence = lines[0].key
    close = next((i for i, line in enumerate(lines[1:_LONGEST], 1) if line.key in (fence, "...")), 0)
    fields = [match for line in lines[1:close] if (match := _FIELD.match(line.text.replace(" = ", ": ", 1)))]
    # Two rules of dashes around prose are decoration.
    if not close or 2 * len(fields) < close - 1 or not fields:
        return 0, Facts()
    values = {match[1].lower(): match[2].strip(" \"'") for match in fields}
    return close + 1, Facts(
        title=_first(values, _TITLE_KEYS),
        date=iso_date(_first(values, _DATE_KEYS) or ""),
        author=_first(values, _AUTHOR_KEYS),
    )


def _first(values: dict[str, str], keys: frozenset[str]) -> str | None:
    return next((value for key, value in values.items() if key in keys and value), None)
