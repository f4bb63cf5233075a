"""Whether a line says only what its source says: numbers, quotations, Latin words, names, posts, organisations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

_DIGIT = "[零〇一二两三四五六七八九十百千万亿]"
_UNITS = "年月日时分秒个名起件次项条人元届成户家吨里亩米岁倍度号级期批部种类场所支例宗名位天周%"
# A number is what it counts, too: 12件 is not in 312件, 12元 not in 12万元, 12.5 not in 12.5%.
NUMBER = re.compile(
    rf"((?:[0-9]+(?:[.,·—\-]+[0-9]+)*|{_DIGIT}{{2,}}|{_DIGIT}(?=[年月日个名起件次项条人元届%成]))[万亿]*%?)([{_UNITS}]?)"
)
DATE = re.compile(r"(?:[0-9]{2,4}年)?[0-9]{1,2}月[0-9]{1,2}日|[0-9]{2,4}年[0-9]{1,2}月")
QUOTED = re.compile(r"[“《‘]([^”》’]+)[”》’]")
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9+\-]*")
SEAMS = frozenset("，,、；;：:。！？!? ")
HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
# Words that carry no name: they may stand in a line though the source says it otherwise.
GENERAL = frozenset(
    "要求 表示 强调 指出 提出 认为 建议 明确 作出 部署 召开 主持 出席 会见 到会 听取 调研 讲话 致辞 通报 介绍 推进 推动 开展 落实 "
    "坚持 加强 强化 深化 提升 提高 扩大 加大 加快 做好 完善 健全 建立 构建 发挥 提供 增加 应对 优化 完成 规范 支持 参加 成为 "
    "处置 改善 实现 确保 促进 严格 严惩 打击 防范 化解 维护 保障 服务 坚决 依法 主动 全面 深入 持续 重点 重大 有关 相关 各地 "
    "各项 各类 各级 首次 方面 等方面 关于 针对 面对 及其 以及 部分 显示 正在 已经 问题 工作 情况 同时 进行 给予 通过 围绕".split()
)
# One character that may stand between two words of the source.
LINKS = frozenset(
    "和与及或并且在为以将要把从向到的地得是有用使让对等了不更再须应可仍还又均皆也都就已由被按照据经抓促保严防治讲建破查审"
    "约余超达升降增减近占涉赴见谈来该此各因于起至后前时中内上下间者较比同共新全多非"
)
# What ends the name of an organisation, a place or a post: what stands before it has to stand before it in the source.
_ENDS = re.compile(
    "委员会|常委会|委员|党委|党组|支部|政法委|纪委|监委|改委|政府|法院|检察院|法庭|机关|机构|公安|大学|学院|学校|公司|集团|银行|"
    "中心|协会|学会|联合会|总队|支队|大队|中队|部队|派出所|司法所|监狱|大会|会议|座谈会|全会|书记|部长|主任|局长|厅长|院长|检察长|"
    "主席|总理|省长|市长|县长|区长|政委|校长|会长|队长|所长|处长|庭长|代表|检察官|法官|检察员|审判员"
)
_TYPES = re.compile(
    "(?!社会|机会|全部|内部|干部|地区|社区|城市|农村|乡村|城镇|军队|参会|到会|开会)[\u3400-\u9fff][局部委院厅会省市县区镇乡村州旗署办庭队所]"
)
_POST = re.compile("书记|部长|主任|局长|厅长|院长|检察长|主席|总理|省长|市长|县长|区长|政委|校长|会长|队长|所长|处长|庭长|检察官|法官|检察员|审判员")
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文柳习栗应柯骆穆凌盛向单闫岳齐梅庄辛管祝左涂谷"
)
_NAME_BEHIND = re.compile(rf"(?:{_POST.pattern})([{_SURNAMES}][\u3400-\u9fff]{{1,2}})")
_NAME_BEFORE = re.compile(rf"([{_SURNAMES}][\u3400-\u9fff]{{1,2}})(?:同志|先生|女士|强调|指出|主持|出席|会见|要求|表示|到会|讲话)")
_NEGATIONS = tuple("不 未 没 非 无 勿 不得 不能 不准 不许 不要 严禁 禁止 杜绝 防止 没有 拒绝 避免".split())
_REACH = 3  # characters before an ending that belong to the name


def normalise(text: str) -> str:
    """Width and spaces out of the way: １２ ％ and 12% are the same number."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def unsupported(line: str, source: str) -> list[str]:
    """What in `line` has no support in `source`; empty means grounded.

    Numbers with what they count, dates, Latin words and quotations have to stand in the source as wholes. All else
    has to be words of the source (runs of at least two of its characters), words that carry no name (`GENERAL`), or
    single characters that link them; and where two such words meet that the source has apart, the place may not lie
    inside the name of an organisation, a place or a post, nor behind a post, nor part a person's name. So no name is
    put together from parts. Nor may a word lose the negation that the source always has before it.
    """
    line_text, source_text = normalise(line), normalise(source)
    missing = [token for pattern in (LATIN, DATE) for known in [set(pattern.findall(source_text))]
               for token in pattern.findall(line_text) if token not in known]  # fmt: skip
    missing += _numbers(line_text, source_text)
    missing += [quoted for quoted in QUOTED.findall(line_text) if quoted not in source_text]
    for run in HAN_RUN.findall(line_text):
        missing += _wrong_joins(run, source_text)
    return missing


def _numbers(line: str, source: str) -> Iterator[str]:
    known = set(NUMBER.findall(source))
    values = {value for value, _ in known}
    for value, unit in NUMBER.findall(line):
        if (value, unit) not in known and (unit or value not in values):
            yield value + unit


def _wrong_joins(run: str, source: str) -> list[str]:
    """Words of a run of Chinese characters that the source does not have, and joints inside names."""
    words = split(run, source)
    if words is None:
        return [run]
    at, persons = 0, _persons(source)
    wrong = [words[0]] if _negated(words[0], source) else []
    for left, right in pairwise(words):
        at += len(left)
        # A general word or a link is no part of a name, so nothing is put together beside it.
        named = left[-1] not in LINKS and _inside_name(run, at)
        if not (_free(left) or _free(right)) and (named or _cuts(left, right, persons)):
            wrong.append(run[max(0, at - 2) : at + 2])
        elif _negated(right, source) and not left.endswith(_NEGATIONS):
            wrong.append(right)
    return wrong


def _negated(word: str, source: str) -> bool:
    """Whether the source says a word of its own (no general one) only with a negation directly before it."""
    if _free(word):
        return False
    places = [match.start() for match in re.finditer(re.escape(word), source)]
    return bool(places) and all(source.endswith(_NEGATIONS, 0, place) for place in places)


def _free(word: str) -> bool:
    return word in GENERAL or word in LINKS


def _inside_name(run: str, at: int) -> bool:
    """Whether a joint lies in the reach of an ending behind it, or of a post before it."""
    after_post = any(match.end() <= at < match.end() + _REACH for match in _POST.finditer(run))
    in_reach = any(match.start() - _REACH < at < match.end() for match in _ENDS.finditer(run))
    return after_post or in_reach or any(match.start() - _REACH < at <= match.start() for match in _TYPES.finditer(run))


@lru_cache(maxsize=1024)
def _persons(source: str) -> tuple[str, ...]:
    return tuple({name for pattern in (_NAME_BEHIND, _NAME_BEFORE) for name in pattern.findall(source)})


def _cuts(left: str, right: str, persons: Sequence[str]) -> bool:
    """Whether a joint parts a person's name of the source."""
    return any(left.endswith(name[:i]) or right.startswith(name[i:])
               for name in persons for i in range(1, len(name)))  # fmt: skip


def _steps(run: str, source: str) -> tuple[tuple[int, ...], ...]:
    """For each place of `run` the ends of the words that may begin there."""
    ends = []
    for start in range(len(run)):
        found = [start + 1] if run[start] in LINKS else []
        longest = start
        while longest < len(run) and run[start : longest + 1] in source:
            longest += 1
        found += range(start + 2, longest + 1)
        if longest > start and (len(run) == 1 or (start == 0 and run[0] in _UNITS)):
            found.append(start + 1)
        found += [start + len(word) for word in GENERAL if run.startswith(word, start)]
        ends.append(tuple(found))
    return tuple(ends)


def split(run: str, source: str) -> list[str] | None:
    """The fewest words of `source`, general words and links that make up `run`; None if there are none."""
    steps = _steps(run, source)
    best: list[list[str] | None] = [None] * len(run) + [[]]
    for start in reversed(range(len(run))):
        rest = [[run[start:end], *tail] for end in steps[start] if (tail := best[end]) is not None]
        best[start] = min(rest, key=len, default=None)
    return best[0]


def locate(line: str, source: str, minimum: int = 4) -> list[tuple[int, int]]:
    """Spans of `source` that the words of `line` come from: its longest common substrings, greedily."""
    spans, at = [], 0
    while at < len(line):
        if line[at] in SEAMS:
            at += 1
            continue
        length = 0
        while at + length < len(line) and line[at : at + length + 1] in source:
            length += 1
        if length >= minimum:
            start = source.index(line[at : at + length])
            spans.append((start, start + length))
        at += max(1, length)
    return _merge(sorted(spans))


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
