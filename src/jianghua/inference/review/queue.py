"""What to review, in the order that teaches most: uncertain, against the rules, and not all of one kind."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from jianghua.corpus.rules import RuleLabeller
from jianghua.inference.places import inside, kept_offsets
from jianghua.schema import Analysis, Label, Paragraph, ParagraphAnalysis

Reason = Literal["close_task", "close_domain", "rules_task", "rules_domain", "marked"]
AGAINST_RULES = 0.3  # as much as a margin narrower by 0.3
REPEATED = 0.85  # each earlier paragraph of the same kind makes the next one count for less
CLOSE = 0.7  # an uncertainty that is named as a reason
KINDS = 40  # clusters of texts at most
CONTEXT = 160  # characters of the paragraphs before and after


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph's enumerated item; offsets count into the paragraph's text."""

    start: int
    end: int
    task_type: str
    policy_domain: tuple[str, ...]
    gist: str


@dataclass(frozen=True, slots=True)
class Task:
    """One paragraph to review. `items` is None where the record does not tell where they stand in the text."""

    id: str
    title: str | None
    date: str | None
    source: str | None
    paragraph: ParagraphAnalysis
    items: tuple[Part, ...] | None
    before: str
    after: str
    rules: Label | None
    score: float = 0.0
    reasons: tuple[Reason, ...] = ()

    @property
    def text_sha256(self) -> str:
        return hashlib.sha256(self.paragraph.text.encode("utf-8", "surrogatepass")).hexdigest()


def make_queue(analyses: Iterable[Analysis], labeller: RuleLabeller | None) -> list[Task]:
    """Every paragraph once, the most instructive first; the same results give the same order, whoever codes.

    The score of a paragraph is its uncertainty (one less the margin between the two likeliest task types, or one
    less twice the distance of a domain from one half, whichever is larger), plus 0.3 where the keyword rules give
    another task type and half of it where they give other domains. Within a cluster of similar texts each further
    paragraph counts for 15% less, so that the first screens are not forty sentences of one kind.
    """
    tasks = [_scored(task) for analysis in analyses if not analysis.error for task in _tasks(analysis, labeller)]
    ranked = sorted(tasks, key=lambda task: (-task.score, task.id, task.paragraph.index))
    kinds = _kinds([task.paragraph.text for task in ranked])
    seen: dict[int, int] = defaultdict(int)
    worth = []
    for place, (task, kind) in enumerate(zip(ranked, kinds, strict=True)):
        worth.append((-task.score * REPEATED ** seen[kind], place))
        seen[kind] += 1
    return [ranked[place] for _, place in sorted(worth)]


def _tasks(analysis: Analysis, labeller: RuleLabeller | None) -> Iterator[Task]:
    rows = analysis.paragraphs
    for place, row in enumerate(rows):
        rules = None
        if labeller is not None:
            bare = Paragraph(row.index, row.start, row.end, row.text, row.heading, row.task_type == "heading")
            rules, _ = labeller.label(bare, place, len(rows))
        yield Task(
            analysis.id, analysis.title, analysis.date, analysis.source, row, _items(row, analysis),
            rows[place - 1].text[-CONTEXT:] if place else "",
            rows[place + 1].text[:CONTEXT] if place + 1 < len(rows) else "", rules,
        )  # fmt: skip


def _items(row: ParagraphAnalysis, analysis: Analysis) -> tuple[Part, ...] | None:
    kept = kept_offsets(row, analysis.removed, None)
    if kept is None:
        return None
    return tuple(Part(*inside(kept, i.start, i.end), i.task_type, i.policy_domain, i.gist) for i in row.items)


def _scored(task: Task) -> Task:
    row, rules = task.paragraph, task.rules
    close_task, close_domain = 1 - _margin(row.task_type_scores), _closeness(row.policy_domain_scores)
    other_task = rules is not None and not rules.uncertain and rules.task_type != row.task_type
    other_domain = rules is not None and set(rules.policy_domain) != set(row.policy_domain)
    given: Mapping[Reason, bool] = {
        "close_task": close_task >= CLOSE, "close_domain": close_domain >= CLOSE,
        "rules_task": other_task, "rules_domain": other_domain, "marked": row.needs_review,
    }  # fmt: skip
    score = max(close_task, close_domain) + AGAINST_RULES * (other_task + other_domain / 2)
    return replace(task, score=score, reasons=tuple(reason for reason, holds in given.items() if holds))


def _margin(scores: Mapping[str, float]) -> float:
    first, second = [*sorted(scores.values(), reverse=True), 0.0, 0.0][:2]
    return first - second if scores else 1.0


def _closeness(scores: Mapping[str, float]) -> float:
    return max((1 - 2 * abs(value - 0.5) for value in scores.values()), default=0.0)


def _kinds(texts: Sequence[str]) -> list[int]:
    """The cluster of each text by its character n-grams; about four texts a cluster, 40 clusters at most."""
    count = min(KINDS, len(texts) // 4)
    if count < 2:
        return [0] * len(texts)
    # Together a second to import, and only this function needs them.
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import HashingVectorizer

    grams = HashingVectorizer(analyzer="char", ngram_range=(1, 2), n_features=2**14).transform(texts)
    # reassignment_ratio 0: a cluster of one odd text is what is looked for here.
    settings = {"random_state": 0, "n_init": 3, "batch_size": 1024, "reassignment_ratio": 0}
    found = MiniBatchKMeans(count, **settings).fit_predict(grams)
    return [int(kind) for kind in found]
