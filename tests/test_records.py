from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jianghua.codebook import load_codebook
from jianghua.records import read_annotated, read_jsonl, sha256, write_annotated, write_jsonl, write_manifest
from jianghua.schema import Document, InputError, Item, Label, Paragraph

CODEBOOK = load_codebook()


def _record(**changes: Any) -> dict[str, Any]:
    first = {
        "index": 0,
        "text": "一、巡防",
        "task_type": "heading",
        "policy_domain": [],
        "uncertain": False,
        "gist": "",
    }
    text = "一要夜巡到位。二要管住采砂。"
    items = [
        {"start": 0, "end": 7, "task_type": "deployment", "policy_domain": ["crime_control"], "gist": "夜巡到位"},
        {"start": 7, "end": 14, "task_type": "deployment", "policy_domain": ["ecology"], "gist": "管住采砂"},
    ]
    second = {
        "index": 1, "text": text, "task_type": "deployment", "policy_domain": ["ecology", "crime_control"],
        "uncertain": True, "gist": "夜巡与采砂两手抓", "items": items,
    }  # fmt: skip
    record = {
        "id": "d1", "title": "讲话", "date": "2021-03-04", "source": "样稿",
        "paragraphs": [first, second], "summary": "夜巡到位，管住采砂。",
    }  # fmt: skip
    return {**record, **changes}


def _file(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "set.jsonl"
    path.write_text(
        "".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)
    )
    return path


def _paragraph(**changes: Any) -> dict[str, Any]:
    record = _record()
    record["paragraphs"][1] |= changes
    return record


def test_offsets_labels_and_items_of_an_annotated_document(tmp_path: Path) -> None:
    (document,) = read_annotated(_file(tmp_path, _record()), CODEBOOK)
    joined = "\n".join(p.text for p in document.paragraphs)
    for part in (*document.paragraphs, *document.paragraphs[1].items):
        assert joined[part.start : part.end] == part.text
    assert document.paragraphs[1].label == Label("deployment", ("crime_control", "ecology"), "set.jsonl", True)
    assert document.paragraphs[1].items[1] == Item(
        12, 19, "二要管住采砂。", Label("deployment", ("ecology",), "set.jsonl"), "管住采砂"
    )
    assert (document.id, document.summary, document.title) == ("d1", "夜巡到位，管住采砂。", "讲话")


def test_annotator_is_the_provenance(tmp_path: Path) -> None:
    (document,) = read_annotated(_file(tmp_path, _record(annotator="甲")), CODEBOOK)
    assert {p.label.provenance for p in document.paragraphs if p.label} == {"甲"}


def test_a_window_of_a_long_report_may_start_anywhere_but_has_no_gaps(tmp_path: Path) -> None:
    record = _record()
    for paragraph, index in zip(record["paragraphs"], (7, 8), strict=True):
        paragraph["index"] = index
    (document,) = read_annotated(_file(tmp_path, record), CODEBOOK)
    assert [p.index for p in document.paragraphs] == [7, 8]
    with pytest.raises(InputError, match=r"expected index 1, found 5 in .*set\.jsonl:1, paragraphs\[1\]"):
        list(read_annotated(_file(tmp_path, _paragraph(index=5)), CODEBOOK))


def test_selected_paragraphs_may_have_gaps_but_stay_in_order(tmp_path: Path) -> None:
    (document,) = read_annotated(_file(tmp_path, _paragraph(index=5) | {"selected": True}), CODEBOOK)
    assert [p.index for p in document.paragraphs] == [0, 5]
    with pytest.raises(InputError, match=r"found 0 in .*set\.jsonl:1, paragraphs\[1\]"):
        list(read_annotated(_file(tmp_path, _paragraph(index=0) | {"selected": True}), CODEBOOK))


def _without(key: str, paragraph: bool = False) -> dict[str, Any]:
    record = _record()
    del (record["paragraphs"][1] if paragraph else record)[key]
    return record


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", r"one JSON object per line in UTF-8, found .* in .*set\.jsonl:2"),
        ("[" * 100_000, r"set\.jsonl:2"),
        ("[1]", r"found a list in .*set\.jsonl:2"),
        (_without("id"), r"expected the key id, found none in .*set\.jsonl:2;"),
        (_without("summary"), r"the key summary"),
        (_without("task_type", paragraph=True), r"the key task_type, found none in .*set\.jsonl:2, paragraphs\[1\]"),
        (_without("gist", paragraph=True), r"the key gist"),
        (_paragraph(task_type="plan"), r"'plan' in .*set\.jsonl:2, paragraphs\[1\]"),
        (_paragraph(policy_domain=["weather"]), r"'weather' in .*set\.jsonl:2"),
        (_paragraph(policy_domain="ecology"), r"a list under policy_domain, found 'ecology'"),
        (_paragraph(policy_domain=[1]), r"strings under policy_domain"),
        (_paragraph(index=True), r"an integer under index, found True"),
        (_paragraph(text=None), r"a string under text, found None"),
        (_paragraph(items=[{"start": 3, "end": 99}]), r"0 ≤ start < end ≤ 14, found 3, 99 in .*items\[0\]"),
        (_record(paragraphs=["段"]), r"objects under paragraphs"),
        (_record(id="d0"), r"each id once, found 'd0' in .*set\.jsonl:2 and .*set\.jsonl:1"),
    ],
)
def test_errors_name_the_line_and_the_fault(tmp_path: Path, row: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(read_annotated(_file(tmp_path, _record(id="d0"), row), CODEBOOK))
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_utf8_and_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "gbk.jsonl"
    path.write_bytes('{"id": "讲话"}'.encode("gbk"))
    with pytest.raises(InputError, match=r"UTF-8, found .* in .*gbk\.jsonl:1"):
        list(read_jsonl(path))
    with pytest.raises(InputError, match=r"nothing at .*none\.jsonl"):
        list(read_jsonl(tmp_path / "none.jsonl"))


def test_annotated_documents_survive_a_round_trip(tmp_path: Path) -> None:
    documents = list(read_annotated(_file(tmp_path, _record(), _record(id="d2")), CODEBOOK))
    assert write_annotated(documents, tmp_path / "again.jsonl") == 2
    assert list(read_annotated(tmp_path / "again.jsonl", CODEBOOK)) == documents


def test_item_offsets_are_found_where_something_was_removed_in_front(tmp_path: Path) -> None:
    label = Label("deployment", (), "甲")
    # Three characters of the decoded text were removed between the items, the text is shorter than its span.
    items = (Item(0, 4, "一要查。", label), Item(7, 11, "二要改。", label))
    document = Document("d", (Paragraph(0, 0, 11, "一要查。二要改。", label=label, items=items),))
    write_annotated([document], tmp_path / "x.jsonl")
    (row,) = read_jsonl(tmp_path / "x.jsonl")
    assert [(i["start"], i["end"]) for i in row["paragraphs"][0]["items"]] == [(0, 4), (4, 8)]


def test_unlabelled_and_mixed_documents_are_not_written(tmp_path: Path) -> None:
    bare = Document("d", (Paragraph(0, 0, 1, "段"),))
    with pytest.raises(InputError, match="an unlabelled part in d"):
        write_annotated([bare], tmp_path / "x.jsonl")
    mixed = [Paragraph(i, i, i + 1, "段", label=Label("review", (), who)) for i, who in enumerate("甲乙")]
    with pytest.raises(InputError, match="乙, 甲 in d"):
        write_annotated([Document("d", tuple(mixed))], tmp_path / "x.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "rows.jsonl"
    assert write_jsonl([{"文": "一\n二"}], path) == 1
    assert list(read_jsonl(path)) == [{"文": "一\n二"}]
    with pytest.raises(InputError, match="row 1"):
        write_jsonl([{"a": 1}, {"a": float("nan")}], path)
    assert list(read_jsonl(path)) == [{"文": "一\n二"}]
    assert [p.name for p in path.parent.iterdir()] == ["rows.jsonl"]


def test_the_new_file_appears_only_when_every_row_is_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"

    def rows() -> Any:
        yield {"a": 1}
        assert not path.exists()
        yield {"a": 2}

    write_jsonl(rows(), path)
    assert len(list(read_jsonl(path))) == 2


def test_manifest_holds_sizes_and_sums_and_demands_the_files(tmp_path: Path) -> None:
    write_jsonl([{"a": 1}], tmp_path / "part" / "rows.jsonl")
    manifest = tmp_path / "manifest.json"
    with pytest.raises(InputError, match=r"nothing at .*gone\.jsonl"):
        write_manifest(manifest, [tmp_path / "gone.jsonl"], {})
    assert not manifest.exists()
    write_manifest(manifest, [tmp_path / "part" / "rows.jsonl"], {"rows": 1})
    entry = json.loads(manifest.read_text())["files"]["part/rows.jsonl"]
    assert entry == {"bytes": 9, "sha256": sha256(tmp_path / "part" / "rows.jsonl")}
    with pytest.raises(InputError, match="the key files"):
        write_manifest(manifest, [], {"files": {}})
