"""From texts to a shipped encoder: packing, batches that any step can be asked for, runs that resume exactly."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from tiny_runs import finish, start
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

from jianghua.config import parse_config
from jianghua.schema import InputError
from jianghua.trainers.packing import PackedCorpus, open_packed
from jianghua.trainers.pretraining import PretrainingConfig, pretrain
from jianghua.trainers.pretraining_batches import (
    IGNORED,
    BatchConfig,
    Batches,
    HeldOut,
    Stream,
    masked_positions,
    rows_at,
)

WORDS = (
    "巡防",
    "水闸",
    "河道",
    "调解",
    "议事亭",
    "夜市",
    "保安",
    "民警",
    "街道",
    "村民",
    "老井",
    "渡口",
    "山林",
    "粮仓",
)
ARCHITECTURE = {
    "model_type": "modernbert", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
    "num_attention_heads": 2, "max_position_embeddings": 96, "layer_types": ["full_attention"],
}  # fmt: skip
RUN: dict[str, Any] = {
    "output_dir": "run", "max_steps": 12, "learning_rate": 0.003, "warmup_steps": 2, "eval_steps": 3,
    "logging_steps": 1, "save_total_limit": 20, "precision": "fp32", "report_to": "none",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums differ in their last bit with the number of threads; the processes that are killed have one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _texts(count: int) -> list[dict[str, str]]:
    draw = random.Random(0)
    rows = []
    for n in range(count):
        lines = ["".join(draw.choices(WORDS, k=12)) for _ in range(3)]
        rows.append({"title": f"{draw.choice(WORDS)}的事{n}", "text": "\n".join(lines), "page": str(n % 2)})
    return rows


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "texts.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _texts(120)), encoding="utf-8")
    return path


def _config(folder: Path, table: Path, *overrides: str, **changes: Any) -> PretrainingConfig:
    values: dict[str, Any] = {
        "save_to": "saved", "architecture": ARCHITECTURE, "save_half": False, "run": RUN,
        "corpus": {"packed": "packed", "vocab_size": 6900, "held_out_share": 0.2,
                   "sources": [{"path": str(table), "labels": {"page": "page"}}]},
        "batches": {"length": 32, "rows": {0: 2, 6: 4}, "short_length": 16, "short_rows": 6},
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(values | changes, allow_unicode=True), encoding="utf-8")
    return parse_config(PretrainingConfig, ["--config", str(path), *overrides], "")


@pytest.fixture(scope="module")
def undisturbed(one_thread: None, table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run of twelve steps with every kind of step but distillation."""
    folder = tmp_path_factory.mktemp("undisturbed")
    pretrain(_config(folder, table, **MIXED))
    return folder


MIXED: dict[str, Any] = {
    "batches": {"length": 32, "rows": {0: 2, 6: 4}, "short_length": 16, "short_rows": 6,
                "objectives": {"language": 2, "title_body": 1, "distant": 1}},
}  # fmt: skip


@pytest.fixture(scope="module")
def corpus(undisturbed: Path) -> PackedCorpus:
    return open_packed(undisturbed / "packed")


def test_packed_documents_read_back(corpus: PackedCorpus) -> None:
    row = _texts(120)[7]
    ids = corpus.tokens[corpus.starts[7] : corpus.starts[8]].tolist()
    parts = corpus.tokenizer.decode(ids).removeprefix("[CLS]").split("[SEP]")
    assert parts == [row["title"], *row["text"].split("\n"), ""]
    assert corpus.tokenizer.decode(ids[: corpus.bodies[7]]) == f"[CLS]{row['title']}[SEP]"
    assert corpus.label_names == {"page": ["0", "1"]}
    assert corpus.labels[:, 0].tolist() == [n % 2 for n in range(120)]
    assert 5 < corpus.held_out.sum() < 50


def test_an_epoch_holds_every_document_once(corpus: PackedCorpus) -> None:
    chosen = np.flatnonzero(~corpus.held_out)
    stream = Stream(corpus, chosen, 32, seed=3)
    epochs = [[stream.row(i) for i in range(e * stream.rows_an_epoch, (e + 1) * stream.rows_an_epoch)] for e in (0, 1)]
    tokens = [np.concatenate([ids for ids, _ in rows]) for rows in epochs]
    whole = np.concatenate([corpus.tokens[corpus.starts[i] : corpus.starts[i + 1]] for i in chosen])
    assert 0 <= len(whole) - len(tokens[0]) < 32
    # The last row's rest is lost, of another document every epoch.
    assert abs(np.bincount(tokens[0], minlength=7000) - np.bincount(whole, minlength=7000)).sum() < 32
    assert not np.array_equal(tokens[0], tokens[1])
    for ids, document in epochs[0]:
        # A new document begins at each [CLS], and nowhere else.
        begins = np.flatnonzero(np.diff(document)) + 1
        assert begins.tolist() == [i for i in np.flatnonzero(ids == corpus.tokenizer.cls_token_id) if i > 0]


def test_a_batch_depends_on_seed_and_step_alone(corpus: PackedCorpus) -> None:
    config = BatchConfig(
        {"language": 1, "title_body": 1, "distant": 1}, 32, {0: 2, 6: 4}, short_length=16, short_rows=6
    )
    in_order = Batches(corpus, config, 20, seed=5)
    ordered = [in_order[i] for i in range(20)]
    backwards = Batches(corpus, config, 20, seed=5)
    for i in reversed(range(20)):
        batch = backwards[i]
        assert batch.keys() == ordered[i].keys()
        assert all(
            torch.equal(batch[k], v) if isinstance(v, torch.Tensor) else batch[k] == v for k, v in ordered[i].items()
        )
    kinds = {batch["objective"] for batch in ordered}
    assert kinds == {"language", "title_body", "distant"}
    other = Batches(corpus, config, 20, seed=6)
    assert any(other[i]["objective"] != ordered[i]["objective"] for i in range(20))


def test_no_row_of_a_pass_is_read_twice_or_left_out(corpus: PackedCorpus) -> None:
    batches = Batches(corpus, BatchConfig(length=32, rows={0: 2, 4: 3}, causal_share=1.0), 8, seed=0)
    read = torch.cat([batches[i]["input_ids"] for i in range(8)]).numpy()
    assert len(read) == 4 * 2 + 4 * 3
    assert np.array_equal(read, np.stack([batches.stream.row(i)[0] for i in range(20)]))
    assert [rows_at({0: 2, 4: 3}, step) for step in (0, 3, 4, 9)] == [2, 2, 3, 3]


def test_targets_are_the_next_token_or_the_masked_one(corpus: PackedCorpus) -> None:
    batches = Batches(corpus, BatchConfig(length=32, rows={0: 40}, mask_rate=(0.4, 0.4)), 1, seed=0)
    batch = {name: value.numpy() for name, value in batches[0].items() if name != "objective"}
    assert batch["causal"].tolist() == [True] * 20 + [False] * 20
    rows = [batches.stream.row(i) for i in range(40)]
    for r, (ids, document) in enumerate(rows):
        asked, targets, given = batch["targets"][r] != IGNORED, batch["targets"][r], batch["input_ids"][r]
        if batch["causal"][r]:
            assert np.array_equal(given, ids)
            assert asked.tolist() == [*(document[1:] == document[:-1]), False]
            assert np.array_equal(targets[:-1][asked[:-1]], ids[1:][asked[:-1]])
        else:
            assert np.array_equal(targets[asked], ids[asked])
            assert np.array_equal(given[~asked], ids[~asked])
            assert not set(ids[asked]) & set(corpus.tokenizer.all_special_ids)
    masked = batch["targets"][20:] != IGNORED
    shown = batch["input_ids"][20:][masked]
    assert 0.3 < masked.mean() < 0.45
    assert 0.7 < (shown == corpus.tokenizer.mask_token_id).mean() < 0.9
    assert 0.05 < (shown == batch["targets"][20:][masked]).mean() < 0.16


@pytest.mark.parametrize(("rate", "span"), [(0.15, 1.0), (0.3, 3.0), (0.5, 2.0)])
def test_masked_share_and_spans(rate: float, span: float) -> None:
    allowed = np.ones((200, 128), dtype=bool)
    allowed[:, ::10] = False
    hidden = masked_positions(allowed, rate, span, np.random.default_rng(0))
    assert hidden[allowed].mean() == pytest.approx(rate, abs=0.03)
    assert not hidden[~allowed].any()
    runs = np.diff(
        np.flatnonzero(np.diff(masked_positions(np.ones((1, 99999), bool), 0.1, span, np.random.default_rng(0))[0]))
    )
    assert runs[::2].mean() == pytest.approx(span, rel=0.25)


def test_held_out_batches_hold_only_held_out_documents(corpus: PackedCorpus) -> None:
    held = HeldOut(Batches(corpus, BatchConfig(length=32, mask_span=4.0), 1, seed=9), rows=2)
    again = HeldOut(Batches(corpus, BatchConfig(length=32), 1, seed=1), rows=2)
    assert len(held) > 1
    allowed = np.concatenate(
        [corpus.tokens[corpus.starts[i] : corpus.starts[i + 1]] for i in np.flatnonzero(corpus.held_out)]
    )
    whole = ",".join(map(str, allowed.tolist()))
    for i, batch in enumerate(held):
        assert not batch["causal"].any()
        assert torch.equal(batch["input_ids"], again[i]["input_ids"])
        original = torch.where(batch["targets"] == IGNORED, batch["input_ids"], batch["targets"])
        for ids, document in zip(original, batch["document"], strict=True):
            assert all(",".join(map(str, ids[document == d].tolist())) in whole for d in document.unique())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"batches": {"objectives": {"title_body": 1}}, "corpus": {"title": None}},
            "documents for the objective title_body",
        ),
        ({"batches": {"objectives": {"similarity": 1}}}, "a teacher for the objective similarity"),
        ({"batches": {"objectives": {"replaced": 1}}}, "a generator for the objective replaced"),
        ({"batches": {"length": 50000}}, "at least one row of 50000 tokens"),
        ({"model": "somewhere"}, "either model .* or architecture, found both"),
        ({"run": RUN | {"max_steps": -1}}, r"run.max_steps above 0, found -1"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    changes: dict[str, Any], message: str, table: Path, undisturbed: Path, tmp_path: Path
) -> None:
    source = {"path": str(table)} | changes.pop("corpus", {})
    corpus = {"packed": "packed", "vocab_size": 6900, "held_out_share": 0.2, "sources": [source]}
    with pytest.raises(InputError, match=message):
        pretrain(_config(tmp_path, table, corpus=corpus, **changes))
    assert not (tmp_path / "saved").exists()


def test_a_corpus_packed_from_something_else_is_refused(undisturbed: Path, table: Path, tmp_path: Path) -> None:
    shutil.copytree(undisturbed / "packed", tmp_path / "packed")
    with pytest.raises(InputError, match="found other sources or settings; restore them, remove the folder"):
        pretrain(_config(tmp_path, table, "--corpus.max_piece_length", "2"))


def test_half_a_corpus_is_packed_again(undisturbed: Path, table: Path, tmp_path: Path) -> None:
    shutil.copytree(undisturbed / "packed", tmp_path / "packed")
    (tmp_path / "packed" / "manifest.json").unlink()
    (tmp_path / "packed" / "tokens.bin").write_bytes(b"\0\0")
    pretrain(_config(tmp_path, table, **MIXED))
    _assert_same_weights(undisturbed, tmp_path)


def _assert_same_weights(one: Path, other: Path) -> None:
    first, second = (AutoModelForMaskedLM.from_pretrained(folder / "saved").state_dict() for folder in (one, other))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_is_saved_opens_in_plain_transformers(undisturbed: Path) -> None:
    saved = str(undisturbed / "saved")
    _, info = AutoModelForMaskedLM.from_pretrained(saved, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    model, tokenizer = AutoModel.from_pretrained(saved), AutoTokenizer.from_pretrained(saved)
    states = model(**tokenizer(["巡防队沿河。", "夜市"], padding=True, return_tensors="pt")).last_hidden_state
    assert states.shape[0] == 2 and torch.isfinite(states).all()
    settings = json.loads((undisturbed / "saved" / "jianghua.json").read_text(encoding="utf-8"))
    assert settings["kind"] == "encoder" and settings["steps"] == 12
    logged = [json.loads(line) for line in (undisturbed / "run" / "metrics.jsonl").read_text().splitlines()]
    assert {"tokens", "tokens_per_second", "share_of_matrix_peak"} <= logged[0].keys()


@pytest.mark.parametrize("step", [3, 6, 9])
def test_resumes_bit_identical(step: int, undisturbed: Path, table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(undisturbed, folder)
    shutil.rmtree(folder / "saved")
    for path in (folder / "run").glob("checkpoint-*"):
        if int(path.name.split("-")[1]) > step:
            shutil.rmtree(path)
    pretrain(_config(folder, table, **MIXED))
    _assert_same_weights(undisturbed, folder)


@pytest.mark.slow
def test_killed_five_times_ends_bit_identical(undisturbed: Path, table: Path, tmp_path: Path) -> None:
    _config(tmp_path, table, **MIXED)
    config, draw = tmp_path / "config.yaml", random.Random(1)
    for _ in range(5):
        before = len(list((tmp_path / "run").glob("checkpoint-*")))
        process = start("pretrain_encoder.py", config)
        while len(list((tmp_path / "run").glob("checkpoint-*"))) <= min(before, 3) and process.poll() is None:
            time.sleep(0.001)
        time.sleep(draw.random() * 0.05)
        process.kill()
        process.communicate()
    finish(start("pretrain_encoder.py", config))
    _assert_same_weights(undisturbed, tmp_path)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_both_optimizers_learn_and_resume(optimizer: str, table: Path, undisturbed: Path, tmp_path: Path) -> None:
    shutil.copytree(undisturbed / "packed", tmp_path / "packed")
    changes: dict[str, Any] = {"optimizer": optimizer, "run": RUN | {"max_steps": 24, "learning_rate": 0.01}}
    pretrain(_config(tmp_path, table, **changes))
    logged = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    held_out = [row["eval_loss"] for row in logged if "eval_loss" in row]
    assert held_out[-1] < held_out[0] - 1
    (tmp_path / "saved").rename(tmp_path / "first")
    shutil.rmtree(tmp_path / "run" / "checkpoint-24")
    pretrain(_config(tmp_path, table, **changes))
    (tmp_path / "one").mkdir()
    (tmp_path / "first").rename(tmp_path / "one" / "saved")
    _assert_same_weights(tmp_path / "one", tmp_path)


def test_goes_on_from_any_masked_language_model(base_model: Callable[[str], Path], table: Path, tmp_path: Path) -> None:
    """Domain-adaptive pretraining: the model's own vocabulary, and BERT's post-norm and learned positions."""
    changes: dict[str, Any] = {"model": str(base_model("bert")), "architecture": {}}
    found = pretrain(_config(tmp_path, table, **changes))
    before = AutoModelForMaskedLM.from_pretrained(base_model("bert"))
    after = AutoModelForMaskedLM.from_pretrained(tmp_path / "saved")
    assert before.config.vocab_size == after.config.vocab_size
    assert not torch.equal(before.get_input_embeddings().weight, after.get_input_embeddings().weight)
    assert found["steps"] == 12


def test_distils_a_teacher_of_another_vocabulary(
    base_model: Callable[[str], Path], table: Path, tmp_path: Path
) -> None:
    batches = {"length": 32, "rows": {0: 2}, "short_length": 16, "short_rows": 6,
               "objectives": {"language": 1, "similarity": 1}}  # fmt: skip
    pretrain(_config(tmp_path, table, batches=batches, teacher=str(base_model("bert"))))
    saved = AutoModel.from_pretrained(tmp_path / "saved")
    assert saved.config.model_type == "modernbert"


def test_detects_replaced_tokens(table: Path, undisturbed: Path, tmp_path: Path) -> None:
    shutil.copytree(undisturbed / "packed", tmp_path / "packed")
    batches = {"length": 32, "rows": {0: 2}, "objectives": {"replaced": 1}}
    assert pretrain(_config(tmp_path, table, batches=batches, generator=ARCHITECTURE))["steps"] == 12


def test_compiling_without_a_compiler_is_refused(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    message = r"a C\+\+ compiler for compiled: true, found none; install g\+\+ or set CXX, or set compiled: false"
    with pytest.raises(InputError, match=message):
        pretrain(_config(tmp_path, table, compiled=True))
    assert not (tmp_path / "packed").exists()
