"""The table of facts above an official text (索引号, 发布机构, 成文日期, 标题, 文号): found, read and removed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jianghua.corpus import shapes
from jianghua.corpus.front_matter import Facts, iso_date
from jianghua.corpus.patterns import KEY_REASON, PAIR, key_name
from jianghua.corpus.view import Line, letters

_HEAD = 80  # lines; a table begins above its text
_FEWEST = 3  # names; fewer are chance
_LONGEST_VALUE = 100
# Names of an official table: a row of them needs no colons.
_NAMES = (
    "索引号 信息索引 索引码 统一编号 发布机构 发文机关 发文机构 发文单位 发布单位 公开机构 制发机关 成文日期 发文日期",
    "生成日期 发布日期 公开日期 印发日期 生效日期 废止日期 实施日期 发布时间 公开时间 发文字号 文号 发文文号 主题分类",
    "信息分类 体裁分类 组配分类 分类 主题词 关键词 公开方式 公开类别 公开范围 公开形式 公开时限 有效性 效力状态 时效性",
    "标题 名称 信息名称 文件名称 公文种类 信息类别 所属栏目 责任部门",
)
_TABLE = frozenset(name for row in _NAMES for name in row.split())
# Without one of these it is a list of something else.
_STRONG = frozenset(
    {"索引号", "信息索引", "统一编号", "发文字号", "文号", "发文文号", "成文日期", "发文机关", "发文机构"}
    | {"发布机构", "公开机构", "制发机关", "组配分类", "主题分类"}
)
_TITLES = frozenset({"标题", "名称", "信息名称", "文件名称", "信息标题", "文章标题", "本文标题"})
# The first that a table has; a day of publication comes after a day of writing.
_DATES = ("讲话时间", "成文日期", "发文日期", "生成日期", "印发日期", "发布日期", "发布时间", "公开日期")

Field = tuple[str, str]


def fields(key: str) -> list[Field]:
    """The names and values of one line: 名称:… 文号:…, or cells of a table between blanks."""
    pairs = list(PAIR.finditer(key))
    if pairs:
        ends = [match.start() for match in pairs[1:]] + [len(key)]
        return [(key_name(m[1]), key[m.end() : end].strip(" |,;()[]")) for m, end in zip(pairs, ends, strict=True)]
    found: list[list[str]] = []
    for cell in re.sub(r"(?<=索) 引 (?=号)|(?<=[标名文]) (?=[题称号])", "", key).split(" "):
        if cell in _TABLE:
            found.append([cell, ""])
        elif not found:
            return []
        else:
            found[-1][1] = f"{found[-1][1]} {cell}".strip()
    return [(name, value) for name, value in found]


def is_table_row(key: str) -> bool:
    """A row without colons: two names at least, one of them an official table's alone, each with a value or none."""
    if len(key) > 200 or PAIR.search(key) or key.endswith("。"):
        return False
    names = {name for name, _ in fields(key)}
    return len(names) >= 2 and not names.isdisjoint(_STRONG)


def read_table(lines: Sequence[Line], reasons: list[str | None]) -> Facts:
    """Mark a table's rows in `reasons`, in place, and lift title and date from it."""
    found: list[Field] = []
    for first, last in _columns(lines):
        found += _read_column(lines, reasons, first, last)
    for i, line in enumerate(lines[:_HEAD]):
        if reasons[i] in ("byline", "title_copy", "counter", "widget", "other"):
            found += fields(line.key)
    values: dict[str, str] = {}
    for name, value in found:
        values.setdefault(name, value)
    title = next((values[name] for name in values if name in _TITLES and len(letters(values[name])) >= 6), None)
    return Facts(title, next((day for name in _DATES if (day := iso_date(values.get(name, "")))), None))


def _name(key: str) -> str | None:
    """The name that a line of one name is, with or without its colon."""
    name = key_name(key.rstrip(": "))
    colon = key.endswith(":")
    return name if name in _TABLE or (colon and name in KEY_REASON) else None


def _columns(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Runs of lines in which each name stands alone with its value, if any, below it."""
    runs: list[tuple[int, int]] = []
    i, size = 0, len(lines)
    while i < min(_HEAD, size):
        names, at = [], i
        while at < size and (name := _name(lines[at].key)):
            names.append(name)
            at += 1 + (at + 1 < size and _is_value(lines[at + 1].key))
        if len(names) >= _FEWEST and not _STRONG.isdisjoint(names):
            runs.append((i, at))
        i = max(at, i + 1)
    return runs


def _is_value(key: str) -> bool:
    return len(key) <= _LONGEST_VALUE and not (_name(key) or shapes.is_body(key) or shapes.is_salutation(key))


def _read_column(lines: Sequence[Line], reasons: list[str | None], first: int, last: int) -> list[Field]:
    found: list[Field] = []
    for i in range(first, last):
        name = _name(lines[i].key)
        if name:
            found.append((name, ""))
            reasons[i] = KEY_REASON.get(name, "byline")
        elif not _next_headline(found, lines[i].key, i == last - 1):
            found[-1] = (found[-1][0], lines[i].text)
            reasons[i] = KEY_REASON.get(found[-1][0], "byline")
    return found


def _next_headline(found: Sequence[Field], key: str, is_last: bool) -> bool:
    """Whether the line below the last name is no value but the text's headline: the title's beginning."""
    if not is_last:
        return False
    title = next((letters(value) for name, value in found if name in _TITLES), "")
    return title.startswith(letters(key)) or (found[-1][0] in ("主题词", "关键词") and len(key) > 12)
