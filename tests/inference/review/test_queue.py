"""The order of review: what is uncertain or against the rules comes first, and not all of one kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from review_samples import TEXTS, record, write_results

from jianghua.codebook import load_codebook
from jianghua.inference.results import read_results
from jianghua.inference.review.command import rules_of
from jianghua.inference.review.queue import Task, make_queue

CODEBOOK = load_codebook()


def queue(tmp_path: Path, *records: dict, rules: bool = False) -> list[Task]:
    results = read_results(write_results(tmp_path / "out.jsonl", *records), CODEBOOK)
    return make_queue(results, rules_of(CODEBOOK) if rules else None)


def test_the_narrowest_margin_comes_first_and_every_paragraph_once(tmp_path: Path) -> None:
    tasks = queue(tmp_path)
    assert tasks[0].paragraph.text == TEXTS[2] and tasks[0].reasons == ("close_task", "marked")
    assert sorted(task.paragraph.index for task in tasks) == list(range(6))
    assert [task.paragraph.index for task in tasks[-2:]] in ([0, 1], [1, 0])


def test_a_domain_near_one_half_is_uncertain(tmp_path: Path) -> None:
    row = record()
    row["paragraphs"][0]["policy_domain_scores"] = {"economy": 0.5}
    first = queue(tmp_path, row)[0]
    assert first.paragraph.index == 0 and first.reasons == ("close_domain",)


def test_what_the_rules_contradict_comes_earlier(tmp_path: Path) -> None:
    row = record()
    row["paragraphs"][2] |= {"task_type": "review", "task_type_scores": {"review": 0.97, "appeal": 0.02}}
    plain = [task.paragraph.index for task in queue(tmp_path, row)]
    tasks = queue(tmp_path, row, rules=True)
    task = next(task for task in tasks if task.paragraph.index == 2)
    assert task.rules is not None and task.rules.task_type == "appeal" and "rules_task" in task.reasons
    assert [t.paragraph.index for t in tasks].index(2) < plain.index(2)


def test_repetitions_make_way_for_other_texts(tmp_path: Path) -> None:
    same = [f"向第{n}号渡口的船工道一声辛苦，愿江上年年平安！" for n in range(8)]
    row = record(texts=(TEXTS[0],))
    for n, text in enumerate(same, 1):
        part = record(texts=("", "", text))["paragraphs"][2]
        row["paragraphs"].append(part | {"index": n, "start": 100 * n, "end": 100 * n + len(text)})
    row["paragraphs"][0] |= {"task_type_scores": {"review": 0.6, "situation": 0.3}}
    order = [task.paragraph.index for task in queue(tmp_path, row)]
    assert order[0] != 0 and order.index(0) < 5  # by margin alone it would be the last


def test_the_order_is_the_same_again(tmp_path: Path) -> None:
    first = [(task.id, task.paragraph.index) for task in queue(tmp_path, record(), record("船闸"), rules=True)]
    assert first == [(task.id, task.paragraph.index) for task in queue(tmp_path, record(), record("船闸"), rules=True)]


def test_items_stand_in_the_paragraph_or_are_said_to_have_no_place(tmp_path: Path) -> None:
    task = next(task for task in queue(tmp_path) if task.paragraph.index == 1)
    assert task.items is not None
    assert [TEXTS[1][i.start : i.end] for i in task.items] == ["一要给渡船装上定位器。", "二要逐船登记船工。"]
    row = record()
    row["removed"] = [{"start": row["paragraphs"][1]["start"] + 3, "end": row["paragraphs"][1]["start"] + 5,
                       "reason": "page_head"}]  # fmt: skip
    task = next(task for task in queue(tmp_path, row) if task.paragraph.index == 1)
    assert task.items is None


def test_error_records_give_no_task_and_neighbours_are_context(tmp_path: Path) -> None:
    tasks = queue(tmp_path, record(), {"id": "坏", "source": None, "error": "expected a PDF, found 3 bytes; mend it"})
    assert {task.id for task in tasks} == {"渡口"}
    middle = next(task for task in tasks if task.paragraph.index == 1)
    assert (middle.before, middle.after) == (TEXTS[0], TEXTS[2])
    assert replace(middle, score=0).text_sha256 == middle.text_sha256
