"""Texts → one file of token ids that pretraining reads by memory map; a vocabulary of the same texts beside it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from jianghua.config import config_values
from jianghua.corpus.texts import Rejected, Text, TextSource, filtered_texts, read_texts
from jianghua.modeling.checkpoint import load_tokenizer
from jianghua.modeling.tokenization import needed_characters, train_wordpiece
from jianghua.records import sha256, write_manifest
from jianghua.schema import InputError

logger = logging.getLogger("jianghua")
TOKENS, DOCUMENTS, FACTS, MANIFEST, TOKENIZER = (
    "tokens.bin", "documents.npz", "facts.json", "manifest.json", "tokenizer",
)  # fmt: skip
_CHUNK = 1000  # documents tokenized at a time


@dataclass(frozen=True)
class CorpusConfig:
    """What to pretrain on.

    Attributes:
        packed: folder of the packed corpus; made when it is not there, refused when made from something else.
        sources: tables of texts; `exclude`: tables whose texts, and near-duplicates of them, must not be learned.
        tokenizer: name or folder of an existing tokenizer; None for a vocabulary made from the sources.
        max_piece_length: longest piece of the vocabulary in characters; 1 for characters only.
        vocabulary_characters: size of the sample in which pieces are counted.
        held_out_share: share of the documents that only measure the masked loss.
    """

    packed: Path
    sources: list[TextSource]
    exclude: list[TextSource] = field(default_factory=list)
    tokenizer: str | None = None
    vocab_size: int = 16384
    max_piece_length: int = 4
    vocabulary_characters: int = 15_000_000
    held_out_share: float = 0.005


@dataclass(frozen=True)
class PackedCorpus:
    """Documents as token ids: `[CLS] title [SEP] paragraph [SEP] … [SEP]`.

    Attributes:
        tokens: (total,) uint16 or uint32, a memory map.
        starts: (documents + 1,) where each document begins.
        bodies: (documents,) length of `[CLS] title [SEP]`, 1 where there is no title.
        held_out: (documents,) bool.
        labels: (documents, label names) index of the distant label, −1 for none.
        label_names: name of the label → its values.
        characters_per_token: over the whole corpus; makes losses of different vocabularies comparable.
    """

    tokens: np.ndarray
    starts: np.ndarray
    bodies: np.ndarray
    held_out: np.ndarray
    labels: np.ndarray
    label_names: dict[str, list[str]]
    characters_per_token: float
    tokenizer: PreTrainedTokenizerBase


def packed_corpus(config: CorpusConfig) -> PackedCorpus:
    """Open the packed corpus, making it first where it is not complete.

    Raises:
        InputError: the folder holds a corpus made from other sources or settings.
    """
    fingerprint = _fingerprint(config)
    manifest = config.packed / MANIFEST
    if not manifest.is_file():
        _pack(config, fingerprint)
    stored = json.loads(manifest.read_text(encoding="utf-8"))["fingerprint"]
    if stored != fingerprint:
        raise InputError(
            f"the corpus that {config.packed} was packed from", "other sources or settings",
            "restore them, remove the folder, or choose another corpus.packed",
        )  # fmt: skip
    return open_packed(config.packed)


def open_packed(folder: Path) -> PackedCorpus:
    """A finished folder, whatever it was made from."""
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    with np.load(folder / DOCUMENTS) as arrays:
        parts = {name: arrays[name] for name in ("starts", "bodies", "held_out", "labels")}
    tokens = np.memmap(folder / TOKENS, dtype=facts["dtype"], mode="r")
    tokenizer = load_tokenizer(str(folder / TOKENIZER))
    ratio = sum(size["characters"] for size in facts["kept"].values()) / len(tokens)
    names = facts["label_names"]
    return PackedCorpus(tokens, **parts, label_names=names, characters_per_token=ratio, tokenizer=tokenizer)


def _fingerprint(config: CorpusConfig) -> dict[str, Any]:
    """Settings and contents, not places: a corpus may be packed here and read elsewhere."""
    values = config_values(config)
    del values["packed"]
    for kind in ("sources", "exclude"):
        values[kind] = [
            part | {"path": source.path.name, "content": sha256(source.path) if source.path.is_file() else None}
            for part, source in zip(values[kind], getattr(config, kind), strict=True)
        ]
    return values


def _vocabulary(config: CorpusConfig) -> PreTrainedTokenizerBase:
    if config.tokenizer:
        return load_tokenizer(config.tokenizer)
    characters = needed_characters(part for text in _all(config.sources) for part in (text.title, *text.paragraphs))
    total = sum(sum(map(len, text.paragraphs)) for text in _all(config.sources))
    share = min(1.0, config.vocabulary_characters / max(1, total))
    sample = [
        part for text in _all(config.sources) if point(text.id) < share for part in (text.title, *text.paragraphs)
    ]
    return train_wordpiece(sample, config.vocab_size, characters, config.max_piece_length)


def _all(sources: Sequence[TextSource]) -> Iterator[Text]:
    return (text for source in sources for text in read_texts(source))


def point(id_: str) -> float:
    """A fixed number in [0, 1) for a document, whatever else is in the corpus."""
    return int.from_bytes(hashlib.sha256(id_.encode()).digest()[:4]) / 2**32


def _pack(config: CorpusConfig, fingerprint: dict[str, Any]) -> None:
    folder = config.packed
    folder.mkdir(parents=True, exist_ok=True)
    logger.info("packing %d sources into %s", len(config.sources), folder)
    tokenizer = _vocabulary(config)
    tokenizer.save_pretrained(folder / TOKENIZER)
    dtype = np.uint16 if len(tokenizer) <= 1 << 16 else np.uint32
    report, rows = Rejected(), []
    with (folder / TOKENS).open("wb") as file:
        for name, text, ids, body in _tokenized(filtered_texts(config.sources, config.exclude, report), tokenizer):
            file.write(np.asarray(ids, dtype=dtype).tobytes())
            rows.append((name, text.id, len(ids), body, dict(text.labels), sum(map(len, text.paragraphs))))
    names, labels = _label_table([row[4] for row in rows])
    np.savez(
        folder / DOCUMENTS, labels=labels, starts=np.cumsum([0, *(row[2] for row in rows)]),
        bodies=np.array([row[3] for row in rows], dtype=np.int32),
        held_out=np.array([point(row[1]) < config.held_out_share for row in rows]),
    )  # fmt: skip
    facts = {"dtype": np.dtype(dtype).name, "label_names": names, "kept": _sizes(rows), "left_out": report.to_dict()}
    (folder / FACTS).write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    files = [folder / TOKENS, folder / DOCUMENTS, folder / FACTS, *(folder / TOKENIZER).iterdir()]
    write_manifest(folder / MANIFEST, files, {"fingerprint": fingerprint})


def _tokenized(
    texts: Iterable[tuple[str, Text]], tokenizer: PreTrainedTokenizerBase
) -> Iterator[tuple[str, Text, list[int], int]]:
    """(source, text, ids, length of `[CLS] title [SEP]`)."""
    cls, sep = int(tokenizer.cls_token_id), int(tokenizer.sep_token_id)  # type: ignore[arg-type]
    iterator = iter(texts)
    while chunk := list(islice(iterator, _CHUNK)):
        parts = [part for _, text in chunk for part in (text.title, *text.paragraphs)]
        encoded: Iterator[Any] = iter(tokenizer(parts, add_special_tokens=False, verbose=False)["input_ids"])
        for name, text in chunk:
            title = next(encoded)
            head: list[int] = [cls, *title, sep] if title else [cls]
            body: list[int] = [i for _ in text.paragraphs for i in (*next(encoded), sep)]
            yield name, text, head + body, len(head)


def _label_table(rows: Sequence[dict[str, str]], min_count: int = 50) -> tuple[dict[str, list[str]], np.ndarray]:
    """Values that occur at least `min_count` times, by label name, and the index of each document's, −1 for none."""
    names = sorted({name for row in rows for name in row})
    values: dict[str, list[str]] = {}
    for name in names:
        found, counts = np.unique([row[name] for row in rows if name in row], return_counts=True)
        values[name] = [str(value) for value, count in zip(found, counts, strict=True) if count >= min_count]
    places = [{value: i for i, value in enumerate(values[name])} for name in names]
    table = [[place.get(row.get(name, ""), -1) for name, place in zip(names, places, strict=True)] for row in rows]
    return values, np.array(table, dtype=np.int16).reshape(len(rows), len(names))


def _sizes(rows: Sequence[tuple[Any, ...]]) -> dict[str, dict[str, int]]:
    sizes: dict[str, dict[str, int]] = {}
    for name, _, tokens, _, _, characters in rows:
        entry = sizes.setdefault(name, {"documents": 0, "tokens": 0, "characters": 0})
        entry["documents"] += 1
        entry["tokens"] += tokens
        entry["characters"] += characters
    return sizes
