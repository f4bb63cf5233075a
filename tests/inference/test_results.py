"""Results back from JSON Lines: everything that analysis writes, and clear errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jianghua.codebook import load_codebook
from jianghua.inference.results import read_results
from jianghua.schema import Analysis, InputError, ItemAnalysis, ParagraphAnalysis, Removed

CODEBOOK = load_codebook()
ROW = ParagraphAnalysis(
    0, 2, 9, "渡口装定位器。", "一、安全", "deployment", {"deployment": 0.9}, ("public_safety",),
    {"public_safety": 0.8}, True, "装定位器", (ItemAnalysis(2, 4, "review", (), "渡口"),),
)  # fmt: skip
FULL = Analysis(
    "渡口", "会", "2020-03-02", "a.txt", "开会", "装定位器。", ((2, 4),), (ROW,), (Removed(0, 1, "byline"),),
    ("truncated",), {"version": "0"},
)  # fmt: skip


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    broken = Analysis("坏", source="坏.pdf", error="expected a PDF, found 3 bytes; mend it")
    path = write(tmp_path / "out.jsonl", FULL.to_dict(), broken.to_dict())
    assert list(read_results(path, CODEBOOK)) == [FULL, broken]


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path / f"{name}.jsonl", {"id": name, "error": "expected x, found y; z"})
    (tmp_path / "a.review").mkdir()
    assert [analysis.id for analysis in read_results(tmp_path, CODEBOOK)] == ["a", "b"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "a"}, r"expected a record of analysis, found KeyError 'title' in .*:1; make it with jianghua"),
        (FULL.to_dict() | {"flags": 3}, r"expected a record of analysis, found TypeError .* in .*out\.jsonl:1"),
        (FULL.to_dict() | {"summary_evidence": [[1]]}, r"expected a record of analysis, found ValueError"),
        (FULL.to_dict() | {"paragraphs": [{"task_type": "plan", "policy_domain": [], "items": []}]},
         r"expected task_type codes of codebook zhengfa .* found 'plan' in .*out\.jsonl:1"),
    ],
)  # fmt: skip
def test_what_is_no_result_is_named(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(read_results(write(tmp_path / "out.jsonl", row), CODEBOOK))


def test_an_id_twice_and_an_empty_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a \.jsonl of results, or a folder of them, found none at"):
        list(read_results(tmp_path, CODEBOOK))
    path = write(tmp_path / "out.jsonl", FULL.to_dict(), FULL.to_dict())
    with pytest.raises(InputError, match=r"expected each id once, found '渡口' in .*:2 and .*:1; remove one"):
        list(read_results(path, CODEBOOK))
