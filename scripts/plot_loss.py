"""Draw the loss curve of a pretraining run.

python scripts/plot_loss.py --run outputs/encoder-compact --output models/encoder-compact/loss.svg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot

from jianghua.config import run
from jianghua.records import read_jsonl
from jianghua.schema import InputError


def curves(folder: Path) -> dict[str, tuple[list[float], list[float]]]:
    """Steps and values of the training loss and the held-out masked loss; of a resumed run, what was logged last.

    Raises:
        InputError: no log there, or one without a loss.
    """
    latest = {(row["step"], name): row[name] for row in read_jsonl(folder / "metrics.jsonl")
              for name in ("loss", "eval_loss") if name in row}  # fmt: skip
    if not latest:
        raise InputError("logged losses", f"none in {folder / 'metrics.jsonl'}", "give the output_dir of a run")
    found: dict[str, tuple[list[float], list[float]]] = {}
    for (step, name), value in sorted(latest.items()):
        steps, values = found.setdefault(name, ([], []))
        steps.append(step)
        values.append(value)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0], allow_abbrev=False)
    parser.add_argument("--run", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.svg")
    given = parser.parse_args(arguments)
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "jianghua"  # the same log gives the same file
    figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    names = {"loss": "training (causal and masked)", "eval_loss": "held-out, 15% masked"}
    for name, (steps, values) in curves(given.run).items():
        axes.plot(steps, values, label=names[name], linewidth=1)
    axes.set(xlabel="step", ylabel="cross-entropy (nats a token)")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(given.output, metadata={"Date": None})
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
