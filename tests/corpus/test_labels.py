from __future__ import annotations

from dataclasses import replace

from jianghua.corpus.labels import Unmatched, join_labels, provenances
from jianghua.schema import Document, Item, Label, Paragraph


def clean(id_: str, *texts: str, items: tuple[Item, ...] = ()) -> Document:
    made = tuple(Paragraph(i, 100 * i, 100 * i + len(text), text) for i, text in enumerate(texts))
    if items:
        made = (replace(made[0], items=items), *made[1:])
    return Document(id_, made)


def annotated(id_: str, *pairs: tuple[str, str], summary: str = "", domains: tuple[str, ...] = ()) -> Document:
    made = tuple(
        Paragraph(i, 0, len(text), text, label=Label(code, domains, "小李"), gist=f"要点{i}")
        for i, (text, code) in enumerate(pairs)
    )
    return Document(id_, made, summary=summary)


def by_rule(paragraph: Paragraph, position: int, count: int) -> Label:
    return Label("guidance", (), f"rules {position}/{count}")


def codes(document: Document) -> list[tuple[str, str]]:
    return [(p.label.task_type, p.label.provenance) for p in document.paragraphs if p.label]


def test_annotations_override_rules_and_match_by_what_the_text_says() -> None:
    reading = annotated("x", ("河堤在汛前加固完毕，闸门专人看守！", "review"), summary="加固河堤。")
    joined = join_labels([clean("x", "河堤在汛前加固完毕,闸门专人 看守", "大家要想清楚")], [reading], by_rule)
    document = joined.documents[0]
    assert codes(document) == [("review", "小李"), ("guidance", "rules 1/2")]
    assert (document.paragraphs[0].gist, document.paragraphs[1].gist) == ("要点0", "")
    assert document.summary == "加固河堤。"
    assert joined.unmatched == ()


def test_without_a_labeller_the_rest_stays_unlabelled() -> None:
    joined = join_labels([clean("x", "甲乙丙丁")], [])
    assert joined.documents[0].paragraphs[0].label is None
    assert list(provenances(joined.documents)) == [("", 1)]


def test_a_title_kept_as_heading_does_not_take_the_label_of_its_copy() -> None:
    reading = annotated("x", ("在渡口安全会上的讲话", "boilerplate"), ("在渡口安全会上的讲话", "heading"))
    joined = join_labels([clean("x", "在渡口安全会上的讲话")], [reading])
    assert codes(joined.documents[0]) == [("heading", "小李")]
    assert [entry.task_type for entry in joined.unmatched] == ["boilerplate"]


def test_the_same_text_twice_takes_its_annotations_in_order() -> None:
    reading = annotated("x", ("散会后再议。", "appeal"), ("散会后再议。", "deployment"))
    joined = join_labels([clean("x", "散会后再议。", "散会后再议")], [reading])
    assert [code for code, _ in codes(joined.documents[0])] == ["appeal", "deployment"]


def test_other_documents_help_only_where_they_agree() -> None:
    readings = [
        annotated("p", ("渡船一律停航。", "deployment"), ("谢谢各位。", "appeal")),
        annotated("q", ("渡船一律停航。", "review"), ("谢谢各位。", "appeal")),
    ]
    joined = join_labels([clean("x", "渡船一律停航。", "谢谢各位。")], readings, by_rule)
    assert [code for code, _ in codes(joined.documents[0])] == ["guidance", "appeal"]
    assert joined.ambiguous == ("渡船一律停航。",)


def test_a_page_cut_fragment_has_the_label_of_the_whole_but_not_its_gist() -> None:
    whole = "果园灌溉按轮次放水，先远后近。闸口由两人同时看守，抄表的数当天上墙。"
    first, second = "果园灌溉按轮次放水，先远后近。", "闸口由两人同时看守，抄表的数当天上墙。"
    joined = join_labels([clean("x", first, second)], [annotated("x", (whole, "deployment"))], by_rule)
    assert codes(joined.documents[0]) == [("deployment", "小李")] * 2
    assert [p.gist for p in joined.documents[0].paragraphs] == ["", ""]
    assert joined.unmatched == ()


def test_annotations_without_a_paragraph_are_listed() -> None:
    joined = join_labels([clean("x", "甲乙丙丁")], [annotated("x", ("上一篇 下一篇", "boilerplate"))])
    assert joined.unmatched == (Unmatched("x", 0, "boilerplate", "上一篇 下一篇"),)


def item(text: str, whole: str, label: Label | None = None, offset: int = 0) -> Item:
    start = offset + whole.index(text)
    return Item(start, start + len(text), text, label, "短" if label else "")


def test_items_take_their_annotations_and_the_rest_is_left_to_rules() -> None:
    whole = "一要把灯修好，夜里不黑。二要把路填平，雨天不滑。"
    label = Label("deployment", ("public_safety",), "小李")
    reading = annotated("x", (whole, "deployment"))
    # The annotator left out the marker 一要.
    marked = replace(reading.paragraphs[0], items=(item("把灯修好，夜里不黑。", whole, label),))
    parts = (item("一要把灯修好，夜里不黑。", whole), item("二要把路填平，雨天不滑。", whole))
    joined = join_labels([clean("x", whole, items=parts)], [replace(reading, paragraphs=(marked,))], by_rule)
    first, second = joined.documents[0].paragraphs[0].items
    assert (first.label, first.gist, first.text) == (label, "短", parts[0].text)
    assert second.label is not None
    assert second.label.provenance == "rules 0/1"


def test_items_that_segmentation_missed_are_placed_and_lost_ones_listed() -> None:
    whole = "先修灯，再填路。"
    label = Label("deployment", (), "小李")
    reading = annotated("x", ("开场白", "guidance"), (whole, "deployment"))
    lost = Item(0, 4, "别处的话", label)
    marked = replace(reading.paragraphs[1], items=(item("再填路。", whole, label), lost))
    reading = replace(reading, paragraphs=(reading.paragraphs[0], marked))
    joined = join_labels([clean("x", "开场白", whole)], [reading])
    (placed,) = joined.documents[0].paragraphs[1].items
    assert (placed.start, placed.end, placed.label) == (104, 108, label)
    assert joined.unmatched == (Unmatched("x", 1, "deployment", "别处的话", item=True),)


def test_a_summary_comes_along_when_most_of_the_text_does() -> None:
    reading = annotated("other", ("渡船一律停航。", "deployment"), summary="停航。")
    most = join_labels([clean("x", "渡船一律停航。")], [reading]).documents[0]
    little = join_labels([clean("x", "渡船一律停航。", "一二三四五", "六七八九十")], [reading]).documents[0]
    assert (most.summary, little.summary) == ("停航。", "")
