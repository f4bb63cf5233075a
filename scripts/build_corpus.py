"""Build a labelled, split corpus from raw files or annotated documents.

    python scripts/build_corpus.py --config configs/corpus/samples.yaml [--output DIR] [--seed 1]

Writes train.parquet, dev.parquet, test.parquet (one row a paragraph), rejects.jsonl, removed.jsonl, report.md,
README.md (the data card) and, last, manifest.json. A build that was interrupted goes on where it stopped; --processes
and --shard_size change how fast, not what. Exit code 2: an input that cannot be used; 1: built, but more files
rejected than --max_reject.
"""

from __future__ import annotations

import sys

from jianghua.config import parse_config, run
from jianghua.corpus.build import CorpusConfig, build_corpus


def main(arguments: list[str] | None = None) -> int:
    config = parse_config(CorpusConfig, arguments, "Build a labelled, split corpus.")
    built = build_corpus(config)
    rows = ", ".join(f"{name} {count}" for name, count in built.rows.items())
    print(f"{config.output}: {rows} rows; {built.rejected} of {built.files} files rejected")
    if built.rejected > config.max_reject * built.files:
        print(f"error: more than {config.max_reject:.0%} rejected; see rejects.jsonl", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
