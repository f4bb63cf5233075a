from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from jianghua.codebook import find_resource, load_codebook
from jianghua.corpus.rules import RuleLabeller, load_rules
from jianghua.schema import InputError, Paragraph

CODEBOOK = load_codebook()


def shipped() -> RuleLabeller:
    return load_rules(find_resource("codebook", "zhengfa_rules.yaml"), CODEBOOK)


def paragraph(text: str, is_heading: bool = False) -> Paragraph:
    return Paragraph(0, 0, len(text), text, is_heading=is_heading)


def written(folder: Path, rules: list[dict], **changes: object) -> Path:
    raw = {
        "codebook": "zhengfa", "version": "0.2", "rules": rules, "fallback": "review",
        "ignore": {}, "threshold": {"task_type": 1, "policy_domain": 1},
        "order": ["deployment", "safeguard", "review", "appeal", "heading", "boilerplate"],
    }  # fmt: skip
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump(raw | changes, allow_unicode=True), encoding="utf-8")
    return path


def rule(id_: str, label: str, pattern: str, **more: object) -> dict:
    axis = "task_type" if label in CODEBOOK.task_type.labels else "policy_domain"
    return {"id": id_, "axis": axis, "label": label, "pattern": pattern, **more}


def labelled(path: Path, text: str, position: int = 1, count: int = 3) -> tuple[str, tuple[str, ...], bool]:
    label, _ = load_rules(path, CODEBOOK).label(paragraph(text), position, count)
    return label.task_type, label.policy_domain, label.uncertain


def test_evidence_spans_show_the_match(tmp_path: Path) -> None:
    path = written(tmp_path, [rule("a", "review", "已[经]?修好", scope="sentence"), rule("b", "economy", "菜场")])
    text = "先说别的。菜场的棚顶已经修好。"
    label, evidence = load_rules(path, CODEBOOK).label(paragraph(text), 0, 1)
    assert [(hit.rule, text[hit.start : hit.end]) for hit in evidence] == [("a", "已经修好"), ("b", "菜场")]
    assert label.provenance == "rules:zhengfa@0.2"


def test_an_axis_abstains_below_its_threshold(tmp_path: Path) -> None:
    path = written(tmp_path, [rule("a", "appeal", "谢谢", weight=0.9), rule("b", "ecology", "河水", weight=0.6)])
    assert labelled(path, "谢谢河水") == ("review", (), True)
    both = [
        rule("a", "appeal", "谢谢"),
        rule("b", "ecology", "河水", weight=0.6),
        rule("c", "ecology", "山林", weight=0.6),
    ]
    assert labelled(written(tmp_path, both), "谢谢河水山林") == ("appeal", ("ecology",), False)


def test_ties_go_to_the_earlier_type_and_weights_add_up(tmp_path: Path) -> None:
    rules = [rule("a", "review", "甲"), rule("b", "safeguard", "乙"), rule("c", "review", "丙", weight=0.5)]
    assert labelled(written(tmp_path, rules), "甲乙")[0] == "safeguard"
    assert labelled(written(tmp_path, rules), "甲乙丙")[0] == "review"


def test_sentence_rules_weigh_by_characters(tmp_path: Path) -> None:
    rules = [
        rule("a", "review", "^修", scope="sentence", weight=3),
        rule("b", "appeal", "谢", scope="sentence", weight=3, exclude="不谢"),
    ]
    path = written(tmp_path, rules)
    assert labelled(path, "谢谢。修桥修路又修渠，一样不落。")[0] == "review"
    assert labelled(path, "修桥。谢谢大家赶来帮忙，谢谢。")[0] == "appeal"
    assert labelled(path, "修桥。不谢大家赶来帮忙，不谢。")[0] == "review"


def test_match_rules_count_matches_and_thin_out_in_long_text(tmp_path: Path) -> None:
    path = written(tmp_path, [rule("a", "economy", "菜场", scope="match")])
    assert labelled(path, "菜场" + "，" * 58)[1] == ("economy",)
    assert labelled(path, "菜场" + "，" * 238)[1] == ()
    assert labelled(path, "菜场菜场" + "，" * 236)[1] == ("economy",)


@pytest.mark.parametrize(
    ("conditions", "text", "place", "hit"),
    [
        ({"max_length": 4}, "谢谢各位", (1, 3), True),
        ({"max_length": 4}, "谢谢各位！", (1, 3), False),
        ({"min_length": 5}, "谢谢各位", (1, 3), False),
        ({"position": "last"}, "谢谢", (2, 3), True),
        ({"position": "last"}, "谢谢", (1, 3), False),
        ({"position": "first"}, "谢谢", (0, 3), True),
        ({"is_heading": True}, "谢谢", (0, 3), False),
        ({"is_heading": False}, "谢谢", (0, 3), True),
        ({"exclude": "不"}, "不谢谢", (0, 3), False),
    ],
)
def test_conditions_hold_a_rule_back(
    tmp_path: Path, conditions: dict, text: str, place: tuple[int, int], hit: bool
) -> None:
    path = written(tmp_path, [rule("a", "appeal", "谢谢", **conditions)])
    assert (labelled(path, text, *place)[0] == "appeal") is hit


def test_ignored_clauses_are_no_evidence_and_keep_offsets(tmp_path: Path) -> None:
    path = written(tmp_path, [rule("a", "economy", "经济")], ignore={"policy_domain": ["为[^，]*保障"]})
    assert labelled(path, "为经济提供保障，把灯修好")[1] == ()
    text = "为经济提供保障，也谈经济"
    _, evidence = load_rules(path, CODEBOOK).label(paragraph(text), 0, 1)
    assert [(hit.start, text[hit.start : hit.end]) for hit in evidence] == [(10, "经济")]


def test_boilerplate_has_no_domain(tmp_path: Path) -> None:
    path = written(tmp_path, [rule("a", "boilerplate", "打印"), rule("b", "economy", "菜场")])
    assert labelled(path, "菜场 打印本页") == ("boilerplate", (), False)


@pytest.mark.parametrize(
    ("rules", "changes", "message"),
    [
        ([rule("a", "review", "(")], {}, "regular expressions, found .* in rule a"),
        ([rule("a", "review", "x"), rule("a", "appeal", "y")], {}, "each rule id once, found 'a' twice"),
        ([rule("a", "review", "x") | {"label": "praise"}], {}, "'praise' on axis 'task_type' in rule a"),
        ([rule("a", "review", "x", wieght=2)], {}, "'wieght'.* in rule a"),
        ([rule("a", "review", "x", scope="line")], {}, "scope of paragraph, sentence, match, found 'line'"),
        ([rule("a", "review", "")], {}, "pattern or patterns, found none in rule a"),
        ([{"id": "a"}], {}, "rules with id, axis, label"),
        ([], {"version": "0.1"}, "rules for codebook zhengfa 0.2, found rules for zhengfa 0.1"),
        ([], {"fallback": "praise"}, "task types of zhengfa, found .*praise"),
        ([], {"extra": 1}, "the keys .*found .*extra"),
    ],
)
def test_wrong_rule_files_are_refused(tmp_path: Path, rules: list[dict], changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_rules(written(tmp_path, rules, **changes), CODEBOOK)


@pytest.mark.parametrize(
    ("text", "task_type", "domains"),
    [
        ("二、把夜间巡逻做到群众家门口", "heading", None),
        ("各位代表、同志们：", "heading", ()),
        ("（本报记者 某某 通讯员 某某）", "boilerplate", ()),
        ("8月3日下午，县委召开推进会，县委书记出席会议并讲话，各乡镇主要负责人参加会议。", "meeting_report", None),
        (
            "今年以来，全县共破获电信网络诈骗案件320起，抓获犯罪嫌疑人95名，发案数同比下降21%。",
            "review",
            ("crime_control",),
        ),
        ("在此，我代表县委向坚守一线的同志们表示衷心的感谢和崇高的敬意！", "appeal", None),
        ("要加强信访件办理，完善矛盾纠纷排查化解机制，推动领导干部下访接访。", "deployment", ("social_stability",)),
    ],
)
def test_shipped_rules_know_plain_cases(text: str, task_type: str, domains: tuple[str, ...] | None) -> None:
    label, _ = shipped().label(paragraph(text), 1, 5)
    assert label.task_type == task_type
    assert domains is None or label.policy_domain == domains


def test_shipped_rules_cover_every_label() -> None:
    assert {r.label for r in shipped().rules} == {*CODEBOOK.task_type.labels, *CODEBOOK.policy_domain.labels}


@pytest.mark.parametrize("piece", ["要加强", "为了为了", "，", "“我", "（本报", "一", "会议听取", "1年"])
def test_shipped_rules_stay_linear_on_long_paragraphs(piece: str) -> None:
    rules = shipped()
    seconds = []
    for size in (20_000, 80_000):
        text = (piece * size)[:size]
        start = time.perf_counter()
        rules.label(paragraph(text), 0, 1)
        seconds.append(time.perf_counter() - start)
    assert seconds[1] < max(16 * seconds[0], 1.5)


def test_label_is_a_pure_function() -> None:
    rules = shipped()
    text = "要守住安全生产底线，也要依法办案。"
    assert rules.label(paragraph(text), 0, 2) == rules.label(paragraph(text), 0, 2)
