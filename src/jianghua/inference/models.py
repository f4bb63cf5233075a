"""Where the default checkpoints are found, and opening them once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jianghua.modeling.checkpoint import checkpoint_id
from jianghua.modeling.classifier import Classifier, load_classifier
from jianghua.modeling.summarizer import Summarizer, load_summarizer
from jianghua.schema import InputError

CLASSIFIER, SUMMARIZER = "classifier-compact", "summarizer-compact"
VARIABLE = "JIANGHUA_MODELS"


@dataclass(frozen=True)
class Models:
    """Both models and what identifies them in an output."""

    classifier: Classifier
    summarizer: Summarizer
    classifier_id: str
    summarizer_id: str


def find_models(models: str | Path | None = None) -> Path:
    """The folder that holds the checkpoints: the argument, else the environment variable, else the checkout.

    Raises:
        InputError: none of the three holds both checkpoints; names all three.
    """
    checkout = Path(__file__).resolve().parents[3] / "models"
    given = models or os.environ.get(VARIABLE)
    folder = Path(given) if given else checkout
    if all((folder / name).is_dir() for name in (CLASSIFIER, SUMMARIZER)):
        return folder
    environment = os.environ.get(VARIABLE)
    raise InputError(
        f"a folder with {CLASSIFIER}/ and {SUMMARIZER}/",
        f"none: models argument {models!s}, {VARIABLE} {environment or 'not set'}, checkout {checkout}",
        f"pass models=…, set {VARIABLE}, or work in a checkout that holds models/",
    )


@lru_cache(maxsize=2)
def open_models(folder: Path) -> Models:
    """Load both checkpoints of a folder once a process."""
    paths = folder / CLASSIFIER, folder / SUMMARIZER
    return Models(
        load_classifier(paths[0]), load_summarizer(paths[1]), checkpoint_id(paths[0]), checkpoint_id(paths[1])
    )
