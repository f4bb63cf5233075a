"""Whether a line says only what its source says: numbers, quotations, Latin words, names, posts, organisations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from jianghua.modeling.name_words import (
    ENDING,
    GENERAL,
    LINKS,
    NAME_BEFORE_VERB,
    NAME_BEHIND_POST,
    NEGATIONS,
    POST,
    TYPE,
)

_DIGIT = "[零〇一二两三四五六七八九十百千万亿]"
_UNITS = "年月日时分秒个名起件次项条人元届成户家吨里亩米岁倍度号级期批部种类场所支例宗名位天周%"
# A number is what it counts, too: 12件 is not in 312件, 12元 not in 12万元, 12.5 not in 12.5%.
# 近2400人 is not 超2400人; a line may leave such a word out, not put one in.
NUMBER = re.compile(
    rf"(近|将近|超|超过|逾|约|大约|至少|不到|不足|最多|仅)?"
    rf"((?:百分之|第)?(?:[0-9]+(?:[.,·—\-]+[0-9]+)*|{_DIGIT}{{2,}}|(?<=百分之){_DIGIT}|(?<=第){_DIGIT}"
    rf"|{_DIGIT}(?=[{_UNITS}]))[万亿]*[多余几]?%?)([{_UNITS}]?)"
)
DATE = re.compile(r"(?:[0-9]{2,4}年)?[0-9]{1,2}月[0-9]{1,2}日|[0-9]{2,4}年[0-9]{1,2}月")
QUOTED = re.compile(r"[“《‘]([^”》’]+)[”》’]")
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9+\-]*")
SEAMS = frozenset("，,、；;：:。！？!? ")
HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_REACH = 3  # characters before an ending that belong to the name


def normalise(text: str) -> str:
    """Width and spaces out of the way: １２ ％ and 12% are the same number; a full comma is in none."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text.replace("，", "、")))


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
    plain = {(value, unit) for _, value, unit in known}
    values = {value for value, _ in plain}
    for about, value, unit in NUMBER.findall(line):
        bare = (value, unit) in plain or (not unit and value in values)
        if not ((about, value, unit) in known or (bare and not about)):
            yield about + value + unit


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
        elif _negated(right, source) and not left.endswith(NEGATIONS):
            wrong.append(right)
    return wrong


def _negated(word: str, source: str) -> bool:
    """Whether the source says a word of its own (no general one) only with a negation directly before it."""
    if _free(word):
        return False
    places = [match.start() for match in re.finditer(re.escape(word), source)]
    return bool(places) and all(source.endswith(NEGATIONS, 0, place) for place in places)


def _free(word: str) -> bool:
    return word in GENERAL or word in LINKS


def _inside_name(run: str, at: int) -> bool:
    """Whether a joint lies in the reach of an ending behind it, or of a post before it."""
    after_post = any(match.end() <= at < match.end() + _REACH for match in POST.finditer(run))
    in_reach = any(match.start() - _REACH < at < match.end() for match in ENDING.finditer(run))
    return after_post or in_reach or any(match.start() - _REACH < at <= match.start() for match in TYPE.finditer(run))


@lru_cache(maxsize=1024)
def _persons(source: str) -> tuple[str, ...]:
    return tuple({name for pattern in (NAME_BEHIND_POST, NAME_BEFORE_VERB) for name in pattern.findall(source)})


def _cuts(left: str, right: str, persons: Sequence[str]) -> bool:
    """Whether a joint parts a person's name of the source."""
    # One character of a name alone is as often a part of another word: 柳和平 and 平安建设.
    halves = [(name[:-1], name[1:]) for name in persons if len(name) > 2]
    return any(left.endswith(head) or right.startswith(tail) for head, tail in halves)


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
