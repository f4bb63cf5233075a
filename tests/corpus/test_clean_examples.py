"""The five shared examples against a truth of line numbers (no text of theirs is kept here)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jianghua.corpus.clean import clean_file
from jianghua.schema import Document

_ROOT = Path(__file__).resolve().parents[2]
_EXAMPLES = _ROOT.parent / "shared" / "examples"
_TRUTH = json.loads((_ROOT / "tests" / "data" / "examples_truth.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.skipif(not _EXAMPLES.is_dir(), reason="the shared examples are not here")


def _read(name: str) -> tuple[str, list[tuple[int, int]], list[Document]]:
    path = _EXAMPLES / f"{name}.txt"
    text = path.read_bytes().decode("utf-8")
    spans, at = [], 0
    for line in text.split("\n"):
        spans.append((at, at + len(line)))
        at += len(line) + 1
    return text, spans, clean_file(path)


def _kept(documents: list[Document]) -> set[int]:
    kept = {at for d in documents for p in d.paragraphs for at in range(p.start, p.end)}
    return kept - {at for d in documents for r in d.removed for at in range(r.start, r.end)}


@pytest.mark.parametrize("name", sorted(_TRUTH))
def test_kept_content(name: str) -> None:
    text, spans, documents = _read(name)
    visible = {at for at, ch in enumerate(text) if not ch.isspace()}
    true = {at for line in _TRUTH[name]["content"] for at in range(*spans[line - 1])} & visible
    kept = _kept(documents) & visible
    assert len(kept & true) / len(kept) >= 0.995
    assert len(kept & true) / len(true) >= 0.995


@pytest.mark.parametrize("name", sorted(_TRUTH))
def test_every_noise_line_is_removed_for_its_reason(name: str) -> None:
    text, spans, documents = _read(name)
    reasons = {at: r.reason for d in documents for r in d.removed for at in range(r.start, r.end)}
    for line, reason in _TRUTH[name]["noise"].items():
        start, end = spans[int(line) - 1]
        found = {reasons.get(at) for at in range(start, end) if not text[at].isspace()}
        assert found == {reason}, f"line {line}"


@pytest.mark.parametrize("name", sorted(_TRUTH))
def test_articles_joins_and_metadata(name: str) -> None:
    _, spans, documents = _read(name)
    truth = _TRUTH[name]
    assert [d.paragraphs[0].start for d in documents] == [spans[line - 1][0] for line in truth["articles"]]
    paragraphs = {(p.start, p.end) for d in documents for p in d.paragraphs}
    for first, last in truth["joined"]:
        assert any(start == spans[first - 1][0] and end >= spans[last - 1][0] for start, end in paragraphs)
    assert documents[0].date == truth["date"]
    assert set(documents[0].flags) == set(truth["flags"])
