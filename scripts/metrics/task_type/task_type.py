"""Task types (one label per paragraph): evaluate.load("scripts/metrics/task_type")."""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from jianghua.codebook import DEFAULT, load_codebook
from jianghua.metrics.classification import single_label_report

DESCRIPTION = "Per-label precision, recall, F1; macro-F1, micro-F1, accuracy, MCC of the codebook's task types."
INPUTS = "predictions, references: label codes; codebook: name or path of the codebook."


class TaskType(evaluate.Metric):
    def _info(self) -> evaluate.MetricInfo:
        code = datasets.Value("string")
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=INPUTS,
            features=datasets.Features({"predictions": code, "references": code}),
        )

    def _compute(self, predictions: list[str], references: list[str], codebook: str = DEFAULT) -> dict[str, Any]:
        return single_label_report(references, predictions, load_codebook(codebook).task_type.labels)
