"""Checkpoints that a kill at any moment cannot spoil: a manifest written last, resume from the newest that verifies."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from jianghua.records import sha256, write_manifest
from jianghua.schema import InputError

logger = logging.getLogger("jianghua")
MANIFEST = "manifest.json"
TRAINER_STATE_NAME = "trainer_state.json"


class VerifiedCheckpoints(TrainerCallback):
    """Writes each checkpoint's manifest once it is complete: every file's size and SHA-256, the run's fingerprint."""

    def __init__(self, fingerprint: dict[str, Any]) -> None:
        self.fingerprint = fingerprint

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        # Each process writes its own random state; the manifest has to name them all.
        PartialState().wait_for_everyone()
        if not state.is_world_process_zero:
            return
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        files = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
        for path in files:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        write_manifest(folder / MANIFEST, files, {"fingerprint": self.fingerprint})


def _steps(folder: Path) -> int:
    tail = folder.name.removeprefix("checkpoint-")
    return int(tail) if tail.isdigit() else -1


def _problem(folder: Path) -> str | None:
    """Why a checkpoint cannot be trusted, or None."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        for name, entry in manifest["files"].items():
            path = folder / name
            if not path.is_file():
                return f"{name} is missing"
            if path.stat().st_size != entry["bytes"] or sha256(path) != entry["sha256"]:
                return f"{name} is damaged"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"no usable manifest ({type(error).__name__})"
    return None


def _best_problem(folder: Path) -> str | None:
    """Why the checkpoint that Trainer would open at the end of this run cannot be trusted, or None."""
    best = json.loads((folder / TRAINER_STATE_NAME).read_text(encoding="utf-8"))["best_global_step"]
    if best is None:
        return None
    problem = _problem(folder.with_name(f"checkpoint-{best}"))
    return f"its best checkpoint, {best}: {problem}" if problem else None


def newest_verified(output_dir: Path, fingerprint: dict[str, Any]) -> Path | None:
    """The newest complete checkpoint of this very run; those that are damaged, or whose best one is, are moved away.

    They go to `quarantine/` in the same folder.

    Raises:
        InputError: a complete checkpoint of a run with another configuration.
    """
    for folder in sorted(output_dir.glob("checkpoint-*"), key=_steps, reverse=True):
        if problem := _problem(folder) or _best_problem(folder):
            quarantine = output_dir / "quarantine" / f"{folder.name}-{os.getpid()}"
            quarantine.parent.mkdir(exist_ok=True)
            folder.rename(quarantine)
            logger.warning("%s: %s; moved to %s", folder.name, problem, quarantine)
            continue
        _refuse_other_run(folder, fingerprint)
        return folder
    return None


def _refuse_other_run(folder: Path, fingerprint: dict[str, Any]) -> None:
    stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["fingerprint"]
    changed = sorted(key for key in stored.keys() | fingerprint.keys() if stored.get(key) != fingerprint.get(key))
    if changed:
        raise InputError(
            f"the configuration that {folder} was trained with",
            f"another {', '.join(changed)}",
            "restore it, choose another run.output_dir, or pass --run.resume false",
        )
