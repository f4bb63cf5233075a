"""Decisions: checked, on the disk at once, readable as training data, blind between coders."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from review_samples import TEXTS, write_results

from jianghua.codebook import load_codebook
from jianghua.inference.results import read_results
from jianghua.inference.review.agreement import agreements
from jianghua.inference.review.journal import read_decisions
from jianghua.inference.review.queue import make_queue
from jianghua.inference.review.session import Session
from jianghua.records import read_annotated
from jianghua.schema import InputError, Label

CODEBOOK = load_codebook()


def session(tmp_path: Path, coder: str = "lin") -> Session:
    results = read_results(write_results(tmp_path / "out.jsonl"), CODEBOOK)
    return Session(make_queue(results, None), CODEBOOK, tmp_path / "out.review", coder)


def place_of(work: Session, index: int) -> int:
    return next(place for place, task in enumerate(work.tasks) if task.paragraph.index == index)


def say(**changes: Any) -> dict[str, Any]:
    return {"task_type": "review", "policy_domain": ["ecology"], "gist": "", "uncertain": False, "items": []} | changes


def test_a_decision_is_training_data_with_provenance(tmp_path: Path) -> None:
    work = session(tmp_path)
    item = {"start": 0, "end": 11, "task_type": "safeguard", "policy_domain": ["technology"], "gist": "装定位器。"}
    work.save(place_of(work, 1), say(task_type="safeguard", gist=" 渡船 装定位器。", uncertain=True, items=[item]))
    work.save(place_of(work, 4), say(policy_domain=["ecology", "political_security"]))
    (document,) = read_annotated(tmp_path / "out.review" / "lin.jsonl", CODEBOOK)
    first, second = document.paragraphs
    assert (document.id, document.title, document.source) == ("渡口", "渡口护航会", "渡口.txt")
    assert (first.index, first.text, first.gist) == (1, TEXTS[1], "渡船 装定位器")
    assert first.label == Label("safeguard", ("ecology",), "coder:lin", True)
    assert (first.items[0].text, first.items[0].gist) == (TEXTS[1][:11], "装定位器")
    assert (second.index, second.label) == (4, Label("review", ("political_security", "ecology"), "coder:lin"))
    (row,) = [json.loads(line) for line in (tmp_path / "out.review" / "lin.jsonl").read_text("utf-8").splitlines()]
    reviewed = row["paragraphs"][0]["reviewed"]
    assert reviewed["was"]["task_type"] == "deployment" and len(reviewed["text_sha256"]) == 64
    assert reviewed["time"].endswith("+00:00")


def test_the_last_decision_counts_and_a_session_goes_on(tmp_path: Path) -> None:
    work = session(tmp_path)
    assert work.next_open() == 0
    work.save(0, say())
    work.save(0, say(task_type="guidance"))
    again = session(tmp_path)
    assert (again.done, again.next_open(), again.foreign, again.torn) == (1, 1, 0, 0)
    assert again.show(0)["decision"]["task_type"] == "guidance"
    assert len((tmp_path / "out.review" / "lin.journal.jsonl").read_text("utf-8").splitlines()) == 2
    for place in range(1, 6):
        again.save(place, say())
    assert again.next_open(5) is None


@pytest.mark.parametrize("kept", [1, 20, 300])
def test_a_save_cut_off_by_a_kill_is_dropped_and_the_rest_stays(tmp_path: Path, kept: int) -> None:
    work = session(tmp_path)
    work.save(0, say())
    journal = tmp_path / "out.review" / "lin.journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole[:kept])
    (tmp_path / "out.review" / "lin.jsonl").unlink()
    assert len(read_decisions(journal)) == 1  # another coder's page reads it while it is being written
    again = session(tmp_path)
    assert (again.done, again.torn) == (1, kept) and journal.read_bytes() == whole
    assert len(list(read_annotated(again.annotations, CODEBOOK))) == 1


def test_a_damaged_line_is_an_error_not_a_loss(tmp_path: Path) -> None:
    work = session(tmp_path)
    work.save(0, say())
    journal = tmp_path / "out.review" / "lin.journal.jsonl"
    journal.write_text("{broken\n" + journal.read_text("utf-8"), "utf-8")
    with pytest.raises(InputError, match=r"expected one JSON object per line in UTF-8, found .*journal\.jsonl:1"):
        session(tmp_path)
    journal.write_text('{"id": "x"}\n', "utf-8")
    with pytest.raises(InputError, match=r"expected a line that the review page wrote, found KeyError 'items' in .*:1"):
        session(tmp_path)


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = session(tmp_path)
    work.save(0, say())
    journal = tmp_path / "out.review" / "lin.journal.jsonl"
    before = journal.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(os, "fsync", full)
        work.save(1, say())
    assert journal.read_bytes() == before and work.done == 1
    work.save(1, say())
    assert session(tmp_path).done == 2


def test_other_texts_under_the_same_index_do_not_take_old_decisions(tmp_path: Path) -> None:
    work = session(tmp_path)
    work.save(place_of(work, 0), say())
    row = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    row["paragraphs"][0]["text"] = "去年全港区调解纠纷七十余起了。。"
    write_results(tmp_path / "out.jsonl", row)
    results = read_results(tmp_path / "out.jsonl", CODEBOOK)
    again = Session(make_queue(results, None), CODEBOOK, tmp_path / "out.review", "lin")
    assert (again.done, again.foreign) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task_type": "plan"}, r"expected task_type codes of codebook zhengfa .* found 'plan' in 渡口\[1\]"),
        ({"policy_domain": ["weather"]}, r"expected policy_domain codes .* found 'weather' in 渡口\[1\]"),
        ({"policy_domain": "ecology"}, r"expected list under policy_domain, found 'ecology'; reload the page"),
        ({"policy_domain": [{}]}, r"expected strings under policy_domain, found \[\{\}\]; reload the page"),
        ({"uncertain": 1}, r"expected bool under uncertain, found 1; reload the page"),
        ({"gist": "船" * 31}, r"expected a gist of at most 30 characters, found 31; shorten it"),
        ({"gist": "船\ud800"}, r"expected text that UTF-8 can hold, found .* in 渡口; take it out"),
        ({"task_type": "heading", "gist": "船"}, r"expected no gist for heading, found '船'; leave it empty"),
        ({"items": [{"start": 0, "end": 99, "task_type": "review", "policy_domain": [], "gist": ""}]},
         r"expected items one after another within 20 characters, found 0–99 after 0 in 渡口\[1\]; correct them"),
        ({"items": [3]}, r"expected a JSON object, found int; reload the page"),
    ],
)  # fmt: skip
def test_what_the_format_does_not_hold_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    work = session(tmp_path)
    with pytest.raises(InputError, match=message):
        work.save(place_of(work, 1), say(**changes))
    assert work.done == 0 and read_decisions(tmp_path / "out.review" / "lin.journal.jsonl") == {}


def test_a_coders_name_is_a_file_name(tmp_path: Path) -> None:
    for name in ("", "../x", "a b", "x" * 41):
        with pytest.raises(InputError, match=r"expected a coder's name of 1 to 40 letters, digits, _ and -"):
            session(tmp_path, name)
    assert session(tmp_path, "林-2").coder == "林-2"


def test_two_coders_agree_and_disagree(tmp_path: Path) -> None:
    one, other = session(tmp_path, "lin"), session(tmp_path, "shen")
    for place in range(4):
        one.save(place, say(task_type=("review", "appeal")[place % 2]))
        other.save(place, say(task_type=("review", "appeal")[place % 2 if place < 3 else 0]))
    assert all(other.show(place)["decision"]["task_type"] for place in range(4))
    by_pair = {tuple(row["coders"]): row for row in one.agreement()}
    assert by_pair.keys() == {("lin", "shen"), ("lin", "model")}
    pair = by_pair["lin", "shen"]
    assert pair["paragraphs"] == 4 and pair["task_type"]["agreement"] == 0.75
    assert pair["task_type"]["kappa"] == pytest.approx(0.5) and pair["policy_domain"]["agreement"] == 1
    assert pair["task_type"]["per_label"]["review"] == pytest.approx(0.5)
    assert pair["policy_domain"]["kappa"] is None  # both constant: nothing to correct for chance
    assert len(agreements(tmp_path / "out.review", CODEBOOK)) == 3


def test_no_coder_is_shown_another_ones_decision(tmp_path: Path) -> None:
    one, other = session(tmp_path, "lin"), session(tmp_path, "shen")
    one.save(0, say(gist="别人写的"))
    assert other.show(0)["decision"] is None and "别人写的" not in json.dumps(other.show(0), ensure_ascii=False)
    assert "别人写的" not in json.dumps(other.agreement(), ensure_ascii=False)


def test_the_trainers_take_the_file_as_it_is(tmp_path: Path) -> None:
    from jianghua.trainers.data import read_all

    work = session(tmp_path)
    for place in range(3):
        work.save(place, say(task_type="guidance"))
    (document,) = read_all([work.annotations], CODEBOOK)
    labels = [paragraph.label for paragraph in document.paragraphs]
    assert labels == [Label("guidance", ("ecology",), "coder:lin")] * 3
