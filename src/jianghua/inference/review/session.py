"""A coder at work: tasks in order, decisions checked and saved at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jianghua.codebook import Codebook
from jianghua.inference.review.agreement import agreements
from jianghua.inference.review.journal import (
    Decision,
    Key,
    append,
    check_coder,
    drop_torn_line,
    journal_of,
    read_decisions,
    write_annotations,
)
from jianghua.inference.review.queue import Part, Task
from jianghua.schema import InputError, Label

LONGEST_GIST = 30  # characters, the format's
NO_GIST = ("heading", "boilerplate")


class Session:
    """The tasks of one coder and what they have decided; everything decided is on the disk before it counts."""

    def __init__(self, tasks: Sequence[Task], codebook: Codebook, folder: Path, coder: str) -> None:
        """Go on where the coder's journal ends.

        Raises:
            InputError: no task, a name that no file can have, or a damaged journal.
        """
        if not tasks:
            raise InputError("paragraphs to review", "none", "give results of readable documents")
        self.tasks, self.codebook, self.coder, self._folder = tasks, codebook, check_coder(coder), folder
        folder.mkdir(parents=True, exist_ok=True)
        self._journal = journal_of(folder, coder)
        self.torn = drop_torn_line(self._journal)
        self.annotations = folder / f"{coder}.jsonl"
        decided = read_decisions(self._journal)
        keys = {_key(task) for task in tasks}
        self.foreign = len(decided.keys() - keys)
        self._decided = {key: decision for key, decision in decided.items() if key in keys}
        self._write()

    @property
    def done(self) -> int:
        return len(self._decided)

    def next_open(self, after: int = -1) -> int | None:
        """The place of the first task without decision after `after`, then from the top; None when all are decided."""
        order = [*range(after + 1, len(self.tasks)), *range(min(after + 1, len(self.tasks)))]
        return next((place for place in order if _key(self.tasks[place]) not in self._decided), None)

    def show(self, place: int) -> dict[str, Any]:
        """One task as JSON: the text, what the models and rules say, and the coder's own decision if there is one.

        Raises:
            InputError: no such place.
        """
        task = self._task(place)
        row, mine = task.paragraph, self._decided.get(_key(task))
        return {
            "place": place, "total": len(self.tasks), "done": self.done,
            "id": task.id, "index": row.index, "title": task.title, "date": task.date, "heading": row.heading,
            "text": row.text, "before": task.before, "after": task.after, "reasons": list(task.reasons),
            "rules": _codes(task.rules.task_type, task.rules.policy_domain) if task.rules else None,
            "scores": {"task_type": row.task_type_scores, "policy_domain": row.policy_domain_scores},
            "model": _said(task),
            "decision": _decision_json(mine) if mine else None,
        }  # fmt: skip

    def save(self, place: int, said: Mapping[str, Any]) -> None:
        """Check a decision and append it to the journal; when this returns it survives a kill or a power cut.

        Raises:
            InputError: labels, gist or items that the format does not hold.
            OSError: the disk did not take it; nothing is changed then.
        """
        task = self._task(place)
        decision = self._decision(task, _Said(said))
        append(decision, self._journal)
        self._decided[decision.key] = decision
        self._write()

    def agreement(self) -> list[dict[str, Any]]:
        return agreements(self._folder, self.codebook, self.coder)

    def _task(self, place: int) -> Task:
        if not 0 <= place < len(self.tasks):
            raise InputError(f"a place from 0 to {len(self.tasks) - 1}", str(place), "reload the page")
        return self.tasks[place]

    def _write(self) -> None:
        write_annotations(self._decided.values(), self.annotations)

    def _decision(self, task: Task, said: _Said) -> Decision:
        row, where = task.paragraph, f"{task.id}[{task.paragraph.index}]"
        label = self.codebook.check(Label(said.text("task_type"), said.codes()), where)
        items = None if task.items is None else tuple(self._items(said, row.text, where))
        return Decision(
            datetime.now(UTC).isoformat(timespec="seconds"), self.coder, task.id, row.index, task.title, task.date,
            task.source, row.text, task.text_sha256, label.task_type, label.policy_domain, said.flag("uncertain"),
            _gist(said.text("gist"), label.task_type), items, _said(task),
        )  # fmt: skip

    def _items(self, said: _Said, text: str, where: str) -> list[Part]:
        items, end = [], 0
        for item in said.parts("items"):
            place = item.number("start"), item.number("end")
            if not end <= place[0] < place[1] <= len(text):
                found = f"{place[0]}–{place[1]} after {end} in {where}"
                raise InputError(f"items one after another within {len(text)} characters", found, "correct them")
            end = place[1]
            label = self.codebook.check(Label(item.text("task_type"), item.codes()), where)
            gist = _gist(item.text("gist"), label.task_type)
            items.append(Part(*place, label.task_type, label.policy_domain, gist))
        return items


class _Said:
    """A JSON object from the browser, which may hold anything."""

    def __init__(self, row: Any) -> None:
        if not isinstance(row, Mapping):
            raise InputError("a JSON object", type(row).__name__, "reload the page")
        self._row = row

    def _get(self, key: str, kind: type) -> Any:
        value = self._row.get(key)
        if type(value) is not kind:
            raise InputError(f"{kind.__name__} under {key}", f"{value!r:.60}", "reload the page")
        return value

    def text(self, key: str) -> str:
        return self._get(key, str)

    def flag(self, key: str) -> bool:
        return self._get(key, bool)

    def number(self, key: str) -> int:
        return self._get(key, int)

    def codes(self) -> tuple[str, ...]:
        codes = self._get("policy_domain", list)
        if not all(isinstance(code, str) for code in codes):
            raise InputError("strings under policy_domain", f"{codes!r:.60}", "reload the page")
        return tuple(codes)

    def parts(self, key: str) -> list[_Said]:
        return [_Said(part) for part in self._get(key, list)]


def _gist(given: str, task_type: str) -> str:
    gist = " ".join(given.split()).rstrip("。")
    if len(gist) > LONGEST_GIST:
        raise InputError(f"a gist of at most {LONGEST_GIST} characters", f"{len(gist)}", "shorten it")
    if gist and task_type in NO_GIST:
        raise InputError(f"no gist for {task_type}", repr(gist), "leave it empty")
    return gist


def _key(task: Task) -> Key:
    return task.id, task.paragraph.index, task.text_sha256


def _codes(task_type: str, policy_domain: tuple[str, ...]) -> dict[str, Any]:
    return {"task_type": task_type, "policy_domain": list(policy_domain)}


def _said(task: Task) -> dict[str, Any]:
    row = task.paragraph
    items = None if task.items is None else [asdict(item) for item in task.items]
    return _codes(row.task_type, row.policy_domain) | {"gist": row.gist, "items": items}


def _decision_json(decision: Decision) -> dict[str, Any]:
    items = None if decision.items is None else [asdict(item) for item in decision.items]
    codes = _codes(decision.task_type, decision.policy_domain)
    return codes | {"gist": decision.gist, "uncertain": decision.uncertain, "items": items, "time": decision.time}
