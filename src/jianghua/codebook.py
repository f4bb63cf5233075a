"""The versioned codebook: label names, definitions and rules for everything that needs labels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from jianghua.schema import InputError, Label

DEFAULT = "zhengfa"
FROM_ROWS = "rows"  # the name of codebooks that no file holds


@dataclass(frozen=True)
class Axis:
    """One axis: `single` takes exactly one label, `multi` a set that may be empty."""

    name: str
    kind: str
    labels: tuple[str, ...]
    names_zh: dict[str, str]
    definitions: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Codebook:
    """Axes by name, with the file's name and version; an axis that it lacks is one without labels."""

    name: str
    version: str
    axes: dict[str, Axis]

    @classmethod
    def of_labels(cls, task_type: Iterable[str], policy_domain: Iterable[str]) -> Codebook:
        """The codebook of labels that nothing defines but the rows that carry them; the version is their digest."""
        names = {"task_type": tuple(task_type), "policy_domain": tuple(policy_domain)}
        kinds = {"task_type": "single", "policy_domain": "multi"}
        axes = {name: Axis(name, kinds[name], labels, {x: x for x in labels}, {}) for name, labels in names.items()}
        return cls(FROM_ROWS, hashlib.sha256(repr(names).encode()).hexdigest()[:8], axes)

    @property
    def task_type(self) -> Axis:
        return self.axes.get("task_type", Axis("task_type", "single", (), {}, {}))

    @property
    def policy_domain(self) -> Axis:
        return self.axes.get("policy_domain", Axis("policy_domain", "multi", (), {}, {}))

    def check(self, label: Label, where: str) -> Label:
        """Return `label` with domains in codebook order.

        Raises:
            InputError: a code that the codebook does not have; a task type of "" is one, unless it has none at all.
        """
        tasks = (label.task_type,) if self.task_type.labels or label.task_type else ()
        for axis, codes in ((self.task_type, tasks), (self.policy_domain, label.policy_domain)):
            unknown = [code for code in codes if code not in axis.labels]
            if unknown:
                raise InputError(
                    f"{axis.name} codes of codebook {self.name} {self.version} ({', '.join(axis.labels)})",
                    f"{', '.join(map(repr, unknown))} in {where}",
                    "correct the annotation or add the code to the codebook",
                )
        domains = tuple(code for code in self.policy_domain.labels if code in label.policy_domain)
        return Label(label.task_type, domains, label.provenance, label.uncertain)


def _axis(name: str, entry: dict[str, Any]) -> Axis:
    labels = entry["labels"]
    return Axis(name, entry["kind"], tuple(labels), {code: d["zh"] for code, d in labels.items()}, labels)


def find_resource(*parts: str) -> Path:
    """A configuration file of the checkout, or its copy inside an installed wheel."""
    package = Path(__file__).resolve().parent
    places: Iterable[Path] = (package.parents[1] / "configs", package / "_configs")
    for place in places:
        path = place.joinpath(*parts)
        if path.exists():
            return path
    raise InputError(
        f"{'/'.join(parts)} under one of {', '.join(map(str, places))}", "none", "give a path, or reinstall jianghua"
    )


@lru_cache(maxsize=8)
def load_codebook(name_or_path: str = DEFAULT) -> Codebook:
    """Read a codebook by name (`configs/codebook/<name>.yaml`) or by path.

    Raises:
        InputError: no such file, or not a codebook.
    """
    path = Path(name_or_path)
    if path.suffix != ".yaml":
        path = find_resource("codebook", f"{name_or_path}.yaml")
    if not path.is_file():
        raise InputError("a codebook YAML file", f"nothing at {path}", "check the path")
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        axes = {axis: _axis(axis, entry) for axis, entry in raw["axes"].items()}
        return Codebook(raw["name"], str(raw["version"]), axes)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "a codebook with name, version and axes.*.{kind,labels}",
            f"{path} without {error}",
            "see configs/codebook/zhengfa.yaml",
        ) from error
