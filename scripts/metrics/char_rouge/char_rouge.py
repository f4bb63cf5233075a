"""Character ROUGE of Chinese text: evaluate.load("scripts/metrics/char_rouge")."""

from __future__ import annotations

import datasets
import evaluate

from jianghua.metrics.rouge import Convention, corpus_rouge

DESCRIPTION = "Mean character ROUGE-1, -2, -L (F, 0 to 1) in a named convention; see jianghua.metrics.rouge."
INPUTS = "predictions, references: texts; convention: char-multiset, char-set-1.0 or char-set-0.3."


class CharRouge(evaluate.Metric):
    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation="",
            inputs_description=INPUTS,
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(
        self, predictions: list[str], references: list[str], convention: Convention = "char-multiset"
    ) -> dict[str, float]:
        return corpus_rouge(predictions, references, convention)
