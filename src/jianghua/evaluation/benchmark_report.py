"""Benchmark results: the file that collects them, and a table beside what was published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jianghua.evaluation.benchmarks import Benchmark
from jianghua.evaluation.report import table
from jianghua.records import read_jsonl, write_jsonl

Row = Mapping[str, Any]
KEY = ("benchmark", "model", "seed", "config_hash")
NOTES = (
    "Figures are hundredths; in brackets 95% bootstrap intervals over rows, in parentheses the range over seeds.",
    "`new`: the rows whose text does not also stand in the training part, to the letter; published figures are on all.",
)


def read_results(path: Path) -> list[dict[str, Any]]:
    """The rows of a results file; none where there is no file."""
    return list(read_jsonl(path)) if path.exists() else []


def finished(results: Sequence[Row], key: Row) -> bool:
    """Whether a run is in the results: the same benchmark, model, seed and configuration."""
    return any(all(row[name] == key[name] for name in KEY) for row in results)


def add_results(path: Path, rows: Sequence[Row]) -> None:
    """Append rows; a kill leaves the file as it was or with all of them."""
    write_jsonl([*read_results(path), *rows], path)


def render_benchmarks(benchmarks: Sequence[Benchmark], results: Sequence[Row]) -> str:
    """Markdown: for each benchmark with results what was published, the floors, and every run."""
    lines = ["# Benchmarks", "", *NOTES]
    for benchmark in benchmarks:
        if rows := [row for row in results if row["benchmark"] == benchmark.name]:
            lines += ["", f"## {benchmark.name}: {benchmark.scored}", "", *_table(benchmark, rows)]
    return "\n".join(lines) + "\n"


def _table(benchmark: Benchmark, rows: Sequence[Row]) -> Iterator[str]:
    sizes = {part: rows[0]["figures"][part]["n"] for part in ("all", "new")}
    names = [f"{metric}, {size:,} {part}" for part, size in sizes.items() for metric in benchmark.metrics]
    cells = [*_published(benchmark), *(cell for group in _groups(rows) for cell in _runs(benchmark, group))]
    yield from table(("system", "weights", "trained on", "seed", *names, "source or configuration"), cells)


def _published(benchmark: Benchmark) -> Iterator[tuple[str, ...]]:
    blank = ["–"] * len(benchmark.metrics)
    for group in benchmark.published:
        for name, values in group["systems"].items():
            figures = ["–" if value is None else f"{value:.2f}" for value in values]
            yield name, group["weights"], f"{group['trained_on']:,}", "–", *figures, *blank, group["source"]


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    """Runs of one model and configuration together, floors first."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["seed"] is not None):
        groups.setdefault((row["model"], row["config_hash"]), []).append(row)
    return list(groups.values())


def _runs(benchmark: Benchmark, group: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    places = [(part, metric) for part in ("all", "new") for metric in benchmark.metrics]
    for row in group:
        seed = "–" if row["seed"] is None else str(row["seed"])
        yield *_facts(row), seed, *(_bounded(row["figures"][p].get(m)) for p, m in places), row["config_hash"]
    if len(group) > 1:
        means = (_mean([row["figures"][p].get(m) for row in group]) for p, m in places)
        yield *_facts(group[0]), f"mean of {len(group)}", *means, group[0]["config_hash"]


def _facts(row: Row) -> tuple[str, str, str]:
    return row["model"], row["weights"], f"{row['rows_trained']:,}" if row["rows_trained"] else "–"


def _bounded(figure: Sequence[float] | None) -> str:
    if figure is None:
        return "–"
    value, low, high = (100 * number for number in figure)
    return f"{value:.2f} [{low:.1f}, {high:.1f}]"


def _mean(figures: Sequence[Sequence[float] | None]) -> str:
    values = [100 * figure[0] for figure in figures if figure is not None]
    return f"{sum(values) / len(values):.2f} ({min(values):.2f}–{max(values):.2f})" if values else "–"
