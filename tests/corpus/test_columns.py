"""Rows of any table become documents by the names of their columns, or an error that names file and row."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jianghua.codebook import Codebook
from jianghua.corpus.columns import Columns, codebook_of_rows, read_rows
from jianghua.corpus.table import load_documents
from jianghua.schema import InputError, Label

ROWS: list[dict[str, Any]] = [
    {"句子": "河道清淤月底完工", "类": "生态", "领域": ["水利", "农村"]},
    {"句子": "夜市添了巡逻岗", "类": "治安", "领域": []},
    {"句子": "县里\n修通两条路", "类": "建设", "领域": ["交通"]},
]
BOTH = Columns("句子", task_type="类", policy_domain="领域")


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(lines.encode()))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text(lines, encoding="utf-8")
    return path


def _csv(path: Path, encoding: str = "utf-8-sig") -> Path:
    cells = (f'"{row["句子"]}",{row["类"]},{"|".join(row["领域"])}\r\n' for row in ROWS)
    path.write_bytes(("句子,类,领域\r\n" + "".join(cells)).encode(encoding))
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.parquet", "a.csv"])
def test_every_format_gives_the_same_documents(name: str, tmp_path: Path) -> None:
    path = _csv(tmp_path / name) if name.endswith(".csv") else _write(tmp_path / name, ROWS)
    documents = list(read_rows(path, BOTH))
    assert [d.id for d in documents] == [f"{tmp_path.name}/{name}:{n}" for n in (1, 2, 3)]
    assert [len(d.paragraphs) for d in documents] == [1, 1, 1]
    assert [d.paragraphs[0].text for d in documents] == [row["句子"] for row in ROWS]
    labels = [d.paragraphs[0].label for d in documents]
    assert labels == [Label(row["类"], tuple(row["领域"]), f"{tmp_path.name}/{name}") for row in ROWS]


def test_a_csv_may_be_gbk(tmp_path: Path) -> None:
    (first, *_) = read_rows(_csv(tmp_path / "a.csv", "gb18030"), BOTH)
    assert first.paragraphs[0].text == "河道清淤月底完工"


def test_an_axis_without_a_column_is_empty(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", ROWS)
    one, many = (list(read_rows(path, Columns("句子", **{key: name}))) for key, name in
                 (("task_type", "类"), ("policy_domain", "领域")))  # fmt: skip
    assert one[0].paragraphs[0].label == Label("生态", (), f"{tmp_path.name}/a.jsonl")
    assert many[0].paragraphs[0].label == Label("", ("水利", "农村"), f"{tmp_path.name}/a.jsonl")
    assert next(read_rows(path, Columns("句子"))).paragraphs[0].label is None
    gathered = codebook_of_rows(one), codebook_of_rows(many)
    assert [c.task_type.labels for c in gathered] == [("建设", "治安", "生态"), ()]
    assert [c.policy_domain.labels for c in gathered] == [(), ("交通", "农村", "水利")]
    assert gathered[0].version != gathered[1].version


def test_texts_to_be_written_and_numbers_as_labels(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", [{"t": "县里修通两条路。", "y": 3, "h": "修路", "s": "县里修了路。"}])
    (document,) = read_rows(path, Columns("t", task_type="y", title="h", summary="s"))
    assert (document.title, document.summary) == ("修路", "县里修了路。")
    assert document.paragraphs[0].label == Label("3", (), f"{tmp_path.name}/a.jsonl")


def test_labels_are_checked_against_the_codebook(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", ROWS)
    known = Codebook.of_labels(("生态", "治安", "建设"), ("交通", "水利", "农村"))
    (first, *_) = load_documents(path, known, BOTH)
    assert first.paragraphs[0].label == Label("生态", ("水利", "农村"), f"{tmp_path.name}/a.jsonl")
    with pytest.raises(InputError, match=r"task_type codes .*, found '建设' in .*a\.jsonl:3"):
        load_documents(path, Codebook.of_labels(("生态", "治安"), ("交通", "水利", "农村")), BOTH)
    with pytest.raises(InputError, match=r"task_type codes .*, found '' in .*a\.jsonl:1"):
        load_documents(path, known, Columns("句子", policy_domain="领域"))


@pytest.mark.parametrize(
    ("row", "columns", "message"),
    [
        ({"text": "甲"}, Columns("句子", task_type="类"), r"the columns 句子, 类, found text in .*a\.jsonl:1; correct"),
        ({"t": " "}, Columns("t"), r"text under t, found ' ' in .*:1"),
        ({"t": None}, Columns("t"), r"text under t, found None"),
        ({"t": "甲", "y": True}, Columns("t", task_type="y"), r"text under y, found True"),
        ({"t": "甲", "y": ""}, Columns("t", task_type="y"), r"text under y, found ''"),
        ({"t": "甲", "y": 7}, Columns("t", policy_domain="y"), r"a list of labels, or one text with \|.*, found 7"),
        ({"t": "甲", "y": [None]}, Columns("t", policy_domain="y"), r"text under the label column, found None"),
    ],
)
def test_wrong_columns_and_cells_are_refused(
    row: dict[str, Any], columns: Columns, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        list(read_rows(_write(tmp_path / "a.jsonl", [row]), columns))


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a file of rows, found nothing at .*none\.csv"):
        list(read_rows(tmp_path / "none.csv", BOTH))
    odd = _write(tmp_path / "a.jsonl", ROWS).rename(tmp_path / "a.xls")
    with pytest.raises(InputError, match=r"\.jsonl, \.jsonl\.gz, \.csv, \.xlsx or \.parquet"):
        list(read_rows(odd, BOTH))
    odd.rename(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="a Parquet file"):
        list(read_rows(tmp_path / "a.parquet", BOTH))
    cut = _write(tmp_path / "b.jsonl.gz", ROWS)
    cut.write_bytes(cut.read_bytes()[:-12])
    with pytest.raises(InputError, match="gzip of UTF-8 lines"):
        list(read_rows(cut, BOTH))
