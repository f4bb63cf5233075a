"""Find numbers, dates, quotations, persons and organisations in Chinese official prose, by pattern.

Every finder takes text from `normalise` and yields `Mention`s; keys of equal things are equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Mention:
    """A part of a normalised text, where it starts, and what it is compared by.

    key: for numbers (value, unit); for dates (year, month, day), each an int or None; for the other kinds a tuple of
    forms, one of which must be in the source; a form is a tuple of strings that must all be there.
    """

    start: int
    text: str
    key: tuple[Any, ...]


# Full-width ASCII but the comma: "2019，300" must not become a number with a thousands separator.
_WIDTH = {0xFEE0 + c: c for c in range(0x21, 0x7F) if c != ord(",")}

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SCALES = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8}
# One kind of thing, counted by several words.
_SAME_UNIT = {"名": "人", "位": "人", "起": "件", "宗": "件", "号": "日", "天": "日", "周年": "年", "周岁": "岁"}
_UNITS = (
    "个百分点|中全会|平方公里|平方米|立方米|公里|公顷|公斤|周年|周岁|小时|分钟|人次|户次|"
    "部(?!门)|[个名人件起项年月日号天次条家户级批类元亩吨米岁位宗处所支场届大套辆台例张份座村期页倍轮]"
)
_NUMBER = re.compile(
    r"(?P<share>百分之)?(?P<ordinal>第)?"
    r"(?:(?P<arabic>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<scale>[十百千万亿]*)"
    r"|(?P<chinese>[零〇一二三四五六七八九两十百千万亿]+))"
    rf"[多余几]?(?:(?P<percent>%)|成(?P<tenth>[一二三四五六七八九]?)(?![立为员果效功绩就长熟本分了都品才不])|(?P<unit>{_UNITS}))?"
)
_YEAR = r"\d{4}|[〇零一二三四五六七八九]{4}"
_MONTH, _DAY = r"\d{1,2}|[一二三四五六七八九十]{1,2}", r"\d{1,2}|[一二三四五六七八九十]{1,3}"
_DATE = re.compile(
    rf"(?:(?P<y>{_YEAR})年)?(?<![\d第])(?P<m>{_MONTH})月(?:(?P<d>{_DAY})[日号])?|(?P<y2>{_YEAR})年"
    rf"|(?P<y3>\d{{4}})[-/.](?P<m3>\d{{1,2}})[-/.](?P<d3>\d{{1,2}})(?!\d)"
    rf"|(?<![\d一二三四五六七八九十百第])(?P<d4>{_DAY})日"
)
_DATE_GROUPS = (("y", "y2", "y3"), ("m", "m3"), ("d", "d3", "d4"))
_QUOTED = re.compile(r"“([^“”]+)”|‘([^‘’]+)’|《([^《》]+)》|「([^「」]+)」|『([^『』]+)』|\"([^\"]+)\"")

# Surnames that are everyday characters as well count only where a boundary follows the name.
_EVERYDAY = "高方万严白于管龙田金石江夏温钱章史任程范孔向常付武黎毛包安成文"
_SURNAME = (
    "(?:欧阳|上官|司马|诸葛|皇甫|尉迟|令狐|慕容|司徒|夏侯|[习王李张刘陈杨黄赵吴周徐孙马朱胡郭何林郑谢罗梁宋唐许韩冯邓曹彭"
    "曾肖董袁潘蒋蔡余杜叶苏魏吕丁沈姚卢姜崔钟谭陆汪廖贾韦邹孟熊秦邱尹薛闫段雷侯陶贺顾郝龚邵覃戴莫汤庞殷葛俞翁倪骆楼麻柯"
    f"蓝甘凌岑缪辛褚滕乔冉{_EVERYDAY}])"
)
_GIVEN = (
    "(?![委局院部厅省市县区乡镇副总党府会室办组书记员同志主任席长和与及是的在对到为等作说要以率就了也将所有关级法政检协责])"
    r"[\u4e00-\u9fff]"
)
_TITLE = (
    "(?:书记|主任|主席|市长|县长|区长|省长|局长|院长|检察长|部长|厅长|镇长|乡长|秘书长|总理|支队长|大队长|所长|庭长|校长|"
    "委员长)"
)
_AFTER_NAME = re.compile(
    r"$|[^\u4e00-\u9fff]|同志|强调|指出|要求|出席|主持|讲话|表示|介绍|参加|宣读|传达|带队|调研|通报|总结|部署|分别|一行|"
    r"代表|认为|提出|充分|深入|会见|宣布|先后|[作说在对到为就率等和与的是向受及曾任]"
)
_TITLE_NAME = re.compile(rf"{_TITLE}(?P<stem>{_SURNAME}{_GIVEN})(?P<third>{_GIVEN})?")
_NAME_TITLE = re.compile(rf"(?P<name>{_SURNAME}(?:{_GIVEN}){{1,2}})(?:副?总?{_TITLE}|同志|记者)(?!们)")

_ORGANISATION = re.compile(
    "人民法院|人民检察院|检察院|法院|公安局|司法局|公安厅|司法厅|派出所|司法所|政法委|纪委监委|纪委|委员会(?!议)|公司|大学|学院|"
    "医院|银行|综治中心|街道|协会(?!议)|联合会|研究院"
)
_NOT_IN_STEM = re.compile(
    r".*(?:[^\u4e00-\u9fff]|[和与及在到对由向的将把被是为从让使给等了并]|召开|出席|参加|走进|来到|联合|组织|支持|推动|要求|"
    r"配合|依托|通过|加强|会同|指导|督促|协调|成立|设立|打造|领导|融入|希望|回顾|抓好|汇报|评论|任|[家个所])"
)
_GENERIC = re.compile(
    "(?:全[国省市县区]|各[级地]?|[本我该某省市县区镇乡]|乡镇|两级|基层|人民|最高|高级|中级|当地|有关|相关|所有)+"
)
_STEM_LENGTH = 6


def normalise(text: str) -> str:
    """NFC, half-width letters, digits and signs, no format characters, no white space but between Latin characters."""
    text = unicodedata.normalize("NFC", text).translate(_WIDTH)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    # "12 34" are two numbers, "3 月 2 日" is one date.
    return re.sub(r"\s+", " ", re.sub(r"(?<![0-9A-Za-z])\s+|\s+(?![0-9A-Za-z\s])", "", text))


def numbers(text: str) -> Iterator[Mention]:
    """Arabic numbers, and Chinese ones that count: 二十三, 三百, 六成, 第三, 五个; not 一些, 千方百计, 统一."""
    for match in _NUMBER.finditer(text):
        if match["arabic"] or _counts(match):
            yield Mention(match.start(), match.group(), _quantity(match))


def dates(text: str) -> Iterator[Mention]:
    """Dates and their parts: 2019年2月21日, 2月21日, 21日, 2019年, 二月, 2019-02-21."""
    for match in _DATE.finditer(text):
        found = [next((match[g] for g in groups if match[g]), None) for groups in _DATE_GROUPS]
        key = tuple(None if part is None else int(_value(part)) for part in found)
        yield Mention(match.start(), match.group(), key)


def quotations(text: str) -> Iterator[Mention]:
    """What stands between quotation marks or 《》, compared without its outer punctuation."""
    for match in _QUOTED.finditer(text):
        inner = next(group for group in match.groups() if group).strip("，。！？；：、,.!?;: ")
        if inner:
            yield Mention(match.start(), match.group(), ((inner,),))


def names(text: str) -> Iterator[Mention]:
    """Persons beside a title: 县委书记 + name, name + 书记, 同志 or 记者; compared by the name alone."""
    for match in _TITLE_NAME.finditer(text):
        name = _name(match)
        if name:
            yield Mention(match.start("stem"), name, ((name,),))
    for match in _NAME_TITLE.finditer(text):
        yield Mention(match.start(), match.group(), ((match["name"],),))


def organisations(text: str) -> Iterator[Mention]:
    """Named courts, offices, firms, schools, …; general ones (各级法院, 县公安局) are no mention."""
    for match in _ORGANISATION.finditer(text):
        window = text[max(0, match.start() - _STEM_LENGTH) : match.start()]
        stem = _NOT_IN_STEM.sub("", window)
        stem = stem[found.end() :] if (found := _GENERIC.match(stem)) else stem
        if len(stem) >= 2:
            yield Mention(match.start() - len(stem), stem + match.group(), _organisation_forms(stem, match.group()))


def _organisation_forms(stem: str, suffix: str) -> tuple[tuple[str, ...], ...]:
    # The stem may begin with words that are no part of the name, so shorter ends of it will do; two characters would
    # make one of 向阳区法院 and 东阳区法院, of any two 物业公司.
    tails = [stem, *(stem[i:] for i in range(1, len(stem) - 2))]
    return ((stem, suffix), *((tail + suffix,) for tail in tails))


def _name(match: re.Match[str]) -> str | None:
    text = match.string
    if _AFTER_NAME.match(text, match.end("stem")):
        return match["stem"]
    if match["third"] and _AFTER_NAME.match(text, match.end("third")):
        return match["stem"] + match["third"]
    # Where the name ends is unknown: surname and one character are the part that is certain.
    return None if match["stem"][0] in _EVERYDAY else match["stem"]


def _counts(match: re.Match[str]) -> bool:
    chinese, unit = match["chinese"], match["unit"]
    if match["share"] or match["percent"] or match["tenth"] is not None:
        return True
    if not any(c in _DIGITS for c in chinese) and chinese != "十":
        return False
    if chinese == "一":
        return bool(match["ordinal"] and unit)
    return bool(unit or match["ordinal"]) or (len(chinese) > 1 and any(c in _SCALES or c in _MYRIADS for c in chinese))


def _quantity(match: re.Match[str]) -> tuple[Fraction, str]:
    value = _value(match["arabic"].replace(",", "") if match["arabic"] else match["chinese"])
    for scale in match["scale"] or "":
        value *= (_SCALES | _MYRIADS)[scale]
    if match["tenth"] is not None:
        return value * 10 + _DIGITS.get(match["tenth"], 0), "%"
    if match["share"] or match["percent"]:
        return value, "%"
    unit = match["unit"] or ""
    return value, ("第" if match["ordinal"] else "") + _SAME_UNIT.get(unit, unit)


def _value(number: str) -> Fraction:
    if number[0].isdecimal():
        return Fraction(number)
    if not any(c in _SCALES or c in _MYRIADS for c in number):
        return Fraction("".join(str(_DIGITS[c]) for c in number))
    total = section = digit = 0
    for c in number:
        if c == "亿":
            total, section, digit = (total + section + digit or 1) * _MYRIADS[c], 0, 0
        elif c == "万":
            total, section, digit = total + (section + digit or 1) * _MYRIADS[c], 0, 0
        elif c in _SCALES:
            section, digit = section + (digit or 1) * _SCALES[c], 0
        else:
            digit = _DIGITS[c]
    return Fraction(total + section + digit)
