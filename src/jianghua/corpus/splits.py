"""Leak-free splits: whole groups, as balanced over every label as a greedy search can make them, and their audit."""

from __future__ import annotations

import fnmatch
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jianghua.corpus.dedup import MIN_CHARACTERS, SIMILARITY, is_long
from jianghua.corpus.keys import jaccard, shingles, text_key
from jianghua.schema import Document, InputError

SPLITS = ("train", "dev", "test")

_TRIALS = 20


@dataclass(frozen=True)
class Plan:
    """Shares of the splits (sum 1), the seed of the search, and patterns of ids or file names that are forced."""

    fractions: Mapping[str, float]
    seed: int = 0
    forced: Mapping[str, Sequence[str]] | None = None

    def __post_init__(self) -> None:
        for names, what in ((self.fractions, "fractions"), (self.forced or {}, "forced")):
            if unknown := sorted(set(names) - set(SPLITS)):
                raise InputError(f"{what} for {', '.join(SPLITS)}", ", ".join(unknown), "rename them")
        total = math.fsum(self.fractions.values())
        if min(self.fractions.values(), default=-1) < 0 or not math.isclose(total, 1, abs_tol=1e-6):
            raise InputError("fractions ≥ 0 that sum to 1", f"{dict(self.fractions)}", "correct the fractions")


def assign_splits(
    documents: Sequence[Document], groups: Mapping[str, str], files: Mapping[str, str], plan: Plan
) -> dict[str, str]:
    """The split of each document id; documents of one group always share it.

    Forced splits are set first (`plan.forced`: split → shell patterns over document ids and file names; the first
    split in the mapping's order that matches wins). The other groups follow, rarest labels and largest groups first,
    each to the split whose paragraph and label counts it brings closest to `plan.fractions`; the best of 20 seeded
    orders is kept. The result depends on neither the order of `documents` nor PYTHONHASHSEED.

    Raises:
        InputError: one group is forced into two splits.
    """
    members = _members(documents, groups)
    fixed = _forced(members, files, plan.forced or {})
    names = [name for name in SPLITS if plan.fractions.get(name, 0) > 0]
    counts = _label_counts(members)
    shares = np.array([plan.fractions[name] for name in names])
    free = [group for group in sorted(members) if group not in fixed]
    start = np.stack([_total(counts, [g for g, s in fixed.items() if s == name]) for name in names])
    chosen = _best(free, counts, (start, shares), plan.seed)
    split_of_group = {**fixed, **{group: names[split] for group, split in chosen.items()}}
    return {document.id: split_of_group[groups[document.id]] for document in documents}


def assign_folds(documents: Sequence[Document], groups: Mapping[str, str], count: int, seed: int = 0) -> dict[str, int]:
    """The fold (0 to `count` - 1) of each document id, by the search of `assign_splits` with equal shares.

    Raises:
        InputError: fewer than two folds, or fewer groups than folds.
    """
    members = _members(documents, groups)
    if not 2 <= count <= len(members):
        raise InputError(f"2 to {len(members)} folds, one group at least in each", str(count), "correct the number")
    counts = _label_counts(members)
    start = np.zeros((count, len(next(iter(counts.values())))))
    chosen = _best(sorted(members), counts, (start, np.full(count, 1 / count)), seed)
    return {document.id: chosen[groups[document.id]] for document in documents}


def audit(
    documents: Sequence[Document],
    groups: Mapping[str, str],
    splits: Mapping[str, str],
    min_characters: int = MIN_CHARACTERS,
) -> dict[str, int]:
    """Count what crosses splits: groups, equal texts, and paragraph pairs of Jaccard similarity ≥ .8.

    Only paragraphs of at least `min_characters` letters and digits count; headings and boilerplate are exempt. The
    search for pairs is exact and shares nothing with the one that made the groups.

    Raises:
        InputError: any of the three is not zero; names the first leak of each kind.
    """
    rows = [
        (text_key(p.text), splits[d.id], f"{d.id}[{p.index}]")
        for d in sorted(documents, key=lambda d: d.id)
        for p in d.paragraphs
        if is_long(p, min_characters)
    ]
    leaks = {
        "groups": list(_crossing_groups(groups, splits)),
        "equal texts": list(_equal_across(rows)),
        "near-duplicates": list(_similar_across(rows)),
    }
    if any(leaks.values()):
        found = "; ".join(f"{len(rows)} {kind} ({rows[0]})" for kind, rows in leaks.items() if rows)
        raise InputError("nothing shared between splits", found, "group these documents, or remove one of each")
    return {kind: len(found) for kind, found in leaks.items()} | {"paragraphs compared": len(rows)}


def label_deviation(documents: Iterable[Document], splits: Mapping[str, str], plan: Plan) -> float:
    """Mean over labels of the largest distance between a split's share of the label and its fraction, 0 to 1."""
    by_split: dict[str, Counter[str]] = defaultdict(Counter)
    for document in documents:
        by_split[splits[document.id]].update(_labels(document))
    totals = sum(by_split.values(), Counter())
    distances = [
        max(abs(by_split[name][code] / total - plan.fractions.get(name, 0)) for name in SPLITS)
        for code, total in totals.items()
    ]
    return sum(distances) / len(distances) if distances else 0.0


def _members(documents: Iterable[Document], groups: Mapping[str, str]) -> dict[str, list[Document]]:
    members: dict[str, list[Document]] = defaultdict(list)
    for document in sorted(documents, key=lambda document: document.id):
        members[groups[document.id]].append(document)
    return members


def _forced(
    members: Mapping[str, list[Document]], files: Mapping[str, str], forced: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for group, documents in members.items():
        wanted = {d.id: split for d in documents if (split := _match(d.id, files[d.id], forced))}
        if len(set(wanted.values())) > 1:
            listed = ", ".join(f"{id_} in {split}" for id_, split in sorted(wanted.items()))
            raise InputError(
                "one forced split for each group of near-duplicates", listed, "remove one of the documents"
            )
        if wanted:
            found[group] = next(iter(wanted.values()))
    return found


def _match(id_: str, file: str, forced: Mapping[str, Sequence[str]]) -> str | None:
    for split, patterns in forced.items():
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns for name in (id_, file)):
            return split
    return None


def _labels(document: Document) -> Iterator[str]:
    for paragraph in document.paragraphs:
        yield "paragraphs"
        if paragraph.label is not None:
            yield f"task_type {paragraph.label.task_type}"
            yield from (f"policy_domain {code}" for code in paragraph.label.policy_domain)


def _label_counts(members: Mapping[str, list[Document]]) -> dict[str, np.ndarray]:
    counters = {group: Counter(code for d in documents for code in _labels(d)) for group, documents in members.items()}
    codes = sorted(set().union(*counters.values())) or ["paragraphs"]
    return {group: np.array([counter[code] for code in codes], dtype=float) for group, counter in counters.items()}


def _total(counts: Mapping[str, np.ndarray], groups: Sequence[str]) -> np.ndarray:
    width = len(next(iter(counts.values()), np.zeros(1)))
    return sum((counts[group] for group in groups), np.zeros(width))


def _best(
    free: Sequence[str], counts: Mapping[str, np.ndarray], aim: tuple[np.ndarray, np.ndarray], seed: int
) -> dict[str, int]:
    return min((_trial(free, counts, aim, seed + i) for i in range(_TRIALS)), key=lambda trial: trial[0])[1]


def _trial(
    free: Sequence[str], counts: Mapping[str, np.ndarray], aim: tuple[np.ndarray, np.ndarray], seed: int
) -> tuple[float, dict[str, int]]:
    """One greedy pass: the deviation it ends with, and the split number of each free group."""
    start, shares = aim
    have = start.copy()
    total = _total(counts, free) + start.sum(axis=0)
    want = shares[:, None] * total
    weight = 1 / np.maximum(total, 1) ** 2
    rarity = {group: float((counts[group] / np.maximum(total, 1)).sum()) for group in free}
    jitter = random.Random(seed)
    order = sorted(free, key=lambda group: (-rarity[group] * jitter.uniform(0.5, 1.5), group))
    chosen: dict[str, int] = {}
    for group in order:
        # The change of the squared distance when split k takes the group.
        gain = ((2 * (have - want) + counts[group]) * counts[group] * weight).sum(axis=1)
        # Small splits would otherwise lose every contest against a large one that still lacks much.
        chosen[group] = int(np.argmin(gain / shares))
        have[chosen[group]] += counts[group]
    return float((((have - want) ** 2) * weight).sum()), chosen


def _crossing_groups(groups: Mapping[str, str], splits: Mapping[str, str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for id_ in sorted(groups):
        if seen.setdefault(groups[id_], splits[id_]) != splits[id_]:
            yield f"group {groups[id_]} in {seen[groups[id_]]} and {splits[id_]}"


def _equal_across(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    first: dict[str, tuple[str, str]] = {}
    for key, split, name in rows:
        other_split, other = first.setdefault(key, (split, name))
        if other_split != split:
            yield f"{other} in {other_split}, {name} in {split}"


def _similar_across(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Exact by prefix filtering (Chaudhuri et al., 2006): two similar sets share one of their rarest shingles."""
    sets = [shingles(key) for key, _, _ in rows]
    frequency = Counter(shingle for row in sets for shingle in row)
    index: dict[str, list[int]] = defaultdict(list)
    for j, row in enumerate(sets):
        kept = len(row) - math.ceil(SIMILARITY * len(row) - 1e-9) + 1
        prefix = sorted(row, key=lambda shingle: (frequency[shingle], shingle))[:kept]
        for i in sorted({i for shingle in prefix for i in index[shingle]}):
            if rows[i][1] != rows[j][1] and jaccard(sets[i], row) >= SIMILARITY:
                yield f"{rows[i][2]} in {rows[i][1]}, {rows[j][2]} in {rows[j][1]}"
        for shingle in prefix:
            index[shingle].append(j)
