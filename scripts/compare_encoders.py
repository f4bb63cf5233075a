"""Pretrain each variant of an encoder for the same number of tokens and fine-tune it quickly: one table.

    python scripts/compare_encoders.py --config configs/encoder/variants.yaml

Each variant is pretrained by training/pretrain_encoder.py and fine-tuned by scripts/cross_validate.py on one fold of
the annotations. Rows go to data/results/encoder_variants.jsonl; a variant that has one is not run again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianghua.config import parse_config, run
from jianghua.records import read_jsonl, write_jsonl

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "data" / "results" / "encoder_variants.jsonl"


@dataclass(frozen=True)
class Comparison:
    """`base`: the pretraining configuration; `pretrain`, `fine_tune`: overrides that all share; `variants`: name →
    overrides of its own."""

    base: Path
    variants: dict[str, list[str]]
    pretrain: list[str]
    fine_tune: list[str]
    out: Path = Path("outputs/encoder-variants")
    classifier: Path = Path("configs/classifier/compact.yaml")


def call(script: str, *arguments: str) -> None:
    """Run a launcher of this project to its end."""
    subprocess.run([sys.executable, str(ROOT / script), *arguments], check=True, cwd=ROOT)


def measure(comparison: Comparison, name: str) -> dict[str, Any]:
    folder = comparison.out / name
    places = ["--run.output_dir", str(folder / "run"), "--save_to", str(folder / "model")]
    own = [*comparison.pretrain, *comparison.variants[name]]
    if not (folder / "run" / "scores.json").is_file():
        call("training/pretrain_encoder.py", "--config", str(comparison.base), *own, *places)
    scores = json.loads((folder / "run" / "scores.json").read_text(encoding="utf-8"))
    metrics = list(read_jsonl(folder / "run" / "metrics.jsonl"))
    logged = [row for row in metrics if "tokens_per_second" in row]
    seconds = next(row["train_runtime"] for row in metrics if "train_runtime" in row)
    call("scripts/cross_validate.py", "--config", str(comparison.classifier), "--out", str(folder / "cv"),
         "--folds-to-run", "0", "--model", str(folder / "model"), *comparison.fine_tune)  # fmt: skip
    (found,) = read_jsonl(folder / "cv" / "seed-0" / "scores.json")
    axes = {axis: found["scores"][axis]["macro_f1"] for axis in ("task_type", "policy_domain")}
    speeds = sorted(row["tokens_per_second"] for row in logged)
    return {"variant": name, "overrides": own, **scores, "tokens": logged[-1]["tokens"],
            "seconds": seconds, "tokens_per_second": speeds[len(speeds) // 2], "macro_f1": axes}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0], allow_abbrev=False)
    parser.add_argument("--config", type=Path, required=True)
    given = parser.parse_args(arguments)
    comparison = parse_config(Comparison, ["--config", str(given.config)], __doc__ or "")
    rows = list(read_jsonl(RESULTS)) if RESULTS.is_file() else []
    for name in comparison.variants:
        if name not in {row["variant"] for row in rows}:
            rows.append(measure(comparison, name))
            write_jsonl(rows, RESULTS)
    print(*table(rows), sep="\n")
    return 0


def table(rows: list[dict[str, Any]]) -> list[str]:
    """The rows as Markdown."""
    heads = ["variant", "parameters (M)", "tokens (M)", "seconds", "masked loss a token", "a character", "task F1",
             "domain F1"]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        task, domain = (row["macro_f1"][axis][0] for axis in ("task_type", "policy_domain"))
        sizes = f"{row['parameters'] / 1e6:.1f} | {row['tokens'] / 1e6:.2f} | {row['seconds']:.0f}"
        losses = f"{row['held_out_masked_loss']:.3f} | {row['loss_per_character']:.3f}"
        lines.append(f"| {row['variant']} | {sizes} | {losses} | {task:.3f} | {domain:.3f} |")
    return lines


if __name__ == "__main__":
    raise SystemExit(run(main))
