from __future__ import annotations

import random

import pytest

from jianghua.corpus.dedup import duplicates_within, group_documents, similar_pairs
from jianghua.corpus.keys import jaccard, shingles, text_hash, text_key
from jianghua.schema import Document, Label, Paragraph

WORDS = "村镇街道干部群众一起商量河堤加固果园灌溉校车接送夜巡值守调解窗口回访台账灯杆井盖雨棚菜场渡口仓库炉灶"


def sentence(seed: int, length: int = 80) -> str:
    return "".join(random.Random(seed).choices(WORDS, k=length))


def document(id_: str, *texts: str) -> Document:
    return Document(id_, tuple(Paragraph(i, 0, len(text), text) for i, text in enumerate(texts)))


def edited(text: str, edits: int, seed: int) -> str:
    chars = list(text)
    for at in random.Random(seed).sample(range(len(chars)), edits):
        chars[at] = "改"
    return "".join(chars)


def test_the_key_ignores_width_case_space_and_punctuation() -> None:
    assert text_key(" Ａ１，村 里\n—— Ok！") == "a1村里ok"
    assert text_hash("一、开会。") == text_hash("一 开会")
    assert text_hash("……") == ""


def test_jaccard_counts_shingles() -> None:
    assert jaccard(shingles("abcdef"), shingles("bcdefg")) == pytest.approx(1 / 3)
    assert shingles("abc") == {"abc"}


def test_planted_duplicates_with_two_percent_of_edits_are_found() -> None:
    texts = [sentence(i, 100) for i in range(200)]
    keys = texts + [edited(text, 2, i) for i, text in enumerate(texts)]
    found = {(i, j) for i, j, _ in similar_pairs(keys)}
    assert len(found & {(i, i + 200) for i in range(200)}) >= 190
    assert found <= {(i, i + 200) for i in range(200)}


def test_minhash_loses_nothing_that_an_exact_search_finds() -> None:
    keys = [edited(sentence(i % 15, 90), i // 15, i) for i in range(90)]
    sets = [shingles(key) for key in keys]
    exact = {(i, j) for i in range(90) for j in range(i + 1, 90) if jaccard(sets[i], sets[j]) >= 0.8}
    assert {(i, j) for i, j, _ in similar_pairs(keys)} == exact
    assert exact


def test_groups_join_files_near_duplicates_and_chains() -> None:
    shared, other = sentence(1), sentence(2)
    documents = [
        document("a", shared, sentence(3)),
        document("b", sentence(4), edited(shared, 1, 0)),
        document("c#1", sentence(5), other),
        document("c#2", sentence(6)),
        document("d", other, sentence(7)),
        document("e", sentence(8)),
    ]
    files = {d.id: d.id.split("#")[0] for d in documents}
    groups = group_documents(documents, files)
    assert groups.of == {"a": "a", "b": "a", "c#1": "c#1", "c#2": "c#1", "d": "c#1", "e": "e"}
    assert [(p.first, p.second, p.first_index, p.second_index) for p in groups.pairs] == [
        ("a", "b", 0, 1),
        ("c#1", "d", 1, 0),
    ]


def test_whole_documents_of_short_lines_are_near_duplicates_too() -> None:
    lines = [sentence(i, 20) for i in range(10)]
    documents = [document("a", *lines), document("b", *lines[:-1], "换了一句")]
    assert group_documents(documents, {"a": "a", "b": "b"}).of == {"a": "a", "b": "a"}


def test_formulas_do_not_join_documents() -> None:
    formula = "尊敬的各位代表和在座的各位来宾以及远道而来的朋友们大家上午好请坐好现在开会"
    heading = Paragraph(0, 0, 1, formula, is_heading=True)
    noise = Paragraph(0, 0, 1, formula, label=Label("boilerplate"))
    documents = [
        Document("a", (heading, Paragraph(1, 2, 3, sentence(1)))),
        Document("b", (noise, Paragraph(1, 2, 3, sentence(2)))),
    ]
    assert group_documents(documents, {"a": "a", "b": "b"}).of == {"a": "a", "b": "b"}


def test_the_order_of_documents_changes_nothing() -> None:
    documents = [document(f"d{i}", "改" * (i % 3) + sentence(i // 3), sentence(100 + i)) for i in range(30)]
    files = {d.id: d.id for d in documents}
    expected = group_documents(documents, files)
    for seed in range(3):
        shuffled = random.Random(seed).sample(documents, len(documents))
        assert group_documents(shuffled, files) == expected
    assert len(set(expected.of.values())) == 10


def test_repeats_inside_a_document_are_listed() -> None:
    text = sentence(1)
    assert duplicates_within([document("a", text, "短句", "短句", text + "。")]) == [("a", 3, 0)]
