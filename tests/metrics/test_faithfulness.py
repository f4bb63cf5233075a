from __future__ import annotations

import re

import pytest

from jianghua.metrics.faithfulness import unsupported
from jianghua.metrics.mentions import normalise, numbers

SOURCE = (
    "本报讯 2021年3月4日,临河县召开平安例会。县委书记陆文山出席会议并讲话，县长沈嘉主持。"
    "会议指出，去年全县化解矛盾纠纷3,200余件，刑事警情下降一成二，群众满意度达百分之九十六，"
    "二十三个乡镇建成“一站式”调解中心。临河县人民法院巡回审理案件150起，安泰物业公司整改到位。"
    "会议印发《平安临河三年行动方案》，要求做到“隐患不过夜”。陆文山强调，3月底前要完成排查。"
)


@pytest.mark.parametrize(
    "output",
    [
        "临河县化解纠纷3200件。",
        "临河县化解纠纷三千二百余件。",
        "刑事警情下降12%，满意度96％。",
        "23个乡镇建成一站式调解中心。",
        "2021年3月4日会议召开。",
        "二〇二一年三月四日会议召开。",
        "3月4日，县委书记陆文山要求“隐患不过夜”。",
        "县长沈嘉主持会议，印发《平安临河三年行动方案》。",
        "临河县人民法院审理案件150件，安泰物业公司已整改。",
        "各级法院要统一思想，千方百计抓好落实，一些问题要进一步整改。",
        "",
    ],
)
def test_what_the_source_holds_is_not_reported(output: str) -> None:
    assert unsupported(output, SOURCE) == []


@pytest.mark.parametrize(
    ("output", "reported"),
    [
        ("化解矛盾纠纷3300余件", ["3300余件"]),
        ("刑事警情下降两成", ["两成"]),
        ("满意度达96件", ["96件"]),
        ("三十二个乡镇建成调解中心", ["三十二个"]),
        ("3月5日会议召开", ["3月5日"]),
        ("2020年3月4日会议召开", ["2020年3月4日"]),
        ("做到“小案不拖延”", ["“小案不拖延”"]),
        ("印发《法治临河建设规划》", ["《法治临河建设规划》"]),
        ("县委书记陆文海出席", ["陆文海"]),
        ("县委书记高立群强调", ["高立群"]),
        ("周海峰副县长主持", ["周海峰副县长"]),
        ("临江县人民法院审理案件", ["临江县人民法院"]),
        ("恒通物业公司整改到位", ["恒通物业公司"]),
        ("2019年化解纠纷88件，化解纠纷88件", ["2019年", "88件"]),
    ],
)
def test_what_the_source_lacks_is_reported_in_order_once(output: str, reported: list[str]) -> None:
    assert unsupported(output, SOURCE) == reported


def test_copied_clauses_are_never_reported() -> None:
    for clause in re.findall("[^，。]+[，。]?", SOURCE):
        assert unsupported(clause, SOURCE) == [], clause


def test_everyday_surnames_need_a_boundary() -> None:
    assert unsupported("县委书记高度评价这项工作，局长向全体干警致谢", "县里评价这项工作，局里致谢") == []


@pytest.mark.parametrize("shift", [("3", "３"), ("%", "％"), (" ", "\u3000")])
def test_width_and_spaces_do_not_matter(shift: tuple[str, str]) -> None:
    output = "下降 13% ，共 30 件"
    assert unsupported(output.replace(*shift), output) == unsupported(output, output.replace(*shift)) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十二个", 12),
        ("二百零五人", 205),
        ("三万人", 30000),
        ("3.5万元", 35000),
        ("一亿二千万元", 120_000_000),
        ("一万亿元", 10**12),
    ],
)
def test_values_of_numerals(text: str, value: int) -> None:
    assert [mention.key[0] for mention in numbers(normalise(text))] == [value]


def test_neighbouring_numbers_do_not_melt_together() -> None:
    assert unsupported("1234件", "12 34件") == ["1234件"]
    assert unsupported("2019300人", "2019，300人") == ["2019300人"]
