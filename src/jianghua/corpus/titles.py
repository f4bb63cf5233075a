"""Titles: lifted from the head of an article, told apart from their copies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from jianghua.corpus import shapes
from jianghua.corpus.noise import line_reason
from jianghua.corpus.view import letters, match_key

_COUNT_NOTE = re.compile(
    r"\s*[(（\[【]\s*(?:本页|全文|本文|正文|共|约|字数|总)?[^()（）\[\]【】]{0,10}\d[\d,.]*\+?\s*(?:多|余)?[字页]"
    r"[^()（）\[\]【】]{0,6}[)）\]】]\s*$"
)
# 不少于2000字 is what somebody asks for, 全文共2000字 what a site counted.
_COUNTED = re.compile(
    r"\s*[(\[【](?:本页|全文|本文|正文|全篇|文档|字数|共计?|总计?|合计|约|大约|近"
    r"|[: ])*\d[\d,.]*\+? ?[多余]?字(?:左右)?[)\]】]"
    r"(?: ?\[[^\[\]]{1,8}\])?$"
)
_SPOKEN = re.compile(r"^.{2,16}?(?=在.{4,40}[上时]的?(?:讲话|致辞|发言|报告|讲稿))")
_BRACKETS = re.compile(r"\s*\[[^\[\]]{1,8}\]\s*$|^\s*【[^【】]{1,6}】\s*")
_SITE = re.compile(
    r"\s*[_|\-–—]+\s*[^_|]{0,30}(?:网|网站|频道|政府|门户|中心|新闻|资讯|文库|范文|专栏|领导讲话|讲话稿|在线|日报"
    r"|晚报|客户端|平台|公众号|论坛|博客|首页|栏目)[^_|。]{0,12}$"
)
_LABEL = re.compile(r"^(?:原标题|本文标题|文章标题|标题|信息标题|名称) ?[:：]\s*")
_SUBTITLE = re.compile(r"^[-—―]{1,3}\s*")
_SPEECH = re.compile(r"(?:讲话|致辞|发言|报告|意见|通知|讲稿)$")
_SHORTEST = 6  # letters; a copy of less may be a phrase
_LONGEST = 120
_HEAD = 16  # lines among which a title stands; hard-wrapped text has no paragraph that would end the head
_OFFICE = re.compile(r"[\u4e00-\u9fff 、,]{2,24}(?:国务院|政府|委员会|办公[室厅]|法院|检察院|[公安务]局)")


def bare_title(text: str) -> str:
    """A title without label, site name and character count."""
    title = _LABEL.sub("", match_key_keeping_width(text))
    while (cut := _BRACKETS.sub("", _COUNT_NOTE.sub("", _SITE.sub("", title)))) != title and len(
        letters(cut)
    ) >= _SHORTEST:
        title = cut
    return title.strip()


def counted_title(key: str) -> bool:
    """A title to which a site has put the number of its text's characters: never the document's own line."""
    if len(key) > _LONGEST or _COUNTED.search(key) is None:
        return False
    return _may_be_title(key) and len(letters(bare_title(key))) >= _SHORTEST


def match_key_keeping_width(text: str) -> str:
    """White space only: a title is shown to people and keeps its punctuation."""
    return " ".join(text.split())


def is_title_line(key: str) -> bool:
    """A heading that can be a title: no number, no salutation, no deck."""
    return (
        shapes.is_heading(key)
        and shapes.level(key) is None
        and not shapes.is_salutation(key)
        and not shapes.is_deck(key)
    )


def title_lines(texts: Sequence[str]) -> int:
    """How many of an article's first paragraphs are its title (headline decks have up to four)."""
    count = 0
    while count < min(len(texts), 4) and is_title_line(match_key(texts[count])):
        count += 1
    return count


def join_title(texts: Sequence[str]) -> str | None:
    """One title out of headline lines: a broken line goes on without a blank, a subtitle behind a dash."""
    title = ""
    for text in map(match_key_keeping_width, texts):
        broken = title and _SPEECH.search(text) and title.startswith(("在", "关于")) and not _SPEECH.search(title)
        if _SUBTITLE.match(text) and title:
            title += "——" + _SUBTITLE.sub("", text)
        else:
            title += text if broken or not title else " " + text
    return title or None


def title_copies(keys: Sequence[str], head: int, known: str | None) -> list[int]:
    """Lines that repeat the title. In the head (the first `head` lines) the last plain copy stays, as the heading."""
    first = [i for i in range(min(head, len(keys), _HEAD)) if _may_be_title(keys[i]) and not _OFFICE.fullmatch(keys[i])]
    known = bare_title(known) if known else None
    target = _target([keys[i] for i in first], known)
    if target is None:
        return []
    copies = [i for i, key in enumerate(keys) if _copies(key, target, i < head)]
    plain = [i for i in copies if i < head and _same(letters(keys[i]), target, True)]
    return [i for i in copies if not plain or i != plain[-1]] if plain or known else copies[1:]


def _copies(key: str, target: str, in_head: bool) -> bool:
    return any(_same(letters(form), target, in_head) for form in (bare_title(key), key))


def _same(text: str, target: str, in_head: bool) -> bool:
    """Equal, or in a head equal but for the speaker's name in front of one of them."""
    if text == target or not in_head:
        return text == target
    return text == _SPOKEN.sub("", target) or _SPOKEN.sub("", text) == target


def own_title(copy: str, texts: Sequence[str]) -> str:
    """The title as the document has it among its lines, where a site's copy only adds the speaker's name."""
    wanted = _SPOKEN.sub("", letters(copy))
    return next((text for text in texts if letters(text) == wanted), copy)


def _target(head: list[str], known: str | None) -> str | None:
    """The letters of the title: as known, else of the first line of the head that has a copy or stands alone."""
    if known and len(letters(known)) >= _SHORTEST:
        return letters(known)
    bare = [letters(bare_title(key)) for key in head]
    counts = Counter(bare)
    repeated = [title for title in bare if counts[title] > 1]
    found = next(iter(repeated or bare), "")
    return found if len(found) >= _SHORTEST else None


def _may_be_title(key: str) -> bool:
    return is_title_line(bare_title(key)) and line_reason(bare_title(key)) is None
