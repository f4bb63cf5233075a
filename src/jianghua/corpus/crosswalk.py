"""Our policy domains in the codes of other schemes: a YAML beside the codebook, columns beside the labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from jianghua.codebook import Codebook
from jianghua.schema import InputError

PREFIX = "crosswalk_"


@dataclass(frozen=True)
class Crosswalk:
    """Per scheme the counterparts of each policy domain, the nearest first; () where the scheme has none."""

    schemes: Mapping[str, Mapping[str, tuple[str, ...]]]

    def columns(self, domains: Iterable[str]) -> dict[str, list[str]]:
        """The counterparts of a paragraph's domains, each once, by column name (`crosswalk_<scheme>`)."""
        domains = list(domains)
        return {
            PREFIX + scheme: list(dict.fromkeys(code for domain in domains for code in codes[domain]))
            for scheme, codes in self.schemes.items()
        }


def load_crosswalk(path: Path, codebook: Codebook) -> Crosswalk:
    """Read a crosswalk (configs/codebook/zhengfa_crosswalk.yaml shows the format).

    Raises:
        InputError: no such file, another codebook or version, a label or scheme that lacks an entry, unknown codes.
    """
    if not path.is_file():
        raise InputError("a crosswalk file", f"nothing at {path}", "check the path")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        named = (raw["codebook"], str(raw["version"]))
        schemes = {name: {str(code) for code in codes} for name, codes in raw["schemes"].items()}
        labels = {label: {name: tuple(map(str, codes)) for name, codes in entry.items()}
                  for label, entry in raw["labels"].items()}  # fmt: skip
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        expected = "a crosswalk with codebook, version, schemes and labels"
        raise InputError(expected, f"{type(error).__name__}: {error} in {path}", "correct the file") from error
    if named != (codebook.name, codebook.version):
        found = f"one for {' '.join(named)} in {path}"
        raise InputError(f"a crosswalk for codebook {codebook.name} {codebook.version}", found, "review it")
    _check(labels, schemes, codebook, path)
    return Crosswalk({name: {label: entry[name] for label, entry in labels.items()} for name in schemes})


def _check(
    labels: Mapping[str, Mapping[str, Any]], schemes: Mapping[str, set[str]], codebook: Codebook, path: Path
) -> None:
    wanted = set(codebook.policy_domain.labels)
    if set(labels) != wanted:
        found = f"{', '.join(sorted(wanted ^ set(labels)))} on one side only in {path}"
        raise InputError(f"an entry for each policy domain of {codebook.name}", found, "complete it")
    for label, entry in labels.items():
        if set(entry) != set(schemes):
            found = f"{', '.join(entry)} for {label} in {path}"
            raise InputError(f"codes of {', '.join(schemes)}", found, "complete it; [] says that there is none")
        for name, codes in entry.items():
            if unknown := [code for code in codes if code not in schemes[name]]:
                raise InputError(f"codes of scheme {name}", f"{', '.join(unknown)} for {label} in {path}", "correct it")
