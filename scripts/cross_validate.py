"""Cross-validate a classifier by document: train on all folds but one, label that one, score all of them together.

    python scripts/cross_validate.py --config configs/classifier/small.yaml --out outputs/cv/small --seeds 0 1
    python scripts/cross_validate.py --baseline tfidf --out outputs/cv/tfidf

Values of the YAML can be overridden (`--run.learning_rate 1e-4`). Documents of its train_data that are in no fold are
trained on in every fold but those that hold a near-duplicate of them. A finished fold is not run again.
Of a configuration with `ngrams`, `--encoder-alone FOLDER` keeps what the same encoders say by themselves; that is
the finished run of the same command with `--ngrams 0 --out FOLDER`.
`--against outputs/cv/tfidf` adds the paired difference to that run; `--record NAME --changed "what and why"` appends
the result to data/results/cross_validation.jsonl.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jianghua
from jianghua.codebook import Codebook, find_resource, load_codebook
from jianghua.config import parse_config, portable, run
from jianghua.corpus.folds import check_folds, copy_records, forbidden_folds, read_folds
from jianghua.corpus.rules import load_rules
from jianghua.corpus.table import load_documents
from jianghua.evaluation.baselines import fit_tfidf
from jianghua.evaluation.classifier import rule_baseline, tfidf_baseline
from jianghua.evaluation.cross_validation import (
    paired_differences,
    pool,
    pooled_scores,
    score_lines,
    seed_lines,
    trust_lines,
)
from jianghua.evaluation.out_of_fold import (
    Row,
    costs,
    finished_folds,
    fold_folder,
    read_fold,
    record,
    reference_rows,
    reference_seed,
    refuse_recorded,
    rows_of_labels,
    rows_of_prediction,
    write_fold,
)
from jianghua.modeling.batching import classifier_inputs
from jianghua.modeling.classifier import load_classifier, predict
from jianghua.records import sha256, write_jsonl
from jianghua.schema import Document, InputError
from jianghua.trainers.classifier import ClassifierConfig, train_classifier
from jianghua.trainers.fold import codebook_of, fold_config, identity

ROOT = Path(__file__).parents[1]
ANNOTATIONS = [ROOT.parent / "shared" / "annotations" / f"{name}.jsonl" for name in ("train", "dev")]
RESULTS = ROOT / "data" / "results" / "cross_validation.jsonl"
BASELINES = ("rules", "tfidf")


@dataclass(frozen=True)
class Data:
    """The annotated documents, their folds, and what identifies both."""

    files: list[Path]
    documents: list[Document]
    folds: dict[str, int]
    codebook: Codebook
    identity: list[str]

    def count(self) -> int:
        return max(self.folds.values()) + 1

    def part(self, fold: int, held: bool) -> list[Document]:
        return [document for document in self.documents if (self.folds[document.id] == fold) == held]


@dataclass(frozen=True)
class System:
    """What is cross-validated: `run(fold, seed, folder)` gives the fold's rows and facts; `facts` go to the results."""

    run: Callable[[int, int, Path], tuple[list[Row], dict[str, Any]]]
    fingerprint: dict[str, Any]
    facts: dict[str, Any]


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Cross-validate a classifier by document.", allow_abbrev=False)
    what = result.add_mutually_exclusive_group(required=True)
    what.add_argument("--config", type=Path, metavar="FILE.yaml", help="a classifier; --field VALUE overrides")
    what.add_argument("--baseline", choices=BASELINES, help="a floor on the same folds")
    result.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    result.add_argument("--data", type=Path, nargs="+", default=ANNOTATIONS, metavar="FILE.jsonl")
    result.add_argument("--folds", type=Path, default=ROOT / "data" / "folds.json", metavar="FILE.json")
    result.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N")
    result.add_argument("--folds-to-run", type=int, nargs="+", metavar="N", help="default: all")
    result.add_argument("--encoder-alone", type=Path, metavar="FOLDER", help="also the encoders without their n-grams")
    result.add_argument("--against", type=Path, metavar="FOLDER", help="the --out of a run to compare with")
    result.add_argument("--record", metavar="NAME", help="append the result under this name")
    result.add_argument("--changed", metavar="TEXT", help="what differs from the reference; with --record")
    result.add_argument("--results", type=Path, default=RESULTS, metavar="FILE.jsonl")
    return result


def read_data(files: list[Path], folds_file: Path, codebook: Codebook) -> Data:
    documents = [document for path in files for document in load_documents(path, codebook)]
    folds = read_folds(folds_file)
    check_folds(folds, documents)
    return Data(files, documents, folds, codebook, [sha256(path) for path in (*files, folds_file)])


def baseline(name: str, data: Data) -> System:
    """Keyword rules, or TF-IDF and linear SVMs fitted on the other folds."""
    rules = find_resource("codebook", f"{data.codebook.name}_rules.yaml")

    def label(fold: int, seed: int, folder: Path) -> tuple[list[Row], dict[str, Any]]:
        began = time.perf_counter()
        if name == "rules":
            labeller = rule_baseline(load_rules(rules, data.codebook))
        else:
            labeller = tfidf_baseline(fit_tfidf(data.part(fold, held=False), data.codebook))
        held = data.part(fold, held=True)
        return rows_of_labels(held, labeller(held)), {"seconds": round(time.perf_counter() - began, 1)}

    known = {"baseline": name, "data": data.identity} | ({"rules": sha256(rules)} if name == "rules" else {})
    return System(label, known, {"config": f"baseline {name}", "overrides": [], "config_hash": None, "base": None})


def trained(
    config: ClassifierConfig, path: Path, overrides: list[str], data: Data, encoder_alone: Path | None = None
) -> System:
    """The classifier of a configuration, trained by the ordinary trainer."""
    annotated = {file.resolve() for file in data.files}
    extra_files = [file for file in config.train_data if file.resolve() not in annotated]
    if odd := [file for file in extra_files if file.suffix != ".jsonl"]:
        raise InputError("extra training documents as .jsonl", str(odd[0]), "convert them")
    extras = [document for file in extra_files for document in load_documents(file, data.codebook)]
    forbidden = forbidden_folds(extras, data.documents, data.folds)

    def label(fold: int, seed: int, folder: Path) -> tuple[list[Row], dict[str, Any]]:
        held = data.part(fold, held=True)
        leaks = {id_ for id_, folds in forbidden.items() if fold in folds}
        left_out = {document.id for document in held} | leaks
        trained_on = copy_records([*data.files, *extra_files], left_out, folder / "train.jsonl")
        resumed, began = any((folder / "run").glob("checkpoint-*")), time.perf_counter()
        train_classifier(fold_config(config, seed, folder))
        # What an interrupted run took before is not known here.
        seconds = None if resumed else round(time.perf_counter() - began, 1)
        classifier = load_classifier(folder / "model")
        inputs = classifier_inputs(held)
        known = {
            "seconds": seconds, "trained_on": trained_on, "left_out": len(leaks),
            "device": str(classifier.model.device), "parameters": classifier.model.num_parameters(),
            "settings": classifier.settings.to_dict(),
        }  # fmt: skip
        if encoder_alone:
            alone = rows_of_prediction(held, predict(dataclasses.replace(classifier, ngrams=None, rules=None), inputs))
            place = fold_folder(encoder_alone, seed, fold)
            place.mkdir(parents=True, exist_ok=True)
            same = fingerprint_of(dataclasses.replace(config, ngrams=0)) | {"seed": seed}
            write_fold(place, alone, {"fingerprint": same} | known)
        return rows_of_prediction(held, predict(classifier, inputs)), known

    def fingerprint_of(config: ClassifierConfig) -> dict[str, Any]:
        return identity(config) | {"data": data.identity, "extras": [sha256(file) for file in extra_files]}

    if encoder_alone and not config.ngrams:
        raise InputError("--encoder-alone with ngrams above 0", "0", "leave it out: the encoder is alone")
    place = Path(portable(path))
    facts = {"config": path.name if place.is_absolute() else str(place), "overrides": overrides}
    return System(label, fingerprint_of(config), facts | identity(config))


def run_fold(system: System, out: Path, seed: int, fold: int) -> None:
    folder = fold_folder(out, seed, fold)
    fingerprint = system.fingerprint | {"seed": seed}
    if read_fold(folder, fingerprint):
        print(f"seed {seed}, fold {fold}: finished before", flush=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    rows, facts = system.run(fold, seed, folder)
    write_fold(folder, rows, {"fingerprint": fingerprint} | facts)
    for checkpoint in (folder / "run").glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    took = "resumed" if facts["seconds"] is None else f"{facts['seconds']} s of training"
    print(f"seed {seed}, fold {fold}: {len(rows)} paragraphs labelled, {took}", flush=True)


def report(given: argparse.Namespace, data: Data, seed: int, fingerprint: dict[str, Any]) -> dict[str, Any]:
    """Print the scores of one seed's finished folds and return them, with the difference to the reference."""
    folds = finished_folds(given.out, seed, data.count(), fingerprint | {"seed": seed})
    documents = [document for document in data.documents if data.folds[document.id] in folds]
    ours = pool(documents, [row for fold in folds.values() for row in fold.rows], data.codebook)
    found: dict[str, Any] = {"folds": sorted(folds), "scores": pooled_scores(ours), "against": None}
    systems = {given.out.name: found["scores"]}
    print(f"\nseed {seed}, folds {', '.join(map(str, sorted(folds)))} of {data.count()}: {len(documents)} documents\n")
    if given.against:
        their_seed = reference_seed(given.against, seed)
        theirs = pool(documents, reference_rows(given.against, their_seed, folds, data.identity), data.codebook)
        differences = paired_differences(ours, theirs)
        found["against"] = {"name": given.against.name, "seed": their_seed, "differences": differences}
        systems |= {given.against.name: pooled_scores(theirs), "difference": differences}
    print(*score_lines(systems), *trust_lines(found["scores"]), sep="\n", flush=True)
    return found | costs(folds.values())


def chosen_system(given: argparse.Namespace, overrides: list[str]) -> tuple[System, Data]:
    if given.config:
        config = parse_config(ClassifierConfig, ["--config", str(given.config), *overrides], __doc__ or "")
        data = read_data(given.data, given.folds, load_codebook(codebook_of(config)))
        return trained(config, given.config, overrides, data, given.encoder_alone), data
    data = read_data(given.data, given.folds, load_codebook())
    return baseline(given.baseline, data), data


def check(given: argparse.Namespace, overrides: list[str], data: Data) -> None:
    """Refuse before hours of training what would be refused after them."""
    if given.baseline and (overrides or given.seeds != [0]):
        raise InputError("a baseline without seeds or overrides", " ".join(overrides) or "--seeds", "leave them out")
    if len(set(given.seeds)) < len(given.seeds):
        raise InputError("each seed once", " ".join(map(str, given.seeds)), "correct --seeds")
    if unknown := sorted(set(given.folds_to_run or ()) - set(range(data.count()))):
        raise InputError(f"folds 0 to {data.count() - 1}", ", ".join(map(str, unknown)), "correct --folds-to-run")
    if bool(given.record) != bool(given.changed):
        raise InputError("--record and --changed together", "one of them", "say under which name, and what changed")
    for seed in given.seeds if given.against else ():
        reference_seed(given.against, seed)
    if given.record:
        refuse_recorded(given.results, given.record, recorded_seeds(given))


def recorded_seeds(given: argparse.Namespace) -> list[int | None]:
    return [None] if given.baseline else given.seeds


def main(arguments: list[str] | None = None) -> int:
    given, overrides = parser().parse_known_args(arguments)
    system, data = chosen_system(given, overrides)
    check(given, overrides, data)
    for seed in given.seeds:
        for fold in given.folds_to_run or range(data.count()):
            run_fold(system, given.out, seed, fold)
    found = {seed: report(given, data, seed, system.fingerprint) for seed in given.seeds}
    if len(found) > 1:
        print(*seed_lines({seed: result["scores"] for seed, result in found.items()}), sep="\n")
    for seed, result in found.items() if given.record else ():
        if len(result["folds"]) < data.count():
            raise InputError("all folds for --record", f"folds {result['folds']} of seed {seed}", "run the others")
    for (seed, result), named in zip(found.items(), recorded_seeds(given), strict=True):
        row = {"name": given.record, "changed": given.changed, "seed": named} | system.facts
        row |= {"data": [digest[:12] for digest in data.identity], "jianghua": jianghua.__version__} | result
        write_jsonl([row], given.out / f"seed-{seed}" / "scores.json")
        if given.record:
            record(given.results, row)
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
