"""A summariser checkpoint against annotated gists, summaries and headlines, with its safety net and without.

Systems of every kind: `served` is what inference writes (`modeling.writing`), `raw` the model's own words unchecked,
the others are copies of the source. Summaries have `composed`, too: gists put together by labels, the safety net alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jianghua.evaluation.copies import (
    best_clause,
    clauses_repeated,
    gist_baselines,
    headline_baselines,
    novelty,
    summary_baselines,
    textrank,
)
from jianghua.metrics.bootstrap import interval
from jianghua.metrics.faithfulness import mentions_counted, unsupported
from jianghua.metrics.rouge import KEYS, Convention, corpus_rouge, rouge
from jianghua.modeling.composing import Part, Summary, compose, content, outline, write_summaries
from jianghua.modeling.extractive import digest
from jianghua.modeling.summarizer import LIMITS, Summarizer, generate
from jianghua.modeling.writing import Written, write_lines
from jianghua.schema import Document, InputError

CONVENTIONS: tuple[Convention, ...] = ("char-multiset", "char-set-1.0")
HOWS = ("generated", "constrained", "composed", "extracted", "empty")


@dataclass(frozen=True, slots=True)
class Output:
    """What one system wrote, how each part of it came about (nothing is known of copies), and for summaries which
    content paragraphs its words stand in (None: not known)."""

    text: str
    how: tuple[str, ...] = ()
    parts: frozenset[int] | None = None


@dataclass(frozen=True)
class Case:
    """One text to be written: what it may say, what the annotator wrote ("" for nothing), and in which document."""

    source: str
    reference: str
    document: int


@dataclass(frozen=True)
class Bodies:
    """Documents reduced to the paragraphs that short texts may use, their task types, and their gists."""

    documents: tuple[Document, ...]
    task_types: tuple[tuple[str, ...], ...]
    served: tuple[tuple[Written, ...], ...]
    raw: tuple[tuple[str, ...], ...]


# What one kind of text was made of: the kind, its cases, and by system what was written.
Shown = tuple[str, Sequence[Case], Mapping[str, Sequence[Output]]]


def evaluate_annotated(
    summarizer: Summarizer, documents: Sequence[Document], shown: list[Shown] | None = None
) -> dict[str, Any]:
    """Gists of paragraphs and summaries of documents.

    Which paragraphs a summary may use, and which matter more, follows the annotated task types; inference goes by
    predicted ones.

    Args:
        shown: what was written is added here, for a page to read.

    Returns:
        {"documents": n, "kinds": {"gist" | "summary": {system: figures of `score`}}}

    Raises:
        InputError: a paragraph without label.
    """
    bodies = write_bodies(summarizer, documents)
    kinds = {"gist": _gists(bodies), "summary": _summaries(summarizer, bodies)}
    if shown is not None:
        shown.extend((kind, *found) for kind, found in kinds.items())
    scored = {kind: _scored(kind, *found) for kind, found in kinds.items()}
    for system, outputs in kinds["summary"][1].items():
        if scored["summary"] and outputs[0].parts is not None:
            scored["summary"][system]["coverage"] = coverage(bodies, outputs)
    return {"documents": len(documents), "kinds": scored}


def evaluate_headlines(
    summarizer: Summarizer, documents: Sequence[Document], titles: Sequence[str], shown: list[Shown] | None = None
) -> dict[str, Any]:
    """Headlines of documents whose `titles` are the references; no system sees them.

    Nothing is annotated here: all paragraphs but detected headings may be used.

    Args:
        shown: what was written is added here, for a page to read.

    Returns:
        {"documents": n, "kinds": {"headline": {system: figures of `score`}}}
    """
    marks = [["heading" if p.is_heading else "" for p in document.paragraphs] for document in documents]
    bodies = [_reduced(document, content(document, mark)) for document, mark in zip(documents, marks, strict=True)]
    texts = [[p.text for p in body.paragraphs] for body in bodies]
    cases = [Case("\n".join(text), title, i) for i, (text, title) in enumerate(zip(texts, titles, strict=True))]
    sources = [case.source for case in cases]
    outputs = {
        "served": [Output(x.text, (x.how,)) for x in write_lines(summarizer, "headline", sources)],
        "raw": [Output(text) for text in _own_words(summarizer, "headline", [[source] for source in sources])],
        **_copies([headline_baselines(body) for body in bodies]),
    }
    # The title is the reference here: as a baseline it would be its own key.
    del outputs["title"]
    if shown is not None:
        shown.append(("headline", cases, outputs))
    return {"documents": len(documents), "kinds": {"headline": _scored("headline", cases, outputs)}}


def write_bodies(summarizer: Summarizer, documents: Sequence[Document]) -> Bodies:
    """Reduce labelled documents to their content and write every gist twice: as served, and unchecked.

    Raises:
        InputError: a paragraph without label.
    """
    task_types = [_task_types(document) for document in documents]
    used = [content(document, tasks) for document, tasks in zip(documents, task_types, strict=True)]
    bodies = tuple(_reduced(document, indices) for document, indices in zip(documents, used, strict=True))
    sources = [p.text for body in bodies for p in body.paragraphs]
    served = iter(write_lines(summarizer, "gist", sources))
    raw = iter(_own_words(summarizer, "gist", [[source] for source in sources]))
    return Bodies(
        bodies,
        tuple(tuple(tasks[i] for i in indices) for tasks, indices in zip(task_types, used, strict=True)),
        tuple(tuple(next(served) for _ in body.paragraphs) for body in bodies),
        tuple(tuple(next(raw) for _ in body.paragraphs) for body in bodies),
    )


def _task_types(document: Document) -> list[str]:
    tasks = [p.label.task_type for p in document.paragraphs if p.label]
    if len(tasks) != len(document.paragraphs):
        found = f"{len(document.paragraphs) - len(tasks)} without in {document.id}"
        raise InputError("a label on every paragraph", found, "label the document: its summary depends on them")
    return tasks


def _reduced(document: Document, indices: Sequence[int]) -> Document:
    return replace(document, paragraphs=tuple(document.paragraphs[i] for i in indices))


def _own_words(summarizer: Summarizer, kind: str, texts: Sequence[Sequence[str]]) -> list[str]:
    """What the model writes for a digest of each group of texts, nothing checked or trimmed."""
    sources = [digest(group, summarizer.settings.source_characters) for group in texts]
    return generate(summarizer, kind, sources) if sources else []


def _copies(baselines: Sequence[Mapping[str, str]]) -> dict[str, list[Output]]:
    names = dict.fromkeys(name for baseline in baselines for name in baseline)
    return {name: [Output(baseline[name]) for baseline in baselines] for name in names}


def _gists(bodies: Bodies) -> tuple[list[Case], dict[str, list[Output]]]:
    paragraphs = [(i, p) for i, body in enumerate(bodies.documents) for p in body.paragraphs]
    outputs = {
        "served": [Output(gist.text, (gist.how,)) for gists in bodies.served for gist in gists],
        "raw": [Output(text) for texts in bodies.raw for text in texts],
    }
    cases = [Case(p.text, p.gist, i) for i, p in paragraphs]
    return cases, outputs | _copies([gist_baselines(p) for _, p in paragraphs])


def _summaries(summarizer: Summarizer, bodies: Bodies) -> tuple[list[Case], dict[str, list[Output]]]:
    parts = list(_parts(bodies))
    budget, methods = summarizer.settings.source_characters, dict(summarizer.settings.methods)["summary"]
    outputs = {
        "served": [_output(x) for x in write_summaries(summarizer, parts)],
        "composed": [_output(compose(group, methods)) for group in parts],
        "raw": [Output(x) for x in generate(summarizer, "summary", [outline(group, budget) for group in parts])],
    }
    sources = ["\n".join(part.text for part in group) for group in parts]
    cases = [Case(sources[i], body.summary, i) for i, body in enumerate(bodies.documents)]
    return cases, outputs | _copies([summary_baselines(body) for body in bodies.documents])


def _output(summary: Summary) -> Output:
    return Output(summary.text, summary.how, frozenset(part for part, _, _ in summary.evidence))


def coverage(bodies: Bodies, outputs: Sequence[Output]) -> dict[str, list[int]]:
    """For each label of a content paragraph [summaries that draw on a paragraph with it, documents that have it]."""
    counts: dict[str, list[int]] = {}
    for body, tasks, output in zip(bodies.documents, bodies.task_types, outputs, strict=True):
        labels = [{task, *(p.label.policy_domain if p.label else ())}
                  for p, task in zip(body.paragraphs, tasks, strict=True)]  # fmt: skip
        drawn = set().union(*(labels[part] for part in output.parts or ()))
        for label in set().union(*labels):
            count = counts.setdefault(label, [0, 0])
            count[0] += label in drawn
            count[1] += 1
    return dict(sorted(counts.items(), key=lambda item: -item[1][1]))


def _parts(bodies: Bodies) -> Iterator[list[Part]]:
    """The documents as their summaries see them: with the gists that inference would write."""
    for body, tasks, gists in zip(bodies.documents, bodies.task_types, bodies.served, strict=True):
        yield [Part(p.text, task, gist.text) for p, task, gist in zip(body.paragraphs, tasks, gists, strict=True)]


def _scored(kind: str, cases: Sequence[Case], outputs: Mapping[str, Sequence[Output]]) -> dict[str, Any]:
    """Figures of every system; a case without any source has nothing to be written and is left out of all."""
    kept = [i for i, case in enumerate(cases) if case.source.strip()]
    chosen = [cases[i] for i in kept]
    systems = {name: [rows[i] for i in kept] for name, rows in outputs.items()} | _ranked(kind, chosen)
    return {name: score(kind, chosen, rows) for name, rows in systems.items()} if kept else {}


def _ranked(kind: str, cases: Sequence[Case]) -> dict[str, list[Output]]:
    """What is chosen of the whole source: by TextRank, and, knowing the reference, the best clause there is."""
    end, limit = ("。", LIMITS[kind] - 1) if kind == "summary" else ("", LIMITS[kind])
    return {
        "textrank": [Output(textrank(case.source, limit) + end) for case in cases],
        "best_clause (oracle)": [Output(best_clause(case.source, case.reference, limit) + end) for case in cases],
    }


def score(kind: str, cases: Sequence[Case], outputs: Sequence[Output]) -> dict[str, Any]:
    """Figures of one system on at least one case.

    Returns:
        `n` and `references`; `rouge` {convention: means over the cases with a reference} and `rougeL_interval`
        (char-multiset, 95%, documents resampled), both None without references; as shares of all outputs `empty`,
        `within_limit` and `final_mark` (no final 。 in gists and headlines, one in summaries); `unsupported`, the share
        of non-empty outputs with a part that metrics.faithfulness does not find in the source, and `mentions`, how
        many numbers, dates, quotations, names and organisations it finds there and found in all; `repeats`, the share
        that says a clause twice, `verbatim`, the share that is one piece of the source, `novelty`, the share of
        neighbouring characters that the source does not have; `how`, shares of the parts that were generated,
        composed of gists, extracted or empty (None for systems that do not tell).
    """
    texts = [output.text for output in outputs]
    pairs = [(case, text) for case, text in zip(cases, texts, strict=True) if case.reference]
    parts = [how for output in outputs for how in output.how]
    written = [(case, text) for case, text in zip(cases, texts, strict=True) if text]
    return {
        "n": len(cases),
        "references": len(pairs),
        "rouge": _rouge(pairs) if pairs else None,
        "rougeL_interval": _rouge_interval(pairs) if pairs else None,
        "empty": _share([not text for text in texts]),
        "within_limit": _share([len(text) <= LIMITS[kind] for text in texts]),
        "final_mark": _share([text.endswith("。") == (kind == "summary") for text in texts]),
        "unsupported": _share([bool(unsupported(text, case.source)) for case, text in written]),
        "mentions": _mentions(written),
        "repeats": _share([clauses_repeated(text) for _, text in written]),
        "verbatim": _share([text.rstrip("。") in case.source for case, text in written]),
        "novelty": novelty([text for _, text in written], [case.source for case, _ in written]),
        "how": {how: parts.count(how) / len(parts) for how in HOWS} if parts else None,
    }


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _mentions(written: Sequence[tuple[Case, str]]) -> list[int]:
    counts = [mentions_counted(text, case.source) for case, text in written]
    return [sum(good for good, _ in counts), sum(total for _, total in counts)]


def _rouge(pairs: Sequence[tuple[Case, str]]) -> dict[str, dict[str, float]]:
    written, wanted = [text for _, text in pairs], [case.reference for case, _ in pairs]
    return {convention: corpus_rouge(written, wanted, convention) for convention in CONVENTIONS}


def _rouge_interval(pairs: Sequence[tuple[Case, str]]) -> list[float]:
    by_document: dict[int, list[float]] = {}
    for case, text in pairs:
        by_document.setdefault(case.document, []).append(rouge(text, case.reference)[KEYS[-1]])
    bound = interval(list(by_document.values()), lambda values: sum(values) / len(values))
    return [bound.low, bound.high]
