"""Cross-validation folds: whole groups, every document once, no extra training document that would leak."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jianghua.codebook import load_codebook
from jianghua.corpus.folds import check_folds, copy_records, forbidden_folds, make_folds, near_duplicates, read_folds
from jianghua.corpus.folds import write_folds as write
from jianghua.corpus.splits import assign_folds
from jianghua.corpus.table import load_documents
from jianghua.schema import Document, InputError, Label, Paragraph

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "annotations"
LONG = "各镇要在汛期之前把河道的淤泥清理干净，把堤坝的裂缝逐一修补，把转移路线告诉每一户人家。"


def document(id_: str, *texts: str, task: str = "review") -> Document:
    label = Label(task, ("ecology",))
    return Document(id_, tuple(Paragraph(i, 0, len(t), t, label=label) for i, t in enumerate(texts)))


def unlike(count: int) -> list[Document]:
    return [document(f"d{i}", "".join(chr(0x4E00 + 97 * i + j) for j in range(40))) for i in range(count)]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the annotations are not here")
def test_committed_folds_cover_every_annotated_document_once_and_divide_no_group() -> None:
    folds = read_folds(ROOT / "data" / "folds.json")
    codebook = load_codebook()
    documents = [d for name in ("train", "dev") for d in load_documents(SHARED / f"{name}.jsonl", codebook)]
    assert sorted(folds) == sorted(document.id for document in documents)
    assert set(folds.values()) == {0, 1, 2, 3, 4}
    groups = near_duplicates(documents)
    assert len({(groups[id_], fold) for id_, fold in folds.items()}) == len(set(groups.values()))
    assert make_folds(documents, 5) == folds


def test_committed_folds_hold_ids_and_numbers_only() -> None:
    stored = json.loads((ROOT / "data" / "folds.json").read_text(encoding="utf-8"))
    assert set(stored) == {"made_by", "folds"}
    assert all(len(id_) < 60 and isinstance(fold, int) for id_, fold in stored["folds"].items())


def test_documents_that_share_a_long_paragraph_share_a_fold_whatever_their_order() -> None:
    documents = [*unlike(12), document("x", LONG, "甲乙丙丁"), document("y", "子丑寅卯", LONG.replace("人家", "住户"))]
    folds = make_folds(documents, 3)
    assert folds["x"] == folds["y"]
    assert set(folds.values()) == {0, 1, 2}
    assert make_folds(documents[::-1], 3) == folds


def test_folds_balance_labels() -> None:
    documents = [document(f"{task}{i}", f"{task}{i}", task=task) for task in ("review", "appeal") for i in range(10)]
    folds = assign_folds(documents, {d.id: d.id for d in documents}, 5)
    for fold in range(5):
        assert sorted(id_[:6] for id_, number in folds.items() if number == fold) == ["appeal"] * 2 + ["review"] * 2


@pytest.mark.parametrize("count", [1, 4])
def test_a_number_of_folds_that_the_groups_cannot_fill_is_refused(count: int) -> None:
    with pytest.raises(InputError, match="expected 2 to 3 folds"):
        make_folds(unlike(3), count)


def test_folds_that_divide_near_duplicates_are_refused() -> None:
    documents = [*unlike(2), document("x", LONG), document("y", LONG)]
    check_folds({"d0": 0, "d1": 1, "x": 1, "y": 1}, documents)
    with pytest.raises(InputError, match="expected nothing shared between splits"):
        check_folds({"d0": 0, "d1": 1, "x": 0, "y": 1}, documents)


@pytest.mark.parametrize(
    ("folds", "message"),
    [({"d0": 0}, r"1 documents without fold .*'d1'"), ({"d0": 0, "d1": 1, "z": 0}, r"1 folds without document .*'z'")],
)
def test_folds_of_other_documents_are_refused(folds: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_folds(folds, unlike(2))


def test_a_document_twice_is_refused() -> None:
    with pytest.raises(InputError, match="each document id once, found 1 repeated"):
        check_folds({"d0": 0, "d1": 1}, [*unlike(2), unlike(1)[0]])


def test_extra_documents_are_kept_from_the_folds_of_their_near_duplicates() -> None:
    documents = [*unlike(2), document("x", LONG)]
    extras = [
        document("new", "完全不同的一段话，说的是秋收以后农闲时节的文化活动怎样安排才热闹。"),
        document("copy", "开头", LONG),
    ]
    assert forbidden_folds(extras, documents, {"d0": 0, "d1": 1, "x": 1}) == {"copy": {1}}
    assert forbidden_folds([], documents, {"d0": 0, "d1": 1, "x": 1}) == {}


def test_an_extra_document_with_the_id_of_another_is_refused() -> None:
    with pytest.raises(InputError, match="found 1 of them in the folds, first 'd1'"):
        forbidden_folds([document("d1", LONG)], unlike(2), {"d0": 0, "d1": 1})


def test_copied_records_are_those_that_are_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "a", "extra": 1}\n{"id": "b"}\n', encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"id": "c"}\n', encoding="utf-8")
    assert copy_records([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], {"b"}, tmp_path / "new" / "c.jsonl") == 2
    assert (tmp_path / "new" / "c.jsonl").read_text(encoding="utf-8") == '{"id": "a", "extra": 1}\n{"id": "c"}\n'


def test_folds_survive_their_file(tmp_path: Path) -> None:
    write({"b": 1, "a": 0}, tmp_path / "folds.json", "by hand")
    assert read_folds(tmp_path / "folds.json") == {"a": 0, "b": 1}


@pytest.mark.parametrize("text", ["[]", "{", '{"folds": []}', '{"folds": {"a": 0, "b": 2}}', '{"folds": {"a": 0}}'])
def test_files_of_something_else_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "folds.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"make it"):
        read_folds(tmp_path / "folds.json")
    with pytest.raises(InputError, match=r"expected a file of folds"):
        read_folds(tmp_path / "none.json")
