"""Floors that every summary is shown against: copied text, TextRank, and the best that a copied clause could be."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import networkx

from jianghua.metrics.rouge import KEYS, rouge
from jianghua.modeling.extractive import SENTENCE, Line, candidate_lines, first_line
from jianghua.modeling.summarizer import LIMITS
from jianghua.schema import Document, Paragraph

SUMMARY_LENGTH = LIMITS["summary"]
GIST_LENGTH = LIMITS["gist"]
HEADLINE_LENGTH = LIMITS["headline"]
EMPTY_GIST_TYPES = ("heading", "boilerplate")
PROMISING = 40  # clauses whose ROUGE-L is computed: those that share most characters with the reference

_SENTENCE = re.compile(r".*?[。！？!?]+[”’」』）)]*|.+", re.DOTALL)
_STOPS = "。；;，,、：: "


def lead_sentence(text: str, limit: int) -> str:
    """The first sentence, cut to `limit` characters; "" for blank text."""
    match = _SENTENCE.match(text.strip())
    return match.group()[:limit] if match else ""


def first_characters(text: str, limit: int) -> str:
    """The first `limit` characters, outer white space removed."""
    return text.strip()[:limit]


def summary_baselines(document: Document) -> dict[str, str]:
    """Summaries of at most 100 characters that end with 。, by name: `lead_sentence`, `first_characters`, `title`.

    Headings and boilerplate, where labelled, are skipped; a document without content or title gives "".
    """
    content = next((p.text for p in document.paragraphs if _has_content(p)), "")
    joined = "".join(p.text for p in document.paragraphs if _has_content(p))
    room = SUMMARY_LENGTH - 1
    texts = {
        "lead_sentence": lead_sentence(content, room),
        "first_characters": first_characters(joined, room),
        "title": first_characters(document.title or "", room),
    }
    return {name: _stopped(text) for name, text in texts.items()}


def headline_baselines(document: Document) -> dict[str, str]:
    """Headlines of at most 30 characters without final 。, by name: `lead_sentence`, `first_characters`, `title`."""
    content = next((p.text for p in document.paragraphs if _has_content(p)), "")
    texts = {
        "lead_sentence": lead_sentence(content, HEADLINE_LENGTH),
        "first_characters": first_characters(content, HEADLINE_LENGTH),
        "title": first_characters(document.title or "", HEADLINE_LENGTH),
    }
    return {name: text.rstrip(_STOPS) for name, text in texts.items()}


def gist_baselines(paragraph: Paragraph) -> dict[str, str]:
    """Gists of at most 30 characters without final 。, by name: `lead_sentence`, `first_characters`.

    Empty for paragraphs that are labelled heading or boilerplate, as the format demands.
    """
    text = paragraph.text if _has_content(paragraph) else ""
    texts = {"lead_sentence": lead_sentence(text, GIST_LENGTH), "first_characters": first_characters(text, GIST_LENGTH)}
    return {name: value.rstrip(_STOPS) for name, value in texts.items()}


def _has_content(paragraph: Paragraph) -> bool:
    return paragraph.label is None or paragraph.label.task_type not in EMPTY_GIST_TYPES


def _stopped(text: str) -> str:
    return text.rstrip(_STOPS) + "。" if text.rstrip(_STOPS) else ""


def ranked_sentences(source: str) -> list[str]:
    """The sentences of a text by TextRank (Mihalcea & Tarau 2004) over shared character pairs, highest first."""
    sentences = list(dict.fromkeys(m.group().strip() for m in SENTENCE.finditer(source) if m.group().strip()))
    pairs = [{text[i : i + 2] for i in range(len(text) - 1)} for text in sentences]
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(sentences)))
    for i, first in enumerate(pairs):
        for j, second in enumerate(pairs[:i]):
            if shared := len(first & second):
                graph.add_edge(i, j, weight=shared / (math.log(len(first) + 1) + math.log(len(second) + 1)))
    ranks = networkx.pagerank(graph) if sentences else {}
    return [sentences[i] for i in sorted(ranks, key=lambda i: (-ranks[i], i))]


def textrank(source: str, limit: int) -> str:
    """The sentences that TextRank puts first, in document order, as many as fit; at least what fits of the first."""
    chosen: list[str] = []
    for sentence in ranked_sentences(source):
        if sum(map(len, chosen)) + len(sentence) <= limit:
            chosen.append(sentence)
        elif not chosen:
            return first_line(sentence, limit).text
    return "".join(sorted(chosen, key=source.index)).rstrip(_STOPS)


def best_clause(source: str, reference: str, limit: int) -> str:
    """The run of clauses with the highest ROUGE-L against the reference: no system, but what copying could reach."""

    def shared(line: Line) -> float:
        return len(set(line.text) & set(reference)) / (len(set(line.text)) + len(set(reference)))

    lines = sorted(candidate_lines(source, limit), key=shared, reverse=True)[:PROMISING]
    return max((line.text for line in lines), key=lambda text: rouge(text, reference)[KEYS[-1]], default="")


def clauses_repeated(text: str) -> bool:
    """Whether a clause of at least four characters stands in the text twice."""
    clauses = [clause for clause in re.split("[，,；;。：:、！？!?]", text) if len(clause) >= 4]
    return len(clauses) != len(set(clauses))


def novelty(texts: Sequence[str], sources: Sequence[str]) -> float | None:
    """The share of neighbouring characters of the texts that their sources do not have side by side."""
    pairs = [text[i : i + 2] in source for text, source in zip(texts, sources, strict=True)
             for i in range(len(text) - 1)]  # fmt: skip
    return 1 - sum(pairs) / len(pairs) if pairs else None
