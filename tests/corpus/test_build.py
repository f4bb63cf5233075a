from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jianghua.codebook import find_resource, load_codebook
from jianghua.corpus import build as build_module
from jianghua.corpus import shards as shards_module
from jianghua.corpus.build import CorpusConfig, build_corpus
from jianghua.corpus.table import load_documents, read_corpus, write_corpus
from jianghua.records import read_jsonl, sha256, write_jsonl
from jianghua.schema import Document, InputError, Item, Label, Paragraph

CODEBOOK = load_codebook()
PLACES = ["柳湾", "石桥", "青坪", "东渡", "南滩", "白塔", "竹溪", "槐店"]
PLACES += ["梅岭", "芦塘", "松岗", "杏花", "云台", "沙河", "月湖", "铁铺"]
JOBS = ["修渠", "补路", "换灯", "巡夜", "调解", "护林", "清淤", "送餐", "接访", "登记", "验收", "回访"]


def speech(number: int) -> str:
    draw = random.Random(number)
    lines = [f"{PLACES[number % 16]}村{number}号会上的讲话", "同志们："]
    for _ in range(3):
        jobs = "，".join(f"{place}组{draw.randint(2, 90)}人{draw.choice(JOBS)}" for place in draw.sample(PLACES, 5))
        lines.append(f"今年要继续把事情一件一件办好，{jobs}，月底前逐户验收。")
    return "\n\n".join(lines) + "\n"


def corpus(folder: Path, count: int = 12) -> CorpusConfig:
    raw = folder / "raw"
    raw.mkdir(parents=True)
    for number in range(count):
        (raw / f"s{number:02}.txt").write_text(speech(number), encoding="utf-8")
    fractions = {"train": 0.5, "dev": 0.25, "test": 0.25}
    rules = find_resource("codebook", "zhengfa_rules.yaml")
    return CorpusConfig([raw], folder / "out", rules=rules, fractions=fractions)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in sorted(folder.glob("*.parquet"))}


def documents_of(folder: Path) -> dict[str, list[Document]]:
    return {path.stem: load_documents(path, CODEBOOK) for path in folder.glob("*.parquet")}


def test_a_build_gives_labelled_leak_free_splits_and_a_manifest(tmp_path: Path) -> None:
    config = corpus(tmp_path)
    built = build_corpus(config)
    splits = documents_of(config.output)
    assert set(splits) == {"train", "dev", "test"}
    ids = [document.id for documents in splits.values() for document in documents]
    assert sorted(ids) == [f"s{number:02}" for number in range(12)]
    paragraphs = [p for documents in splits.values() for d in documents for p in d.paragraphs]
    assert len(paragraphs) == sum(built.rows.values())
    assert {p.label.provenance for p in paragraphs if p.label} == {"rules:zhengfa@0.2"}
    manifest = json.loads((config.output / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["rows"] == built.rows
    assert manifest["codebook"] == {"name": "zhengfa", "version": "0.2"}
    listed = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    assert listed == {p.name: sha256(p) for p in config.output.iterdir() if p.name != "manifest.json"}
    assert len(manifest["inputs"]) == 13


def test_offsets_lead_back_into_the_raw_file(tmp_path: Path) -> None:
    config = corpus(tmp_path)
    build_corpus(config)
    for documents in documents_of(config.output).values():
        for document in documents:
            text = (tmp_path / "raw" / f"{document.id}.txt").read_text(encoding="utf-8")
            assert [text[p.start : p.end] for p in document.paragraphs] == [p.text for p in document.paragraphs]


def test_datasets_opens_the_files(tmp_path: Path) -> None:
    config = corpus(tmp_path)
    built = build_corpus(config)
    datasets = pytest.importorskip("datasets")
    files = {name: str(config.output / f"{name}.parquet") for name in built.rows}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert {name: loaded[name].num_rows for name in built.rows} == built.rows
    row = loaded["train"][0]
    assert row["policy_domain"] == list(row["policy_domain"])
    assert row["split"] == "train"


def test_an_empty_split_has_no_file_and_leaves_no_older_one(tmp_path: Path) -> None:
    config = corpus(tmp_path)
    assert build_corpus(config).rows["test"] > 0
    assert build_corpus(replace(config, fractions={"train": 1.0})).rows["test"] == 0
    assert [path.name for path in config.output.glob("*.parquet")] == ["train.parquet"]


def test_bytes_depend_on_neither_place_nor_order_nor_hash_seed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from jianghua.corpus.build import *\n"
        "raw, out, rules = map(Path, sys.argv[1:]); files = sorted(raw.iterdir(), reverse='rev' in out.name)\n"
        "build_corpus(CorpusConfig(files, out, rules=rules, fractions={'train': .5, 'dev': .25, 'test': .25}))\n"
    )
    found = []
    for seed, name in (("1", "fwd"), ("77", "rev")):
        config = corpus(tmp_path / name)
        (tmp_path / name / "pyproject.toml").touch()
        command = [sys.executable, "-c", program, config.documents[0], tmp_path / name / f"out-{name}", config.rules]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
        found.append(hashes(tmp_path / name / f"out-{name}"))
    assert found[0] == found[1]
    assert len(set(found[0].values())) == 3


def test_bad_files_are_rejected_with_a_reason_and_stop_nothing(tmp_path: Path) -> None:
    config = corpus(tmp_path)
    raw = config.documents[0]
    (raw / "empty.txt").write_bytes(b"")
    (raw / "s00.md").write_text(speech(40), encoding="utf-8")
    (raw / "table.xyz").write_text("一", encoding="utf-8")
    (raw / "labels.jsonl").write_text("{broken", encoding="utf-8")
    built = build_corpus(config)
    rejects = list(read_jsonl(config.output / "rejects.jsonl"))
    assert [row["id"] for row in rejects] == ["empty", "labels", "s00", "table"]
    assert all(row["error"].startswith("expected ") and row["source"] for row in rejects)
    assert (built.rejected, built.files) == (4, 16)


def test_a_crashing_reader_is_one_rejected_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = corpus(tmp_path)
    inner = shards_module.clean_file

    def clean_file(path: Path) -> list[Document]:
        if path.stem == "s05":
            raise RecursionError("too deep")
        return inner(path)

    monkeypatch.setattr(shards_module, "clean_file", clean_file)
    assert build_corpus(config).rejected == 1
    (row,) = read_jsonl(config.output / "rejects.jsonl")
    assert "RecursionError: too deep" in row["error"]


def test_removed_spans_are_listed_with_their_text(tmp_path: Path) -> None:
    config = corpus(tmp_path)
    path = config.documents[0] / "s03.txt"
    path.write_text(speech(3) + "\n责任编辑：某某\n", encoding="utf-8")
    build_corpus(config)
    rows = [row for row in read_jsonl(config.output / "removed.jsonl") if row["id"] == "s03"]
    text = path.read_text(encoding="utf-8")
    assert "editor" in {row["reason"] for row in rows}
    assert all(text[row["start"] : row["end"]] == row["text"] for row in rows)


def test_annotations_are_joined_and_what_is_left_is_reported(tmp_path: Path) -> None:
    config = corpus(tmp_path)
    body = speech(2).split("\n\n")[2]
    lines = [(body, "safeguard", ["technology"]), ("从未出现的一句话。", "review", [])]
    paragraphs = [
        {"index": i, "text": t, "task_type": c, "policy_domain": d, "uncertain": False, "gist": ""}
        for i, (t, c, d) in enumerate(lines)
    ]
    record = {"id": "s02", "title": None, "date": None, "source": None, "annotator": "小李"}
    write_jsonl([record | {"paragraphs": paragraphs, "summary": "办好小事。"}], tmp_path / "labels.jsonl")
    build_corpus(replace(config, annotations=[tmp_path / "labels.jsonl"]))
    documents = [d for part in documents_of(config.output).values() for d in part if d.id == "s02"]
    labels = {p.text: p.label for p in documents[0].paragraphs}
    assert labels[body] == Label("safeguard", ("technology",), "小李")
    assert documents[0].summary == "办好小事。"
    report = (config.output / "report.md").read_text(encoding="utf-8")
    assert "s02[1] (review): 从未出现的一句话。" in report
    assert "| 小李 | 1 |" in report


def test_annotated_documents_are_built_without_cleaning(tmp_path: Path) -> None:
    paragraph = {"index": 0, "task_type": "heading", "policy_domain": [], "uncertain": True, "gist": ""}
    rows = [
        {"id": f"d{i}", "title": "题", "date": None, "source": "来源", "paragraphs": [paragraph | {"text": f"第{i}行"}],
         "summary": ""}
        for i in range(4)
    ]  # fmt: skip
    write_jsonl(rows[:3], tmp_path / "a.jsonl")
    write_jsonl(rows[3:], tmp_path / "b.jsonl")
    config = CorpusConfig(
        [tmp_path / "a.jsonl", tmp_path / "b.jsonl"], tmp_path / "out",
        fractions={"train": 0.75, "test": 0.25}, forced={"test": ["b.jsonl"], "train": ["*"]},
    )  # fmt: skip
    build_corpus(config)
    splits = documents_of(config.output)
    assert [d.id for d in splits["train"]] == ["d0", "d1", "d2"]
    (document,) = splits["test"]
    assert document.source == "来源"
    assert document.paragraphs[0].label == Label("heading", (), "b.jsonl", uncertain=True)
    # The records of one file are no group.
    build_corpus(replace(config, fractions={"train": 0.5, "test": 0.5}, forced={}))
    assert {name: len(part) for name, part in documents_of(config.output).items()} == {"train": 2, "test": 2}


def test_near_duplicates_share_a_split(tmp_path: Path) -> None:
    config = corpus(tmp_path)
    for number in range(12):
        copy = speech(number).replace("逐户验收", "逐户核验")
        (config.documents[0] / f"copy{number:02}.txt").write_text(copy, encoding="utf-8")
    build_corpus(config)
    split = {d.id[-2:] + d.id[0]: name for name, part in documents_of(config.output).items() for d in part}
    assert all(split[f"{number:02}c"] == split[f"{number:02}s"] for number in range(12))
    assert "Near-duplicate pairs between documents: 0" not in (config.output / "report.md").read_text(encoding="utf-8")


def test_a_failing_build_leaves_the_older_one_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = corpus(tmp_path)
    build_corpus(config)
    before = {path.name: path.read_bytes() for path in config.output.iterdir()}

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build_module, "write_manifest", no_space)
    with pytest.raises(OSError, match="No space"):
        build_corpus(replace(config, seed=9))
    assert {path.name: path.read_bytes() for path in config.output.iterdir()} == before
    # What was cleaned waits for the next build; nothing else is left.
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == [".out.build"]
    assert {path.name for path in (tmp_path / ".out.build").iterdir()} == {"lock", "shards"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"documents": [Path("/no/such")]}, "found nothing at /no/such"),
        ({"rules": Path("/no/rules.yaml")}, "found nothing at /no/rules.yaml"),
        ({"annotations": [Path("/no/labels.jsonl")]}, "found nothing at /no/labels.jsonl"),
    ],
)
def test_inputs_that_do_not_exist_are_refused(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_corpus(replace(corpus(tmp_path), **changes))


def test_a_bar_that_the_audit_could_not_pass_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"similarity from 0.5 to 0.8, found 0.95"):
        replace(corpus(tmp_path), similarity=0.95)


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.txt").write_bytes(b"")
    with pytest.raises(InputError, match="at least one readable document, found 1 rejected files"):
        build_corpus(CorpusConfig([tmp_path / "raw"], tmp_path / "out"))


def sample() -> Document:
    label = Label("deployment", ("crime_control", "technology"), "小李", uncertain=True)
    part = Item(3, 5, "要办", Label("safeguard", (), "小王"), "办")
    first = Paragraph(0, 0, 2, "一、", heading=None, is_heading=True, label=Label("heading", (), "小李"))
    second = Paragraph(
        1, 3, 9, "要办好事情", heading="一、", label=label, gist="办事", items=(part, Item(5, 9, "好事情"))
    )
    third = Paragraph(2, 10, 11, "无")
    return Document("x#1", (first, second, third), "题", "2021-03-04", "a.txt", None, "总结。", (), ("too_long",))


def test_rows_and_documents_are_the_same_both_ways(tmp_path: Path) -> None:
    document = sample()
    count = write_corpus([document], tmp_path / "t.parquet", {"x#1": "x#1"}, {"x#1": "dev"})
    assert count == 3
    assert list(read_corpus(tmp_path / "t.parquet", CODEBOOK)) == [document]


def test_tables_from_elsewhere_are_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["一"]}), tmp_path / "other.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not really")
    bad = replace(sample(), paragraphs=(Paragraph(0, 0, 1, "一", label=Label("praise")),))
    write_corpus([bad], tmp_path / "labels.parquet", {"x#1": "x"}, {"x#1": "dev"})
    for name, message in (
        ("other", "expected the columns"), ("broken", "expected a Parquet file"), ("none", "found nothing at"),
        ("labels", r"'praise' in .*labels.parquet, x#1\[0\]"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=message):
            load_documents(tmp_path / f"{name}.parquet", CODEBOOK)
    with pytest.raises(InputError, match=r"annotated documents as \.jsonl or a built corpus"):
        load_documents(tmp_path / "a.csv", CODEBOOK)
