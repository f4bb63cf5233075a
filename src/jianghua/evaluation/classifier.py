"""A classifier checkpoint against annotated documents, beside keyword rules and TF-IDF with a linear SVM.

Predictions are those of `modeling.classifier.predict`, with title and heading path as context: what is measured here
is what is served.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from jianghua.codebook import Codebook
from jianghua.corpus.rules import RuleLabeller
from jianghua.evaluation.baselines import TfidfBaseline, predict_tfidf
from jianghua.metrics.bootstrap import interval
from jianghua.metrics.classification import expected_calibration_error
from jianghua.metrics.counts import decisions_mcc, label_counts, macro_f1, micro_f1
from jianghua.modeling.batching import classifier_inputs
from jianghua.modeling.classifier import Classifier, ClassifierSettings, Prediction, judged, label_scores, predict
from jianghua.schema import Document, InputError, Label

Labeller = Callable[[Sequence[Document]], list[Label]]
RESAMPLES = 1000


def evaluate_classifier(
    classifier: Classifier, documents: Sequence[Document], baselines: Mapping[str, Labeller]
) -> dict[str, Any]:
    """Score the checkpoint and `baselines` on every labelled paragraph of `documents`.

    Returns:
        `documents`, `paragraphs`, `uncertain` (how many labels the annotator hesitated about), `systems`
        {"model" or baseline: {axis: report of metrics.classification with `mcc` and 95% `intervals`}}, `calibration`
        {axis: expected calibration error} and `review` (see `review_figures`).

    Raises:
        InputError: no labelled paragraph, or a label that the checkpoint does not know.
    """
    labels = reference_labels(documents)
    if not labels:
        raise InputError("labelled paragraphs", f"none in {len(documents)} documents", "give annotated documents")
    prediction = predict(classifier, classifier_inputs(documents))
    found = {"model": prediction.labels()} | {name: baseline(documents) for name, baseline in baselines.items()}
    sizes = [len(reference_labels([document])) for document in documents]
    return {
        "documents": len(documents),
        "paragraphs": len(labels),
        "uncertain": sum(label.uncertain for label in labels),
        "systems": {name: _system(rows, labels, classifier.settings, sizes) for name, rows in found.items()},
        "calibration": calibration_errors(prediction, labels),
        "review": review_figures(prediction, labels),
    }


def reference_labels(documents: Sequence[Document]) -> list[Label]:
    """The labels of the labelled paragraphs, in the order of `modeling.batching.classifier_inputs`."""
    return [p.label for document in documents for p in document.paragraphs if p.label]


def rule_baseline(labeller: RuleLabeller) -> Labeller:
    """Keyword rules as a baseline."""

    def run(documents: Sequence[Document]) -> list[Label]:
        return [
            labeller.label(paragraph, position, len(document.paragraphs))[0]
            for document in documents
            for position, paragraph in enumerate(document.paragraphs)
            if paragraph.label
        ]

    return run


def tfidf_baseline(fitted: TfidfBaseline) -> Labeller:
    """A fitted TF-IDF and SVM as a baseline."""

    def run(documents: Sequence[Document]) -> list[Label]:
        return predict_tfidf(fitted, [p.text for document in documents for p in document.paragraphs if p.label])

    return run


def check_codebook(settings: ClassifierSettings, codebook: Codebook) -> None:
    """Refuse to score a checkpoint by a codebook with other labels than it was trained with.

    Raises:
        InputError: labels that one of the two lacks.
    """
    for axis, known in ((codebook.task_type, settings.task_type), (codebook.policy_domain, settings.policy_domain)):
        if differing := sorted(set(axis.labels) ^ set(known)):
            raise InputError(
                f"the {axis.name} labels of codebook {codebook.name} {codebook.version}",
                f"a checkpoint of {settings.codebook} {settings.codebook_version} that differs in "
                f"{', '.join(differing)}",
                "give --codebook, or train again",
            )


def calibration_errors(prediction: Prediction, labels: Sequence[Label]) -> dict[str, float]:
    """Expected calibration error of each axis with labels, 15 bins: confidence in the task type that is called, and
    the probability of every domain label on every paragraph."""
    settings, errors = prediction.settings, {}
    if settings.task_type:
        tasks = np.array([a == b.task_type for a, b in zip(prediction.task_labels(), labels, strict=True)])
        errors["task_type"] = expected_calibration_error(prediction.task.max(axis=1).clip(0, 1), tasks)
    if settings.policy_domain:
        domains = indicators([label.policy_domain for label in labels], settings.policy_domain)
        errors["policy_domain"] = expected_calibration_error(prediction.domain.ravel().clip(0, 1), domains.ravel())
    return errors


def review_figures(prediction: Prediction, labels: Sequence[Label]) -> dict[str, float | None]:
    """What the review mark is worth: the share of paragraphs flagged, and the share of wrong task types (without that
    axis: of wrong sets) among all, the flagged and the unflagged (None where there are none)."""
    pairs = zip(prediction.labels(), labels, strict=True)
    wrong = np.array([judged(a, prediction.settings) != judged(b, prediction.settings) for a, b in pairs])
    flagged = np.array(prediction.needs_review())
    return {
        "review_below": prediction.settings.review_below,
        "share_flagged": float(flagged.mean()),
        "error": _share(wrong),
        "error_flagged": _share(wrong[flagged]),
        "error_unflagged": _share(wrong[~flagged]),
    }


def _share(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _system(
    found: Sequence[Label], labels: Sequence[Label], settings: ClassifierSettings, sizes: Sequence[int]
) -> dict[str, Any]:
    report = label_scores(found, labels, settings)
    if settings.task_type:
        tasks = [indicators([(x.task_type,) for x in rows], settings.task_type) for rows in (labels, found)]
        report["task_type"]["intervals"] = f1_intervals(tasks[0], tasks[1], sizes)
    if settings.policy_domain:
        domains = [indicators([x.policy_domain for x in rows], settings.policy_domain) for rows in (labels, found)]
        report["policy_domain"]["mcc"] = pooled_mcc(domains[0], domains[1])
        report["policy_domain"]["intervals"] = f1_intervals(domains[0], domains[1], sizes)
    return report


def pooled_mcc(reference: np.ndarray, found: np.ndarray) -> float:
    """Matthews correlation over all (paragraph, label) decisions of (n, k) indicators; 0.0 where undefined."""
    return decisions_mcc(label_counts(reference, found).sum(axis=0), len(reference))


def f1_intervals(reference: np.ndarray, found: np.ndarray, sizes: Sequence[int]) -> dict[str, list[float]]:
    """95% bootstrap bounds [low, high] of `macro_f1` and `micro_f1`, whole documents resampled.

    Args:
        reference: (n, k) indicators, document after document.
        found: the same of what was predicted.
        sizes: rows of each document, n in all.
    """
    counts = label_counts(reference, found)
    ends = np.cumsum(sizes)
    # A document enters by its sums alone: a resample then costs an addition a document, not a report.
    summed = [[counts[end - size : end].sum(axis=0)] for end, size in zip(ends, sizes, strict=True) if size]
    bounds = {name: interval(summed, over_sum(statistic), n=RESAMPLES) for name, statistic in _STATISTICS.items()}
    return {name: [bound.low, bound.high] for name, bound in bounds.items()}


def over_sum(statistic: Callable[[np.ndarray], float]) -> Callable[[list[np.ndarray]], float]:
    """`statistic` of the sum of drawn documents' counts, as `metrics.bootstrap.interval` wants it."""
    return lambda drawn: statistic(np.sum(drawn, axis=0))


_STATISTICS = {"macro_f1": macro_f1, "micro_f1": micro_f1}


def indicators(rows: Sequence[Collection[str]], names: Sequence[str]) -> np.ndarray:
    """(n, names) of whether a row holds a name."""
    return np.array([[name in row for name in names] for row in rows], dtype=bool).reshape(len(rows), len(names))
