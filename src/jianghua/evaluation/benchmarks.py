"""Public benchmarks: what was published for them, and the same figures for a checkpoint and for floors.

Every figure is computed twice: on all rows, as published, and on the rows whose text is not in the training part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from jianghua.codebook import Codebook
from jianghua.evaluation.baselines import fit_tfidf
from jianghua.evaluation.classifier import Labeller, indicators, over_sum, reference_labels, tfidf_baseline
from jianghua.evaluation.copies import first_characters
from jianghua.metrics.bootstrap import interval
from jianghua.metrics.counts import label_counts, macro_f1, micro_f1
from jianghua.metrics.rouge import KEYS, rouge
from jianghua.modeling.batching import classifier_inputs
from jianghua.modeling.classifier import Classifier, predict
from jianghua.modeling.extractive import digest
from jianghua.modeling.summarizer import Summarizer, generate
from jianghua.schema import Document, InputError, Label

Writer = Callable[[Sequence[Document]], list[str]]
RESAMPLES = 1000
SENTENCE = re.compile(r"[^。！？!?；;]+|.")
LEAD = 18  # characters: the mean length of the titles in both summary benchmarks
COUNTED = {"micro_f1": micro_f1, "macro_f1": macro_f1}


@dataclass(frozen=True)
class Benchmark:
    """What is measured on a benchmark and what others reported: groups of {source, trained_on, weights, systems}."""

    name: str
    trainer: str
    metrics: tuple[str, ...]
    scored: str
    published: tuple[Mapping[str, Any], ...]


def read_benchmarks(path: Path) -> dict[str, Benchmark]:
    """The benchmarks of a published.yaml by name.

    Raises:
        InputError: no such file, or an entry without one of the fields.
    """
    if not path.is_file():
        raise InputError("a file of published figures", f"nothing at {path}", "correct --configs")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {
            name: Benchmark(name, x["trainer"], tuple(x["metrics"]), x["scored"], tuple(x["published"]))
            for name, x in raw.items()
        }
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        found = f"{type(error).__name__}: {error} in {path}"
        raise InputError("trainer, metrics, scored and published of each benchmark", found, "correct it") from error


def model_labels(classifier: Classifier) -> Labeller:
    """What a checkpoint calls rows, by the prediction that is served."""
    return lambda documents: predict(classifier, classifier_inputs(documents)).labels()


def model_words(summarizer: Summarizer) -> Writer:
    """The model's own words for the texts of rows, unchecked, as published systems are scored."""

    def write(documents: Sequence[Document]) -> list[str]:
        sources = [digest([_text(d)], summarizer.settings.source_characters) for d in documents]
        return generate(summarizer, "headline" if documents[0].title else "summary", sources)

    return write


def label_floors(train: Sequence[Document], codebook: Codebook) -> dict[str, Labeller]:
    """TF-IDF and linear SVMs, as floors are published and with rare classes weighed up."""
    return {
        f"TF-IDF + linear SVM{suffix}": tfidf_baseline(fit_tfidf(train, codebook, balanced))
        for suffix, balanced in (("", False), (", balanced", True))
    }


def writing_floors() -> dict[str, Writer]:
    """Copies of the source: its first characters, and its first sentence without its mark."""
    return {
        f"first {LEAD} characters": lambda documents: [first_characters(_text(d), LEAD) for d in documents],
        "first sentence": lambda documents: [SENTENCE.findall(_text(d))[0] for d in documents],
    }


def score_labels(benchmark: Benchmark, labeller: Labeller, documents: Sequence[Document], new: np.ndarray) -> Any:
    """As `figures`, of the labels that `labeller` gives."""
    gold, found = reference_labels(documents), labeller(documents)
    values = {metric: label_values(metric, gold, found) for metric in benchmark.metrics}
    return figures(values, new)


def label_values(metric: str, gold: Sequence[Label], found: Sequence[Label]) -> list[Any]:
    """What one row adds to a metric of labels: right or wrong, or (3, labels) counts."""
    if metric == "accuracy":
        return [float(a.task_type == b.task_type) for a, b in zip(gold, found, strict=True)]
    if metric == "subset_accuracy":
        return [float(set(a.policy_domain) == set(b.policy_domain)) for a, b in zip(gold, found, strict=True)]
    names = sorted({name for label in (*gold, *found) for name in label.policy_domain})
    sets = ([label.policy_domain for label in labels] for labels in (gold, found))
    return list(label_counts(*(indicators(rows, names) for rows in sets)))


def score_words(benchmark: Benchmark, writer: Writer, documents: Sequence[Document], new: np.ndarray) -> Any:
    """As `figures`, of the texts that `writer` writes; a published reference is a title or a summary."""
    texts = writer(documents)
    rows = [rouge(text, d.title or d.summary, "char-set-0.3") for text, d in zip(texts, documents, strict=True)]
    return figures({metric: [row[metric] for row in rows] for metric in benchmark.metrics}, new)


def figures(values: Mapping[str, Sequence[Any]], new: np.ndarray) -> dict[str, dict[str, Any]]:
    """{"all" | "new": {"n", metric: [value, low, high]}}, 95% bootstrap over rows; "new" without rows has no metrics.

    Args:
        values: per metric what each row adds to it.
        new: (rows,) whether a row's text is not in the training part.
    """
    found: dict[str, dict[str, Any]] = {}
    for part, chosen in (("all", np.arange(len(new))), ("new", np.flatnonzero(new))):
        found[part] = {"n": len(chosen)}
        for metric, rows in values.items() if len(chosen) else ():
            bound = interval([[rows[i]] for i in chosen], _statistic(metric), n=RESAMPLES)
            found[part][metric] = [bound.value, bound.low, bound.high]
    return found


def _statistic(metric: str) -> Callable[[list[Any]], float]:
    return over_sum(COUNTED[metric]) if metric in COUNTED else lambda rows: sum(rows) / len(rows)


def new_rows(documents: Sequence[Document], train: Sequence[Document]) -> np.ndarray:
    """(documents,) whether a row's text does not stand in the training part, to the letter."""
    known = {_text(document) for document in train}
    return np.array([_text(document) not in known for document in documents])


def check_metrics(benchmark: Benchmark) -> None:
    """Refuse metrics that nothing computes.

    Raises:
        InputError: a trainer or a metric that does not exist.
    """
    known = {"classifier": ("accuracy", "subset_accuracy", *COUNTED), "summarizer": KEYS}
    if benchmark.trainer not in known or not set(benchmark.metrics) <= set(known[benchmark.trainer]):
        expected = "; ".join(f"{trainer} with {', '.join(names)}" for trainer, names in known.items())
        found = f"{benchmark.trainer} with {', '.join(benchmark.metrics)} for {benchmark.name}"
        raise InputError(expected, found, "correct published.yaml")


def _text(document: Document) -> str:
    return document.paragraphs[0].text
