"""From raw files or annotated documents to labelled, split Parquet files; the manifest is written last."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jianghua
from jianghua.codebook import Codebook, load_codebook
from jianghua.config import config_hash, config_values, portable
from jianghua.corpus.card import render_card
from jianghua.corpus.crosswalk import Crosswalk, load_crosswalk
from jianghua.corpus.dedup import MIN_CHARACTERS, SIMILARITY, group_documents
from jianghua.corpus.label_model import load_label_model
from jianghua.corpus.labels import Joined, Labeller, join_labels
from jianghua.corpus.report import Facts, render_report
from jianghua.corpus.rules import load_rules
from jianghua.corpus.shards import finish_shards, make_shards, read_shards
from jianghua.corpus.splits import SPLITS, Plan, assign_splits, audit
from jianghua.corpus.table import write_corpus
from jianghua.records import read_annotated, sha256, write_jsonl, write_manifest
from jianghua.schema import Document, InputError

MANIFEST = "manifest.json"

_ASIDE = ("output", "processes", "shard_size")


@dataclass(frozen=True)
class CorpusConfig:
    """What is built from what; relative paths as in `config.parse_config`.

    `documents`: folders of raw files, raw files, or annotated .jsonl. `annotations`: annotated .jsonl joined to the raw
    files' paragraphs by text. `rules`: labels the rest; null leaves it unlabelled. `label_model`: combines the
    rules (scripts/fit_label_model.py); null takes their own weights. `crosswalk`: counterparts of the
    domains in other schemes, written beside the labels. `fractions` of train, dev, test sum
    to 1; `forced`: split → shell patterns over document ids and file names, first match wins. `max_reject`: the share
    of rejected files above which a finished build is a failure. Files are cleaned `shard_size` at a time in `processes`
    processes; neither changes what is built.
    """

    documents: list[Path]
    output: Path
    annotations: list[Path] = field(default_factory=list)
    rules: Path | None = None
    label_model: Path | None = None
    crosswalk: Path | None = None
    codebook: str = "zhengfa"
    fractions: dict[str, float] = field(default_factory=lambda: {"train": 0.8, "dev": 0.1, "test": 0.1})
    forced: dict[str, list[str]] = field(default_factory=dict)
    seed: int = 0
    similarity: float = SIMILARITY
    min_characters: int = MIN_CHARACTERS
    max_reject: float = 0.1
    processes: int = 1
    shard_size: int = 200

    def __post_init__(self) -> None:
        # The audit demands that nothing above SIMILARITY crosses splits: a higher bar for groups could not pass it.
        for name, value, low, high in (
            ("similarity", self.similarity, 0.5, SIMILARITY),
            ("max_reject", self.max_reject, 0, 1),
            ("processes", self.processes, 1, 256),
            ("shard_size", self.shard_size, 1, 100_000),
        ):
            if not low <= value <= high:
                raise InputError(f"{name} from {low} to {high}", f"{value}", "correct the configuration")
        self.plan()

    def plan(self) -> Plan:
        """How the documents are to be split."""
        return Plan(self.fractions, self.seed, self.forced)


@dataclass(frozen=True)
class Built:
    """What a build left behind: the rows of each split, and how many input files were taken and rejected."""

    rows: dict[str, int]
    files: int
    rejected: int


@dataclass(frozen=True)
class _Read:
    """Everything read: documents, the file name of each document id, rejected files, removed spans, input hashes."""

    documents: list[Document] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    rejects: list[dict[str, str]] = field(default_factory=list)
    removed: list[dict[str, Any]] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)


def build_corpus(config: CorpusConfig) -> Built:
    """Build the corpus into `config.output`: Parquet per split that has rows, rejects, removed, report, data card,
    manifest.

    Everything is written beside the output and moved there at the end: a build that fails leaves the older one as it
    was, and its cleaned shards in a hidden folder, where the next build of the same files goes on. A file that cannot
    be read becomes a line of rejects.jsonl and never stops the build. The Parquet bytes depend on the inputs and the
    configuration alone.

    Raises:
        InputError: inputs that do not exist, no document at all, bad annotations or rules, a leak between splits,
            another build of the same output at work.
    """
    codebook = load_codebook(config.codebook)
    crosswalk = load_crosswalk(config.crosswalk, codebook) if config.crosswalk else None
    with _work_folder(config.output) as work:
        read = _read_all(config, codebook, work / "shards")
        if not read.documents:
            raise InputError(
                "at least one readable document", f"{len(read.rejects)} rejected files", "see their errors"
            )
        joined = _label(config, codebook, read.documents)
        # The articles of one raw file are <stem>#1, <stem>#2 …; the records of one .jsonl are no file of their own.
        origins = {document.id: document.id.partition("#")[0] for document in joined.documents}
        groups = group_documents(joined.documents, origins, config.similarity, config.min_characters)
        splits = assign_splits(joined.documents, groups.of, read.files, config.plan())
        checked = audit(joined.documents, groups.of, splits, config.min_characters)
        stage = work / "stage"
        rows = _write(stage, joined.documents, groups.of, splits, crosswalk)
        write_jsonl(read.rejects, stage / "rejects.jsonl")
        write_jsonl(read.removed, stage / "removed.jsonl")
        facts = Facts(codebook, joined, groups, splits, read.rejects, read.removed, checked, config.plan())
        _write_text(stage / "report.md", render_report(facts))
        _write_text(stage / "README.md", render_card(facts))
        manifest = _manifest(config, codebook, read.inputs, rows)
        write_manifest(stage / MANIFEST, list(stage.iterdir()), manifest)
        _publish(stage, config.output)
    shutil.rmtree(work)
    return Built(rows, len(read.rejects) + len(set(read.files.values())), len(read.rejects))


@contextmanager
def _work_folder(output: Path) -> Iterator[Path]:
    """The hidden folder beside `output` that an interrupted build leaves to the next one; one build at a time."""
    work = output.with_name(f".{output.name}.build")
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError("one build of an output at a time", f"another one in {work}", "wait for it") from error
        shutil.rmtree(work / "stage", ignore_errors=True)
        (work / "stage").mkdir()
        try:
            yield work
        finally:
            shutil.rmtree(work / "stage", ignore_errors=True)


def _read_all(config: CorpusConfig, codebook: Codebook, folder: Path) -> _Read:
    read = _Read()
    for path in [*config.annotations, *filter(None, (config.rules, config.label_model, config.crosswalk))]:
        _demand(path)
        read.inputs[portable(path)] = sha256(path)
    shards = make_shards(list(_files(config.documents)), config.codebook, folder, config.shard_size)
    finish_shards(shards, config.processes)
    for file in read_shards(shards):
        error = file.error or _known(file.documents, read.files)
        if error is not None:
            read.rejects.append({"id": file.path.stem, "source": portable(file.path), "error": error})
            continue
        read.inputs[portable(file.path)] = file.sha256
        read.documents.extend(file.documents)
        read.files.update({document.id: file.path.name for document in file.documents})
        read.removed.extend(file.removed)
    return read


def _demand(path: Path) -> None:
    if not path.exists():
        raise InputError("a file or folder", f"nothing at {path}", "check documents, annotations and rules")


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        _demand(place)
        if place.is_dir():
            yield from (path for path in place.rglob("*") if path.is_file() and not path.name.startswith("."))
        else:
            yield place


def _known(documents: Iterable[Document], files: dict[str, str]) -> str | None:
    for document in documents:
        if document.id in files:
            found = f"{document.id!r} in {files[document.id]}, too"
            return str(InputError("each document id once", found, "rename the file"))
    return None


def _label(config: CorpusConfig, codebook: Codebook, documents: list[Document]) -> Joined:
    annotated = [document for path in config.annotations for document in read_annotated(path, codebook)]
    return join_labels(sorted(documents, key=lambda document: document.id), annotated, _labeller(config, codebook))


def _labeller(config: CorpusConfig, codebook: Codebook) -> Labeller | None:
    if config.rules is None:
        if config.label_model is not None:
            raise InputError("rules beside label_model", "none", "give the rules that the model combines")
        return None
    rules = load_rules(config.rules, codebook)
    if config.label_model is not None:
        model = load_label_model(config.label_model, config.rules, rules)
        return lambda paragraph, position, count: model.label(paragraph, position, count)[0]
    return lambda paragraph, position, count: rules.label(paragraph, position, count)[0]


def _write(
    stage: Path,
    documents: Iterable[Document],
    groups: dict[str, str],
    splits: dict[str, str],
    crosswalk: Crosswalk | None,
) -> dict[str, int]:
    rows: dict[str, int] = {}
    for name in SPLITS:
        part = [document for document in documents if splits[document.id] == name and document.paragraphs]
        # `datasets` cannot open a file without rows: an empty split has no file.
        rows[name] = write_corpus(part, stage / f"{name}.parquet", groups, splits, crosswalk) if part else 0
    return rows


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _manifest(config: CorpusConfig, codebook: Codebook, inputs: dict[str, str], rows: dict[str, int]) -> dict[str, Any]:
    # Where the corpus is put and how the work is divided say nothing about what it is.
    values = {key: value for key, value in config_values(config).items() if key not in _ASIDE}
    return {
        "config_hash": config_hash(replace(config, output=Path("/"), processes=1, shard_size=1)),
        "config": values,
        "codebook": {"name": codebook.name, "version": codebook.version},
        "jianghua": jianghua.__version__,
        "inputs": dict(sorted(inputs.items())),
        "rows": rows,
    }


def _publish(stage: Path, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    # Without its manifest a half-replaced corpus cannot pass for a whole one.
    (output / MANIFEST).unlink(missing_ok=True)
    for name in SPLITS:
        (output / f"{name}.parquet").unlink(missing_ok=True)
    for path in sorted(stage.iterdir(), key=lambda path: (path.name == MANIFEST, path.name)):
        path.replace(output / path.name)
