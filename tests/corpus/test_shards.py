"""Builds in shards: the same bytes for any division of the work, and after any number of kills."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jianghua.codebook import find_resource
from jianghua.corpus import shards as shards_module
from jianghua.corpus.build import CorpusConfig, build_corpus
from jianghua.records import sha256
from jianghua.schema import Document, InputError

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "build_corpus.py"


def write_raw(folder: Path, count: int) -> Path:
    raw = folder / "raw"
    raw.mkdir(parents=True)
    for n in range(count):
        draw = random.Random(n)
        lines = [f"松岗镇第{n}次例会", "同志们："]
        for _ in range(6):
            parts = "，".join(
                f"{draw.choice('东南西北')}片{draw.randint(2, 9999)}户{draw.choice('修补清查')}渠" for _ in range(8)
            )
            lines.append(f"要把水渠的事一件一件办好，{parts}，月底验收。")
        (raw / f"s{n:03}.txt").write_text("\n\n".join([*lines, "责任编辑：小松"]) + "\n", encoding="utf-8")
    (raw / "bad.txt").write_bytes(b"")
    return raw


def config(raw: Path, output: Path, **more: int) -> CorpusConfig:
    return CorpusConfig([raw], output, rules=find_resource("codebook", "zhengfa_rules.yaml"), max_reject=1.0, **more)


def everything(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in sorted(folder.iterdir())}


def test_the_division_of_the_work_changes_no_byte(tmp_path: Path) -> None:
    raw = write_raw(tmp_path, 11)
    found = []
    for processes, size in ((1, 200), (1, 3), (3, 2)):
        # One place for all: the manifest and the rejects name it.
        build_corpus(config(raw, tmp_path / "out", processes=processes, shard_size=size))
        found.append(everything(tmp_path / "out"))
        assert not (tmp_path / ".out.build").exists()
    assert found[0] == found[1] == found[2]
    assert {"train.parquet", "manifest.json", "rejects.jsonl", "removed.jsonl"} <= set(found[0])


def test_a_build_goes_on_from_the_shards_of_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = write_raw(tmp_path, 9)
    one = config(raw, tmp_path / "out", shard_size=2)
    build_corpus(replace(one, output=tmp_path / "whole"))
    cleaned: list[str] = []
    inner = shards_module.clean_file

    def clean_file(path: Path) -> list[Document]:
        if len(cleaned) == 5:
            raise KeyboardInterrupt
        cleaned.append(path.stem)
        return inner(path)

    monkeypatch.setattr(shards_module, "clean_file", clean_file)
    with pytest.raises(KeyboardInterrupt):
        build_corpus(one)
    done = len(list((tmp_path / ".out.build" / "shards").glob("*.jsonl")))
    assert done == 2
    # Two shards of two files need no second reading.
    cleaned.clear()
    monkeypatch.setattr(shards_module, "clean_file", lambda path: cleaned.append(path.stem) or inner(path))
    build_corpus(one)
    assert len(cleaned) == 9 - 4 + 1
    assert everything(tmp_path / "out") == everything(tmp_path / "whole")


def test_a_changed_file_is_cleaned_again(tmp_path: Path) -> None:
    raw = write_raw(tmp_path, 4)
    folder = tmp_path / "shards"
    before = shards_module.make_shards(sorted(raw.iterdir()), "zhengfa", folder, 2)
    (raw / "s003.txt").write_text("松岗镇又一次例会\n\n各位都来谈谈。\n", encoding="utf-8")
    after = shards_module.make_shards(sorted(raw.iterdir()), "zhengfa", folder, 2)
    assert [a.result == b.result for a, b in zip(before, after, strict=True)] == [True, True, False]


def test_two_builds_of_one_output_are_refused(tmp_path: Path) -> None:
    raw = write_raw(tmp_path, 2)
    work = tmp_path / ".out.build"
    work.mkdir()
    with (work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="one build of an output at a time, found another one in"):
            build_corpus(config(raw, tmp_path / "out"))


def start(raw: Path, output: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, SCRIPT, "--documents", f'["{raw}"]', "--output", output, "--max_reject", "1.0",
        "--processes", "2", "--shard_size", "2", "--rules", find_resource("codebook", "zhengfa_rules.yaml"),
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def kill_and_finish(folder: Path, kills: int) -> None:
    raw = write_raw(folder, 99)
    started = time.monotonic()
    whole = start(raw, folder / "out")
    assert whole.wait(120) == 0, whole.communicate()[1].decode()
    took = time.monotonic() - started
    expected = everything(folder / "out")
    # Without the older corpus nothing of it can pass for the new one's.
    for path in (folder / "out").iterdir():
        path.unlink()
    draw = random.Random(7)
    for _ in range(kills):
        process = start(raw, folder / "out")
        time.sleep(draw.uniform(0.1, took))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        # What says that it is complete must be.
        if (folder / "out" / "manifest.json").is_file():
            assert everything(folder / "out") == expected
            for path in (folder / "out").iterdir():
                path.unlink()
    last = start(raw, folder / "out")
    assert last.wait(120) == 0, last.communicate()[1].decode()
    assert everything(folder / "out") == expected
    assert not (folder / ".out.build").exists()


def test_a_killed_build_ends_in_the_same_bytes(tmp_path: Path) -> None:
    kill_and_finish(tmp_path, 2)


@pytest.mark.slow
def test_twenty_kills_end_in_the_same_bytes(tmp_path: Path) -> None:
    kill_and_finish(tmp_path, 20)
