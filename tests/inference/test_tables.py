"""Tables, standard input and gzipped records as input of analysis."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from jianghua import analyze
from jianghua.config import run
from jianghua.inference.command import command
from jianghua.inference.sources import Failure, from_path
from jianghua.schema import Document

TEXTS = ["同志们：\n\n今年要抓好夜间巡逻。", "会议强调，要加强河道清淤工作。"]
ROWS: list[dict[str, Any]] = [
    {"编号": 7, "标题": "在推进会上的讲话", "日期": "2024-03-05", "正文": TEXTS[0]},
    {"编号": 8, "标题": "", "日期": "", "正文": TEXTS[1]},
]


def _csv(path: Path, rows: list[dict[str, Any]], encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def _xlsx(path: Path, rows: list[dict[str, Any]]) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([list(rows[0]), *(list(row.values()) for row in rows)]):
            sheet.write_row(number, 0, row)
    return path


def _parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def _documents(path: Path, **columns: str) -> list[Document]:
    found = list(from_path(path, columns))
    assert not [one for one in found if isinstance(one, Failure)], found
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["csv", "gbk.csv", "xlsx", "parquet"])
def test_rows_are_documents_whatever_the_table(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"t.{kind}"
    if kind.endswith("csv"):
        _csv(path, ROWS, "gb18030" if "gbk" in kind else "utf-8-sig")
    else:
        {"xlsx": _xlsx, "parquet": _parquet}[kind](path, ROWS)
    first, second = _documents(path)
    assert (first.id, first.title, first.date) == ("7", "在推进会上的讲话", "2024-03-05")
    assert [p.text for p in first.paragraphs] == TEXTS[0].split("\n\n")
    assert (second.id, second.title, second.date) == ("8", None, None)
    assert [p.text for p in second.paragraphs] == [TEXTS[1]]
    assert first.source == f"{path}:1"


def test_dates_of_spreadsheets_and_of_parquet_are_iso(tmp_path: Path) -> None:
    rows = [{"date": datetime.date(2024, 3, 5), "text": TEXTS[1]}]
    for path in (_xlsx(tmp_path / "t.xlsx", rows), _parquet(tmp_path / "t.parquet", rows)):
        (document,) = _documents(path)
        assert document.date == "2024-03-05"
        assert document.id == "1"


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = _csv(tmp_path / "t.csv", [{"doc": "a", "speech": TEXTS[1], "text": "别的文字。"}])
    (document,) = _documents(path, text="speech", id="doc")
    assert (document.id, document.paragraphs[0].text) == ("a", TEXTS[1])
    (failure,) = from_path(path, {"text": "none"})
    assert isinstance(failure, Failure)
    assert "expected the column none, found doc, speech, text" in failure.error


def test_a_bad_row_is_one_failure_and_a_bad_table_is_one(tmp_path: Path) -> None:
    rows = [{"id": "a", "text": TEXTS[0]}, {"id": "b", "text": None}, {"id": "c", "text": TEXTS[1]}]
    found = list(from_path(_parquet(tmp_path / "t.parquet", rows)))
    assert [(one.id, isinstance(one, Failure)) for one in found] == [("a", False), ("b", True), ("c", False)]
    (tmp_path / "u.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "v.xlsx").write_bytes(b"PK\x03\x04 broken")
    (tmp_path / "w.parquet").write_bytes(b"broken")
    for name, words in (("u.csv", "a column of texts"), ("v.xlsx", "a zip container"), ("w.parquet", "a Parquet file")):
        (failure,) = from_path(tmp_path / name)
        assert isinstance(failure, Failure)
        assert words in failure.error
        assert "\n" not in failure.error


def test_a_far_cell_ends_the_parser_not_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "text")
        sheet.write(1_048_575, 16_383, "远")
    found = list(from_path(path))
    assert all(isinstance(one, Failure) for one in found)
    assert len(found) == 1


def test_a_long_speech_in_a_cell(tmp_path: Path) -> None:
    text = "要抓好落实。" * 40_000
    (document,) = _documents(_csv(tmp_path / "t.csv", [{"text": text}]))
    assert sum(len(p.text) for p in document.paragraphs) == len(text)


def test_gzipped_records_go_on_after_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    lines = [json.dumps({"text": TEXTS[1]}), "{broken", json.dumps({"text": TEXTS[0]})]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert [isinstance(one, Failure) for one in from_path(path)] == [False, True, False]
    path.write_bytes(path.read_bytes()[:-12])
    found = list(from_path(path))
    assert isinstance(found[-1], Failure)
    assert "gzip of UTF-8 lines" in found[-1].error


def _stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_standard_input_as_text_and_as_records(monkeypatch: pytest.MonkeyPatch) -> None:
    _stdin(monkeypatch, (TEXTS[1] * 5).encode("gb18030"))
    (document,) = _documents(Path("-"))
    assert (document.id, document.paragraphs[0].text) == ("stdin", TEXTS[1] * 5)
    _stdin(monkeypatch, "\n".join([json.dumps({"text": TEXTS[1]}), "", "nonsense"]).encode())
    first, second = from_path(Path("-"))
    assert isinstance(first, Document) and first.id == "1"
    assert isinstance(second, Failure) and "line 3 of standard input" in second.error


def test_the_command_takes_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    path, out = _csv(tmp_path / "t.csv", [{"编号": "x1", "讲话": TEXTS[0]}]), tmp_path / "out.jsonl"
    assert run(lambda: command([str(path), "--columns", "text=讲话", "--output", str(out)])) == 0
    (record,) = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert record["id"] == "x1"
    assert run(lambda: command([str(path), "--columns", "words=讲话"])) == 2
    assert "--columns KEY=COLUMN for KEY of id, title, date, text" in capsys.readouterr().err
    _stdin(monkeypatch, TEXTS[1].encode())
    assert run(lambda: command(["-", "--output", str(out)])) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["paragraphs"][0]["text"] == TEXTS[1]


def test_a_table_is_streamed_by_analyze(tmp_path: Path) -> None:
    found = list(analyze(_csv(tmp_path / "t.csv", ROWS)))  # type: ignore[arg-type]
    assert [one.id for one in found] == ["7", "8"]
