"""Train and score on public benchmarks, beside what was published and floors that need no neural model.

    python scripts/run_benchmarks.py --benchmarks tnews duee2020 --model models/encoder-compact --seeds 0 1 2 \
        --out outputs/bench

Each benchmark is a configuration of an ordinary trainer, configs/bench/NAME.yaml; --model starts it from another folder
or hub name, and any value can be overridden: --run.learning_rate 1e-4. Training never sees the reported split. Every
run adds a row to OUT/results.jsonl, and the table OUT/benchmarks.md is written anew. A run that is in the results is
not repeated, and an interrupted one goes on from its newest complete checkpoint.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

import jianghua
from jianghua.config import run
from jianghua.evaluation.benchmark_report import add_results, finished, read_results, render_benchmarks
from jianghua.evaluation.benchmarks import (
    Benchmark,
    check_metrics,
    label_floors,
    model_labels,
    model_words,
    new_rows,
    read_benchmarks,
    score_labels,
    score_words,
    writing_floors,
)
from jianghua.modeling.classifier import load_classifier
from jianghua.modeling.summarizer import load_summarizer
from jianghua.schema import Document, InputError
from jianghua.trainers.benchmark import Config, Run, benchmark_run, read_config, train
from jianghua.trainers.data import read_all, training_codebook

CONFIGS = Path(__file__).parents[1] / "configs" / "bench"
PUBLISHED, RESULTS, TABLE = "published.yaml", "results.jsonl", "benchmarks.md"
FLOOR = "floor"  # the configuration of what has none


@dataclass(frozen=True)
class Job:
    """A benchmark, its configuration, where its results go, and the command that asked for it."""

    benchmark: Benchmark
    config: Config
    out: Path
    command: str


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Train and score on public benchmarks.", allow_abbrev=False)
    result.add_argument("--benchmarks", nargs="+", metavar="NAME", help="default: all")
    result.add_argument("--model", metavar="DIR_OR_NAME", help="default: what each configuration says")
    result.add_argument("--seeds", nargs="*", type=int, default=[0], metavar="N", help="none: floors only")
    result.add_argument("--out", type=Path, default=Path("outputs/bench"), metavar="DIR")
    result.add_argument("--configs", type=Path, default=CONFIGS, metavar="DIR", help=f"NAME.yaml and {PUBLISHED}")
    result.add_argument("--no-floors", action="store_true", help="leave out TF-IDF and leads")
    return result


def chosen(known: dict[str, Benchmark], names: list[str] | None) -> list[Benchmark]:
    if unknown := [name for name in names or () if name not in known]:
        raise InputError(f"--benchmarks of {', '.join(known)}", ", ".join(unknown), "correct the name")
    benchmarks = [known[name] for name in names or known]
    for benchmark in benchmarks:
        check_metrics(benchmark)
    return benchmarks


def reported(job: Job) -> tuple[list[Document], list[Document]]:
    """(rows of the reported split, rows of the training part)."""
    codebook, columns = training_codebook(job.config), job.config.columns
    if columns is None or len(job.config.dev_data) != 1:
        found = f"{len(job.config.dev_data)} files" if columns else "no columns"
        expected = f"columns and one file under dev_data of {job.benchmark.name}"
        raise InputError(expected, found, "correct the configuration")
    parts = (read_all(paths, codebook, columns) for paths in (job.config.dev_data, job.config.train_data))
    return next(parts), next(parts)


def floors(job: Job) -> Iterator[dict[str, Any]]:
    """The result rows of the floors."""
    benchmark = job.benchmark
    documents, known = reported(job)
    new = new_rows(documents, known)
    started = time.monotonic()
    if benchmark.trainer == "classifier":
        labellers = label_floors(known, training_codebook(job.config))
        found = {name: score_labels(benchmark, labeller, documents, new) for name, labeller in labellers.items()}
    else:
        found = {name: score_words(benchmark, writer, documents, new) for name, writer in writing_floors().items()}
    for name, figures in found.items():
        key = {"benchmark": benchmark.name, "model": name, "seed": None, "config_hash": FLOOR}
        trained = len(known) if benchmark.trainer == "classifier" else 0
        yield key | facts(job, started) | {"weights": "–", "rows_trained": trained, "figures": figures}


def trained(job: Job, one: Run) -> dict[str, Any]:
    """Train one run and return its result row."""
    resumed = any((one.folder / "run").glob("checkpoint-*"))
    started = time.monotonic()
    rows = train(one.config)
    timed = facts(job, started) | {"resumed": resumed}
    documents, known = reported(job)
    new = new_rows(documents, known)
    if job.benchmark.trainer == "classifier":
        opened = load_classifier(one.config.save_to)
        figures = score_labels(job.benchmark, model_labels(opened), documents, new)
    else:
        opened = load_summarizer(one.config.save_to)
        figures = score_words(job.benchmark, model_words(opened), documents, new)
    weights = "random" if one.config.model is None else "pretrained"
    size = {"parameters": opened.model.num_parameters(), "rows_trained": rows, "weights": weights}
    return one.key | timed | size | {"figures": figures}


def facts(job: Job, started: float) -> dict[str, Any]:
    """What a figure depends on beside its configuration; seconds are those of this process."""
    return {
        "seconds": round(time.monotonic() - started, 1), "command": job.command,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "threads": torch.get_num_threads(),
        "versions": {"jianghua": jianghua.__version__, "torch": torch.__version__,
                     "transformers": transformers.__version__},
    }  # fmt: skip


def run_all(job: Job, seeds: list[int], with_floors: bool) -> None:
    """Every floor and seed of a benchmark that is not in the results."""
    path = job.out / RESULTS
    known = [row["benchmark"] for row in read_results(path) if row["config_hash"] == FLOOR]
    if with_floors and job.benchmark.name not in known:
        add_results(path, list(floors(job)))
    for seed in seeds:
        one = benchmark_run(job.benchmark.name, job.config, seed, job.out)
        if not finished(read_results(path), one.key):
            add_results(path, [trained(job, one)])
            # Done with: the optimiser states of a benchmark of three seeds are gigabytes.
            for folder in (one.folder / "run").glob("checkpoint-*"):
                shutil.rmtree(folder)


def main(arguments: list[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    given, overrides = parser().parse_known_args(words)
    command = shlex.join(["python", "scripts/run_benchmarks.py", *words])
    known = read_benchmarks(given.configs / PUBLISHED)
    jobs = [
        Job(x, read_config(x.trainer, given.configs / f"{x.name}.yaml", given.model, overrides), given.out, command)
        for x in chosen(known, given.benchmarks)
    ]
    for job in jobs:
        run_all(job, given.seeds, not given.no_floors)
        text = render_benchmarks(list(known.values()), read_results(given.out / RESULTS))
        (given.out / TABLE).write_text(text, encoding="utf-8")
    print((given.out / TABLE).read_text(encoding="utf-8"), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
