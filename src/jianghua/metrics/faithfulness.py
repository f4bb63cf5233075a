"""What an output names that its source does not: numbers, dates, quotations, persons, organisations.

A checker made apart from everything that writes summaries: it shares no code with decoding, so that the two
cannot make the same mistake. It reads surface forms only: a wrong relation between true parts goes unseen, and a
count that the source only implies is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jianghua.metrics.mentions import dates, names, normalise, numbers, organisations, quotations

_Found = Iterator[tuple[int, str]]
_QUOTES = re.compile(r"[“”‘’「」『』《》\"']")


def unsupported(output: str, source: str) -> list[str]:
    """The parts of `output` that `source` does not hold, in order of appearance, each once.

    Compared without regard to width, white space and quotation marks; 三万人, 3万人 and 30000人 are equal, 百分之五
    equals 5%, and 三月二日 equals 3月2日. Parts are returned as they stand in the normalised output.
    """
    out, src = normalise(output), normalise(source)
    found = sorted({*_wrong_dates(out, src), *_wrong_numbers(out, src), *_wrong_words(out, src)})
    return list(dict.fromkeys(text for _, text in found))


def mentions_counted(output: str, source: str) -> tuple[int, int]:
    """(parts of `output` that `source` holds, all parts): numbers, dates, quotations, names and organisations."""
    out, src = normalise(output), normalise(source)
    wrong = [*_wrong_dates(out, src), *_wrong_numbers(out, src), *_wrong_words(out, src)]
    found = list(dates(out))
    inside = {i for date in found for i in range(date.start, date.start + len(date.text))}
    total = len(found) + sum(mention.start not in inside for mention in numbers(out))
    total += sum(1 for kind in (quotations, names, organisations) for _ in kind(out))
    return total - len(wrong), total


def _wrong_numbers(output: str, source: str) -> _Found:
    known = {mention.key for mention in numbers(source)}
    values = {value for value, _ in known}
    in_dates = {i for date in dates(output) for i in range(date.start, date.start + len(date.text))}
    for mention in numbers(output):
        value, unit = mention.key
        # A value without unit on either side may be the one with a unit on the other.
        supported = mention.key in known or (value, "") in known or (not unit and value in values)
        if not supported and mention.start not in in_dates:
            yield mention.start, mention.text


def _wrong_dates(output: str, source: str) -> _Found:
    known = [mention.key for mention in dates(source)]
    for mention in dates(output):
        if not any(_covers(date, mention.key, known) for date in known):
            yield mention.start, mention.text


def _covers(date: tuple, wanted: tuple, known: list[tuple]) -> bool:
    """Whether `date` of the source supports `wanted`; a larger unit it leaves out may stand in another date."""
    finest = max(i for i, part in enumerate(wanted) if part is not None)
    return date[finest] == wanted[finest] and all(
        want is None or date[i] == want or (date[i] is None and any(other[i] == want for other in known))
        for i, want in enumerate(wanted)
    )


def _wrong_words(output: str, source: str) -> _Found:
    plain = _QUOTES.sub("", source)
    for mention in (*quotations(output), *names(output), *organisations(output)):
        if not any(all(_QUOTES.sub("", part) in plain for part in form) for form in mention.key):
            yield mention.start, mention.text
