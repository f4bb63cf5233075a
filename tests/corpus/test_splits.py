from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jianghua.corpus.splits import Plan, assign_splits, audit, label_deviation
from jianghua.schema import Document, InputError, Label, Paragraph

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def document(id_: str, labels: list[str], text: str = "") -> Document:
    made = (Label(label, (label,)) for label in labels)
    return Document(id_, tuple(Paragraph(i, 0, 1, text or f"{id_}{i}", label=label) for i, label in enumerate(made)))


def corpus(count: int, seed: int = 0) -> list[Document]:
    draw = random.Random(seed)
    return [document(f"d{i:03}", draw.choices("aaaabbbcd", k=draw.randint(1, 12))) for i in range(count)]


def alone(documents: list[Document]) -> dict[str, str]:
    return {d.id: d.id for d in documents}


def test_every_label_has_its_share_in_every_split() -> None:
    documents = corpus(200)
    plan = Plan(SHARES)
    splits = assign_splits(documents, alone(documents), alone(documents), plan)
    assert label_deviation(documents, splits, plan) < 0.01
    assert set(splits.values()) == set(SHARES)


def test_deviation_measures_the_worst_split_of_each_label() -> None:
    documents = [document("x", ["a"]), document("y", ["a"])]
    plan = Plan({"train": 0.5, "dev": 0.5})
    assert label_deviation(documents, {"x": "train", "y": "dev"}, plan) == 0
    assert label_deviation(documents, {"x": "train", "y": "train"}, plan) == pytest.approx(0.5)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=40), st.integers(0, 5))
def test_groups_are_never_divided(numbers: list[int], seed: int) -> None:
    documents = corpus(len(numbers), seed)
    groups = {d.id: f"g{number}" for d, number in zip(documents, numbers, strict=True)}
    splits = assign_splits(documents, groups, alone(documents), Plan(SHARES, seed))
    assert set(splits) == set(groups)
    assert len({(groups[id_], split) for id_, split in splits.items()}) == len(set(numbers))


def test_the_order_of_documents_changes_nothing_and_the_seed_does() -> None:
    documents = corpus(60)
    names = alone(documents)
    expected = assign_splits(documents, names, names, Plan(SHARES, 1))
    assert assign_splits(documents[::-1], names, names, Plan(SHARES, 1)) == expected
    assert assign_splits(documents, names, names, Plan(SHARES, 500)) != expected


def test_forced_splits_match_ids_or_files_and_take_their_group_along() -> None:
    documents = [document(name, ["a"]) for name in ("x05", "x06#1", "x06#2", "y", "z")]
    files = {"x05": "x05.txt", "x06#1": "x06.txt", "x06#2": "x06.txt", "y": "y.txt", "z": "z.pdf"}
    groups = alone(documents) | {"y": "x05"}
    plan = Plan(SHARES, forced={"dev": ["x05"], "test": ["x06.txt"], "train": ["*.pdf"]})
    splits = assign_splits(documents, groups, files, plan)
    assert splits == {"x05": "dev", "y": "dev", "x06#1": "test", "x06#2": "test", "z": "train"}


def test_a_group_forced_into_two_splits_is_refused() -> None:
    documents = [document("x", ["a"]), document("y", ["a"])]
    plan = Plan(SHARES, forced={"dev": ["x"], "test": ["y"]})
    with pytest.raises(InputError, match=r"expected one forced split .* found x in dev, y in test"):
        assign_splits(documents, {"x": "x", "y": "x"}, alone(documents), plan)


@pytest.mark.parametrize(
    ("fractions", "forced", "message"),
    [
        ({"train": 0.8, "dev": 0.1}, None, "fractions ≥ 0 that sum to 1"),
        ({"train": 1.2, "dev": -0.2}, None, "fractions ≥ 0"),
        ({"train": 0.9, "valid": 0.1}, None, "fractions for train, dev, test, found valid"),
        (SHARES, {"valid": ["x"]}, "forced for train, dev, test, found valid"),
        ({}, None, "fractions ≥ 0"),
    ],
)
def test_impossible_plans_are_refused(fractions: dict, forced: dict | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Plan(fractions, forced=forced)


LONG = "各村把抗旱用水的先后顺序写在墙上由组长每天抄表轮到谁家谁家开闸争水的事一件也没有再发生"


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (LONG, LONG + "。", "equal texts"),
        (LONG, LONG.replace("各村", "每村"), "near-duplicates"),
    ],
)
def test_the_audit_names_the_leak(first: str, second: str, kind: str) -> None:
    documents = [document("x", ["a"], first), document("y", ["a"], second)]
    with pytest.raises(InputError, match=rf"1 {kind} \(x\[0\] in train, y\[0\] in test\)"):
        audit(documents, alone(documents), {"x": "train", "y": "test"})
    assert audit(documents, alone(documents), {"x": "dev", "y": "dev"})["paragraphs compared"] == 2


def test_the_audit_finds_divided_groups() -> None:
    documents = [document("x", ["a"]), document("y", ["a"])]
    with pytest.raises(InputError, match=r"1 groups \(group x in train and dev\)"):
        audit(documents, {"x": "x", "y": "x"}, {"x": "train", "y": "dev"})


def test_headings_and_short_lines_are_no_leak() -> None:
    for label, text in (("heading", LONG), ("boilerplate", LONG), ("review", LONG[:20])):
        documents = [document("x", [label], text), document("y", [label], text)]
        assert audit(documents, alone(documents), {"x": "train", "y": "test"})["equal texts"] == 0


def test_splits_without_a_share_stay_empty() -> None:
    documents = corpus(30)
    splits = assign_splits(documents, alone(documents), alone(documents), Plan({"train": 0.5, "dev": 0.5}))
    assert set(Counter(splits.values())) == {"train", "dev"}
