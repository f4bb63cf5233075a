"""Annotated documents → labels by reference: id, public source, paragraph hashes, labels; no text.

    python scripts/make_references.py --annotations data/annotations/train.jsonl data/annotations/dev.jsonl \
        --output data/references --provenance "machine reading"

Writes one <name>.jsonl.gz for each file and, last, manifest.json.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from jianghua.codebook import DEFAULT, Codebook, load_codebook
from jianghua.config import run
from jianghua.corpus.references import HASH, make_reference, write_references
from jianghua.records import read_annotated, write_manifest


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    codebook = load_codebook(options.codebook)
    written: list[Path] = []
    left_out = documents = paragraphs = 0
    for path in options.annotations:
        made = [make_reference(document) for document in read_annotated(path, codebook)]
        target = options.output / f"{path.name.removesuffix('.gz').removesuffix('.jsonl')}.jsonl.gz"
        documents += write_references([reference for reference, _ in made], target, options.provenance)
        paragraphs += sum(len(reference.paragraphs) for reference, _ in made)
        left_out += sum(count for _, count in made)
        written.append(target)
    write_manifest(options.output / "manifest.json", written, _facts(codebook, documents, paragraphs, left_out))
    print(f"{options.output}: {documents} documents, {paragraphs} paragraphs; {left_out} without letters left out")
    return 0


def _facts(codebook: Codebook, documents: int, paragraphs: int, left_out: int) -> dict[str, object]:
    return {
        "made_by": "python scripts/make_references.py",
        "codebook": {"name": codebook.name, "version": codebook.version},
        "hash": HASH,
        "documents": documents,
        "paragraphs": paragraphs,
        "paragraphs without a letter or digit, left out": left_out,
    }


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Labels by reference, without text.")
    parser.add_argument("--annotations", nargs="+", type=Path, required=True, help="annotated .jsonl files")
    parser.add_argument("--output", type=Path, default=Path("data/references"))
    parser.add_argument("--provenance", help="who set the labels; replaces what the files say")
    parser.add_argument("--codebook", default=DEFAULT)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(run(main))
