"""The report of a build: what was kept, removed, labelled, left over and split, in tables a person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jianghua.codebook import Axis, Codebook
from jianghua.corpus.dedup import Groups, duplicates_within
from jianghua.corpus.labels import Joined, Unmatched, provenances
from jianghua.corpus.splits import SPLITS, Plan, label_deviation
from jianghua.schema import Document

_LISTED = 50
_EXCERPT = 40


@dataclass(frozen=True)
class Facts:
    """All that a report speaks about."""

    codebook: Codebook
    joined: Joined
    groups: Groups
    splits: Mapping[str, str]
    rejects: Sequence[Mapping[str, str]]
    removed: Sequence[Mapping[str, Any]]
    audit: Mapping[str, int]
    plan: Plan


def render_report(facts: Facts) -> str:
    """Markdown in English with Chinese label names; the same facts give the same text."""
    sections = (
        _overview, _labels, _provenance, _unmatched, _duplicates, _audit, _removed, _flags, _rejects,
    )  # fmt: skip
    lines = [f"# Corpus report (codebook {facts.codebook.name} {facts.codebook.version})"]
    for section in sections:
        lines += ["", *section(facts)]
    return "\n".join(lines) + "\n"


def _overview(facts: Facts) -> Iterator[str]:
    yield "## Splits"
    yield ""
    documents = Counter(facts.splits[d.id] for d in facts.joined.documents)
    paragraphs = Counter(facts.splits[d.id] for d in facts.joined.documents for _ in d.paragraphs)
    groups = Counter(dict(_groups_per_split(facts)))
    rows = [(s, facts.plan.fractions.get(s, 0), documents[s], groups[s], paragraphs[s]) for s in SPLITS]
    yield from table(("split", "wanted share", "documents", "groups", "paragraphs"), rows)
    empty = sum(not d.paragraphs for d in facts.joined.documents)
    yield ""
    yield (
        f"Mean deviation of a label's share from the wanted share: "
        f"{label_deviation(facts.joined.documents, facts.splits, facts.plan):.3f}. "
        f"Documents without paragraphs (no row in any split): {empty}."
    )


def _groups_per_split(facts: Facts) -> Iterator[tuple[str, int]]:
    for split in SPLITS:
        yield split, len({facts.groups.of[d.id] for d in facts.joined.documents if facts.splits[d.id] == split})


def _labels(facts: Facts) -> Iterator[str]:
    for axis in (facts.codebook.task_type, facts.codebook.policy_domain):
        yield f"## Paragraphs by {axis.name}"
        yield ""
        counts = Counter(
            (facts.splits[document.id], code) for document in facts.joined.documents for code in _codes(document, axis)
        )
        rows = [
            (
                f"{code} {axis.names_zh[code]}",
                *(counts[split, code] for split in SPLITS),
                sum(counts[s, code] for s in SPLITS),
            )
            for code in axis.labels
        ]
        yield from table((axis.name, *SPLITS, "all"), rows)
        absent = [f"{code} ({split})" for code in axis.labels for split in SPLITS if not counts[split, code]]
        yield ""
        yield f"Labels that a split lacks: {', '.join(absent) or 'none'}."
        yield ""


def _codes(document: Document, axis: Axis) -> Iterator[str]:
    for paragraph in document.paragraphs:
        if paragraph.label is not None:
            yield from (paragraph.label.task_type,) if axis.kind == "single" else paragraph.label.policy_domain


def _provenance(facts: Facts) -> Iterator[str]:
    yield "## Where the labels come from"
    yield ""
    rows = [(name or "(unlabelled)", count) for name, count in provenances(facts.joined.documents)]
    yield from table(("provenance", "paragraphs"), rows)
    uncertain = sum(p.label is not None and p.label.uncertain for d in facts.joined.documents for p in d.paragraphs)
    yield ""
    yield f"Uncertain labels: {uncertain}."


def _unmatched(facts: Facts) -> Iterator[str]:
    noise = [entry for entry in facts.joined.unmatched if entry.task_type == "boilerplate"]
    content = [entry for entry in facts.joined.unmatched if entry.task_type != "boilerplate"]
    yield "## Annotations without a paragraph"
    yield ""
    yield f"Boilerplate that cleaning removed, as it should: {len(noise)}. Others: {len(content)}."
    yield from _listed([_unmatched_line(entry) for entry in content])
    if facts.joined.ambiguous:
        yield ""
        yield f"Texts whose annotations in other documents disagree, left to the rules: {len(facts.joined.ambiguous)}."
        yield from _listed([_excerpt(text) for text in facts.joined.ambiguous])


def _unmatched_line(entry: Unmatched) -> str:
    part = ", item" if entry.item else ""
    return f"{entry.id}[{entry.index}]{part} ({entry.task_type}): {_excerpt(entry.text)}"


def _duplicates(facts: Facts) -> Iterator[str]:
    inside = duplicates_within(facts.joined.documents)
    sizes = Counter(Counter(facts.groups.of.values()).values())
    yield "## Duplicates"
    yield ""
    yield f"Near-duplicate pairs between documents: {len(facts.groups.pairs)}. Repeats within one: {len(inside)}."
    yield f"Groups by number of documents: {', '.join(f'{size}: {n}' for size, n in sorted(sizes.items()))}."
    yield from _listed(
        [
            f"{p.first}{_place(p.first_index)} ~ {p.second}{_place(p.second_index)} ({p.similarity:.2f})"
            for p in facts.groups.pairs
        ]
        + [f"{id_}[{index}] = {id_}[{earlier}]" for id_, index, earlier in inside]
    )


def _place(index: int | None) -> str:
    return "" if index is None else f"[{index}]"


def _audit(facts: Facts) -> Iterator[str]:
    yield "## Leak audit"
    yield ""
    yield from table(("across splits", "found"), list(facts.audit.items()))


def _removed(facts: Facts) -> Iterator[str]:
    yield "## Removed spans"
    yield ""
    spans = Counter(row["reason"] for row in facts.removed)
    size = Counter[str]()
    for row in facts.removed:
        size[row["reason"]] += row["end"] - row["start"]
    yield from table(("reason", "spans", "characters"), [(reason, n, size[reason]) for reason, n in ranked(spans)])


def _flags(facts: Facts) -> Iterator[str]:
    yield "## Flags"
    yield ""
    flags = Counter(flag for document in facts.joined.documents for flag in document.flags)
    yield from table(("flag", "documents"), ranked(flags))


def _rejects(facts: Facts) -> Iterator[str]:
    yield f"## Rejected files: {len(facts.rejects)}"
    yield from _listed([f"{row['source']}: {row['error']}" for row in facts.rejects])


def ranked(counter: Counter[str]) -> list[tuple[str, int]]:
    """The counts, largest first, ties by name."""
    return sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else line[:_EXCERPT] + "…"


def _listed(lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
    yield from (f"- {line}" for line in lines[:_LISTED])
    if len(lines) > _LISTED:
        yield f"- … and {len(lines) - _LISTED} more"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"
