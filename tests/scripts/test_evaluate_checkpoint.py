"""scripts/evaluate_checkpoint.py from the command line: both kinds, the record it writes, and one-line errors."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from jianghua.codebook import Codebook, load_codebook
from jianghua.config import run
from jianghua.modeling.checkpoint import save_checkpoint
from jianghua.modeling.classifier import ClassifierSettings, new_classifier
from jianghua.modeling.summarizer import SummarizerSettings, new_summarizer
from jianghua.modeling.tokenization import PROBE, train_tokenizer
from jianghua.records import write_jsonl

ROOT = Path(__file__).parents[2]
ENCODER = {
    "model_type": "modernbert", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2, "global_attn_every_n_layers": 1, "max_position_embeddings": 128,
}  # fmt: skip
WRITER = {
    "model_type": "pegasus", "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 128,
}  # fmt: skip
ROWS = (
    ("一、回望这一年", "heading", [], ""),
    ("一年来，全镇调解邻里纠纷四十件，无一激化。", "review", ["social_stability"], "调解邻里纠纷四十件"),
    ("要管好沟渠，严禁向河里倾倒垃圾。", "deployment", ["ecology"], "管好沟渠"),
)


def _record(name: str) -> dict[str, Any]:
    paragraphs = [
        {"index": i, "text": text + name, "task_type": task, "policy_domain": domains, "uncertain": False, "gist": gist}
        for i, (text, task, domains, gist) in enumerate(ROWS)
    ]
    return {"id": name, "title": "在镇里的讲话", "date": None, "source": None, "paragraphs": paragraphs,
            "summary": "调解纠纷四十件，管好沟渠。"}  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "evaluate_checkpoint.py"
    spec = importlib.util.spec_from_file_location("evaluate_checkpoint_script", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tiny checkpoints, two data files, a training file and a headline file."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("home")
    tokenizer = train_tokenizer([PROBE, *(row[0] for row in ROWS)] * 3, 300)
    labels = ClassifierSettings.for_codebook(load_codebook(), 64, use_context=False)
    save_checkpoint(
        folder / "classifier", new_classifier(ENCODER, tokenizer, labels), tokenizer, labels.to_dict(), True
    )
    writing = SummarizerSettings(max_source_length=96, max_target_length=24, source_characters=120)
    save_checkpoint(folder / "summarizer", new_summarizer(WRITER, tokenizer), tokenizer, writing.to_dict(), True)
    write_jsonl(map(_record, "甲乙丙丁"), folder / "dev.jsonl")
    write_jsonl(map(_record, "戊己"), folder / "other.jsonl")
    write_jsonl(map(_record, "庚辛壬癸"), folder / "train.jsonl")
    with gzip.open(folder / "titles.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps({"title": "镇里调解纠纷四十件", "text": ROWS[1][0]}, ensure_ascii=False) + "\n")
    return folder


def _run(script: ModuleType, home: Path, line: str) -> int:
    words = [str(home / word) if not word.startswith("--") and not word.isdigit() else word for word in line.split()]
    return run(lambda: script.main(words))


def test_classifier_record_and_tables(script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "--model classifier --data dev.jsonl other.jsonl --train train.jsonl --output scores/c.json"
    assert _run(script, home, line) == 0
    record = json.loads((home / "scores" / "c.json").read_text(encoding="utf-8"))
    assert record["kind"] == "classifier" and record["left_out"] == {}
    assert record["command"].startswith("python scripts/evaluate_checkpoint.py --model ")
    weights = hashlib.sha256((home / "classifier" / "model.safetensors").read_bytes()).hexdigest()
    assert record["model"] == f"classifier@{weights[:12]}"
    assert record["files"]["../classifier/model.safetensors"]["sha256"] == weights
    assert record["codebook"] == f"zhengfa {load_codebook().version}"
    assert [entry["documents"] for entry in record["data"]] == [4, 2]
    assert record["data"][1]["sha256"] == hashlib.sha256((home / "other.jsonl").read_bytes()).hexdigest()
    assert list(record["data"][0]["systems"]) == ["model", "rules", "tfidf"]
    assert record["data"][0]["systems"]["tfidf"]["task_type"]["accuracy"] == 1
    printed = capsys.readouterr().out
    assert printed.index("dev.jsonl") < printed.index("| tfidf") < printed.index("| deployment")
    assert [path.name for path in (home / "scores").iterdir()] == ["c.json"]


def test_without_training_files_tfidf_is_left_out_aloud(
    script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(script, home, "--model classifier --data dev.jsonl --limit 2 --output left.json") == 0
    record = json.loads((home / "left.json").read_text(encoding="utf-8"))
    assert "--train" in record["left_out"]["tfidf"]
    assert (record["limit"], record["data"][0]["documents"]) == (2, 2)
    assert "left out: tfidf: no --train files" in capsys.readouterr().out


def test_summarizer_takes_annotated_documents_and_titles(
    script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "--model summarizer --data dev.jsonl titles.jsonl.gz --limit 2 --output s.json"
    assert _run(script, home, line) == 0
    record = json.loads((home / "s.json").read_text(encoding="utf-8"))
    annotated, titles = record["data"]
    assert (annotated["documents"], list(annotated["kinds"])) == (2, ["gist", "summary"])
    assert (titles["documents"], list(titles["kinds"])) == (1, ["headline"])
    assert set(record["settings"]["methods"]) == {"gist", "headline", "summary"}
    assert any("annotated task types" in note for note in record["notes"])
    assert "char-multiset" in capsys.readouterr().out


def test_spread_takes_from_the_whole_list(script: ModuleType) -> None:
    assert script.spread(list(range(10)), 4) == [0, 2, 5, 7]
    assert script.spread([1, 2], 5) == script.spread([1, 2], None) == [1, 2]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("--model nowhere --data dev.jsonl", "expected a classifier or summarizer checkpoint in"),
        ("--model . --data dev.jsonl", "found no jianghua.json there"),
        ("--model odd --data dev.jsonl", "found kind 'encoder'"),
        ("--model broken --data dev.jsonl", 'expected a JSON object with "kind" in'),
        ("--model classifier --data missing.jsonl", "expected a file of documents, found nothing at"),
        ("--model classifier --data titles.jsonl.gz", "expected annotated .jsonl or .parquet"),
        ("--model classifier --data dev.jsonl --train dev.jsonl", "no document in both --train and --data"),
        ("--model classifier --data dev.jsonl --limit 0", "expected --limit of 1 or more, found 0"),
        ("--model summarizer --data dev.jsonl --train train.jsonl", "expected --train with a classifier only"),
    ],
)
def test_errors_are_one_line_and_write_nothing(
    script: ModuleType, home: Path, line: str, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (("odd", '{"kind": "encoder"}'), ("broken", "{")):
        (home / name).mkdir(exist_ok=True)
        (home / name / "jianghua.json").write_text(text, encoding="utf-8")
    assert _run(script, home, f"{line} --output never.json") == 2
    lines = [x for x in capsys.readouterr().err.splitlines() if x.startswith("error: ")]
    assert len(lines) == 1 and error in lines[0]
    assert not (home / "never.json").exists()


def test_the_command_line_of_the_process_is_recorded(
    script: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--model", str(home / "classifier"), "--data", str(home / "dev.jsonl"), "--output", str(home / "p q.json")]
    monkeypatch.setattr(sys, "argv", ["evaluate_checkpoint.py", *words])
    assert script.main() == 0
    command = json.loads((home / "p q.json").read_text(encoding="utf-8"))["command"]
    assert command.endswith(f"--output '{home / 'p q.json'}'")


def test_rows_of_another_table_are_scored_by_their_columns(
    script: ModuleType, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tokenizer = train_tokenizer([PROBE, *(row[0] for row in ROWS)] * 3, 300)
    labels = ClassifierSettings.for_codebook(Codebook.of_labels(("治安", "生态"), ()), 32, use_context=False)
    save_checkpoint(home / "rows", new_classifier(ENCODER, tokenizer, labels), tokenizer, labels.to_dict(), True)
    texts = [("生态", "河道清淤"), ("治安", "夜间巡逻")] * 3
    (home / "rows.csv").write_text("类,句\n" + "".join(f"{a},{b}\n" for a, b in texts), encoding="utf-8")
    (home / "fit.csv").write_text("类,句\n" + "".join(f"{a},{b}了\n" for a, b in texts), encoding="utf-8")
    words = ["--model", str(home / "rows"), "--data", str(home / "rows.csv"), "--output", str(home / "rows.json")]
    columns = ["--columns", "text=句", "task_type=类"]
    assert run(lambda: script.main([*words, "--train", str(home / "fit.csv"), *columns])) == 0
    record = json.loads((home / "rows.json").read_text(encoding="utf-8"))
    assert record["codebook"].startswith("rows ")
    assert record["columns"]["task_type"] == "类"
    assert list(record["data"][0]["systems"]["tfidf"]) == ["task_type"]
    assert record["data"][0]["systems"]["tfidf"]["task_type"]["accuracy"] == 1
    for wrong in (["text"], ["task_type=类"], ["text=句", "label=类"]):
        assert run(lambda wrong=wrong: script.main([*words, "--columns", *wrong])) == 2
        assert "expected --columns text=COLUMN and KEY=COLUMN" in capsys.readouterr().err
    assert run(lambda: script.main([*words, "--columns", "text=正文", "task_type=类"])) == 2
    assert "expected the columns 正文, found 类, 句 in" in capsys.readouterr().err
