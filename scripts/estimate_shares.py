"""Shares of labels in a corpus, by group, corrected for the classifier's error from a labelled sample.

    python scripts/analyze.py speeches/ --output outputs/speeches.jsonl
    python scripts/estimate_shares.py --analysed outputs/speeches.jsonl --labelled sample.jsonl --by year \
        --output outputs/shares.csv --plot outputs/shares.svg

The sample holds documents drawn at random from the corpus (from each group, where groups are wanted), with labels on
paragraphs as scripts/analyze.py gave them, in the format of annotated documents. `naive` is the classifier's word
alone; `value` with `low` and `high` is corrected. Groups with fewer than two labelled documents are not corrected.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jianghua.codebook import load_codebook
from jianghua.config import run
from jianghua.evaluation.plots import plot_shares
from jianghua.evaluation.report import table
from jianghua.evaluation.shares import estimate_shares, group_key, read_analysed
from jianghua.records import read_annotated
from jianghua.schema import InputError

FIELDS = ("group", "axis", "label", "value", "low", "high", "naive", "weight", "labelled", "documents")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        description="Shares of labels, corrected by a labelled sample.", allow_abbrev=False
    )
    result.add_argument("--analysed", type=Path, nargs="+", required=True, metavar="FILE.jsonl")
    result.add_argument("--labelled", type=Path, nargs="+", required=True, metavar="FILE.jsonl")
    result.add_argument("--by", default="all", metavar="FIELD", help="all, year, or a field of the records: source, …")
    result.add_argument("--level", type=float, default=0.95, metavar="P", help="coverage of the intervals")
    result.add_argument("--codebook", default="zhengfa", metavar="NAME_OR_FILE")
    result.add_argument("--output", type=Path, required=True, metavar="FILE.csv")
    result.add_argument("--plot", type=Path, metavar="FILE.svg")
    return result


def write_csv(rows: Sequence[dict[str, Any]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Excel takes a file for UTF-8 by its mark only.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    known = row["value"] is not None
    bounded = f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]" if known else "–"
    return row["group"], row["axis"], row["label"], bounded, f"{row['naive']:.3f}", f"{row['labelled']}"


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    for path in (*given.analysed, *given.labelled):
        if not path.is_file():
            raise InputError("a file of documents", f"nothing at {path}", "check the path")
    codebook = load_codebook(given.codebook)
    labelled = [document for path in given.labelled for document in read_annotated(path, codebook)]
    analysed = read_analysed(given.analysed)
    rows = list(estimate_shares(analysed, labelled, codebook, group_key(given.by), given.level))
    write_csv(rows, given.output)
    if given.plot:
        plot_shares(rows, given.plot)
    head = ("group", "axis", "label", f"share [{given.level:.0%}]", "uncorrected", "labelled documents")
    print(*table(head, [cells(row) for row in rows]), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
