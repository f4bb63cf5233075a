"""Annotations joined to cleaned paragraphs by what the text says, not by where it stood; rules label the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from jianghua.corpus.keys import text_hash, text_key
from jianghua.schema import Document, Item, Label, Paragraph

_ITEM_SHARE = 0.8
_FRAGMENT = 10

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
    by_document: dict[str, list[tuple[str, _Entry]]]
    used: set[tuple[str, int]]
    ambiguous: set[str]

    def find(self, paragraph: Paragraph, id_: str) -> _Entry | None:
        """The annotation of the same document, in order; else of any document, where all of them agree."""
        entries = _content_first(self.by_hash.get(text_hash(paragraph.text), []))
        own = [entry for entry in entries if entry.document.id == id_]
        entry = next((e for e in own if (id_, e.paragraph.index) not in self.used), own[0] if own else None)
        if entry is None and entries:
            entry = entries[0]
            if len({_codes(e.paragraph.label) for e in entries}) > 1:
                self.ambiguous.add(paragraph.text)
                return None
        if entry is not None:
            self.used.add((entry.document.id, entry.paragraph.index))
        return entry

    def find_whole(self, paragraph: Paragraph, id_: str) -> _Entry | None:
        """The annotated paragraph of the same document that `paragraph` is a fragment of."""
        key = text_key(paragraph.text)
        if len(key) < _FRAGMENT:
            return None
        entry = next((entry for whole, entry in self.by_document.get(id_, []) if key in whole), None)
        if entry is not None:
            self.used.add((id_, entry.paragraph.index))
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
    store = _Annotations(_index(annotations), _content_keys(annotations), set(), set())
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


def _content_keys(annotations: Iterable[Document]) -> dict[str, list[tuple[str, _Entry]]]:
    keys: dict[str, list[tuple[str, _Entry]]] = defaultdict(list)
    for document in annotations:
        for paragraph in document.paragraphs:
            if paragraph.label is not None and paragraph.label.task_type not in ("heading", "boilerplate"):
                keys[document.id].append((text_key(paragraph.text), _Entry(document, paragraph)))
    return keys


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
        elif (whole := store.find_whole(paragraph, document.id)) is not None:
            # Codebook rule T1: a page-cut fragment has the label of the whole; its gist would say too much.
            paragraph = replace(paragraph, label=whole.paragraph.label)
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


def _content_first(entries: Sequence[_Entry]) -> list[_Entry]:
    # A title stands in a file as copy and as heading, with one text: what cleaning has left is the heading.
    content = [e for e in entries if e.paragraph.label is None or e.paragraph.label.task_type != "boilerplate"]
    return content or list(entries)


def _items(paragraph: Paragraph, entry: _Entry, lost: list[Unmatched]) -> tuple[Item, ...]:
    wanted = list(entry.paragraph.items)
    if not paragraph.items and len(paragraph.text) == paragraph.end - paragraph.start:
        here = [item for item in wanted if item.text in paragraph.text]
        wanted = [item for item in wanted if item not in here]
        found = [_placed(item, paragraph) for item in here]
    else:
        found, wanted = _relabelled(paragraph.items, wanted)
    for item in wanted:
        kind = item.label.task_type if item.label else ""
        lost.append(Unmatched(entry.document.id, entry.paragraph.index, kind, item.text, item=True))
    return tuple(found)


def _relabelled(items: Sequence[Item], wanted: list[Item]) -> tuple[list[Item], list[Item]]:
    """Segmented items with their annotations, and the annotations that are left."""
    found, left = [], list(wanted)
    for item in items:
        annotated = next((other for other in left if _same_item(item.text, other.text)), None)
        if annotated is not None:
            left.remove(annotated)
            item = replace(item, label=annotated.label, gist=annotated.gist)
        found.append(item)
    return found, left


def _placed(item: Item, paragraph: Paragraph) -> Item:
    # Only where nothing was removed inside: the offsets are then exact.
    start = paragraph.start + paragraph.text.index(item.text)
    return replace(item, start=start, end=start + len(item.text))


def _same_item(segmented: str, annotated: str) -> bool:
    # Annotators drop the marker (一是) or the half sentence that leads to the next item.
    one, other = text_key(segmented), text_key(annotated)
    return bool(other) and other in one and len(other) >= _ITEM_SHARE * len(one)


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
