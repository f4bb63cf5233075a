"""Shares of training documents, and the points of a curve."""

from __future__ import annotations

from pathlib import Path

import pytest

from jianghua.codebook import load_codebook
from jianghua.evaluation.learning_curve import curve_lines, nested_part, point
from jianghua.evaluation.out_of_fold import Row, rows_of_labels
from jianghua.evaluation.plots import plot_learning_curve
from jianghua.schema import Document, InputError, Label, Paragraph

CODEBOOK = load_codebook()
TASKS = CODEBOOK.task_type.labels
DOCUMENTS = [Document(f"d{i}", tuple(Paragraph(j, 0, 1, "文", label=Label(TASKS[(i + j) % 3])) for j in range(2)))
             for i in range(20)]  # fmt: skip
FOLDS = {document.id: i % 2 for i, document in enumerate(DOCUMENTS)}


def test_a_smaller_share_lies_in_a_larger_one() -> None:
    parts = [[d.id for d in nested_part(DOCUMENTS, share, 3)] for share in (0.1, 0.25, 1.0)]
    assert [len(part) for part in parts] == [2, 5, 20]
    assert set(parts[0]) < set(parts[1]) < set(parts[2])
    assert [d.id for d in nested_part(DOCUMENTS[::-1], 0.25, 3)] == parts[1]
    assert {d.id for d in nested_part(DOCUMENTS, 0.25, 4)} != set(parts[1])
    for share in (0.0, 1.5):
        with pytest.raises(InputError, match="expected a share above 0 and at most 1"):
            nested_part(DOCUMENTS, share, 0)


def test_nothing_is_taught_by_the_fold_that_is_labelled(tmp_path: Path) -> None:
    seen: list[tuple[set[str], set[str], int]] = []

    def teach(part: list[Document], held: list[Document], fold: int) -> list[Row]:
        seen.append(({d.id for d in part}, {d.id for d in held}, fold))
        return rows_of_labels(held, [p.label for d in held for p in d.paragraphs if p.label])

    found = point(DOCUMENTS, FOLDS, CODEBOOK, (0.5, 0), teach)
    assert [fold for _, _, fold in seen] == [0, 1]
    for part, held, fold in seen:
        assert held == {id_ for id_, number in FOLDS.items() if number == fold} and not part & held and len(part) == 5
    assert (found["documents"], found["paragraphs"]) == (5, 10)
    assert found["scores"]["task_type"]["macro_f1"] == [1.0, 1.0, 1.0]
    assert any("50%" in line for line in curve_lines([found]))
    plot_learning_curve({"one": [found, found | {"paragraphs": 20}]}, tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").read_text(encoding="utf-8").startswith("<?xml")
