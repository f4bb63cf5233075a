"""How much of the samples' content the cleaner keeps, and how much noise it leaves.

    python scripts/evaluate_cleaning.py [--samples data/samples] [--only 'b*']

Character precision and recall of kept content against the true spans of truth.jsonl, exact paragraphs, and files whose
articles are separated exactly. Word and PDF files have no true offsets and are left out.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from jianghua.config import run
from jianghua.corpus.clean import clean_file
from jianghua.corpus.readers import read_text
from jianghua.records import read_jsonl
from jianghua.schema import Document, InputError

ROOT = Path(__file__).resolve().parents[1]
NO_OFFSETS = (".docx", ".pdf")


@dataclass(frozen=True)
class Counts:
    """Characters kept, truly content, and both; paragraphs; files."""

    kept: int
    true: int
    both: int
    paragraphs: int
    exact: int
    articles_right: int


def visible(text: str, spans: list[tuple[int, int]]) -> set[int]:
    return {at for start, end in spans for at in range(start, end) if not text[at].isspace()}


def measure(path: Path, truth: dict[str, Any]) -> Counts:
    """Compare one raw file with its truth."""
    text, documents = read_text(path).text, clean_file(path)
    spans = [(s["start"], s["end"]) for s in truth["spans"] if "reason" not in s]
    true, kept = visible(text, spans), kept_characters(text, documents)
    produced = {(p.start, p.end) for d in documents for p in d.paragraphs}
    exact = sum(span in produced for span in spans)
    return Counts(len(kept), len(true), len(kept & true), len(spans), exact, int(len(documents) == len(truth["ids"])))


def kept_characters(text: str, documents: list[Document]) -> set[int]:
    inside = visible(text, [(p.start, p.end) for d in documents for p in d.paragraphs])
    return inside - visible(text, [(r.start, r.end) for d in documents for r in d.removed])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=ROOT / "data" / "samples")
    parser.add_argument("--only", default="*", help="pattern of file names")
    options = parser.parse_args()
    rows = [t for t in read_jsonl(options.samples / "truth.jsonl") if fnmatch(t["file"], options.only)]
    counts = [measure(options.samples / "raw" / t["file"], t) for t in rows if not t["file"].endswith(NO_OFFSETS)]
    if not counts:
        raise InputError("text files that match", f"none for {options.only!r}", "correct --only")
    total = {name: sum(getattr(c, name) for c in counts) for name in Counts.__dataclass_fields__}
    print(json.dumps({
        "files": len(counts), "precision": round(total["both"] / total["kept"], 4),
        "recall": round(total["both"] / total["true"], 4), "paragraphs": total["paragraphs"],
        "exact_paragraphs": total["exact"], "files_with_articles_right": total["articles_right"],
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(run(main))
