"""Labels by reference and back: made from annotated documents, fetched from a local git repository, joined by hash."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from jianghua.codebook import load_codebook
from jianghua.records import read_annotated, read_jsonl, sha256, write_jsonl

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

PLAIN = ["柳湾镇召开治水例会", "会议由镇长主持，各村都来了人。", "要把六条沟渠清到底，月底前逐条验收。"]
NEWS = ["本周，石桥县启用新的调解中心。", "中心设十二个窗口，当天接待三十人。"]
REPORT = ["过去一年，青坪区修好了九条断头路。", "今年要再修十一条，把资金管住。"]
SHEET = ["东渡乡新建两座水厂。", "水价保持不变，困难户减免一半。"]
PACKED = ["南滩市公布办事清单。", "清单之外一律不许加码。"]
TASKS = ["heading", "meeting_report", "deployment"]


def git(folder: Path, *command: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    done = subprocess.run(["git", *identity, "-C", folder, *command], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def repository(base: Path) -> str:
    """A repository some/texts with one file of every kind; the commit."""
    folder = base / "some" / "texts"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "plain.txt").write_bytes("\r\n".join(f"　　{line}" for line in PLAIN).encode("gb18030"))
    (folder / "a" / "柳湾讲话.txt").write_text("\n".join(PLAIN), encoding="utf-8")
    lead = f"<p>　　某某网消息(联播)：{NEWS[0]}</p>\r\n<p>　　{NEWS[1][:8]}<b>{NEWS[1][8:]}</b></p>"
    news = {"list": [{"title": "另一条", "content": "<p>别的事。</p>"}, {"title": "新闻", "content": lead}]}
    (folder / "day.json").write_text(json.dumps(news), encoding="utf-8")
    write_jsonl([{"text": "别的报告。"}, {"text": "\n".join(REPORT)}], folder / "reports.jsonl")
    (folder / "sheet.csv").write_text("no,text\n" + "".join(f'{i},"{t}"\n' for i, t in enumerate(SHEET)), "utf-8-sig")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("清单.txt", "\n".join(PACKED).encode())
    git(base, "init", "--quiet", str(folder))
    for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        git(folder, "config", key, "true")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "texts")
    return git(folder, "rev-parse", "HEAD")


def annotated(path: Path, commit: str) -> Path:
    files = {
        "plain": ("a/plain.txt", PLAIN), "hidden": ("a/柳湾讲话.txt", PLAIN), "news": ("day.json", NEWS),
        "report": ("reports.jsonl#1", REPORT), "sheet": ("sheet.csv", SHEET), "zip": ("all.zip!清单.txt", PACKED),
    }  # fmt: skip
    rows = [record(id_, f"some/texts@{commit}:{name}", texts) for id_, (name, texts) in files.items()]
    write_jsonl(rows, path)
    return path


def record(id_: str, source: str, texts: list[str]) -> dict:
    paragraphs = [
        {"index": i, "text": text, "task_type": TASKS[i], "policy_domain": ["economy"] if i else [],
         "uncertain": i == 1, "gist": "镇里治水"}
        for i, text in enumerate(texts)
    ]  # fmt: skip
    return {"id": id_, "title": "治水", "date": None, "source": source, "paragraphs": paragraphs, "summary": "治水。"}


def make(path: Path, output: Path) -> subprocess.CompletedProcess[str]:
    return script("make_references.py", "--annotations", path, "--output", output, "--provenance", "machine reading")


def fetch(base: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    references = folder / "references" / "labels.jsonl.gz"
    places = ("--output", folder / "back", "--cache", folder / "cache", "--base", base)
    return script("fetch_sources.py", "--references", references, *places, *more)


def script(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "scripts" / name, *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=110, check=False)


def test_every_label_comes_back_from_the_public_files(tmp_path: Path) -> None:
    path = annotated(tmp_path / "labels.jsonl", repository(tmp_path / "base"))
    assert make(path, tmp_path / "references").returncode == 0
    done = fetch(tmp_path / "base", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "6 of 6 documents, 14 of 14 paragraphs" in done.stdout
    codebook = load_codebook()
    back = {document.id: document for document in read_annotated(tmp_path / "back" / "labels.jsonl", codebook)}
    for document in read_annotated(path, codebook):
        found = back[document.id].paragraphs
        assert [p.text for p in found] == [p.text for p in document.paragraphs]
        for one, other in zip(found, document.paragraphs, strict=True):
            assert one.label and other.label
            assert (one.label.task_type, one.label.policy_domain, one.label.uncertain) == (
                other.label.task_type, other.label.policy_domain, other.label.uncertain,
            )  # fmt: skip
            assert one.label.provenance == "machine reading"
    # The cache is enough for a second run.
    shutil.rmtree(tmp_path / "base")
    assert fetch(tmp_path / "base", tmp_path).returncode == 0


def test_references_hold_no_text_and_equal_bytes(tmp_path: Path) -> None:
    path = annotated(tmp_path / "labels.jsonl", "0" * 40)
    for name in ("one", "two"):
        make(path, tmp_path / name)
    written = tmp_path / "one" / "labels.jsonl.gz"
    assert sha256(written) == sha256(tmp_path / "two" / "labels.jsonl.gz")
    rows = list(read_jsonl(written))
    assert json.dumps(rows, ensure_ascii=False).isascii()
    assert {key for row in rows for key in row} == {"id", "source", "provenance", "paragraphs"}
    keys = {key for row in rows for paragraph in row["paragraphs"] for key in paragraph}
    assert keys == {"hash", "task_type", "policy_domain", "uncertain"}


def test_what_no_longer_matches_is_listed_with_the_reason(tmp_path: Path) -> None:
    commit = repository(tmp_path / "base")
    changed = [PLAIN[0], "会议由书记主持，各村都来了人。", PLAIN[2]]
    rows = [
        record("changed", f"some/texts@{commit}:a/plain.txt", changed),
        record("lost", f"some/texts@{commit}:a/none.txt", NEWS),
        record("gone", f"some/nothing@{commit}:a.txt", NEWS),
    ]
    write_jsonl(rows, tmp_path / "labels.jsonl")
    make(tmp_path / "labels.jsonl", tmp_path / "references")
    done = fetch(tmp_path / "base", tmp_path)
    assert done.returncode == 1
    assert "more than 10% not found" in done.stderr
    missing = list(read_jsonl(tmp_path / "back" / "missing.jsonl"))
    assert [(row["id"], row["position"]) for row in missing] == [
        ("changed", 1), ("gone", 0), ("gone", 1), ("lost", 0), ("lost", 1),
    ]  # fmt: skip
    assert missing[0]["reason"] == "no paragraph of the file has this hash"
    assert missing[1]["reason"].startswith("expected a repository that can be reached")
    assert missing[3]["reason"].startswith("expected the file a/none.txt, found none in some/texts")
    (document,) = read_annotated(tmp_path / "back" / "labels.jsonl", load_codebook())
    assert [p.index for p in document.paragraphs] == [0, 2]


@pytest.mark.parametrize(
    ("source", "found"),
    [("a.txt", "'a.txt'"), (None, "None"), (f"some/texts@{'0' * 40}:../a.txt", "../a.txt")],
)
def test_a_source_that_names_no_public_file_is_refused(tmp_path: Path, source: str | None, found: str) -> None:
    write_jsonl(
        [record("x", source, PLAIN) if source else record("x", "", PLAIN) | {"source": None}], tmp_path / "l.jsonl"
    )
    done = make(tmp_path / "l.jsonl", tmp_path / "references")
    assert done.returncode == 2
    assert "expected owner/name@<40 hexadecimal digits>:path as source" in done.stderr
    assert found in done.stderr


def test_a_file_that_carries_text_is_no_file_of_references(tmp_path: Path) -> None:
    write_jsonl([record("x", f"some/texts@{'0' * 40}:a.txt", PLAIN)], tmp_path / "references" / "labels.jsonl.gz")
    (tmp_path / "references" / "labels.jsonl.gz").rename(tmp_path / "labels.jsonl")
    done = script("fetch_sources.py", "--references", tmp_path / "labels.jsonl", "--output", tmp_path / "back")
    assert done.returncode == 2
    assert "expected the keys id, paragraphs, provenance, source" in done.stderr
