"""The floor that every classifier is shown against: TF-IDF with a linear SVM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from jianghua.codebook import Codebook
from jianghua.schema import Document, InputError, Label

# The penalties of the floor that is quoted with the annotations: the figures match only with these two.
TASK_PENALTY, DOMAIN_PENALTY = 0.5, 1.0


@dataclass(frozen=True)
class TfidfBaseline:
    """Fitted vectoriser and one classifier per axis (None for an axis without labels); made by `fit_tfidf`."""

    vectorizer: TfidfVectorizer
    task_type: LinearSVC | None
    policy_domain: OneVsRestClassifier | None
    domains: tuple[str, ...]


def fit_tfidf(documents: Iterable[Document], codebook: Codebook, balanced: bool = True) -> TfidfBaseline:
    """TF-IDF of 1 to 3 characters (min_df 2, sublinear) and linear SVMs on every labelled paragraph.

    A domain without a positive or without a negative paragraph is never predicted.

    Args:
        documents: the training part.
        codebook: the labels of each axis.
        balanced: whether rare classes weigh as much as frequent ones; published floors are mostly without.

    Raises:
        InputError: fewer than two task types among the labelled paragraphs.
    """
    pairs = [(p.text, p.label) for document in documents for p in document.paragraphs if p.label is not None]
    task_types = [label.task_type for _, label in pairs]
    if codebook.task_type.labels and len(set(task_types)) < 2:
        raise InputError("paragraphs of at least two task types", f"{sorted(set(task_types))}", "add documents")
    gold = np.array([[code in label.policy_domain for code in codebook.policy_domain.labels] for _, label in pairs])
    usable = np.flatnonzero(gold.any(axis=0) & ~gold.all(axis=0))
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    features = vectorizer.fit_transform([text for text, _ in pairs])
    domains = tuple(codebook.policy_domain.labels[i] for i in usable)
    weight = "balanced" if balanced else None
    tasks, sets = (LinearSVC(C=c, class_weight=weight, random_state=0) for c in (TASK_PENALTY, DOMAIN_PENALTY))
    return TfidfBaseline(
        vectorizer,
        tasks.fit(features, task_types) if codebook.task_type.labels else None,
        OneVsRestClassifier(sets).fit(features, gold[:, usable].astype(int)) if domains else None,
        domains,
    )


def predict_tfidf(baseline: TfidfBaseline, texts: Sequence[str]) -> list[Label]:
    """One label pair per text, provenance "tfidf"."""
    if not texts:
        return []
    features = baseline.vectorizer.transform(texts)
    blank = np.zeros((len(texts), 0))
    rows = np.asarray(baseline.policy_domain.predict(features)) if baseline.policy_domain else blank
    rows = rows.reshape(len(texts), -1)
    domains = [tuple(c for c, hit in zip(baseline.domains, row, strict=True) if hit) for row in rows]
    types = baseline.task_type.predict(features) if baseline.task_type else [""] * len(texts)
    return [Label(str(task), found, "tfidf") for task, found in zip(types, domains, strict=True)]
