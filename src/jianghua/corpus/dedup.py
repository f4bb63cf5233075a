"""Near-duplicates: MinHash proposes pairs, exact Jaccard similarity decides, union-find makes groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rensa import RMinHash, RMinHashLSH  # pyright: ignore[reportAttributeAccessIssue]  # compiled, no stubs

from jianghua.corpus.keys import jaccard, shingles, text_key
from jianghua.schema import Document, Paragraph

SIMILARITY = 0.8
MIN_CHARACTERS = 30

# 32 bands of 4 rows propose half of the pairs at .42 and all but one in ten million at .8: above the exact
# threshold nothing is lost, which a single threshold of .7 or .8 in the index would do.
_PERMUTATIONS, _BANDS, _BAND_THRESHOLD, _SEED = 128, 32, 0.5, 1


@dataclass(frozen=True, slots=True)
class Pair:
    """Two near-duplicates: document ids (first < second), paragraph indices (None: whole documents), similarity."""

    first: str
    second: str
    first_index: int | None
    second_index: int | None
    similarity: float


@dataclass(frozen=True)
class Groups:
    """`of` gives each document id its group (the smallest id in it); `pairs` are the near-duplicates, sorted."""

    of: dict[str, str]
    pairs: tuple[Pair, ...]


def similar_pairs(keys: Sequence[str], threshold: float = SIMILARITY) -> list[tuple[int, int, float]]:
    """All (i, j, similarity) with i < j and 5-character Jaccard similarity ≥ `threshold`; `keys` are text keys."""
    if len(keys) < 2:
        return []
    sets = [shingles(key) for key in keys]
    hashes = RMinHash.from_token_sets([sorted(row) for row in sets], _PERMUTATIONS, _SEED)
    index = RMinHashLSH(_BAND_THRESHOLD, _PERMUTATIONS, _BANDS)
    index.insert_many(hashes)
    found = []
    for i, row in enumerate(hashes):
        for j in sorted(set(index.query(row))):
            if j > i and (similarity := jaccard(sets[i], sets[j])) >= threshold:
                found.append((i, j, similarity))
    return found


class NearDuplicates:
    """The text keys seen so far, asked whether a new one repeats any; keeps keys and hashes, not shingles."""

    def __init__(self, threshold: float = SIMILARITY) -> None:
        self._threshold = threshold
        self._keys: list[str] = []
        self._index = RMinHashLSH(_BAND_THRESHOLD, _PERMUTATIONS, _BANDS)

    def find(self, key: str) -> bool:
        """Whether a key with a 5-character Jaccard similarity of at least the threshold was added."""
        own = shingles(key)
        candidates = sorted(set(self._index.query(_min_hash(own))))
        return any(jaccard(own, shingles(self._keys[i])) >= self._threshold for i in candidates)

    def add(self, key: str) -> None:
        self._index.insert(len(self._keys), _min_hash(shingles(key)))
        self._keys.append(key)


def _min_hash(own: frozenset[str]) -> RMinHash:
    made = RMinHash(_PERMUTATIONS, _SEED)
    made.update(sorted(own))
    return made


def is_long(paragraph: Paragraph, min_characters: int = MIN_CHARACTERS) -> bool:
    """Whether a paragraph can leak: headings and boilerplate are formulas that any two documents share."""
    formula = paragraph.is_heading or (
        paragraph.label is not None and paragraph.label.task_type in ("heading", "boilerplate")
    )
    return not formula and len(text_key(paragraph.text)) >= min_characters


def group_documents(
    documents: Sequence[Document],
    origins: Mapping[str, str],
    threshold: float = SIMILARITY,
    min_characters: int = MIN_CHARACTERS,
) -> Groups:
    """Groups of documents that must stay in one split, whatever the order of `documents`.

    Joined are the documents of one origin (`origins`: document id → raw file), documents whose texts are
    near-duplicates, and documents that share a near-duplicate paragraph of at least `min_characters` letters or
    digits.
    """
    ordered = sorted(documents, key=lambda document: document.id)
    pairs = sorted(_document_pairs(ordered, threshold, min_characters), key=_place)
    parents = {document.id: document.id for document in ordered}
    first_of: dict[str, str] = {}
    for document in ordered:
        _join(parents, first_of.setdefault(origins[document.id], document.id), document.id)
    for pair in pairs:
        _join(parents, pair.first, pair.second)
    return Groups({id_: _root(parents, id_) for id_ in parents}, tuple(pairs))


def _place(pair: Pair) -> tuple[str, str, int, int]:
    # Whole documents come before their paragraphs.
    one, other = (-1 if index is None else index for index in (pair.first_index, pair.second_index))
    return pair.first, pair.second, one, other


def _document_pairs(documents: Sequence[Document], threshold: float, min_characters: int) -> Iterator[Pair]:
    wholes = [(d.id, None, text_key("".join(p.text for p in d.paragraphs))) for d in documents]
    parts = [(d.id, p.index, text_key(p.text)) for d in documents for p in d.paragraphs if is_long(p, min_characters)]
    for rows in ([row for row in wholes if len(row[2]) >= min_characters], parts):
        yield from _across(rows, threshold)


def _across(rows: Sequence[tuple[str, int | None, str]], threshold: float) -> Iterator[Pair]:
    """Pairs between two documents; equal keys are compared once, through their first row."""
    first: dict[str, int] = {}
    for i, (id_, index, key) in enumerate(rows):
        same = rows[first.setdefault(key, i)]
        if same[0] != id_:
            yield Pair(same[0], id_, same[1], index, 1.0)
    unique = sorted(first.values())
    for a, b, similarity in similar_pairs([rows[i][2] for i in unique], threshold):
        one, other = rows[unique[a]], rows[unique[b]]
        if one[0] != other[0]:
            yield Pair(one[0], other[0], one[1], other[1], round(similarity, 4))


def _root(parents: dict[str, str], id_: str) -> str:
    while parents[id_] != id_:
        parents[id_] = parents[parents[id_]]
        id_ = parents[id_]
    return id_


def _join(parents: dict[str, str], a: str, b: str) -> None:
    # The smallest id becomes the root, so that a group's name does not depend on the order of joins.
    low, high = sorted((_root(parents, a), _root(parents, b)))
    parents[high] = low


def duplicates_within(
    documents: Iterable[Document], min_characters: int = MIN_CHARACTERS
) -> list[tuple[str, int, int]]:
    """(document id, index, earlier index) of paragraphs that repeat an earlier one of their document word for word."""
    found = []
    for document in documents:
        seen: dict[str, int] = {}
        for paragraph in document.paragraphs:
            if is_long(paragraph, min_characters):
                earlier = seen.setdefault(text_key(paragraph.text), paragraph.index)
                if earlier != paragraph.index:
                    found.append((document.id, paragraph.index, earlier))
    return found
