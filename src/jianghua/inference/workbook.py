"""Results as one .xlsx: documents, paragraphs, what to review, and shares of labels; text never becomes a formula."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from jianghua.codebook import Codebook
from jianghua.schema import Analysis, InputError, ParagraphAnalysis

LONGEST_CELL = 32_767  # characters, Excel's limit
MOST_ROWS = 1_048_576  # of a sheet, its head included
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
# Widths of columns in characters; the order is that of the cells.
SHEETS: dict[str, dict[str, int]] = {
    "documents": {"id": 24, "title": 40, "date": 12, "headline": 32, "summary": 60, "paragraphs": 11,
                  "needs_review": 13, "flags": 20, "source": 30, "error": 40},
    "paragraphs": {"id": 24, "date": 12, "index": 7, "heading": 24, "text": 80, "task_type": 16, "段落功能": 12,
                   "probability": 11, "policy_domain": 28, "政策领域": 24, "needs_review": 13, "gist": 36, "title": 30},
    "review": {"id": 24, "index": 7, "text": 80, "task_type": 16, "probability": 11, "policy_domain": 28,
               "corrected_task_type": 20, "corrected_policy_domain": 28, "note": 24},
    "shares": {"axis": 16, "label": 24, "名称": 16, "paragraphs": 12, "share": 10, "documents": 12},
}  # fmt: skip


class Book:
    """A workbook that grows by one document at a time; the shares are written when it closes."""

    def __init__(self, book: xlsxwriter.Workbook, codebook: Codebook) -> None:
        self._codebook = codebook
        self._sheets: dict[str, Worksheet] = {name: book.add_worksheet(name) for name in SHEETS}
        self._rows = dict.fromkeys(SHEETS, 0)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._documents: Counter[tuple[str, str]] = Counter()
        self._paragraphs = 0
        bold = book.add_format({"bold": True})
        for name, columns in SHEETS.items():
            sheet = self._sheets[name]
            for place, (title, width) in enumerate(columns.items()):
                sheet.set_column(place, place, width)
                sheet.write_string(0, place, title, bold)
            sheet.freeze_panes(1, 0)
            self._rows[name] = 1

    def add(self, analysis: Analysis) -> None:
        """Write the rows of one document.

        Raises:
            InputError: more rows than a sheet holds.
        """
        flagged = sum(paragraph.needs_review for paragraph in analysis.paragraphs)
        self._write("documents", (
            analysis.id, analysis.title, analysis.date, analysis.headline, analysis.summary, len(analysis.paragraphs),
            flagged, ", ".join(analysis.flags), analysis.source, analysis.error,
        ))  # fmt: skip
        seen: set[tuple[str, str]] = set()
        for paragraph in analysis.paragraphs:
            self._add_paragraph(analysis, paragraph)
            keys = [("task_type", paragraph.task_type)] if paragraph.task_type else []
            keys += [("policy_domain", code) for code in paragraph.policy_domain]
            self._counts.update(keys)
            seen.update(keys)
        self._documents.update(seen)
        self._paragraphs += len(analysis.paragraphs)

    def _add_paragraph(self, analysis: Analysis, paragraph: ParagraphAnalysis) -> None:
        tasks, domains = self._codebook.task_type, self._codebook.policy_domain
        # Without task types in the codebook a paragraph's is "".
        sure = round(paragraph.task_type_scores[paragraph.task_type], 4) if paragraph.task_type else None
        codes = "|".join(paragraph.policy_domain)
        names = "、".join(domains.names_zh[code] for code in paragraph.policy_domain)
        self._write("paragraphs", (
            analysis.id, analysis.date, paragraph.index, paragraph.heading, paragraph.text, paragraph.task_type,
            tasks.names_zh.get(paragraph.task_type), sure, codes, names, paragraph.needs_review, paragraph.gist,
            analysis.title,
        ))  # fmt: skip
        if paragraph.needs_review:
            row = (analysis.id, paragraph.index, paragraph.text, paragraph.task_type, sure, codes, None, None, None)
            self._write("review", row)

    def _write(self, name: str, values: Sequence[Any]) -> None:
        number, sheet = self._rows[name], self._sheets[name]
        if number >= MOST_ROWS:
            found, do = f"more in {name}", "write --output FILE.jsonl, or fewer documents at a time"
            raise InputError(f"at most {MOST_ROWS - 1:,} rows a sheet", found, do)
        for place, value in enumerate(values):
            if isinstance(value, bool):
                sheet.write_boolean(number, place, value)
            elif isinstance(value, int | float):
                sheet.write_number(number, place, value)
            elif value:
                sheet.write_string(number, place, _ILLEGAL.sub("", value)[:LONGEST_CELL])
        self._rows[name] += 1

    def finish(self) -> None:
        """Shares, filters, and the choices of the columns for corrections."""
        for axis in (self._codebook.task_type, self._codebook.policy_domain):
            for label in axis.labels:
                count = self._counts[axis.name, label]
                share = round(count / self._paragraphs, 4) if self._paragraphs else 0
                row = (axis.name, label, axis.names_zh[label], count, share, self._documents[axis.name, label])
                self._write("shares", row)
        for name, columns in SHEETS.items():
            self._sheets[name].autofilter(0, 0, max(1, self._rows[name] - 1), len(columns) - 1)
        if self._rows["review"] > 1 and self._codebook.task_type.labels:
            place = list(SHEETS["review"]).index("corrected_task_type")
            choices = {"validate": "list", "source": list(self._codebook.task_type.labels)}
            self._sheets["review"].data_validation(1, place, self._rows["review"] - 1, place, choices)


@contextmanager
def open_book(path: Path, codebook: Codebook) -> Iterator[Book]:
    """A workbook that appears whole at `path` when the block ends, and not at all if it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    workbook = xlsxwriter.Workbook(part, _OPTIONS)
    workbook.set_properties({"created": datetime(2000, 1, 1)})  # the same results give the same bytes
    book = Book(workbook, codebook)
    try:
        yield book
        book.finish()
    except BaseException:
        workbook.close()
        part.unlink(missing_ok=True)
        raise
    workbook.close()
    part.replace(path)
