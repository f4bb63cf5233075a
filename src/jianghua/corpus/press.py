"""Lines that printing leaves in a text: a newspaper's page line and imprint, marks of confidence on a document."""

from __future__ import annotations

import re

from jianghua.corpus.patterns import DAY, EDITOR_ROLE, HAN, NAME, SENTENCE

_LONGEST_LINE, _LONGEST_IMPRINT = 80, 160
_EDGE_LEFT, _EDGE_RIGHT = r"(?<![^\s|/·:,()《【\[-])", r"(?![^\s|/·:,()》】\]-])"


def _cell(form: str) -> re.Pattern[str]:
    """A form that is a cell of its own: between blanks, bars and brackets."""
    return re.compile(rf"{_EDGE_LEFT}(?:{form}){_EDGE_RIGHT}")


_SPREAD = re.compile(rf"(?<!{HAN})(?:{HAN} ){{2,9}}{HAN}(?!{HAN})")
_PAPER = _cell("[\u4e00-\u9fff×X]{1,9}(?:报|周刊|新闻网数字报)")
_DATE = _cell(DAY)
_PAGE = _cell(r"(?:第 ?)?[A-Z]?\d{1,3} ?版|第 ?[一二三四五六七八九十]{1,2} ?版|T?[A-Z]?\d{1,3}(?:-\d{1,3})?")
_SHEET = _cell(r"(?:第 ?)?(?:[A-Z]?\d{1,3}|[一二三四五六七八九十]{1,2}) ?版")
_SECTION = _cell(
    rf"(?:今日|本地|本市|本县|本省|国内|国际|地方|综合|社会|民生|经济|时政|政法|法治|法制|文教|科教|头版|{HAN}{{1,2}})?"
    r"(?:要闻|新闻|时政|综合|专版|专刊|特刊|副刊|周刊|专题|广告|公告|评论|理论|法治|法制|政法|民生|社会|经济|文化|教育"
    r"|体育|健康|国际|国内|地方|时评|视点|关注|聚焦|天下|观察|资讯)"
)
_WITH = _cell(
    rf"(?:星期|周)[一二三四五六日天]|(?:农历)?[甲乙丙丁戊己庚辛壬癸]{HAN}年? ?(?:闰?{HAN}{{1,2}}月{HAN}{{2,3}})?"
    rf"|农历{HAN}{{2,8}}|(?:今日|本期) ?\d{{1,3}} ?版|(?:总?第 ?)\d{{1,6}} ?[期号](?:总第 ?\d{{1,6}} ?期)?"
    rf"|{EDITOR_ROLE} ?[:/]? ?{NAME}|E-?mail"
)
_IMPRINT = re.compile(
    r"(?<![^\s|;,/·])(?:本报)?(?P<name>(?:24小时)?(?:新闻|发行|广告|投递|订阅|订报|报料|爆料|服务|投诉|读者|值班|印刷)"
    r"(?:热线|电话|部|专线|咨询)|热线(?:电话)?|社址|地址|邮(?:政)?编码?|电话|传真|(?:投稿|电子)?(?:邮箱|信箱)"
    r"|国内统一(?:连续出版物号|刊号)|国际标准(?:连续出版物号|刊号)|刊号|邮发代号|(?:广告)?(?:经营)?许可证号?"
    r"|零售(?:价)?|定价"
    r"|(?:全)?[年月]价|承印|印刷(?:厂|单位)?|发行|出版(?:单位)?|主管(?:单位)?|主办(?:单位)?|今日)"
    r"(?=[ :]|每|CN|\d)"
)
_FIGURE = re.compile(r"\d{4}|CN ?\d|每份|\d ?[元版]")


def page_line(key: str) -> bool:
    """A page's own line: paper, date, section, page number and editors in any order, and nothing else."""
    if len(key) > _LONGEST_LINE or SENTENCE.search(key):
        return False
    line = _SPREAD.sub(lambda match: match[0].replace(" ", ""), key)
    rest, found = line, []
    for form in (_DATE, _SHEET, _PAPER, _WITH, _SECTION, _PAGE):
        rest, count = form.subn(" ", rest)
        found.append(count > 0)
    dated, sheet, paper, _, section, number = found
    known = (paper and (dated or sheet or (section and number))) or (dated and sheet)
    return known and not re.search(r"\w", rest)


def imprint(key: str) -> bool:
    """A foot line: hotlines, address, price, serial number. One entry of them may be a notice's; two are a paper's."""
    if len(key) > _LONGEST_IMPRINT or re.search(r"[。!?]", key) or not _FIGURE.search(key):
        return False
    entries = list(_IMPRINT.finditer(key))
    names = {match["name"] for match in entries}
    return len(names) >= 2 and entries[0].start() <= 12


_SECRECY = re.compile(
    r"(?:(?:内部|会议|涉密|保密|秘密)(?:资料|文件|材料|刊物|参阅|参考|使用|掌握|明电|传阅|传看|交流)|绝密|机密|秘密"
    r"|特急|加急|平急|特提)"
    r"(?:[ ,、★☆*·:(]*(?:(?:请)?(?:注意|妥善|严格)(?:保存|保管|保密)|严禁外传|(?:请)?(?:勿|不得|严禁|切勿)(?:外传"
    r"|扩散|翻印|转发|复制|公开|上网)"
    r"|会后(?:收回|交回|请交回)|用后收回|阅后(?:收回|即焚|退回)|\d{1,2} ?(?:年|个?月)|长期|特急|加急|平急|\d{1,4}"
    r"|[一二三四五六七八九十]+)\)?)*"
    r"|(?:请)?(?:注意|妥善)(?:保存|保管|保密)|(?:会后|阅后|用后)(?:请)?(?:收回|交回|退回)|不得外传|请勿外传|严禁外传"
)
_DRAFT = re.compile(
    r"(?:送审|征求意见|讨论|审议|修改|代拟|初|审定|定|讲话|发言|待审)稿(?:之?[一二三四五六七八九十\d]{1,2})?"
    r"|第?[一二三四五六七八九十\d]{1,2}稿|(?:会议)?(?:材料|文件)之?[(（]?[一二三四五六七八九十\d]{1,3}[)）]?"
)
_LONGEST_MARK = 24
_HANDLING = re.compile("保[存管密]$|外传|扩散|翻印|收回|交回|退回|[★☆]")


def secrecy_note(key: str) -> bool:
    """内部资料 注意保存 and its like: how to handle the paper, wherever it stands."""
    return _HANDLING.search(key) is not None and _is_mark(key)


def head_mark(key: str, below_title: bool) -> bool:
    """Marks above a text that could be a word of it further down: 机密, 送审稿, 会议材料之三.

    In parentheses below a title the state of a draft is part of the title.
    """
    draft = len(key) <= _LONGEST_MARK and _DRAFT.fullmatch(key.strip("()[]【】<>《》 ")) is not None
    return _is_mark(key) or (draft and not (below_title and key.startswith("(")))


def _is_mark(key: str) -> bool:
    bare = re.sub(r"^[(\[【<《★☆ ]+|[)\]】>》★☆! ]+$", "", key)
    return len(key) <= _LONGEST_MARK and _SECRECY.fullmatch(bare) is not None
