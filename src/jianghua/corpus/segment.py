"""Parts of a paragraph: enumerated items (一要…二要…) and sentences. Both as [start, end) code points."""

from __future__ import annotations

import re
import unicodedata

Span = tuple[int, int]

_DIGITS = {numeral: value for value, numeral in enumerate("一二三四五六七八九", 1)}
_ORDER = {"首先": 1, "其次": 2, "再次": 3, "第三": 3, "此外": 3, "最后": 4}
# A number counts where a clause begins: 统一要求 and 十一、二 are none.
_BEFORE = r"(?:^|(?<=[。；;：:，,！!？?、”\"）)\s]))"
_NUMERAL = "[一二三四五六七八九十]{1,3}"
_CLAUSES = tuple(
    re.compile(_BEFORE + pattern)
    for pattern in (
        rf"(?P<n>{_NUMERAL})要(?!害)",
        rf"(?P<n>{_NUMERAL})是(?!一|否)",
        rf"(?P<n>{_NUMERAL})、(?![一二三四五六七八九十])",
        rf"第(?P<n>{_NUMERAL})(?:[，,、:：]|是|要)",
        rf"其(?P<n>{_NUMERAL})[，,、:：]?(?:是)?",
        r"(?P<n>\d{1,2})(?:[.．](?!\d)|、)",
        r"(?P<n>首先|其次|再次|第三|此外|最后)[，,是要]?",
    )
)
_ANYWHERE = tuple(
    re.compile(r"(?<!第)" + pattern)
    for pattern in (rf"[（(](?P<n>{_NUMERAL})[）)]", r"(?P<n>[①-⑳])", r"[（(](?P<n>\d{1,2})[）)]")
)
_FAMILIES = (*_CLAUSES, *_ANYWHERE)
_CLOSERS = "”’」』）》】\"')"
_SENTENCE = re.compile(rf"(?:[。！？…]|[?!](?=[\u3000-\u9fff\uff00-\uffef{_CLOSERS}?!]|$)|\n)+[{_CLOSERS}]*\s*")


def split_items(text: str) -> list[Span]:
    """The items of the outermost enumeration, each up to the next one's start, the last to the end; [] for none."""
    chains = [chain for chain in (_chain(text, family) for family in _FAMILIES) if chain]
    if not chains:
        return []
    starts = min(chains)
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def split_sentences(text: str) -> list[Span]:
    """Sentences without loss: marks and closing quotes stay together, ASCII ? and ! split before CJK or the end."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    if text and (not ends or ends[-1] != len(text)):
        ends.append(len(text))
    return list(zip([0, *ends[:-1]], ends, strict=True)) if ends else []


def _chain(text: str, family: re.Pattern[str]) -> list[int]:
    """Starts of the markers that count 1, 2, 3 …; a new 1 after a finished count goes on as a second list."""
    found: list[int] = []
    current: list[int] = []
    for match in family.finditer(text):
        number, ordinal = _value(match["n"]), match["n"] in _ORDER
        if number == 1:
            found += current if len(current) >= 2 else []
            current = [match.start()]
        # 最后 closes any count, 再次 may be left out.
        elif current and (number == len(current) + 1 or (ordinal and number > len(current))):
            current.append(match.start())
    return found + (current if len(current) >= 2 else [])


def _value(marker: str) -> int:
    if marker in _ORDER:
        return _ORDER[marker]
    if marker.isdecimal():
        return int(marker)
    if marker in _DIGITS or "十" in marker:
        tens, ten, ones = marker.rpartition("十")
        return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)
    return int(unicodedata.numeric(marker, 0)) if len(marker) == 1 else 0
