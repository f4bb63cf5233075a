"""Results of analysis back from JSON Lines, for everything that shows them to people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jianghua.codebook import Codebook
from jianghua.records import read_lines
from jianghua.schema import Analysis, InputError, ItemAnalysis, Label, ParagraphAnalysis, Removed

SUFFIXES = (".jsonl", ".jsonl.gz")


def read_results(path: Path, codebook: Codebook) -> Iterator[Analysis]:
    """The analyses of a .jsonl(.gz), or of all such files of a folder in the order of their names.

    Records of documents that could not be read come as analyses with `error`.

    Raises:
        InputError: nothing there, a line that is no record of analysis, a label that the codebook lacks, an id twice.
    """
    seen: dict[str, str] = {}
    for file in _files(path):
        for number, row in read_lines(file):
            where = f"{file}:{number}"
            if isinstance(row, InputError):
                raise row
            analysis = _analysis(row, where, codebook)
            if analysis.id in seen:
                raise InputError("each id once", f"{analysis.id!r} in {where} and {seen[analysis.id]}", "remove one")
            seen[analysis.id] = where
            yield analysis


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(file for file in path.glob("*") if file.is_file() and file.name.endswith(SUFFIXES))
    if not found:
        do = "make it with jianghua INPUTS --output FILE.jsonl"
        raise InputError("a .jsonl of results, or a folder of them", f"none at {path}", do)
    return found


def _analysis(row: dict[str, Any], where: str, codebook: Codebook) -> Analysis:
    try:
        if row.get("error") is not None:
            return Analysis(row["id"], source=row.get("source"), error=row["error"])
        values = {key: row[key] for key in ("id", "title", "date", "source", "headline", "summary", "meta")}
        return Analysis(
            **values, summary_evidence=tuple((start, end) for start, end in row["summary_evidence"]),
            paragraphs=tuple(_paragraph(part, where, codebook) for part in row["paragraphs"]),
            removed=tuple(Removed(**part) for part in row["removed"]), flags=tuple(row["flags"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        found = f"{type(error).__name__} {error} in {where}"
        raise InputError("a record of analysis", found, "make it with jianghua INPUTS --output FILE.jsonl") from error


def _paragraph(part: dict[str, Any], where: str, codebook: Codebook) -> ParagraphAnalysis:
    items = tuple(ItemAnalysis(**{**item, **_codes(item, where, codebook)}) for item in part["items"])
    return ParagraphAnalysis(**{**part, **_codes(part, where, codebook), "items": items})


def _codes(part: dict[str, Any], where: str, codebook: Codebook) -> dict[str, Any]:
    label = codebook.check(Label(part["task_type"], tuple(part["policy_domain"])), where)
    return {"task_type": label.task_type, "policy_domain": label.policy_domain}
