"""Figures of benchmarks: as published, on all rows and on new ones; the table beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from jianghua.codebook import Codebook
from jianghua.corpus.columns import Columns, codebook_of_rows, read_rows
from jianghua.evaluation.benchmark_report import add_results, finished, read_results, render_benchmarks
from jianghua.evaluation.benchmarks import (
    Benchmark,
    check_metrics,
    figures,
    label_floors,
    label_values,
    new_rows,
    read_benchmarks,
    score_labels,
    score_words,
    writing_floors,
)
from jianghua.metrics.classification import multi_label_report
from jianghua.metrics.rouge import corpus_rouge
from jianghua.schema import Document, InputError, Label, Paragraph

ROOT = Path(__file__).parents[2]
BENCH = ROOT.parent / "shared" / "bench"
OTHERS = {"source": "某处", "trained_on": 1200, "weights": "pretrained", "systems": {"别家": [51.5], "无分": [None]}}
ONE = Benchmark("甲", "classifier", ("accuracy",), "accuracy", (OTHERS,))
MANY = Benchmark("乙", "classifier", ("micro_f1", "macro_f1", "subset_accuracy"), "F1", ())
WORDS = Benchmark("丙", "summarizer", ("rouge1", "rouge2", "rougeL"), "ROUGE", ())


def _row(number: int, text: str, label: Label | None = None, title: str | None = None) -> Document:
    return Document(str(number), (Paragraph(0, 0, len(text), text, label=label),), title=title)


def test_multi_label_figures_are_those_of_the_report() -> None:
    rng = np.random.default_rng(3)
    names = ("子", "丑", "寅", "卯")
    gold, found = ([Label("", tuple(n for n, hit in zip(names, row, strict=True) if hit)) for row in rows]
                   for rows in (rng.random((60, 4)) < 0.4, rng.random((60, 4)) < 0.4))  # fmt: skip
    documents = [_row(i, f"第{i}句", label) for i, label in enumerate(gold)]
    new = np.arange(60) % 2 == 0
    result = score_labels(MANY, lambda _: found, documents, new)
    for part, chosen in (("all", np.ones(60, dtype=bool)), ("new", new)):
        sets = [[x.policy_domain for x, kept in zip(labels, chosen, strict=True) if kept] for labels in (gold, found)]
        report = multi_label_report(*sets, names)
        assert result[part]["n"] == chosen.sum()
        for metric in MANY.metrics:
            value, low, high = result[part][metric]
            assert value == pytest.approx(report[metric])
            assert low < value < high


def test_accuracy_counts_rows_and_the_order_of_a_set_does_not() -> None:
    assert label_values("accuracy", [Label("甲"), Label("乙")], [Label("甲"), Label("甲")]) == [1, 0]
    sets = [Label("", ("甲", "乙")), Label("", ("甲",))], [Label("", ("乙", "甲")), Label("")]
    assert label_values("subset_accuracy", *sets) == [1, 0]


def test_new_rows_are_those_whose_text_was_not_trained_on() -> None:
    train = [_row(0, "河道清淤"), _row(1, "夜间巡逻")]
    assert new_rows([_row(0, "夜间巡逻"), _row(1, "夜间巡逻。")], train).tolist() == [False, True]
    assert figures({"accuracy": [1.0]}, np.array([False]))["new"] == {"n": 0}


def test_floors_are_copies_and_linear_models() -> None:
    source = "河道清淤月底完工，群众叫好；两岸植树。第二句。"
    documents = [_row(0, source, title="河道清淤完工")] * 2
    texts = {name: writer(documents)[0] for name, writer in writing_floors().items()}
    assert texts == {"first 18 characters": source[:18], "first sentence": "河道清淤月底完工，群众叫好"}
    result = score_words(WORDS, writing_floors()["first sentence"], documents, np.array([True, True]))
    expected = corpus_rouge([texts["first sentence"]], ["河道清淤完工"], "char-set-0.3")
    assert [result["all"][key][0] for key in WORDS.metrics] == pytest.approx(list(expected.values()))
    train = [_row(i, f"{text}第{i}次", Label(label)) for i, (text, label) in
             enumerate([("河道清淤", "水利"), ("夜间巡逻", "治安")] * 4)]  # fmt: skip
    for labeller in label_floors(train, Codebook.of_labels(("水利", "治安"), ())).values():
        assert [label.task_type for label in labeller(train[:2])] == ["水利", "治安"]


def _result(model: str, seed: int | None, value: float, digest: str = "abc") -> dict[str, Any]:
    found = {part: {"n": n, "accuracy": [value, value - 0.01, value + 0.01]} for part, n in (("all", 1500), ("new", 9))}
    return {"benchmark": "甲", "model": model, "seed": seed, "config_hash": digest, "weights": "random",
            "rows_trained": 1100, "figures": found}  # fmt: skip


def test_results_are_kept_and_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "out" / "results.jsonl"
    assert read_results(path) == []
    add_results(path, [_result("小", 0, 0.5)])
    add_results(path, [_result("小", 1, 0.6)])
    rows = read_results(path)
    assert [row["seed"] for row in rows] == [0, 1]
    assert finished(rows, rows[1])
    for change in ({"seed": 2}, {"model": "大"}, {"config_hash": "x"}, {"benchmark": "乙"}):
        assert not finished(rows, rows[1] | change)


def test_the_table_puts_published_figures_floors_and_runs_side_by_side() -> None:
    rows = [_result("小", 0, 0.5), _result("小", 1, 0.6), _result("TF-IDF", None, 0.55, "floor")]
    text = render_benchmarks([ONE, MANY], rows)
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert lines[0][4:6] == ["accuracy, 1,500 all", "accuracy, 9 new"]
    assert lines[2] == ["别家", "pretrained", "1,200", "–", "51.50", "–", "某处"]
    assert lines[3][4] == "–"
    assert [line[0] for line in lines[4:]] == ["TF-IDF", "小", "小", "小"]
    assert lines[5][3:6] == ["0", "50.00 [49.0, 51.0]", "50.00 [49.0, 51.0]"]
    assert lines[7][3:6] == ["mean of 2", "55.00 (50.00–60.00)", "55.00 (50.00–60.00)"]
    assert "## 乙" not in text


def test_published_figures_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "published.yaml"
    with pytest.raises(InputError, match="nothing at"):
        read_benchmarks(path)
    path.write_text("甲: {trainer: classifier}", encoding="utf-8")
    with pytest.raises(InputError, match="trainer, metrics, scored and published of each benchmark, found KeyError"):
        read_benchmarks(path)
    odd = Benchmark("甲", "classifier", ("rouge1",), "", ())
    with pytest.raises(InputError, match="found classifier with rouge1 for 甲"):
        check_metrics(odd)


def test_every_benchmark_has_a_configuration_and_whole_rows_of_figures() -> None:
    folder = ROOT / "configs" / "bench"
    benchmarks = read_benchmarks(folder / "published.yaml")
    assert {path.stem for path in folder.glob("*.yaml")} == {*benchmarks, "published"}
    for benchmark in benchmarks.values():
        check_metrics(benchmark)
        values = yaml.safe_load((folder / f"{benchmark.name}.yaml").read_text(encoding="utf-8"))
        # Whatever is chosen in a run is chosen on rows that are not reported.
        assert not {*values["dev_data"]} & {*values["train_data"], *values.get("held_out_data", [])}
        for group in benchmark.published:
            assert group["source"]
            assert all(len(row) == len(benchmark.metrics) for row in group["systems"].values())


@pytest.mark.slow
@pytest.mark.skipif(not (BENCH / "tnews").is_dir(), reason="the shared benchmarks are not beside this checkout")
@pytest.mark.parametrize(
    ("folder", "reported", "columns", "metrics", "wanted"),
    [
        ("tnews", "dev", Columns("text", task_type="label"), ("accuracy",), [0.5666, 0.5357]),
        ("duee2020_multilabel", "test", Columns("text", policy_domain="labels"), MANY.metrics,
         [0.8800, 0.8021, 0.7797, 0.8799, 0.8021, 0.7796]),
    ],
)  # fmt: skip
def test_published_floors_of_labels_are_reproduced(
    folder: str, reported: str, columns: Columns, metrics: tuple[str, ...], wanted: list[float]
) -> None:
    train, documents = (list(read_rows(BENCH / folder / f"{x}.jsonl.gz", columns)) for x in ("train", reported))
    labeller = label_floors(train, codebook_of_rows(train))["TF-IDF + linear SVM"]
    result = score_labels(Benchmark("", "classifier", metrics, "", ()), labeller, documents, new_rows(documents, train))
    assert [round(result[part][m][0], 4) for part in ("all", "new") for m in metrics] == wanted


@pytest.mark.skipif(not (BENCH / "lcsts_clge").is_dir(), reason="the shared benchmarks are not beside this checkout")
@pytest.mark.parametrize(
    ("file", "lead", "first"),
    [
        ("lcsts_clge/dev", [21.90, 11.52, 18.97], [24.99, 12.94, 18.49]),
        ("csl_title_clge/val1000_published", [34.83, 23.83, 30.45], [35.95, 23.85, 24.24]),
    ],
)
def test_published_leads_are_reproduced(file: str, lead: list[float], first: list[float]) -> None:
    documents = list(read_rows(BENCH / f"{file}.jsonl.gz", Columns("article", title="summary")))
    titles = [document.title or "" for document in documents]
    for writer, wanted in zip(writing_floors().values(), (lead, first), strict=True):
        scores = corpus_rouge(writer(documents), titles, "char-set-0.3")
        assert [round(100 * value, 2) for value in scores.values()] == wanted
