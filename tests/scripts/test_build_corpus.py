from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jianghua.records import read_jsonl, write_jsonl

ROOT = Path(__file__).resolve().parents[2]
TEXT = "各组把夜巡排班贴在村口，{}号岗由两人值守，交接要签字，缺岗的当天补上，月底由村里逐岗核对。"


def launch(script: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / script), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def project(folder: Path, extra: str = "") -> Path:
    """A small repository with raw files and a configuration that names them relatively."""
    (folder / "pyproject.toml").touch()
    (folder / "raw").mkdir()
    (folder / "conf").mkdir()
    for number in range(6):
        (folder / "raw" / f"v{number}.txt").write_text(TEXT.format("甲乙丙丁戊己"[number]) * 2, encoding="utf-8")
    fractions = "fractions: {train: 0.5, dev: 0.25, test: 0.25}\n"
    (folder / "conf" / "c.yaml").write_text(f"documents: [raw]\noutput: built\n{fractions}{extra}", encoding="utf-8")
    return folder / "conf" / "c.yaml"


def test_a_corpus_is_built_from_any_folder(tmp_path: Path) -> None:
    config = project(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = launch("build_corpus.py", "--config", config, cwd=elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 of 6 files rejected" in done.stdout
    assert (tmp_path / "built" / "manifest.json").is_file()
    again = launch("build_corpus.py", "--config", config, "--output", "here", cwd=elsewhere)
    assert again.returncode == 0
    assert (elsewhere / "here" / "manifest.json").read_bytes() == (tmp_path / "built" / "manifest.json").read_bytes()


@pytest.mark.parametrize(
    ("extra", "arguments", "message"),
    [
        ("sede: 1\n", [], "'sede' in .*; write seed"),
        ("", ["--seed", "x"], "expected int for seed, found 'x'"),
        ("", ["--documents", '["nowhere"]'], "found nothing at nowhere"),
    ],
)
def test_what_cannot_be_used_ends_with_one_line_and_code_2(
    tmp_path: Path, extra: str, arguments: list[str], message: str
) -> None:
    done = launch("build_corpus.py", "--config", project(tmp_path, extra), *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: expected ")
    assert done.stderr.count("\n") == 1
    assert re.search(message, done.stderr)


def test_too_many_rejects_fail_after_the_build(tmp_path: Path) -> None:
    config = project(tmp_path)
    for number in range(6):
        (tmp_path / "raw" / f"bad{number}.txt").write_bytes(b"")
    done = launch("build_corpus.py", "--config", config, cwd=tmp_path)
    assert done.returncode == 1
    assert "more than 10% rejected" in done.stderr
    assert (tmp_path / "built" / "manifest.json").is_file()
    assert launch("build_corpus.py", "--config", config, "--max_reject", ".5", cwd=tmp_path).returncode == 0


def test_the_shipped_samples_build_with_their_fixed_parts(tmp_path: Path) -> None:
    if not (ROOT / "data/samples/raw").is_dir() or not (ROOT / "data/samples/train.jsonl").is_file():
        pytest.skip("the samples are not rendered")
    config = ROOT / "configs/corpus/samples.yaml"
    done = launch("build_corpus.py", "--config", config, "--output", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    from jianghua.codebook import load_codebook
    from jianghua.corpus.table import load_documents

    for split, number in (("dev", "05"), ("test", "06")):
        documents = load_documents(tmp_path / "out" / f"{split}.parquet", load_codebook())
        assert {d.id[:3] for d in documents} == {p.name[:3] for p in (ROOT / "data/samples/raw").glob(f"?{number}*")}
    labels = [p.label for d in documents for p in d.paragraphs]
    assert sum(label is not None and not label.provenance.startswith("rules") for label in labels) > 0.9 * len(labels)


def reading(path: Path, *labels: tuple[str, list[str]], text: str = "原文{}") -> Path:
    paragraphs = [
        {"index": i, "text": text.format(i), "task_type": code, "policy_domain": domains, "gist": ""}
        for i, (code, domains) in enumerate(labels)
    ]
    write_jsonl([{"id": "x", "paragraphs": paragraphs, "summary": ""}], path)
    return path


def test_agreement_is_measured_and_disagreements_are_listed(tmp_path: Path) -> None:
    first = reading(tmp_path / "a.jsonl", ("review", ["economy"]), ("appeal", []), ("review", []), ("appeal", []))
    second = reading(tmp_path / "b.jsonl", ("review", ["economy"]), ("appeal", []), ("appeal", []))
    report = tmp_path / "d.jsonl"
    done = launch("measure_agreement.py", first, "--against", second, "--disagreements", report, cwd=tmp_path)
    result = json.loads(done.stdout)
    assert (result["paragraphs"], result["only_first"], result["only_second"]) == (3, 1, 0)
    # Observed 2/3, by chance 2/3 · 1/3 + 1/3 · 2/3 = 4/9.
    assert result["task_type"]["kappa"][0] == pytest.approx(0.4, abs=1e-4)
    assert result["task_type"]["agreement"][0] == pytest.approx(2 / 3, abs=1e-4)
    assert result["policy_domain"]["per_label"]["economy"]["kappa"][0] == pytest.approx(1)
    (row,) = read_jsonl(tmp_path / "d.jsonl")
    assert (row["index"], row["first"]["task_type"], row["second"]["task_type"]) == (2, "review", "appeal")


def test_readings_of_other_texts_are_refused(tmp_path: Path) -> None:
    first = reading(tmp_path / "a.jsonl", ("review", []))
    second = reading(tmp_path / "b.jsonl", ("review", []), text="另一段{}")
    done = launch("measure_agreement.py", first, "--against", second, cwd=tmp_path)
    assert done.returncode == 2
    assert "expected the same text in both readings" in done.stderr
