"""Choose the paragraphs most worth labelling, hand them out, and take the labels back.

    python scripts/analyze.py speeches/ --output outputs/speeches.jsonl
    python scripts/label_paragraphs.py export --analysed outputs/speeches.jsonl --count 200 \
        --output outputs/to_label.xlsx
    python scripts/label_paragraphs.py import outputs/to_label.xlsx --analysed outputs/speeches.jsonl \
        --annotator anna --output outputs/labelled.jsonl

.xlsx has drop-down lists, .json is for Label Studio (its configuration is written beside it; import what its JSON
export gives), .jsonl has an empty "label" a line. The order is that of `jianghua review`: uncertain paragraphs, those
that the codebook's rules label otherwise, and not all of one kind. That is no random sample: shares need one
(scripts/estimate_shares.py). `export --labelled FILE.jsonl` leaves out what is labelled.

    python scripts/label_paragraphs.py convert mine.csv --columns text=正文 task_type=类型 policy_domain=领域 \
        --codebook mine.yaml --output outputs/mine.jsonl

makes annotated documents of a spreadsheet of labels, a document of every row.

Import refuses, row by row, changed texts, unknown labels and paragraphs labelled twice, keeps the other rows, and ends
with 1 if it refused any. Its output trains the classifier (train_data) and is read by every script.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jianghua.codebook import Codebook, find_resource, load_codebook
from jianghua.config import run
from jianghua.corpus.columns import Columns
from jianghua.corpus.rules import load_rules
from jianghua.corpus.table import load_documents
from jianghua.evaluation.label_import import annotated_records, import_labels, read_labels
from jianghua.evaluation.label_tasks import LabelTask, write_tasks
from jianghua.evaluation.shares import read_analysed
from jianghua.inference.results import read_results
from jianghua.inference.review.queue import Task, make_queue
from jianghua.records import read_annotated, write_annotated, write_jsonl
from jianghua.schema import InputError, Label


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Hand out paragraphs to label, and take labels back.")
    commands = result.add_subparsers(dest="command", required=True)
    out = commands.add_parser("export", help="write the paragraphs most worth labelling", allow_abbrev=False)
    out.add_argument("--count", type=int, default=100, metavar="N", help="paragraphs, at most")
    out.add_argument("--labelled", type=Path, nargs="+", default=[], metavar="FILE.jsonl", help="leave these out")
    out.add_argument("--rules", metavar="FILE.yaml", help="default: the codebook's own; none: without")
    back = commands.add_parser("import", help="read labels that came back", allow_abbrev=False)
    back.add_argument("files", type=Path, nargs="+", metavar="FILE")
    back.add_argument("--annotator", required=True, metavar="NAME", help="who labelled; kept as the provenance")
    rows = commands.add_parser("convert", help="annotated documents from a spreadsheet of labels", allow_abbrev=False)
    rows.add_argument("files", type=Path, nargs="+", metavar="FILE")
    rows.add_argument("--columns", nargs="+", required=True, metavar="KEY=COLUMN", help="text=, task_type=, …")
    for command in (out, back):
        command.add_argument("--analysed", type=Path, nargs="+", required=True, metavar="FILE.jsonl")
    for command in (out, back, rows):
        command.add_argument("--codebook", default="zhengfa", metavar="NAME_OR_FILE")
        command.add_argument("--output", type=Path, required=True, metavar="FILE")
    return result


def rules_file(given: argparse.Namespace, codebook: Codebook) -> Path | None:
    if given.rules:
        return None if given.rules == "none" else Path(given.rules)
    try:
        return find_resource("codebook", f"{codebook.name}_rules.yaml")
    except InputError:
        return None


def label_task(task: Task) -> LabelTask:
    row = task.paragraph
    called = Label(row.task_type, row.policy_domain, "model")
    sure = row.task_type_scores.get(row.task_type, 0.0)
    return LabelTask(task.id, row.index, row.text, task.title, row.heading, called, sure, task.rules, task.reasons)


def export(given: argparse.Namespace, codebook: Codebook) -> int:
    if given.count < 1:
        raise InputError("--count of 1 or more", str(given.count), "correct it")
    known = {(d.id, p.index) for path in given.labelled for d in read_annotated(path, codebook) for p in d.paragraphs}
    rules = rules_file(given, codebook)
    analyses = (analysis for path in given.analysed for analysis in read_results(path, codebook))
    queue = make_queue(analyses, load_rules(rules, codebook) if rules else None)
    open_ = [task for task in queue if (task.id, task.paragraph.index) not in known]
    chosen = [label_task(task) for task in open_[: given.count]]
    write_tasks(chosen, codebook, given.output)
    print(
        f"{len(chosen)} of {len(queue)} paragraphs to label, {len(queue) - len(open_)} labelled before: {given.output}"
    )
    return 0


def take_back(given: argparse.Namespace, codebook: Codebook) -> int:
    analysed = read_analysed(given.analysed)
    rows = [row for path in given.files for row in read_labels(path)]
    found = import_labels(rows, analysed, codebook)
    for error in found.errors:
        print(f"refused: {error}", file=sys.stderr)
    if not found.labels:
        raise InputError("labelled rows", f"{found.open} open, {len(found.errors)} refused", "label some, and save")
    count = write_jsonl(annotated_records(found.labels, analysed, given.annotator), given.output)
    rest = f"{found.open} open, {len(found.errors)} refused"
    print(f"{len(found.labels)} labelled paragraphs of {count} documents, {rest}: {given.output}")
    return 1 if found.errors else 0


def convert(given: argparse.Namespace, codebook: Codebook) -> int:
    try:
        columns = Columns(**dict(pair.split("=", 1) for pair in given.columns))
    except (TypeError, ValueError) as error:
        expected = "--columns text=COLUMN task_type=COLUMN policy_domain=COLUMN"
        raise InputError(expected, " ".join(given.columns), "correct it") from error
    if not columns.task_type:
        raise InputError("a column of task types", "none in --columns", "add task_type=COLUMN")
    documents = [document for path in given.files for document in load_documents(path, codebook, columns)]
    print(f"{write_annotated(documents, given.output)} annotated documents of one paragraph: {given.output}")
    return 0


COMMANDS = {"export": export, "import": take_back, "convert": convert}


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    return COMMANDS[given.command](given, load_codebook(given.codebook))


if __name__ == "__main__":
    raise SystemExit(run(main))
