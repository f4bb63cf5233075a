"""Score a checkpoint on annotated documents, beside floors that need no neural model.

    python scripts/evaluate_checkpoint.py --model models/classifier-compact --data data/samples/dev.jsonl \
        [--train data/samples/train.jsonl] --output outputs/scores/classifier-compact.json

The folder says whether it holds a classifier or a summariser. Classifiers stand beside keyword rules and, with
--train, TF-IDF and a linear SVM fitted on those files; one trained on rows of other tables takes --columns as its
configuration had them (--columns text=sentence task_type=label). Summarisers also take title-body corpora (.jsonl.gz)
and write headlines for them. Each --data file is reported apart. Tables go to standard output, all figures to --output.
"""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jianghua
from jianghua.codebook import FROM_ROWS, Codebook, find_resource, load_codebook
from jianghua.config import run
from jianghua.corpus.columns import Columns
from jianghua.corpus.rules import load_rules
from jianghua.corpus.table import load_documents
from jianghua.evaluation.baselines import fit_tfidf
from jianghua.evaluation.classifier import (
    Labeller,
    check_codebook,
    evaluate_classifier,
    rule_baseline,
    tfidf_baseline,
)
from jianghua.evaluation.headlines import SUFFIX, read_headlines
from jianghua.evaluation.report import render
from jianghua.evaluation.summarizer import evaluate_annotated, evaluate_headlines
from jianghua.evaluation.summary_page import write_summary_page
from jianghua.modeling.checkpoint import checkpoint_id, checkpoint_kind
from jianghua.modeling.classifier import Classifier, load_classifier
from jianghua.modeling.summarizer import Summarizer, load_summarizer
from jianghua.records import sha256, write_manifest
from jianghua.schema import Document, InputError

Data = list[tuple[Path, list[Document]]]
KINDS = ("classifier", "summarizer")
NOTES = {
    "classifier": [
        "macro_f1 averages over the labels that occur in annotation or prediction, macro_f1_all over all",
        "micro_f1 of task_type is accuracy; mcc of policy_domain pools all (paragraph, label) decisions",
        "intervals are 95% percentile bootstraps over documents",
        "the rules may see position in the document; TF-IDF sees the text alone",
    ],
    "summarizer": [
        "ROUGE is over characters, F; char-multiset and char-set-1.0 as in jianghua.metrics.rouge",
        "content of summaries is chosen by annotated task types; inference uses predicted ones",
        "served is what inference writes; raw and raw_gists are the model's own words, unchecked",
        "copies of the source are cut to the limits of served texts; the title never is where it is the reference",
        "unsupported: the share of texts with a part that jianghua.metrics.faithfulness misses in the source",
    ],
}  # fmt: skip


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Score a checkpoint on annotated documents, beside simple floors.")
    result.add_argument("--model", type=Path, required=True, metavar="FOLDER")
    result.add_argument("--data", type=Path, required=True, nargs="+", metavar="FILE")
    result.add_argument("--train", type=Path, nargs="+", default=[], metavar="FILE", help="fits the TF-IDF floor")
    result.add_argument("--output", type=Path, required=True, metavar="FILE.json")
    result.add_argument("--codebook", help="name or path; default: the checkpoint's")
    result.add_argument("--columns", nargs="+", default=[], metavar="KEY=COLUMN", help="the files are rows of a table")
    result.add_argument("--html", type=Path, metavar="FILE.html", help="every summary beside its source, to read")
    result.add_argument("--limit", type=int, metavar="N", help="at most N documents of each file, evenly spread")
    return result


def spread(rows: Sequence[Any], limit: int | None) -> list[Any]:
    """At most `limit` rows, evenly spread."""
    if limit is None or limit >= len(rows):
        return list(rows)
    return [rows[i * len(rows) // limit] for i in range(limit)]


def documents_of(path: Path, codebook: Codebook, columns: Columns | None) -> list[Document]:
    if path.name.endswith(SUFFIX) and columns is None:
        do = f"evaluate a summariser on {SUFFIX} files, or give --columns"
        raise InputError("annotated .jsonl or .parquet", str(path), do)
    return load_documents(path, codebook, columns)


def columns_of(pairs: Sequence[str]) -> Columns | None:
    """`text=sentence task_type=label` as a column mapping."""
    names = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    known = [field.name for field in dataclasses.fields(Columns)]
    if len(names) < len(pairs) or not set(names) <= set(known) or (pairs and "text" not in names):
        expected = f"--columns text=COLUMN and KEY=COLUMN for KEY of {', '.join(known[1:])}"
        raise InputError(expected, " ".join(pairs), "correct it")
    return Columns(**names) if names else None


def codebook_of(given: argparse.Namespace, classifier: Classifier) -> Codebook:
    """The codebook that was asked for, else the checkpoint's own; for labels gathered from rows no file holds one."""
    settings = classifier.settings
    if not given.codebook and settings.codebook == FROM_ROWS:
        return Codebook.of_labels(settings.task_type, settings.policy_domain)
    return load_codebook(given.codebook or settings.codebook)


def score_classifier(given: argparse.Namespace) -> dict[str, Any]:
    if given.html:
        raise InputError("--html with a summariser only", "a classifier", "see scripts/report_cross_validation.py")
    classifier = load_classifier(given.model)
    codebook = codebook_of(given, classifier)
    check_codebook(classifier.settings, codebook)
    data = [(path, spread(documents_of(path, codebook, given.columns), given.limit)) for path in given.data]
    floors, left_out = floors_of(given, codebook, data)
    results = [(path, evaluate_classifier(classifier, documents, floors)) for path, documents in data]
    return facts(given, codebook, classifier, results) | {"left_out": left_out}


def floors_of(given: argparse.Namespace, codebook: Codebook, data: Data) -> tuple[dict[str, Labeller], dict[str, str]]:
    """The baselines that can be made, and why the others cannot."""
    floors: dict[str, Labeller] = {}
    left_out: dict[str, str] = {}
    name = f"{codebook.name}_rules.yaml"
    try:
        rules = find_resource("codebook", name)
    except InputError:
        left_out["rules"] = f"no configs/codebook/{name}"
    else:
        floors["rules"] = rule_baseline(load_rules(rules, codebook))
    if given.train:
        floors["tfidf"] = tfidf_baseline(fit_tfidf(training_documents(given, codebook, data), codebook))
    else:
        left_out["tfidf"] = "no --train files to fit it on"
    return floors, left_out


def training_documents(given: argparse.Namespace, codebook: Codebook, data: Data) -> list[Document]:
    train = [document for path in given.train for document in documents_of(path, codebook, given.columns)]
    known = {document.id for document in train}
    for path, documents in data:
        if shared := [document.id for document in documents if document.id in known]:
            found = f"{len(shared)} of {path} in both, first {shared[0]!r}"
            raise InputError("no document in both --train and --data", found, "give the training split alone")
    return train


def score_summarizer(given: argparse.Namespace) -> dict[str, Any]:
    if given.columns:
        raise InputError("--columns with a classifier only", "a summariser", "leave it out")
    if given.train:
        raise InputError("--train with a classifier only", "a summariser", "leave it out")
    summarizer, codebook = load_summarizer(given.model), load_codebook(given.codebook or "zhengfa")
    results, shown = [], []
    for path in given.data:
        if path.name.endswith(SUFFIX):
            documents, titles = read_headlines(path, lambda rows: spread(rows, given.limit))
            results.append((path, evaluate_headlines(summarizer, documents, titles, shown)))
        else:
            documents = spread(load_documents(path, codebook), given.limit)
            results.append((path, evaluate_annotated(summarizer, documents, shown)))
    if given.html:
        write_summary_page(given.html, given.model.name, shown)
    return facts(given, codebook, summarizer, results) | {"left_out": {}}


def facts(
    given: argparse.Namespace,
    codebook: Codebook,
    opened: Classifier | Summarizer,
    results: list[tuple[Path, dict[str, Any]]],
) -> dict[str, Any]:
    return {
        "version": jianghua.__version__, "model": checkpoint_id(given.model),
        "codebook": f"{codebook.name} {codebook.version}", "limit": given.limit,
        "columns": dataclasses.asdict(given.columns) if given.columns else None,
        "device": str(opened.model.device), "dtype": str(opened.model.dtype), "settings": opened.settings.to_dict(),
        "train": [{"path": path.as_posix(), "sha256": sha256(path)} for path in given.train],
        "data": [{"path": path.as_posix(), "sha256": sha256(path)} | result for path, result in results],
    }  # fmt: skip


SCORERS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "classifier": score_classifier,
    "summarizer": score_summarizer,
}


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    if given.limit is not None and given.limit < 1:
        raise InputError("--limit of 1 or more", str(given.limit), "leave it out for all documents")
    given.columns = columns_of(given.columns)
    kind = checkpoint_kind(given.model, KINDS)
    for path in (*given.data, *given.train):
        if not path.is_file():
            raise InputError("a file of documents", f"nothing at {path}", "check the path")
    words = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "scripts/evaluate_checkpoint.py", *words])
    record = {"kind": kind, "command": command, "notes": NOTES[kind]} | SCORERS[kind](given)
    write_manifest(given.output, [*given.model.glob("*.safetensors"), given.model / "jianghua.json"], record)
    print(render(record), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
