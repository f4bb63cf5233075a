from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jianghua.modeling.extractive import candidate_lines
from jianghua.modeling.grounding import locate, unsupported
from jianghua.modeling.writing import acceptable

SOURCE = (
    "青禾县委书记田守安、政法委书记柳和平到会。去年全县调解纠纷312件，盗窃警情下降12.5%，补贴发放12万元，"
    "抓获二十二人。会议提出“一村一亭”做法，要用好《巡防手册》，推广VIP通道以外的AI阅卷。"
)


@pytest.mark.parametrize(
    "line",
    [
        "去年全县调解纠纷31件", "调解纠纷3122件", "去年全县调解纠纷12件", "盗窃警情下降12%", "盗窃警情下降5%",
        "盗窃警情下降12.5", "补贴发放12元", "补贴发放12", "补贴发放2万元", "补贴发放12亿元", "抓获十二人", "抓获二十人",
        "抓获为十二人", "抓获三百人", "调解纠纷1000件", "调解纠纷312人", "抓获二十二名",
        "抓获近二十二人", "调解纠纷超312件",
    ],
)  # fmt: skip
def test_invented_numbers_are_refused(line: str) -> None:
    assert unsupported(line, SOURCE)


@pytest.mark.parametrize("line", ["书记田和平到会", "县委书记柳守安到会", "田和平书记到会", "会议提出柳守平"])
def test_recombined_names_are_refused(line: str) -> None:
    assert unsupported(line, SOURCE)


@pytest.mark.parametrize(
    "line", ["会议提出“一镇一亭”做法", "要用好《调解手册》", "提出“平安”做法", "推广IP通道", "用好GPT阅卷"]
)
def test_foreign_quotations_and_words_are_refused(line: str) -> None:
    assert unsupported(line, SOURCE)


@pytest.mark.parametrize(
    "line",
    [
        "去年全县调解纠纷312件", "盗窃警情下降12.5%", "盗窃警情下降１２.５％", "补贴发放12万元", "抓获二十二人",
        "会议提出“一村一亭”做法", "要用好《巡防手册》", "推广VIP通道以外的AI阅卷", "政法委书记柳和平到会",
    ],
)  # fmt: skip
def test_what_the_source_says_is_accepted(line: str) -> None:
    assert unsupported(line, SOURCE) == []


PROSE = st.text(st.sampled_from("要把夜巡做实查处二十三百万年月件成128.,:-%，、；。“”《》AIx "), max_size=80)


@given(PROSE)
@example("盗窃警情下降12，纠纷下降5。")  # the comma is not the number's
@example("111111，1")
@example("盗窃警情由12：30增至13，纠纷下降5.6。")
def test_every_verbatim_clause_is_grounded(source: str) -> None:
    for line in candidate_lines(source, 30):
        assert unsupported(line.text, source) == []
        assert any(start <= line.start and line.end <= end for start, end in locate(source, source))


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("去年全县调解纠纷312件", True),
        ("", False),
        ("调解", False),
        ("去年全县调解纠纷312件，" * 3, False),  # too long
        ("调解纠纷312件，调解纠纷312件", False),  # says it twice
        ("会议提出“一村一亭", False),  # a quotation mark alone
        ("要用好巡防手册》", False),
        ("去年全县调解纠纷313件", False),
        ("书记田和平到会", False),
        ("全县盗窃警情警情下降", False),  # a word twice
        ("柳和平、柳和平到会", False),
    ],
)
def test_what_may_leave(line: str, good: bool) -> None:
    assert acceptable(line, SOURCE, 30) is good


def test_evidence_says_where_the_words_stand() -> None:
    spans = locate("盗窃警情下降，抓获二十二人", SOURCE)
    assert [SOURCE[start:end] for start, end in spans] == ["盗窃警情下降", "抓获二十二人"]
    assert locate("天外之音", SOURCE) == []


@pytest.mark.parametrize(
    "line",
    [
        "全县调解纠纷", "会议要求推广“一村一亭”做法", "县委书记和政法委书记到会", "用好AI阅卷", "会议强调补贴发放",
        "强化巡防", "盗窃警情明显下降",
    ],
)  # fmt: skip
def test_words_of_the_source_may_be_joined_by_links_and_general_words(line: str) -> None:
    assert unsupported(line, SOURCE + "警情明显减少，下降不少。") == []


ORGANISATIONS = (
    "四川省高级人民法院与成都市公安局、中央政法委员会会商。院长周明远强调，检察官陆青到会。严禁酒后上岗，不得刑讯逼供。"
)


@pytest.mark.parametrize(
    "line",
    [
        "四川省公安局", "成都市人民法院", "中央政法公安局", "成都市检察官周明远", "院长陆青到会", "周明青到会",
        "院长明远强调", "得刑讯逼供", "周明远强调，刑讯逼供",
    ],
)  # fmt: skip
def test_names_are_not_put_together_and_negations_not_lost(line: str) -> None:
    assert unsupported(line, ORGANISATIONS)


def test_words_cut_out_of_one_source_are_accepted() -> None:
    assert unsupported("周明远强调严禁酒后上岗，不得刑讯逼供", ORGANISATIONS) == []
    assert unsupported("四川省高级人民法院与公安局会商", ORGANISATIONS) == []
