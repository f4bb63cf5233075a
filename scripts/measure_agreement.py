"""How far two readings of the same documents agree.

    python scripts/measure_agreement.py data/samples/{train,dev,test}.jsonl \
        --against data/samples/second_reading.jsonl [--disagreements FILE] [--codebook zhengfa]

Paragraphs are paired by document id and index; their texts must be equal. Prints one JSON object: kappa of task_type
and of each of its labels, kappa of the presence of each policy_domain and their mean, alpha of the sets, and the share
of equal labels; once for all paragraphs, once without those that either reading calls heading or boilerplate (they are
easy, and inflate agreement). --disagreements writes one JSON line a paragraph that the two label differently.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from jianghua.codebook import Codebook, load_codebook
from jianghua.config import run
from jianghua.corpus.keys import text_key
from jianghua.metrics.agreement import cohen_kappa, krippendorff_alpha, multi_label_kappa
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


def agreement(pairs: list[tuple[Label, Label]], codebook: Codebook) -> dict[str, Any]:
    first, second = ([labels[i] for labels in pairs] for i in (0, 1))
    tasks, other_tasks = ([label.task_type for label in reading] for reading in (first, second))
    domains, other_domains = ([frozenset(label.policy_domain) for label in reading] for reading in (first, second))
    by_label = multi_label_kappa([{t} for t in tasks], [{t} for t in other_tasks], codebook.task_type.labels)
    return {
        "paragraphs": len(pairs),
        "task_type": {
            "kappa": cohen_kappa(tasks, other_tasks),
            "agreement": share_equal(tasks, other_tasks),
            "per_label": by_label["per_label"],
        },
        "policy_domain": {
            "alpha": krippendorff_alpha(domains, other_domains),
            "agreement": share_equal(domains, other_domains),
            **multi_label_kappa(domains, other_domains, codebook.policy_domain.labels),
        },
    }


def share_equal(first: list[Any], second: list[Any]) -> float:
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def disagreement(place: Place, labels: tuple[Label, Label], text: str) -> dict[str, Any]:
    readings = [{"task_type": label.task_type, "policy_domain": list(label.policy_domain)} for label in labels]
    return {"id": place[0], "index": place[1], "first": readings[0], "second": readings[1], "text": text}


def differ(labels: tuple[Label, Label]) -> bool:
    one, other = labels
    return one.task_type != other.task_type or set(one.policy_domain) != set(other.policy_domain)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="How far two readings of the same documents agree.")
    parser.add_argument("first", type=Path, nargs="+", help="the files of one reading")
    parser.add_argument("--against", type=Path, nargs="+", required=True, help="the files of the other")
    parser.add_argument("--disagreements", type=Path, metavar="FILE")
    parser.add_argument("--codebook", default="zhengfa")
    given = parser.parse_args(arguments)
    codebook = load_codebook(given.codebook)
    first, second = paragraphs_of(given.first, codebook), paragraphs_of(given.against, codebook)
    pairs = paired(first, second)
    if not pairs:
        raise InputError("paragraphs that both files hold", "none", "check the ids and indices")
    result = agreement(list(pairs.values()), codebook)
    content = [labels for labels in pairs.values() if not EASY & {label.task_type for label in labels}]
    result["without_headings_and_boilerplate"] = agreement(content, codebook) if content else None
    result |= {"only_first": len(first.keys() - second.keys()), "only_second": len(second.keys() - first.keys())}
    print(json.dumps(result, ensure_ascii=False, indent=2))
    if given.disagreements:
        rows = [disagreement(place, labels, first[place].text) for place, labels in pairs.items() if differ(labels)]
        write_jsonl(rows, given.disagreements)
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
