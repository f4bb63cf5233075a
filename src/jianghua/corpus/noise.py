"""Whole lines that are no content, told by their own form: what a line says about itself, not where it stands.

Every pattern covers the whole line, so that a sentence which mentions an editor, a QR code or a hotline stays.
Lines are matched as `view.match_key` gives them: half-width punctuation, single blanks.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from jianghua.corpus import metadata, press, site
from jianghua.corpus.patterns import (
    CAPTION,
    COUNT,
    COUNTER,
    CRUMB,
    DATE_COUNT,
    DATE_LINE,
    DATE_NOTE,
    DAY,
    EDITOR,
    EDITOR_NAME,
    HAN,
    ISSUE,
    KEY_REASON,
    LINK_LINE,
    MARK,
    MEDIUM,
    MENU_WORD,
    NAME,
    NOTICE_SURE,
    OPEN,
    PAGE_HEAD,
    PAGE_NUMBER,
    PAGER,
    PAIR,
    READING_TIME,
    ROLE,
    SENTENCE,
    SENTENCE_END,
    SEPARATORS,
    TAIL_MARKER,
    TIME,
    WIDGET_SHORT,
    WIDGET_SURE,
    key_name,
)

_PHOTOGRAPHED = re.compile(r"摄(?: ?\([^()]{2,10}\))?[)\]]*$")


def _byline(key: str) -> bool:
    """Nothing but writers' roles and names: 本报记者 … 通讯员 …"""
    if len(key) > 80 or _PHOTOGRAPHED.search(key) or SENTENCE.search(key) or not ROLE.search(key):
        return False
    rest = ROLE.sub(" ", key)
    if re.search(rf"{HAN} ?:", rest):
        return False
    names = [word for word in SEPARATORS.split(rest) if word]
    return len(names) <= 16 and all(re.fullmatch(rf"{HAN}{{1,4}}|{MEDIUM}", name) for name in names)


def _pairs(key: str) -> str | None:
    """Lines of `来源:… 时间:…` pairs, told by the first key; a date may stand before it."""
    rest = re.sub(rf"^{OPEN}(?:{DAY}(?:[ T-]*{TIME})?)?\s*", "", key)
    match = PAIR.match(rest)
    if match is None or len(key) > 160:
        return None
    value = rest[match.end() :]
    reason = KEY_REASON[key_name(match[1])]
    # One key with a sentence behind it is a sentence; a reporter's question is one in quotation marks.
    sentence = SENTENCE_END.search(value) or re.match(r' ?[“"].*[。!?] ?[”"] ?$', value)
    if reason != "other" and sentence and len(PAIR.findall(rest)) == 1:
        return None
    return reason


def _menu(key: str) -> bool:
    words = [word for word in re.split(r"[\s|·•]+", key) if word]
    known = sum(MENU_WORD.search(word) is not None for word in words)
    return len(words) >= 2 and known >= max(2, len(words) / 4) and max(map(len, words)) <= 12


_ACTION = "收藏|分享|支持|反对|举报|点赞|打印|关闭|转发|评论|回复|复制|下载|赞|踩|积分|威望|字号|放大|缩小|默认|朗读"
_BUTTON = re.compile(
    rf"(?:本文|本页|全文)?(?:共|约)?(?:{_ACTION}|{COUNT})(?:量|数|次数)?:?\d*|:?\d[\d,.]*(?:次|人|条|字)?|(?:本文"
    rf"|本页|全文)?(?:共|约)?\d[\d,]*字"
)


def _buttons(key: str) -> bool:
    """收藏(12) 点赞(5) 举报: nothing but actions and their counts, at least two."""
    words = [word for word in re.split(r"[\s|/·()\[\]、]+", key) if word not in ("", "次", "人", "条", ":")]
    return (
        len(words) >= 2 and len(key) <= 80 and all(_BUTTON.fullmatch(word) for word in words) and not key[0].isdigit()
    )


def _barred(key: str) -> str | None:
    """Cells between upright bars are page furniture, which prose never has; a title has one bar at most."""
    cells = [cell.strip() for cell in re.split(r"[|┃│丨]", key)]
    if len(cells) < 3 or max(map(len, cells)) > 30 or SENTENCE_END.search(key):
        return None
    if any(re.search(rf"发表于|作者|来源|记者|{DAY}", cell) for cell in cells):
        return "byline"
    return "counter" if sum(any(ch.isdigit() for ch in cell) for cell in cells) * 2 > len(cells) else "navigation"


def _link_line(key: str) -> bool:
    return len(key) <= 200 and LINK_LINE.fullmatch(key) is not None


def _whole(pattern: re.Pattern[str], limit: int = 160) -> Callable[[str], bool]:
    return lambda key: len(key) <= limit and pattern.fullmatch(key) is not None


def _inside(pattern: re.Pattern[str], limit: int) -> Callable[[str], bool]:
    return lambda key: len(key) <= limit and pattern.search(key) is not None


def _widget(key: str) -> bool:
    # A sentence in a speech may name a QR code; an invitation to the reader is short.
    return len(key) <= 60 and WIDGET_SURE.search(key) is not None and not key.endswith("。")


_RULES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("page_head", _whole(PAGE_NUMBER)),
    ("other", _whole(MARK)),
    ("counter", _whole(DATE_COUNT)),
    ("byline", _whole(DATE_LINE)),
    ("counter", _whole(COUNTER)),
    ("counter", _whole(READING_TIME, 60)),
    ("editor", _whole(EDITOR)),
    ("editor", _whole(EDITOR_NAME)),
    ("navigation", _whole(CRUMB)),
    ("navigation", _whole(PAGER, 100)),
    ("navigation", _menu),
    ("byline", metadata.is_table_row),
    ("byline", _byline),
    ("caption", _whole(CAPTION, 200)),
    ("widget", _whole(WIDGET_SHORT, 60)),
    ("widget", _buttons),
    ("other", _inside(NOTICE_SURE, 100)),
    ("page_head", press.page_line),
    ("other", press.imprint),
    ("other", press.secrecy_note),
    ("widget", _widget),
    ("widget", site.box),
    ("other", site.notice),
    ("caption", site.media_line),
    ("page_head", _whole(PAGE_HEAD, 80)),
    ("page_head", _whole(ISSUE, 40)),
    ("navigation", _whole(TAIL_MARKER, 100)),
)


def line_reason(key: str) -> str | None:
    """Why a line is noise wherever it stands, or None."""
    if not key:
        return "other"
    own = next((reason for reason, matches in _RULES if matches(key)), None)
    pairs = _pairs(key)
    # 作者:… 文/图 has a name for itself; a photographer's name alone does not make a caption of it.
    if pairs and own in (None, "caption"):
        return pairs
    return own or site.row_reason(key) or _barred(key) or ("other" if _link_line(key) else None)


_MASKED = r"(?:[X×*○〇某]{2,3}|[X×*○〇] [X×*○〇](?: [X×*○〇])?|[\u4e00-\u9fff][X×*○〇某]{1,2})"
_SPEAKER = re.compile(
    rf"(?:中共)?[^。,;!?:]{{0,30}}(?:书记|主任|局长|院长|检察长|县长|市长|区长|州长|旗长|镇长|乡长|部长|主席|省长"
    rf"|常委|校长|厅长|政委|会长|委员|组长|同志)[)\]]? (?:{NAME}|{_MASKED})"
    rf"|{NAME} ?\(?[^。,;!?:]{{0,24}}(?:书记|主任|局长|院长|检察长|县长|市长|区长|部长|主席|省长)\)?"
)
_ALONE = re.compile(rf"{HAN} ?{HAN}(?: ?{HAN})?")
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史"
    "陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)  # fmt: skip


def head_reason(key: str) -> str | None:
    """Noise only between a title and the first paragraph: who speaks, when."""
    if len(key) <= 60 and DATE_NOTE.fullmatch(key):
        return "byline"
    speaker = re.sub(rf" ?\((?:{DAY}|[^()]{{2,16}}整理)\)$", "", key)
    if len(speaker) <= 40 and _SPEAKER.fullmatch(speaker):
        return "byline"
    return None


def is_masthead(key: str) -> bool:
    """The bare name of a site or paper, as it stands above a title."""
    return (
        re.fullmatch(
            rf"{HAN}{{2,14}}(?:网|网站|在线|日报|晚报|晨报|时报|快报|晨讯|电视台|融媒体?中心|客户端|文库)", key
        )
        is not None
    )


def is_name(key: str) -> bool:
    """A line that is a Chinese personal name and nothing else."""
    return _ALONE.fullmatch(key) is not None and key[0] in SURNAMES


def tail_reason(key: str) -> str | None:
    """Noise only after the last paragraph: a lone signature in parentheses."""
    if re.fullmatch(rf"[(\[【](?:{NAME})(?:[ 、,]+{NAME})*[)\]】]", key):
        return "byline"
    if site.credit(key):
        return "byline"
    if re.fullmatch(
        r"(?:新华社|中新社)[^。]{0,24}电?|据[^。]{0,24}(?:电|报道|消息|讯)|[(【](?:据|新华社|来源|原载|摘自|载于)[^。]{0,40}[)】]",
        key,
    ):
        return "byline"
    if re.fullmatch(r"(?:发|送|抄送|抄报|主送|报|分送):[^!?]{2,120}", key) or re.search(
        r"(?:印发|印制)(?: ?\(.*\))?$", key
    ):
        return "other"
    return "byline" if DATE_NOTE.fullmatch(key) else None


def author(key: str) -> str | None:
    """The author that a byline names: 作者:张三."""
    match = re.search(rf"(?:^|\s)(?:作者|文章作者|撰稿|讲话人) ?: ?({NAME})(?=$|\s|[)、,|])", key)
    return match[1] if match else None
