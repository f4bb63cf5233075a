"""Labels by reference → annotated documents: fetch the public sources, rebuild the paragraphs, join by hash.

    python scripts/fetch_sources.py --references data/references/*.jsonl.gz --output data/annotations

Writes one annotated <name>.jsonl for each file of references and missing.jsonl with every paragraph that no longer
matches, and why. Fetched files stay in --cache; a second run goes on where the first stopped. The texts are their
publishers'. Exit code 1: written, but more than --max_missing of the paragraphs were not found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from jianghua.codebook import DEFAULT, load_codebook
from jianghua.config import run
from jianghua.corpus.rebuild import Missing, all_missing, paragraphs_by_hash, rebuild
from jianghua.corpus.references import Reference, read_references
from jianghua.corpus.repositories import Commit, fetch_commit, read_files, write_file
from jianghua.records import write_jsonl
from jianghua.schema import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    codebook = load_codebook(options.codebook)
    files = {path: list(read_references(path, codebook)) for path in options.references}
    everything = [reference for references in files.values() for reference in references]
    records, missing = _rebuild_all(everything, options.base, options.cache)
    for path, references in files.items():
        rows = [records[reference.id] for reference in references if reference.id in records]
        write_jsonl(rows, options.output / path.name.removesuffix(".gz"))
    write_jsonl(map(asdict, missing), options.output / "missing.jsonl")
    wanted = sum(len(reference.paragraphs) for reference in everything)
    found = f"{len(records)} of {len(everything)} documents, {wanted - len(missing)} of {wanted} paragraphs"
    print(f"{options.output}: {found}")
    if len(missing) > options.max_missing * wanted:
        print(f"error: more than {options.max_missing:.0%} not found; see missing.jsonl", file=sys.stderr)
        return 1
    return 0


def _rebuild_all(references: Iterable[Reference], base: str, cache: Path) -> tuple[dict[str, Any], list[Missing]]:
    by_commit: dict[tuple[str, str], list[Reference]] = defaultdict(list)
    for reference in references:
        by_commit[reference.source.repository, reference.source.commit].append(reference)
    records: dict[str, Any] = {}
    missing: list[Missing] = []
    for (repository, commit), group in sorted(by_commit.items()):
        # One repository that is gone must not take the others with it.
        try:
            fetched = fetch_commit(base, repository, commit, cache)
            _fetch_files(fetched, group)
        except InputError as error:
            missing += [entry for reference in group for entry in all_missing(reference, str(error))]
            continue
        _rebuild_group(fetched, group, records, missing)
    return records, sorted(missing, key=lambda entry: (entry.id, entry.position))


def _fetch_files(commit: Commit, group: Iterable[Reference]) -> None:
    objects = []
    for reference in group:
        try:
            objects.append(commit.find(reference.source)[1])
        except InputError:
            continue  # reported where the document is rebuilt
    read_files(commit, objects)


def _rebuild_group(commit: Commit, group: Iterable[Reference], records: dict[str, Any], missing: list[Missing]) -> None:
    @lru_cache(maxsize=4)
    def texts(path: str, object_: str, member: str | None) -> dict[str, str]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"source{Path(path).suffix}"
            write_file(commit, object_, file)
            return paragraphs_by_hash(file, member)

    for reference in sorted(group, key=lambda reference: str(reference.source)):
        try:
            member = reference.source.parts[1] if len(reference.source.parts) > 1 else None
            record, lost = rebuild(reference, texts(*commit.find(reference.source), member))
        except InputError as error:
            record, lost = None, all_missing(reference, str(error))
        missing += lost
        if record is not None:
            records[reference.id] = record


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fetch public sources and join labels to their paragraphs.")
    parser.add_argument("--references", nargs="+", type=Path, required=True, help="files of make_references.py")
    parser.add_argument("--output", type=Path, default=Path("data/annotations"))
    parser.add_argument("--cache", type=Path, default=Path("outputs/sources"))
    parser.add_argument("--base", default="https://github.com", help="what owner/name is appended to; a folder will do")
    parser.add_argument("--max_missing", type=float, default=0.1)
    parser.add_argument("--codebook", default=DEFAULT)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(run(main))
