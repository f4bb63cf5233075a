"""Evaluation results as tables for the terminal: systems side by side first, details after them.

All functions read the record that scripts/evaluate_checkpoint.py writes; F1 and shares are fractions of 1, ROUGE is
shown in hundredths as the literature does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

AXES = ("task_type", "policy_domain")
HEADS = {
    "task_type": ("task macro-F1", "accuracy", "MCC"),
    "policy_domain": ("domain macro-F1", "micro-F1", "all equal", "MCC"),
}
Record = Mapping[str, Any]


def render(record: Record) -> str:
    """Every data file of an evaluation record: the comparison first, then the details of the checkpoint."""
    tables = classifier_tables if record["kind"] == "classifier" else summarizer_tables
    lines = [f"{record['model']} · codebook {record['codebook']} · {record['dtype']} on {record['device']}"]
    lines += [f"left out: {name}: {reason}" for name, reason in record["left_out"].items()]
    for entry in record["data"]:
        lines += ["", f"## {entry['path']} (sha256 {entry['sha256'][:12]})", "", *tables(entry)]
    return "\n".join(lines) + "\n"


def classifier_tables(entry: Record) -> Iterator[str]:
    """Systems side by side with 95% intervals, calibration and review, then every label of the checkpoint."""
    yield f"{entry['paragraphs']} paragraphs of {entry['documents']} documents, {entry['uncertain']} uncertain labels"
    yield ""
    yield from _axis_comparison(entry["systems"])
    yield ""
    yield from _trust(entry)
    for axis in entry["systems"]["model"]:
        yield ""
        yield from _labels(axis, entry["systems"])


def _axis_comparison(systems: Record) -> Iterator[str]:
    axes = [axis for axis in AXES if axis in systems["model"]]
    head = ("system", *(name for axis in axes for name in HEADS[axis]))
    rows = [(name, *(cell for axis in axes for cell in _cells(axis, found[axis]))) for name, found in systems.items()]
    return table(head, rows)


def _cells(axis: str, report: Record) -> tuple[str, ...]:
    whole = (_fraction(report["subset_accuracy"]),) if axis == "policy_domain" else ()
    return _bounded(report, "macro_f1"), _bounded(report, "micro_f1"), *whole, _fraction(report["mcc"])


def _bounded(report: Record, key: str) -> str:
    low, high = report["intervals"][key]
    return f"{report[key]:.3f} [{low:.3f}, {high:.3f}]"


def _trust(entry: Record) -> Iterator[str]:
    errors, review = entry["calibration"], entry["review"]
    wrong = {name: _fraction(review[f"error{name}"]) for name in ("", "_unflagged", "_flagged")}
    yield "expected calibration error: " + ", ".join(f"{axis} {error:.3f}" for axis, error in errors.items())
    judged = "task types" if "task_type" in errors else "label sets"
    yield (
        f"needs_review (confidence below {review['review_below']:.2f}): {review['share_flagged']:.1%} flagged; "
        f"wrong {judged}: {wrong['_unflagged']} of the unflagged, {wrong['_flagged']} of the flagged, "
        f"{wrong['']} of all"
    )


def _labels(axis: str, systems: Record) -> Iterator[str]:
    others = [name for name in systems if name != "model"]
    head = (axis, "precision", "recall", "F1", "support", *(f"F1 {name}" for name in others))
    rows = [
        (
            label,
            *(_fraction(scores[key]) for key in ("precision", "recall", "f1")),
            str(scores["support"]),
            *(_fraction(systems[name][axis]["per_label"][label]["f1"]) for name in others),
        )
        for label, scores in systems["model"][axis]["per_label"].items()
    ]
    return table(head, rows)


def summarizer_tables(entry: Record) -> Iterator[str]:
    """For each kind of short text the systems side by side: ROUGE by convention, then what the texts keep."""
    yield f"{entry['documents']} documents"
    for kind, systems in entry["kinds"].items():
        yield ""
        yield from _kind(kind, systems)


def _kind(kind: str, systems: Record) -> Iterator[str]:
    if not systems:
        yield f"{kind}: no document has content"
        return
    first = next(iter(systems.values()))
    yield f"{kind}: {first['n']} texts, {first['references']} with a reference"
    if first["rouge"]:
        yield from _rouge(systems)
        yield ""
    head = (
        "system",
        "generated",
        "composed",
        "extracted",
        "empty",
        "within limit",
        "final mark right",
        "unsupported",
        "repeats",
    )
    keys = ("empty", "within_limit", "final_mark", "unsupported", "repeats")
    yield from table(head, [(name, *_hows(x), *(_fraction(x[key]) for key in keys)) for name, x in systems.items()])
    yield ""
    head = ("system", "names and numbers found in the source", "verbatim piece of the source", "novel pairs")
    rows = [(name, "{} of {}".format(*x["mentions"]), *(_fraction(x[key]) for key in ("verbatim", "novelty")))
            for name, x in systems.items()]  # fmt: skip
    yield from table(head, rows)
    yield from _coverage(systems)


def _coverage(systems: Record) -> Iterator[str]:
    """Of the documents with a label, the share whose summary draws on a paragraph with it."""
    covering = {name: figures["coverage"] for name, figures in systems.items() if "coverage" in figures}
    if not covering:
        return
    yield ""
    labels = next(iter(covering.values()))
    rows = [(label, str(count), *(_fraction(found[label][0] / count) for found in covering.values()))
            for label, (_, count) in labels.items()]  # fmt: skip
    yield from table(("label", "documents", *(f"drawn on, {name}" for name in covering)), rows)


def _rouge(systems: Record) -> Iterator[str]:
    conventions = next(iter(systems.values()))["rouge"]
    head = ("ROUGE-1/2/L × 100", *conventions, "95% of char-multiset L")
    rows = []
    for name, figures in systems.items():
        means = [" / ".join(f"{100 * value:.1f}" for value in figures["rouge"][c].values()) for c in conventions]
        low, high = figures["rougeL_interval"]
        rows.append((name, *means, f"[{100 * low:.1f}, {100 * high:.1f}]"))
    return table(head, rows)


def _hows(figures: Record) -> tuple[str, str, str]:
    how = figures["how"]
    if not how:
        return "–", "–", "–"
    return _fraction(how["generated"] + how["constrained"]), _fraction(how["composed"]), _fraction(how["extracted"])


def _fraction(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Markdown, padded so that it reads in a terminal too; the first column is set left, the others right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for line in (lines[0], rule, *lines[1:]):
        cells = [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        yield f"| {' | '.join(cells)} |"
