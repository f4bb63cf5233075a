"""What a reader of a document should be warned of: signs of damage, of templates filled in later, of excess."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from jianghua.corpus import articles, shapes
from jianghua.corpus.front_matter import iso_date
from jianghua.corpus.titles import is_title_line
from jianghua.corpus.view import letters, match_key
from jianghua.schema import FLAGS, Document

_HAN = "[\u4e00-\u9fff]"
# A run of marks, or an X that stands for a word: X光, 5×3, APP and 2×2 are none.
_MASK_RUN = re.compile(
    r"(?<![A-Za-z\d*×○])(?:[XxＸ×]{2,}|[*＊]{2,}|[○〇]{2,}|\d{0,3}[×XxＸ*]{2,3}(?=年)|某某)(?![A-Za-z\d*])"
)
_MASK_ONE = re.compile(
    rf"(?<![A-Za-z\d×*])[XＸ×](?![A-Za-z\d×*光线射轴型])(?:(?<={_HAN}.)|(?<=[，。、；：,.;:\n].)|(?={_HAN}))"
)
_MOJIBAKE = re.compile("[\ufffd\ue000-\uf8ff]|锟斤拷|烫烫烫|屯屯屯|ï»¿|â€[œ\u009d™]|[ÃÂåäæç][\u0080-\u00bf]")
# The commonest characters of UTF-8 read as GBK; modern prose has none of them.
_GBK_MOJIBAKE = re.compile("[锛銆鐨涓鍦鏄鈥]")
_LONG_DOCUMENT, _LONG_PARAGRAPH = 50_000, 8_000  # characters
_DUPLICATE = 20  # letters; shorter paragraphs repeat by right
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)年")
_TEMPLATE_YEARS = 2  # years between a title and the years its text speaks of, more than planning or review explains

_TEMPLATE_AGE = 10  # years; what is further off is history

_NUMERALS = {numeral: value for value, numeral in enumerate("一二三四五六七八九十", 1)}
# Occasions that fix a year: of a founding plus the count, …
_FOUNDED = (
    (re.compile(r"(?:中国共产党|建党|党的?)(?:成立)?(\d{2,3}|百)(?:周年|华诞|岁)"), 1921),
    (re.compile(r"(?:新中国|中华人民共和国|建国|共和国)(?:成立)?(\d{2,3})(?:周年|华诞)"), 1949),
    (re.compile(r"改革开放(\d{2})周年"), 1978),
)
# … a party congress or a campaign, …
_YEARLY = (
    (re.compile(r"(?:脱贫攻坚|全面(?:建成)?小康(?:社会)?)[^。]{0,12}(?:收官|决胜|决战)之?年"), 2020),
    (re.compile(r"扫黑除恶(?:专项斗争)?[^。,，]{0,8}(?:收官|决战决胜|决胜)之?年"), 2020),
    (re.compile(r"扫黑除恶(?:专项斗争)?[^。,，]{0,8}攻坚之?年"), 2019),
    (re.compile(r"扫黑除恶(?:专项斗争)?[^。,，]{0,8}(?:开局|启动)之?年"), 2018),
    (re.compile(r"党的十八大[^。,，]{0,4}(?:召开之年|胜利召开的?一年)"), 2012),
    (re.compile(r"党的十九大[^。,，]{0,4}(?:召开之年|胜利召开的?一年)"), 2017),
    (re.compile(r"党的二十大[^。,，]{0,4}(?:召开之年|胜利召开的?一年)"), 2022),
)
# … the first or last year of a five-year plan (the 1st began in 1953, the 10th in 2001).
_PLAN = re.compile(r"[“\"]?十([一二三四五六七八九])五[”\"]?(?:规划)?[^。,，]{0,6}(开局|收官|起步|收尾)之年")
_EARLIER = re.compile(r"(?:去年|前年|上年|刚刚过去|以来|自从|回顾|当年|(?:19|20)\d\d年)[^。；;！!]{0,24}$")


def find_flags(document: Document, text: str) -> tuple[str, ...]:
    """The warnings about one document, in the order of the schema; `text` is the whole decoded source.

    off_topic is not given: no rule here tells it reliably. needs_ocr comes from the reader.
    """
    body = "\n".join(paragraph.text for paragraph in document.paragraphs)
    found = {
        "masked_words": has_masks(body),
        "date_conflict": has_date_conflict(document.title, document.date, body) or published_before(document, text),
        "truncated": is_truncated(document),
        "duplicated": has_duplicates([paragraph.text for paragraph in document.paragraphs]),
        "mojibake": is_mojibake(body),
        "too_long": len(body) > _LONG_DOCUMENT
        or any(len(paragraph.text) > _LONG_PARAGRAPH for paragraph in document.paragraphs),
        "several_articles": holds_several(document, text),
    }
    return tuple(flag for flag in FLAGS if found.get(flag))


def has_masks(text: str) -> bool:
    """Words replaced by X, ×, * or 某某: one run of marks, or two single ones."""
    return _MASK_RUN.search(text) is not None or len(_MASK_ONE.findall(text)) >= 2


def is_mojibake(text: str) -> bool:
    """Replacement or private-use characters, or the usual debris of a wrong decoding."""
    return _MOJIBAKE.search(text) is not None or len(_GBK_MOJIBAKE.findall(text)) > max(3, 0.02 * len(text))


def has_duplicates(texts: Sequence[str]) -> bool:
    """A paragraph of 20 letters or more that stands there twice."""
    counts = Counter(form for text in texts if len(form := letters(text)) >= _DUPLICATE)
    return any(count > 1 for count in counts.values())


def is_truncated(document: Document) -> bool:
    """Whether the last running text breaks off in mid-sentence."""
    texts = [match_key(paragraph.text) for paragraph in document.paragraphs if not paragraph.is_heading]
    if not texts:
        return False
    last = texts[-1]
    return last.endswith((",", "、")) or (shapes.is_body(last) and last[-1:] not in "…:)" and not _closed(last))


def _closed(key: str) -> bool:
    return shapes.ends_sentence(key) or key.endswith(("”", '"', "》"))


def has_date_conflict(title: str | None, day: str | None, text: str) -> bool:
    """Whether the text speaks of another year as this year than title or date: a template filled in again.

    Told by set phrases of one year (收官之年, anniversaries), and by texts none of whose years is near the title's.
    """
    stated = [int(year) for year in _YEAR.findall(title or "")][:1] or ([int(day[:4])] if day else [])
    if not stated:
        return False
    year = stated[0]
    if any(slack < abs(fixed - year) <= _TEMPLATE_AGE for fixed, slack in fixed_years(text)):
        return True
    named = [int(found) for found in _YEAR.findall(text)]
    named = [found for found in named if found != year or title is None or f"{found}年" not in title] or named
    past_only = len(named) >= 2 and max(named) <= year - _TEMPLATE_YEARS
    return bool(_YEAR.search(title or "")) and past_only and f"{year}年" not in _less(text, title or "")


def published_before(document: Document, text: str) -> bool:
    """Whether the page around a speech is dated days before the speech."""
    head = document.paragraphs[-1].start if document.paragraphs else 0
    stamps = [span for span in document.removed if span.reason in ("byline", "counter", "widget") and span.end <= head]
    dates = [iso_date(match_key(text[span.start : span.end])) for span in stamps]
    if document.date is None:
        return False
    spoken = date.fromisoformat(document.date)
    return any((spoken - date.fromisoformat(day)).days >= 2 for day in dates if day)


def _less(text: str, title: str) -> str:
    return text.replace(title, "") if title else text


def fixed_years(text: str) -> Iterator[tuple[int, int]]:
    """Years that set phrases of "this year" stand for, with the years they may be off (迎接 … is said before)."""
    for match, year, slack in _phrases(text):
        # 去年是…收官之年 and 2020年是… speak of their own year.
        if not _EARLIER.search(text[max(0, match.start() - 30) : match.start()]):
            yield year, slack


def _phrases(text: str) -> Iterator[tuple[re.Match[str], int, int]]:
    for pattern, year in _YEARLY:
        yield from ((match, year, 0) for match in pattern.finditer(text))
    for match in _PLAN.finditer(text):
        last = 1955 + 5 * (10 + _NUMERALS[match[1]])
        yield match, last - 4 if match[2] in ("开局", "起步") else last, 0
    for pattern, founded in _FOUNDED:
        for match in pattern.finditer(text):
            near = text[max(0, match.start() - 10) : match.start()]
            if re.search("迎接|献礼|敬献|喜迎|今年是|迎来|优异成绩", near):
                yield match, founded + (100 if match[1] == "百" else int(match[1])), 1


def holds_several(document: Document, text: str) -> bool:
    """Whether one record holds several articles: headlines above a byline or dateline after running text."""
    if not any(paragraph.is_heading for paragraph in document.paragraphs[1:]):
        return False
    bylines = sorted(span.start for span in document.removed if span.reason == "byline")
    running = False
    for before, paragraph in zip(document.paragraphs, document.paragraphs[1:], strict=False):
        key = match_key(before.text)
        running = running or shapes.is_body(key)
        byline = any(before.end <= at < paragraph.start for at in bylines)
        if running and is_title_line(key) and (byline or shapes.is_dateline(match_key(paragraph.text))):
            return shapes.is_body(match_key(paragraph.text)) or articles.speech_title(key)
    return False
