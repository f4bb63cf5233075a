"""Codebook rules as labelling functions: patterns with weights, a vote per axis, an evidence span for each hit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

from jianghua.codebook import Codebook
from jianghua.corpus.segment import split_sentences
from jianghua.schema import InputError, Label, Paragraph

Axis = Literal["task_type", "policy_domain"]
AXES: tuple[Axis, ...] = ("task_type", "policy_domain")

_UNIT = 60

_RULE_KEYS = {
    "id", "axis", "label", "pattern", "patterns", "weight", "scope", "exclude",
    "min_length", "max_length", "position", "is_heading",
}  # fmt: skip
_FILE_KEYS = {"codebook", "version", "ignore", "threshold", "rules"}
_TASK_KEYS = {"fallback", "order"}  # of codebooks with task types


@dataclass(frozen=True)
class Rule:
    """One labelling function.

    `scope` paragraph: a match anywhere adds `weight` once. `scope` sentence: each sentence that matches adds
    `weight` times its share of the paragraph's characters. `scope` match: every match adds `weight`, divided by the
    square root of the paragraph's length in units of 60 characters. The conditions look at the whole paragraph:
    lengths in characters, `position` (first or last of its document), `is_heading`, and `exclude` (a pattern that
    vetoes; under scope sentence it vetoes its sentence only).
    """

    id: str
    axis: Axis
    label: str
    pattern: re.Pattern[str]
    weight: float = 1.0
    scope: Literal["paragraph", "sentence", "match"] = "paragraph"
    exclude: re.Pattern[str] | None = None
    min_length: int = 0
    max_length: int | None = None
    position: Literal["first", "last"] | None = None
    is_heading: bool | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A hit: the rule, what it votes for and with which weight, and [start, end) in the paragraph's text."""

    rule: str
    axis: Axis
    label: str
    weight: float
    start: int
    end: int


@dataclass(frozen=True)
class RuleLabeller:
    """The rules of one file; `label` is a pure function of its arguments.

    `ignore`: per axis, what is blanked before matching (formulas, purpose clauses). `threshold`: the vote a label
    needs. `fallback`: the task type where the axis abstains. `order`: task types, ties go to the earlier one. A
    codebook without task types has "" and () there.
    """

    codebook: Codebook
    rules: tuple[Rule, ...]
    ignore: Mapping[Axis, re.Pattern[str] | None]
    threshold: Mapping[Axis, float]
    fallback: str
    order: tuple[str, ...]

    @cached_property
    def provenance(self) -> str:
        """What `Label.provenance` says of these labels: "rules:zhengfa@0.2"."""
        return f"rules:{self.codebook.name}@{self.codebook.version}"

    def label(self, paragraph: Paragraph, position: int, count: int) -> tuple[Label, list[Evidence]]:
        """Vote on both axes of the paragraph that is number `position` (from 0) of `count` in its document.

        Where no task type reaches the threshold the axis abstains: the label is `fallback` and marked uncertain.
        Headings and boilerplate follow rule D8: a heading takes what it names, boilerplate no domain. Without task
        types the domains abstain: where none passes, the label is uncertain.
        """
        evidence = [hit for axis in AXES for hit in self._hits(axis, paragraph, position, count)]
        votes = _votes(evidence)
        passed = {c for c, vote in votes["policy_domain"].items() if vote >= self.threshold["policy_domain"]}
        if not self.order:
            return Label("", self._ordered(passed), self.provenance, uncertain=not passed), evidence
        best = min(self.order, key=lambda code: (-votes["task_type"].get(code, 0.0), self.order.index(code)))
        abstains = votes["task_type"].get(best, 0.0) < self.threshold["task_type"]
        task_type = self.fallback if abstains else best
        domains = () if task_type == "boilerplate" else self._ordered(passed)
        return Label(task_type, domains, self.provenance, uncertain=abstains), evidence

    def domain_votes(self, text: str) -> Mapping[str, float]:
        """The summed weights of the domain rules that match `text`, whatever stands around it."""
        paragraph = Paragraph(1, 0, len(text), text)
        return _votes(self._hits("policy_domain", paragraph, 1, 3))["policy_domain"]

    def _ordered(self, codes: set[str]) -> tuple[str, ...]:
        return tuple(code for code in self.codebook.policy_domain.labels if code in codes)

    def _hits(self, axis: Axis, paragraph: Paragraph, position: int, count: int) -> Iterator[Evidence]:
        text = _blanked(paragraph.text, self.ignore[axis])
        sentences = split_sentences(text)
        for rule in self.rules:
            if rule.axis == axis and _applies(rule, paragraph, position, count):
                yield from _matches(rule, text, sentences)


def load_rules(path: Path, codebook: Codebook) -> RuleLabeller:
    """Read a rule file (configs/codebook/zhengfa_rules.yaml explains the format).

    Raises:
        InputError: no such file, another codebook or version, unknown keys, labels or conditions, repeated ids,
            patterns that do not compile; names the rule.
    """
    if not path.is_file():
        raise InputError("a rule file", f"nothing at {path}", "check the path")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("a rule file in YAML", f"{error} in {path}", "correct the file") from error
    keys = _FILE_KEYS | (_TASK_KEYS if codebook.task_type.labels else set())
    if not isinstance(raw, dict) or set(raw) != keys:
        found = f"{sorted(raw)} in {path}" if isinstance(raw, dict) else f"{type(raw).__name__} in {path}"
        raise InputError(f"the keys {', '.join(sorted(keys))}", found, "correct the file")
    if (raw["codebook"], str(raw["version"])) != (codebook.name, codebook.version):
        found = f"rules for {raw['codebook']} {raw['version']} in {path}"
        raise InputError(f"rules for codebook {codebook.name} {codebook.version}", found, "review them and set version")
    rules = tuple(_rule(entry, codebook) for entry in raw["rules"])
    _refuse_repeated(rules)
    order, fallback = (raw["order"], raw["fallback"]) if codebook.task_type.labels else ((), "")
    _check_types([*order, *filter(None, [fallback])], codebook)
    return RuleLabeller(
        codebook,
        rules,
        {axis: _compiled(raw["ignore"].get(axis), f"ignore.{axis}") for axis in AXES},
        _thresholds(raw["threshold"], codebook, path),
        fallback,
        tuple(order),
    )


def _thresholds(raw: Mapping[str, Any], codebook: Codebook, path: Path) -> dict[Axis, float]:
    axes: list[Axis] = [axis for axis in AXES if axis in codebook.axes and codebook.axes[axis].labels]
    if set(raw) != set(axes):
        raise InputError(f"a threshold for {', '.join(axes)}", f"{', '.join(raw) or 'none'} in {path}", "correct it")
    return {axis: float(raw[axis]) for axis in axes}


def _votes(evidence: Iterable[Evidence]) -> dict[str, dict[str, float]]:
    votes: dict[str, dict[str, float]] = {axis: defaultdict(float) for axis in AXES}
    for hit in evidence:
        votes[hit.axis][hit.label] += hit.weight
    return votes


def _blanked(text: str, pattern: re.Pattern[str] | None) -> str:
    # Same length: evidence spans must stay valid in the paragraph's text.
    return pattern.sub(lambda match: "\0" * len(match[0]), text) if pattern else text


def _applies(rule: Rule, paragraph: Paragraph, position: int, count: int) -> bool:
    length = len(paragraph.text)
    wanted = {None: True, "first": position == 0, "last": position == count - 1}[rule.position]
    fits = rule.min_length <= length and (rule.max_length is None or length <= rule.max_length)
    return wanted and fits and rule.is_heading in (None, paragraph.is_heading)


def _matches(rule: Rule, text: str, sentences: list[tuple[int, int]]) -> Iterator[Evidence]:
    spans = sentences if rule.scope == "sentence" else [(0, len(text))]
    for start, end in spans:
        # search(text, start, end) keeps ^ at the text's start only, a sentence needs its own.
        part = text[start:end]
        if rule.exclude and rule.exclude.search(part):
            continue
        for hit in rule.pattern.finditer(part):
            weight = rule.weight * _share(rule, end - start, len(text))
            yield Evidence(rule.id, rule.axis, rule.label, weight, start + hit.start(), start + hit.end())
            if rule.scope != "match":
                break


def _share(rule: Rule, length: int, whole: int) -> float:
    if rule.scope == "sentence":
        return length / max(whole, 1)
    # A word in passing counts less in a long paragraph, but by less than its length: fields come in lists there.
    return (_UNIT / max(whole, _UNIT)) ** 0.5 if rule.scope == "match" else 1.0


def _rule(entry: Any, codebook: Codebook) -> Rule:
    if not isinstance(entry, dict) or not {"id", "axis", "label"} <= set(entry):
        raise InputError("rules with id, axis, label and pattern", f"{entry!r:.80}", "complete the rule")
    name = f"rule {entry['id']}"
    if unknown := set(entry) - _RULE_KEYS:
        raise InputError(f"the keys {', '.join(sorted(_RULE_KEYS))}", f"{sorted(unknown)} in {name}", "correct it")
    if entry["axis"] not in codebook.axes or entry["label"] not in codebook.axes[entry["axis"]].labels:
        found = f"{entry['label']!r} on axis {entry['axis']!r} in {name}"
        raise InputError(f"a label of codebook {codebook.name} {codebook.version}", found, "correct it")
    patterns = _compiled(entry.get("patterns") or entry.get("pattern"), name)
    if patterns is None:
        raise InputError("pattern or patterns", f"none in {name}", "add one")
    for key, allowed in (("position", ("first", "last")), ("scope", ("paragraph", "sentence", "match"))):
        if entry.get(key, allowed[0]) not in allowed:
            raise InputError(f"{key} of {', '.join(allowed)}", f"{entry[key]!r} in {name}", "correct it")
    rest = {key: entry[key] for key in _RULE_KEYS - {"pattern", "patterns", "exclude"} if key in entry}
    return Rule(**rest, pattern=patterns, exclude=_compiled(entry.get("exclude"), name))


def _compiled(source: str | list[str] | None, name: str) -> re.Pattern[str] | None:
    if not source:
        return None
    parts = [source] if isinstance(source, str) else source
    try:
        return re.compile("|".join(f"(?:{part})" for part in parts))
    except (re.error, TypeError) as error:
        raise InputError("regular expressions", f"{error} in {name}", "correct the pattern") from error


def _refuse_repeated(rules: Iterable[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise InputError("each rule id once", f"{rule.id!r} twice", "rename one")
        seen.add(rule.id)


def _check_types(codes: Iterable[str], codebook: Codebook) -> None:
    if unknown := [code for code in codes if code not in codebook.task_type.labels]:
        raise InputError(f"task types of {codebook.name}", f"{unknown} under order or fallback", "correct them")
