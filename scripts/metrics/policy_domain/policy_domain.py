"""Policy domains (a label set per paragraph): evaluate.load("scripts/metrics/policy_domain")."""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from jianghua.codebook import DEFAULT, load_codebook
from jianghua.metrics.classification import multi_label_report

DESCRIPTION = "Per-label precision, recall, F1; macro-F1, micro-F1, subset accuracy of the codebook's policy domains."
INPUTS = "predictions, references: lists of label codes, may be empty; codebook: name or path of the codebook."


class PolicyDomain(evaluate.Metric):
    def _info(self) -> evaluate.MetricInfo:
        codes = datasets.List(datasets.Value("string"))
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=INPUTS,
            features=datasets.Features({"predictions": codes, "references": codes}),
        )

    def _compute(
        self, predictions: list[list[str]], references: list[list[str]], codebook: str = DEFAULT
    ) -> dict[str, Any]:
        return multi_label_report(references, predictions, load_codebook(codebook).policy_domain.labels)
