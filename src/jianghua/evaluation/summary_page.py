"""Every summary beside its source, its evidence marked, what an independent checker misses named, the worst first.

The page holds the texts: it belongs into a folder that version control ignores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jianghua.evaluation.pages import write_page
from jianghua.evaluation.summarizer import Case, Output, Shown
from jianghua.metrics.faithfulness import unsupported
from jianghua.metrics.rouge import KEYS, rouge
from jianghua.modeling.grounding import locate

LONGEST_SOURCE = 3000  # characters shown of a source


@dataclass(frozen=True, slots=True)
class Row:
    """One text: what was to be written, what was served and by what way, what it lacks support for, its source in
    pieces (text, whether it is evidence), and the other systems' texts."""

    kind: str
    score: float | None
    reference: str
    served: str
    how: str
    unsupported: tuple[str, ...]
    source: tuple[tuple[str, bool], ...]
    cut: bool
    others: tuple[tuple[str, str], ...]


def rows_of(shown: Sequence[Shown]) -> list[Row]:
    """All texts, those without support first, then by ROUGE-L, lowest first; those without a reference last."""
    rows = [row for kind, cases, outputs in shown for row in _rows(kind, cases, outputs)]
    return sorted(rows, key=lambda row: (not row.unsupported, 2.0 if row.score is None else row.score))


def _rows(kind: str, cases: Sequence[Case], outputs: Mapping[str, Sequence[Output]]) -> Iterator[Row]:
    for i, case in enumerate(cases):
        served = outputs["served"][i]
        score = rouge(served.text, case.reference)[KEYS[-1]] if case.reference else None
        others = tuple((name, rows[i].text) for name, rows in outputs.items() if name != "served")
        source = case.source[:LONGEST_SOURCE]
        yield Row(
            kind, score, case.reference, served.text, ", ".join(dict.fromkeys(served.how)),
            tuple(unsupported(served.text, case.source)), tuple(_pieces(source, locate(served.text, source))),
            len(source) < len(case.source), others,
        )  # fmt: skip


def _pieces(source: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    at = 0
    for start, end in spans:
        yield source[at:start], False
        yield source[start:end], True
        at = end
    yield source[at:], False


def write_summary_page(path: Path, name: str, shown: Sequence[Shown]) -> None:
    """Write the page of what `evaluate_annotated` and `evaluate_headlines` have shown, for the checkpoint `name`."""
    write_page(path, "summaries", {"name": name, "rows": rows_of(shown)})
