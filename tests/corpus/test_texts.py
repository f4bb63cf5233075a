"""What pretraining reads: every text once, none that is excluded, capped sources sampled fairly."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from jianghua.corpus.texts import Rejected, TextFilter, TextSource, filtered_texts, opening_key, read_texts
from jianghua.schema import InputError

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
LONG = "青禾县夜间巡防推进会提出，每个村要有一支自己的巡防队，入夜以后沿河走一圈，遇到生人多问一句，遇到老人多帮一把。"


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


def _kept(sources: list[TextSource], exclude: list[TextSource]) -> tuple[list[str], dict[str, dict[str, int]]]:
    report = Rejected()
    return [text.id for _, text in filtered_texts(sources, exclude, report)], report.to_dict()


def test_reads_lines_titles_and_labels(tmp_path: Path) -> None:
    rows = [
        {"title": "【夜巡】河边的灯", "text": "【夜巡】河边的灯\n 第一段。 \n\n第二段。", "kind": 3},
        {"title": "", "text": " \n"},
        {"title": None, "text": "独段。", "kind": None},
    ]
    source = TextSource(_write(tmp_path / "a.jsonl.gz", rows), labels={"series": "title /^【(.+?)】/", "kind": "kind"})
    first, second = read_texts(source)
    assert (first.id, first.title, first.paragraphs) == ("a.jsonl.gz:1", "【夜巡】河边的灯", ("第一段。", "第二段。"))
    assert dict(first.labels) == {"series": "夜巡", "kind": "3"}
    assert (second.id, second.title, second.paragraphs, dict(second.labels)) == ("a.jsonl.gz:3", "", ("独段。",), {})


def test_reads_parquet_and_lists_of_paragraphs(tmp_path: Path) -> None:
    pq.write_table(pa.table({"t": ["一。\n二。"]}), tmp_path / "a.parquet")
    assert [x.paragraphs for x in read_texts(TextSource(tmp_path / "a.parquet", "t", None))] == [("一。", "二。")]
    annotated = _write(tmp_path / "b.jsonl", [{"paragraphs": [{"text": "一。"}, {"text": "二。"}]}])
    assert [x.paragraphs for x in read_texts(TextSource(annotated, "paragraphs", None))] == [("一。", "二。")]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (TextSource(Path("nowhere.jsonl")), "nothing at"),
        (TextSource(Path("a.jsonl"), "body"), "columns body"),
        (TextSource(Path("a.jsonl"), labels={"x": "title /(/"}), "label rule"),
    ],
)
def test_says_what_is_wrong(source: TextSource, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _write(Path("a.jsonl"), [{"title": "题", "text": "文。"}])
    with pytest.raises(InputError, match=found):
        list(read_texts(source))


def test_near_duplicates_and_excluded_texts_are_left_out_and_counted(tmp_path: Path) -> None:
    texts = [LONG, LONG.replace("沿河", "沿江"), LONG[::-1], "短句。", "短句。", "禁句。"]
    source = TextSource(_write(tmp_path / "a.jsonl", [{"text": text} for text in texts]), title=None)
    kept, report = _kept([source], [])
    assert kept == ["a.jsonl:1", "a.jsonl:3", "a.jsonl:4", "a.jsonl:5", "a.jsonl:6"]
    assert list(report.values()) == [{"near_duplicate": 1}]
    forbidden = [{"text": LONG[::-1].replace("青禾", "禾青")}, {"text": "禁 句"}]
    kept, report = _kept([source], [TextSource(_write(tmp_path / "no.jsonl", forbidden), title=None)])
    assert kept == ["a.jsonl:1", "a.jsonl:4", "a.jsonl:5"]
    assert list(report.values()) == [{"excluded": 2, "near_duplicate": 1}]


def test_a_cap_takes_a_sample_that_does_not_depend_on_the_order(tmp_path: Path) -> None:
    rows = [{"text": f"{n}" * 9} for n in range(10, 60)]
    source = TextSource(_write(tmp_path / "a.jsonl", rows), title=None, max_characters=270)
    kept, report = _kept([source], [])
    assert len(kept) == 15
    assert kept != [f"a.jsonl:{n}" for n in range(1, 16)]
    assert list(report.values()) == [{"over the cap": 35}]


def test_the_corpora_s_exclusions_hold() -> None:
    """Nothing of the headline files or the annotations' dev part, nor of the benchmarks' reported parts."""
    path = SHARED / "annotations" / "dev.jsonl"
    if not path.is_file():
        pytest.skip("needs ../shared")
    corpus = yaml.safe_load((ROOT / "configs" / "encoder" / "compact.yaml").read_text(encoding="utf-8"))["corpus"]
    sources = {source["path"] for source in corpus["sources"]}
    excluded = {source["path"] for source in corpus["exclude"]}
    assert not [name for name in sources if "headlines" in name or "annotations" in name]
    assert {f"../shared/corpora/headlines_{part}.jsonl.gz" for part in ("dev", "test")} <= excluded
    assert "../shared/annotations/dev.jsonl" in excluded
    for name in sources:
        if "/bench/" in name:
            assert "train" in Path(name).name
            others = {f"../shared/bench/{file.parent.name}/{file.name}" for file in (ROOT / name).parent.glob("*.gz")
                      if "train" not in file.name and "unlabelled" not in file.name}  # fmt: skip
            assert others <= excluded
    dev = TextSource(path, "paragraphs", None)
    sieve = TextFilter(Rejected(), ["".join(text.paragraphs) for text in read_texts(dev)])
    for text in read_texts(dev):
        cut = opening_key("".join(text.paragraphs))
        assert len(cut) < 20 or not sieve.keep("dev", text)
