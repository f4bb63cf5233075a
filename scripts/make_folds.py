"""Divide annotated documents into cross-validation folds: near-duplicates together, labels of both axes balanced.

    python scripts/make_folds.py

wrote `data/folds.json` (ids only) from the annotations in ../shared. Your own documents:

    python scripts/make_folds.py --data mine.jsonl --folds 5 --output my_folds.json
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import Counter
from pathlib import Path

from jianghua.codebook import load_codebook
from jianghua.config import run
from jianghua.corpus.folds import make_folds, write_folds
from jianghua.corpus.table import load_documents

ROOT = Path(__file__).parents[1]
ANNOTATIONS = [ROOT.parent / "shared" / "annotations" / f"{name}.jsonl" for name in ("train", "dev")]


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Divide annotated documents into cross-validation folds.")
    result.add_argument("--data", type=Path, nargs="+", default=ANNOTATIONS, metavar="FILE")
    result.add_argument("--folds", type=int, default=5, metavar="N")
    result.add_argument("--seed", type=int, default=0)
    result.add_argument("--codebook", default="zhengfa", help="name or path")
    result.add_argument("--output", type=Path, default=ROOT / "data" / "folds.json", metavar="FILE.json")
    return result


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    codebook = load_codebook(given.codebook)
    documents = [document for path in given.data for document in load_documents(path, codebook)]
    folds = make_folds(documents, given.folds, given.seed)
    words = sys.argv[1:] if arguments is None else arguments
    write_folds(folds, given.output, shlex.join(["python", "scripts/make_folds.py", *words]))
    for fold, count in sorted(Counter(folds.values()).items()):
        paragraphs = sum(len(document.paragraphs) for document in documents if folds[document.id] == fold)
        print(f"fold {fold}: {count} documents, {paragraphs} paragraphs")
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
