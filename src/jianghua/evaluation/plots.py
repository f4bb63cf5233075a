"""Figures as SVG; matplotlib comes with the development extra, so it is asked for only when something is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jianghua.metrics.reliability import reliability_bins, risk_coverage
from jianghua.schema import InputError

Decisions = tuple[np.ndarray, np.ndarray]  # confidence, whether right; both (n,)
_LEAST_ROWS = 30  # the first rows of a curve jump between 0 and 1


def new_figure(panels: int = 1, size: tuple[float, float] = (5.0, 4.2)) -> tuple[Any, list[Any]]:
    """A figure of `panels` side by side, `size` in inches each; the same figures give the same file.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib import pyplot
    except ImportError as error:
        raise InputError("matplotlib for a plot", "none installed", "pip install matplotlib") from error
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "jianghua"
    figure, axes = pyplot.subplots(1, panels, figsize=(size[0] * panels, size[1]), layout="constrained", squeeze=False)
    return figure, list(axes[0])


def save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    # Matplotlib ends lines with blanks, which version control complains of.
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")


def plot_reliability(decisions: Mapping[str, Decisions], path: Path) -> None:
    """Hit rate against confidence, a panel an axis; the area of a point says how many decisions it stands for."""
    figure, panels = new_figure(len(decisions))
    for panel, (axis, (confidence, correct)) in zip(panels, decisions.items(), strict=True):
        bins = reliability_bins(confidence, correct)
        panel.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--", label="perfect")
        panel.plot(bins.confidence, bins.hit_rate, linewidth=1, color="#332288")
        panel.scatter(bins.confidence, bins.hit_rate, s=6 + 250 * bins.rows / bins.rows.sum(), color="#332288")
        panel.set(title=f"{axis} ({len(confidence):,} decisions)", xlabel="probability", ylabel="share that is right",
                  xlim=(0, 1), ylim=(0, 1))  # fmt: skip
        panel.grid(alpha=0.3)
    panels[0].legend(loc="upper left")
    save(figure, path)


def plot_risk_coverage(decisions: Decisions, flagged: np.ndarray, promised: float, path: Path) -> None:
    """Error among the paragraphs kept against the share kept, with the review mark's own point.

    Args:
        decisions: of the task types, one a paragraph.
        flagged: (n,) whether the paragraph is marked for review.
        promised: the error that the review mark was set to.
        path: the .svg file.
    """
    confidence, correct = decisions
    curve = risk_coverage(confidence, correct)
    shown = curve.coverage * len(confidence) >= _LEAST_ROWS
    figure, (panel,) = new_figure(size=(6.0, 4.2))
    panel.plot(curve.coverage[shown], curve.risk[shown], color="#332288", label="most confident first")
    panel.axhline(promised, color="grey", linewidth=1, linestyle="--", label=f"promised: {promised:.0%}")
    if not flagged.all():
        error, kept = 1 - correct[~flagged].mean(), 1 - flagged.mean()
        panel.plot([kept], [error], "o", color="#aa4499", label=f"not flagged: {kept:.1%} of paragraphs, {error:.1%}")
    panel.set(xlabel="coverage: share of paragraphs kept", ylabel="risk: wrong task types among them", xlim=(0, 1))
    panel.set_ylim(bottom=0)
    panel.grid(alpha=0.3)
    panel.legend(loc="upper left")
    save(figure, path)


def plot_shares(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """A dot with its interval for each group and label, the uncorrected share as a cross."""
    groups = sorted({row["group"] for row in rows})
    axes_of = {axis: [row for row in rows if row["axis"] == axis] for axis in dict.fromkeys(r["axis"] for r in rows)}
    figure, panels = new_figure(len(axes_of), size=(6, 6))
    for panel, (axis, chosen) in zip(panels, axes_of.items(), strict=True):
        labels = list(dict.fromkeys(row["label"] for row in chosen))
        for number, group in enumerate(groups):
            own = [row for row in chosen if row["group"] == group]
            heights = [labels.index(row["label"]) + 0.7 * (number + 0.5) / len(groups) - 0.35 for row in own]
            kept = [(row, y) for row, y in zip(own, heights, strict=True) if row["value"] is not None]
            spans = [[row["value"] - row["low"] for row, _ in kept], [row["high"] - row["value"] for row, _ in kept]]
            panel.errorbar([r["value"] for r, _ in kept], [y for _, y in kept], xerr=spans, fmt="o", ms=3, label=group)
            panel.plot([row["naive"] for row in own], heights, "x", ms=4, color="grey")
        panel.set_yticks(range(len(labels)), labels)
        panel.invert_yaxis()
        panel.set(title=axis, xlabel="share of paragraphs (× uncorrected)")
        panel.grid(alpha=0.3, axis="x")
    panels[0].legend(fontsize="small")
    save(figure, path)


def plot_learning_curve(points: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> None:
    """Macro-F1 against labelled paragraphs, a panel an axis and a line a system, with the intervals as bands.

    `points`: for each system the points of `evaluation.learning_curve`, of one seed.
    """
    figure, panels = new_figure(2)
    for panel, axis in zip(panels, ("task_type", "policy_domain"), strict=True):
        for system, rows in points.items():
            ordered = sorted(rows, key=lambda row: row["paragraphs"])
            sizes = [row["paragraphs"] for row in ordered]
            values, low, high = zip(*(row["scores"][axis]["macro_f1"] for row in ordered), strict=True)
            panel.plot(sizes, values, marker="o", markersize=3, label=system)
            panel.fill_between(sizes, low, high, alpha=0.2)
        panel.set(title=axis, xlabel="labelled paragraphs", ylabel="macro-F1", xscale="log")
        panel.grid(alpha=0.3, which="both")
        panel.legend(loc="lower right")
    save(figure, path)
