"""Results of a small invented harbour town, as analysis writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEXTS = (
    "去年全港区调解渔事纠纷六十余起。",
    "一要给渡船装上定位器。二要逐船登记船工。",
    "谢谢各位船工，愿江上年年平安！",
    "眼下外来船只增多，夜航的苗头冒头。",
    "五月底前把采砂点逐一过筛。",
    "各站站长每周带班两夜，财政按月拨付补贴。",
)
# Likeliest and second task type with their probabilities: the third paragraph is the least certain.
GUESSES = (
    ("review", 0.96, "situation", 0.02), ("deployment", 0.9, "safeguard", 0.05), ("appeal", 0.41, "deployment", 0.4),
    ("situation", 0.8, "review", 0.1), ("deployment", 0.7, "guidance", 0.2), ("safeguard", 0.6, "deployment", 0.3),
)  # fmt: skip


def paragraph(index: int, start: int, text: str, guess: tuple[str, float, str, float]) -> dict[str, Any]:
    task, likely, second, less = guess
    items = []
    if text.startswith("一要"):
        middle = text.index("二要")
        items = [{"start": start + a, "end": start + b, "task_type": "deployment", "policy_domain": ["public_safety"],
                  "gist": "装定位器"} for a, b in ((0, middle), (middle, len(text)))]  # fmt: skip
    return {
        "index": index, "start": start, "end": start + len(text), "text": text, "heading": None, "task_type": task,
        "task_type_scores": {task: likely, second: less}, "policy_domain": ["public_safety"],
        "policy_domain_scores": {"public_safety": 0.97, "ecology": 0.02}, "needs_review": likely < 0.5,
        "gist": text[:8].rstrip("。"), "items": items,
    }  # fmt: skip


def record(id_: str = "渡口", texts: tuple[str, ...] = TEXTS) -> dict[str, Any]:
    paragraphs, start = [], 0
    for index, (text, guess) in enumerate(zip(texts, GUESSES, strict=False)):
        paragraphs.append(paragraph(index, start, text, guess))
        start += len(text) + 1
    return {
        "id": id_, "title": f"{id_}护航会", "date": "2020-03-02", "source": f"{id_}.txt", "headline": "", "summary": "",
        "summary_evidence": [], "paragraphs": paragraphs, "removed": [], "flags": [], "meta": {},
    }  # fmt: skip


def write_results(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records or (record(),)), "utf-8")
    return path
