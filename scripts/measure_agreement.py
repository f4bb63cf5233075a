"""How far two readings of the same documents agree.

    python scripts/measure_agreement.py data/samples/{train,dev,test}.jsonl \
        --against data/samples/second_reading.jsonl [--disagreements FILE] [--codebook zhengfa]

Paragraphs are paired by document id and index; their texts must be equal. Prints one JSON object (or tables, with
--table): agreement, Cohen's kappa and Krippendorff's alpha of each axis and of the presence of each label, each as
[value, low, high] with 95% bounds that resample documents; once for all paragraphs, once without those that either
reading calls heading or boilerplate (they are easy, and inflate agreement). --disagreements writes one JSON line a
paragraph that the two label differently.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from jianghua.codebook import Codebook, load_codebook
from jianghua.config import run
from jianghua.corpus.keys import text_key
from jianghua.evaluation.agreement import agreement, agreement_lines
from jianghua.records import read_annotated, write_jsonl
from jianghua.schema import InputError, Label, Paragraph

Place = tuple[str, int]


EASY = {"heading", "boilerplate"}


def paragraphs_of(paths: list[Path], codebook: Codebook) -> dict[Place, Paragraph]:
    return {(d.id, p.index): p for path in paths for d in read_annotated(path, codebook) for p in d.paragraphs}


def paired(first: dict[Place, Paragraph], second: dict[Place, Paragraph]) -> dict[Place, tuple[Label, Label]]:
    """The labels of the paragraphs that both readings hold."""
    pairs: dict[Place, tuple[Label, Label]] = {}
    for place in sorted(first.keys() & second.keys()):
        one, other = first[place], second[place]
        if text_key(one.text) != text_key(other.text):
            raise InputError("the same text in both readings", f"two texts at {place[0]}[{place[1]}]", "align them")
        if one.label is not None and other.label is not None:
            pairs[place] = (one.label, other.label)
    return pairs


def by_document(pairs: dict[Place, tuple[Label, Label]], easy: bool) -> list[list[tuple[Label, Label]]]:
    """The pairs of each document; `easy` keeps those that a reading calls heading or boilerplate."""
    found: dict[str, list[tuple[Label, Label]]] = {}
    for (id_, _), labels in pairs.items():
        if easy or not EASY & {label.task_type for label in labels}:
            found.setdefault(id_, []).append(labels)
    return list(found.values())


def disagreement(place: Place, labels: tuple[Label, Label], text: str) -> dict[str, Any]:
    readings = [{"task_type": label.task_type, "policy_domain": list(label.policy_domain)} for label in labels]
    return {"id": place[0], "index": place[1], "first": readings[0], "second": readings[1], "text": text}


def differ(labels: tuple[Label, Label]) -> bool:
    one, other = labels
    return one.task_type != other.task_type or set(one.policy_domain) != set(other.policy_domain)


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="How far two readings of the same documents agree.")
    result.add_argument("first", type=Path, nargs="+", help="the files of one reading")
    result.add_argument("--against", type=Path, nargs="+", required=True, help="the files of the other")
    result.add_argument("--disagreements", type=Path, metavar="FILE")
    result.add_argument("--codebook", default="zhengfa")
    result.add_argument("--table", action="store_true", help="tables instead of JSON")
    return result


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    codebook = load_codebook(given.codebook)
    first, second = paragraphs_of(given.first, codebook), paragraphs_of(given.against, codebook)
    pairs = paired(first, second)
    parts = {name: by_document(pairs, name == "all") for name in ("all", "without_headings_and_boilerplate")}
    result = {name: agreement(part, codebook) for name, part in parts.items() if part or name == "all"}
    only = {"only_first": len(first.keys() - second.keys()), "only_second": len(second.keys() - first.keys())}
    if given.table:
        for name, found in result.items():
            print(f"\n## {name}\n", *agreement_lines(found), sep="\n")
    else:
        print(json.dumps(result.pop("all") | result | only, ensure_ascii=False, indent=2))
    if given.disagreements:
        rows = [disagreement(place, labels, first[place].text) for place, labels in pairs.items() if differ(labels)]
        write_jsonl(rows, given.disagreements)
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
