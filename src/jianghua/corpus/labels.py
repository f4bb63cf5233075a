"""Annotations joined to cleaned paragraphs by what the text says, not by where it stood; rules label the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from jianghua.corpus.keys import text_hash
from jianghua.schema import Document, Item, Label, Paragraph

Labeller = Callable[[Paragraph, int, int], Label | None]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """An annotated paragraph (or, with `item`, a part of one) that no cleaned paragraph holds."""

    id: str
    index: int
    task_type: str
    text: str
    item: bool = False


@dataclass(frozen=True)
class Joined:
    """Labelled documents, what found no place, and the texts whose annotations in other documents disagree."""

    documents: tuple[Document, ...]
    unmatched: tuple[Unmatched, ...]
    ambiguous: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    document: Document
    paragraph: Paragraph


@dataclass
class _Annotations:
    """Annotated paragraphs by text, and which of them have been given to a cleaned paragraph."""

    by_hash: dict[str, list[_Entry]]
    used: set[tuple[str, int]]
    ambiguous: set[str]

    def find(self, paragraph: Paragraph, id_: str) -> _Entry | None:
        """The annotation of the same document, in order; else of any document, where all of them agree."""
        entries = self.by_hash.get(text_hash(paragraph.text), [])
        own = [entry for entry in entries if entry.document.id == id_]
        entry = next((e for e in own if (id_, e.paragraph.index) not in self.used), own[-1] if own else None)
        if entry is None and entries:
            entry = entries[0]
            if len({_codes(e.paragraph.label) for e in entries}) > 1:
                self.ambiguous.add(paragraph.text)
                return None
        if entry is not None:
            self.used.add((entry.document.id, entry.paragraph.index))
        return entry


def join_labels(
    documents: Sequence[Document], annotated: Iterable[Document], labeller: Labeller | None = None
) -> Joined:
    """Give each paragraph its annotation, found by `text_hash`; else what `labeller` says; else leave it unlabelled.

    An annotation brings label, gist and the labels of items, and its document's summary when the ids are equal or
    when most of the document's annotated paragraphs come from it. Provenance is the annotation's own, or the
    labeller's. An annotation always overrides the labeller and any label that the paragraph had.
    """
    annotations = list(annotated)
    store = _Annotations(_index(annotations), set(), set())
    lost_items: list[Unmatched] = []
    labelled = tuple(_labelled(document, store, labeller, lost_items) for document in documents)
    unmatched = [
        Unmatched(d.id, p.index, p.label.task_type if p.label else "", p.text)
        for d in annotations
        for p in d.paragraphs
        if (d.id, p.index) not in store.used
    ]
    return Joined(labelled, tuple(unmatched + lost_items), tuple(sorted(store.ambiguous)))


def label_by_rules(document: Document, labeller: Labeller) -> Document:
    """Every unlabelled paragraph and item of `document` labelled by `labeller`."""
    count = len(document.paragraphs)
    return replace(
        document, paragraphs=tuple(_by_rules(p, i, count, labeller) for i, p in enumerate(document.paragraphs))
    )


def _index(annotations: Iterable[Document]) -> dict[str, list[_Entry]]:
    by_hash: dict[str, list[_Entry]] = defaultdict(list)
    for document in annotations:
        for paragraph in document.paragraphs:
            if key := text_hash(paragraph.text):
                by_hash[key].append(_Entry(document, paragraph))
    return by_hash


def _labelled(document: Document, store: _Annotations, labeller: Labeller | None, lost: list[Unmatched]) -> Document:
    origins: Counter[str] = Counter()
    by_id: dict[str, Document] = {}
    paragraphs = []
    for paragraph in document.paragraphs:
        entry = store.find(paragraph, document.id)
        if entry is not None:
            origins[entry.document.id] += 1
            by_id[entry.document.id] = entry.document
            paragraph = replace(paragraph, label=entry.paragraph.label, gist=entry.paragraph.gist)
            paragraph = replace(paragraph, items=_items(paragraph, entry, lost))
        paragraphs.append(paragraph)
    done = replace(document, paragraphs=tuple(paragraphs), summary=_summary(document, origins, by_id))
    return done if labeller is None else label_by_rules(done, labeller)


def _summary(document: Document, origins: Counter[str], by_id: dict[str, Document]) -> str:
    if not origins:
        return document.summary
    # Ties go to the smaller id, so that the order of files does not matter.
    best = max(sorted(origins), key=lambda id_: (id_ == document.id, origins[id_]))
    most = best == document.id or 2 * origins[best] > len(document.paragraphs)
    return by_id[best].summary if most else document.summary


def _items(paragraph: Paragraph, entry: _Entry, lost: list[Unmatched]) -> tuple[Item, ...]:
    wanted = {text_hash(item.text): item for item in entry.paragraph.items}
    found = []
    for item in paragraph.items:
        annotated = wanted.pop(text_hash(item.text), None)
        found.append(item if annotated is None else replace(item, label=annotated.label, gist=annotated.gist))
    for item in wanted.values():
        kind = item.label.task_type if item.label else ""
        lost.append(Unmatched(entry.document.id, entry.paragraph.index, kind, item.text, item=True))
    return tuple(found)


def _by_rules(paragraph: Paragraph, position: int, count: int, labeller: Labeller) -> Paragraph:
    label = paragraph.label or labeller(paragraph, position, count)
    items = tuple(_item_by_rules(item, paragraph, (position, count), labeller) for item in paragraph.items)
    return replace(paragraph, label=label, items=items)


def _item_by_rules(item: Item, paragraph: Paragraph, place: tuple[int, int], labeller: Labeller) -> Item:
    if item.label is not None:
        return item
    alone = Paragraph(paragraph.index, item.start, item.end, item.text, heading=paragraph.heading)
    return replace(item, label=labeller(alone, *place))


def provenances(documents: Iterable[Document]) -> Iterator[tuple[str, int]]:
    """(provenance, number of paragraphs), most frequent first; "" counts unlabelled ones."""
    counter = Counter(p.label.provenance if p.label else "" for d in documents for p in d.paragraphs)
    yield from sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))


def _codes(label: Label | None) -> tuple[str, tuple[str, ...]]:
    return (label.task_type, label.policy_domain) if label else ("", ())
