"""Combine a codebook's rules by how far annotated documents show that each can be trusted; print what that changes.

    python scripts/fit_label_model.py --train data/annotations/train.jsonl --dev data/annotations/dev.jsonl

Writes a JSON of weights and per-rule accuracies (no text). "rules" is their combination by hand, "label model" this
one: on the training documents out of fold, on --dev by the model that is written.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from jianghua.codebook import DEFAULT, Codebook, find_resource, load_codebook
from jianghua.config import run
from jianghua.corpus.label_fitting import Rows, fit_label_model, rule_rows
from jianghua.corpus.label_model import to_json
from jianghua.corpus.rules import load_rules
from jianghua.corpus.table import load_documents
from jianghua.metrics.classification import multi_label_report, single_label_report
from jianghua.schema import Label


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    book = load_codebook(options.codebook)
    rules = options.rules or find_resource("codebook", f"{book.name}_rules.yaml")
    labeller = load_rules(rules, book)
    train = rule_rows([d for path in options.train for d in load_documents(path, book)], labeller)
    model, out_of_fold = fit_label_model(train, labeller)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(to_json(model, rules), ensure_ascii=False, separators=(",", ":"))
    options.output.write_text(text + "\n", encoding="utf-8")
    _print("train, out of fold", train, out_of_fold, book)
    for path in options.dev:
        dev = rule_rows(load_documents(path, book), labeller)
        _print(path.name, dev, model.labels(*model.probabilities(dev.features)), book)
    print(f"{options.output}: {len(labeller.rules)} rules, {len(train.labels)} paragraphs")
    return 0


def _print(name: str, rows: Rows, combined: Sequence[Label], book: Codebook) -> None:
    for what, labels in (("rules", rows.rules), ("label model", combined)):
        parts = [f"{name}, {what}:"]
        if book.task_type.labels:
            sure = [(a, b) for a, b in zip(rows.labels, labels, strict=True) if not b.uncertain]
            right = sum(a.task_type == b.task_type for a, b in sure) / max(1, len(sure))
            macro, accuracy = _task(rows.labels, labels, book)
            parts.append(f"task macro-F1 {macro:.3f}, accuracy {accuracy:.3f};")
            parts.append(f"without {1 - len(sure) / len(labels):.0%} uncertain {right:.3f};")
        truth, found = [x.policy_domain for x in rows.labels], [x.policy_domain for x in labels]
        report = multi_label_report(truth, found, book.policy_domain.labels)
        parts.append(f"domain macro-F1 {report['macro_f1']:.3f}, micro-F1 {report['micro_f1']:.3f}")
        print(" ".join(parts))


def _task(truth: Sequence[Label], found: Sequence[Label], book: Codebook) -> tuple[float, float]:
    pairs = [x.task_type for x in truth], [x.task_type for x in found]
    report = single_label_report(*pairs, book.task_type.labels)
    return report["macro_f1"], report["accuracy"]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Combine rules by estimated accuracy.")
    parser.add_argument("--train", nargs="+", type=Path, required=True, help="annotated .jsonl or built .parquet")
    parser.add_argument("--dev", nargs="*", type=Path, default=[], help="measured only; nothing is chosen by it")
    parser.add_argument("--rules", type=Path, help="default: those that ship with the codebook")
    parser.add_argument("--codebook", default=DEFAULT)
    parser.add_argument("--output", type=Path, default=Path("outputs/label_model.json"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(run(main))
