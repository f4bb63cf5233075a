"""The .xlsx of results: what stands where, and nothing in it that runs."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from jianghua import Analysis, analyze
from jianghua.codebook import load_codebook
from jianghua.config import run
from jianghua.inference import workbook
from jianghua.inference.command import command
from jianghua.inference.workbook import SHEETS, open_book
from jianghua.schema import InputError

HOSTILE = ["=HYPERLINK(\"http://example.com\",\"点\")", "=1+1 要抓好落实。", "+cmd|' /C calc'!A0", "http://example.com",
           "@SUM(A1)", "要\x0b抓好\x00落实。"]  # fmt: skip


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    found = analyze({"id": "=1+2", "title": "=A1", "paragraphs": HOSTILE})
    assert isinstance(found, Analysis)
    return found


def _read(path: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_sheets_hold_what_was_found(analysis: Analysis, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "out.xlsx"
    failed = Analysis("bad", source="x.pdf", error="expected …, found …; do …")
    with open_book(path, load_codebook()) as book:
        book.add(analysis)
        book.add(failed)
    sheets = _read(path)
    assert {name: rows[0] for name, rows in sheets.items()} == {name: list(columns) for name, columns in SHEETS.items()}
    assert [row[0] for row in sheets["documents"][1:]] == ["=1+2", "bad"]
    assert sheets["documents"][2][-1] == failed.error
    texts = [row[4] for row in sheets["paragraphs"][1:]]
    assert texts == [*HOSTILE[:5], "要抓好落实。"]
    assert [row[5] for row in sheets["paragraphs"][1:]] == [p.task_type for p in analysis.paragraphs]
    flagged = [p.index for p in analysis.paragraphs if p.needs_review]
    assert [row[1] for row in sheets["review"][1:]] == flagged
    shares = {row[1]: row for row in sheets["shares"][1:]}
    kind = analysis.paragraphs[1].task_type
    count = sum(p.task_type == kind for p in analysis.paragraphs)
    assert shares[kind][3:5] == [count, round(count / 6, 4)]


def test_nothing_in_it_runs_or_leads_away(analysis: Analysis, tmp_path: Path) -> None:
    with open_book(tmp_path / "out.xlsx", load_codebook()) as book:
        book.add(analysis)
    with zipfile.ZipFile(tmp_path / "out.xlsx") as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheets = "".join(text for name, text in parts.items() if name.startswith("xl/worksheets/sheet"))
    assert "<f>" not in sheets
    assert "hyperlink" not in sheets.replace("HYPERLINK", "")
    assert not any("example.com" in text for name, text in parts.items() if name.endswith(".rels"))
    assert "autoFilter" in sheets


def test_same_results_same_bytes_and_a_failure_leaves_nothing(analysis: Analysis, tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        with open_book(tmp_path / name, load_codebook()) as book:
            book.add(analysis)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with pytest.raises(KeyboardInterrupt), open_book(tmp_path / "c.xlsx", load_codebook()) as book:
        raise KeyboardInterrupt
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "b.xlsx"]


def test_more_rows_than_a_sheet_holds_are_refused(
    analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 4)
    with (
        pytest.raises(InputError, match="at most 3 rows a sheet, found more in paragraphs"),
        open_book(tmp_path / "out.xlsx", load_codebook()) as book,
    ):
        book.add(analysis)
    assert not list(tmp_path.iterdir())


def test_long_cells_are_cut_not_lost(analysis: Analysis, tmp_path: Path) -> None:
    long = dataclasses.replace(analysis.paragraphs[0], text="长" * 40_000)
    with open_book(tmp_path / "out.xlsx", load_codebook()) as book:
        book.add(dataclasses.replace(analysis, paragraphs=(long,)))
    assert len(_read(tmp_path / "out.xlsx")["paragraphs"][1][4]) == 32_767


def test_the_command_writes_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("同志们：\n\n今年要抓好夜间巡逻，落实责任。\n", encoding="utf-8")
    assert run(lambda: command([str(tmp_path / "a.txt"), "--xlsx", str(tmp_path / "out.xlsx")])) == 0
    assert _read(tmp_path / "out.xlsx")["documents"][1][0] == "a"
