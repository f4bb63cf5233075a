"""Whole lines that are no content, told by their own form: what a line says about itself, not where it stands.

Every pattern covers the whole line, so that a sentence which mentions an editor, a QR code or a hotline stays.
Lines are matched as `view.match_key` gives them: half-width punctuation, single blanks.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_HAN = "[\u4e00-\u9fff]"
_NAME = rf"{_HAN}(?:{_HAN}{{1,3}}| {_HAN}(?![\u4e00-\u9fff])|{_HAN}?·{_HAN}{{1,8}})"
_OPEN, _SHUT = r"[\[(【<《□■●◎○◇◆△▲★☆/|\-—·*# ]*", r"[\])】>》/|\-—* ]*"
_SENTENCE = re.compile(r"[。;!?]|,.*,")
# A note in parentheses may stand behind the full stop; dots come as … or, in a key, as three.
SENTENCE_END = re.compile(
    r"(?:[。!?;…！？；]|\.{3,})[\"'”’」』）)】》]*(?:[（(][^（()）]{1,20}[)）])?$|(?:——|--|[~～])$"
)

_MEDIUM = rf"(?:本报|本台|本刊|本网|本站|本社|我县|我市|我区|{_HAN}{{2,10}}(?:报|网|社|台|刊|中心|客户端|公众号|融媒|频道))"
_WRITER = rf"{_MEDIUM}?(?:全媒体|融媒体?|首席|高级|见习|实习|特约|特派|驻{_HAN}{{1,6}}?)*(?:记者|通讯员|评论员|撰稿人?|撰文|实习生)"
_ROLE = re.compile(rf"{_WRITER}|(?<![\u4e00-\u9fff])文字?/?图?(?= ?[/:|])|图/文|图文|摄影(?:报道)?|整理|报道|供稿|作者|摄|(?:^|(?<= ))文(?= |/|:)")
_SEPARATORS = re.compile(r"[\s、,/:|·()\[\]【】□■●◎○◇◆△▲★☆*\-—和及]+")

_EDITOR_ROLE = (
    r"(?:(?:本期|本版|今日|值班|执行|责任|文字|网络|网站|助理|图文|新媒体|实习|视觉|签发|总|主|副|一|二|三|初|复|终)*"
    r"(?:编辑|责编|编委|校对|审核|审校|审稿|编审|终审|复审|初审|一审|二审|三审|审|监制|监审|策划|美编|排版|版式|主编|主任|总编"
    r"|签发|审签|统筹|编发|录入|制作|校|检校)(?:人|员)?)"
)
_EDITOR = re.compile(rf"{_OPEN}(?:{_EDITOR_ROLE}\s*[:/|]\s*[^:。;!?]{{0,24}}?[\s,、/|]*)+{_SHUT}")
_EDITOR_NAME = re.compile(rf"{_OPEN}(?:{_EDITOR_ROLE}\s+{_NAME}[\s、,/|]*)+{_SHUT}")

_DAY = r"(?:(?:19|20)\d\d|[一二][〇○0零一二三四五六七八九]{3}) ?[年\-/.] ?[\d一二三四五六七八九十]{1,3} ?[月\-/.](?: ?[\d一二三四五六七八九十]{1,3} ?日?)?"
_TIME = r"\d{1,2} ?[:时] ?\d{1,2}(?: ?[:分] ?\d{1,2})?秒?"
_DATE_LINE = re.compile(rf"{_OPEN}{_DAY}-?(?:[ T,]*\(?(?:星期|周){_HAN}\)?)?(?:[ T-]*{_TIME})?{_SHUT}")
_DATE_COUNT = re.compile(rf"{_OPEN}{_DAY}(?:[ T-]*{_TIME})? +\d{{1,7}}{_SHUT}")
_DATE_NOTE = re.compile(rf"\((?:{_DAY})[^。;!?]{{0,40}}\)|\([^。;!?]{{0,30}}(?:录音整理|未经本人审|讲话稿|{_DAY})[^。;!?]{{0,20}}\)")

_META_KEYS = {
    "byline": "来源|稿源|文章来源|信息来源|稿件来源|新闻来源|作者|文章作者|供稿|供稿单位|撰稿|撰文|记者|通讯员|发布时间|发布日期|发表时间"
    "|发稿时间|更新时间|更新日期|添加时间|创建时间|成文日期|发文日期|生成日期|录入时间|发布机构|发文机关|发布单位|发布者|发布人|发布"
    "|公开机构|索引号|文号|发文字号|公开方式|公开类别|公开范围|主题分类|信息分类|体裁分类|主题词|有效性|所属栏目|栏目|信息索引|信息类别"
    "|信息名称|组配分类|统一编号|讲话人|讲话时间|录音整理|原创|转自|转载自",
    "editor": "编辑|责任编辑|责编|校对|审核|审稿|录入|录入人|责任人|初审|复审|终审|一审|二审|三审|监制",
    "counter": "点击|点击数|点击量|点击次数|点击率|浏览|浏览数|浏览量|浏览次数|阅读|阅读数|阅读量|阅读次数|访问量|访问次数|评论|评论数"
    "|人气|热度|下载|下载次数|字数|全文字数|转发|收藏|点赞|分享数",
    "widget": "字体|字号|字体大小|视力保护色|分享|分享到|分享至|打印|收藏|我要分享|保护视力色|背景色|语音播报|扫一扫",
    "title_copy": "本文标题|标题|原标题|文章标题|信息标题|名称",
    "other": "关键词|关键字|标签|tags|版权声明|免责声明|特别声明|声明|本文链接|本文网址|本文地址|链接地址|原文链接|文章链接|转载请注明"
    "|网址|链接|附件下载|相关附件",
}
_KEY_REASON = {key: reason for reason, keys in _META_KEYS.items() for key in keys.split("|")}
_PAIR = re.compile(rf"(?:^|[\s|,;(\[【<])({'|'.join(sorted(_KEY_REASON, key=len, reverse=True))})\s?[:丨|]", re.I)
_ENDING_SHARE = re.compile(r"(?:分享到?|打印|关闭|收藏|\[?大 ?中 ?小\]?)[ :|\[\]]*$")

_COUNT = r"(?:阅读|点击|浏览|访问|评论|转发|点赞|收藏|在看|人气|热度|下载|分享|回复|字数|围观|查看|推荐|赞|踩|喜欢|播放)"
_COUNTER = re.compile(
    rf"{_OPEN}(?:本文|本页|全文|共|已有|约|累计|总)*(?:{_COUNT}(?:量|数|率|次数|人数|字数)?[ :约]*\(?\d[\d,.]*\+? ?[万kKwW]?(?:次|人|条|字|个)?\)?"
    rf"|\d[\d,.]*\+? ?[万kKwW]?(?:次|人|条|个|人次)?(?:已?{_COUNT}|字)(?:量|数|过|本文)?)(?:[\s|,·;]+(?:{_COUNT}(?:量|数|次数)?[ :]*\d[\d,.]*|\d[\d,.]* ?次?{_COUNT}))*{_SHUT}"
)
_PAGE_NUMBER = re.compile(r"[-—–·• ]*(?:第 ?)?\d{1,3}(?: ?页)?(?: ?[/,] ?| ?共 ?)?(?:共? ?\d{1,4} ?页)?[-—–·• ]*")
# The number of an issue or a document stands above a text or above each of its pages.
_ISSUE = re.compile(r"[^。,;!?]{2,24}[〔\[(]?(?:19|20)\d\d年?[〕\])]? ?(?:第 ?)?\d{1,4} ?[号期](?: ?\(?总第 ?\d+ ?期\)?)?")
_PAGE_HEAD = re.compile(
    r"[-—–] ?\d{1,3} ?[-—–](?: .{0,60})?|.{0,60} [-—–] ?\d{1,3} ?[-—–]|[(【\[]?[\"“]?(?:上接|下转|紧接|转接).{0,12}版?[^。]{0,30}"
    r"|[^。;!?]{0,40}第 ?[A-Z]?\d{1,3} ?版[^。;!?]{0,40}|[^。;!?]{2,30} 第 ?\d+ ?页(?: ?[/|,]? ?共 ?\d+ ?页)?|[A-Z]?\d{1,2} ?版 ?[:|]?[^。]{0,10}"
)

_CAPTION = re.compile(
    rf"[▲△▼▽◀▶↑←→] ?[^。;!?]{{2,60}}|{_OPEN}(?:图为|图[一二三四五六七八九十\d]{{0,2}}:|(?:上|下|左|右|题|配|组)图(?:为|:)|(?:图片|照片)(?:来源|说明|为|:)|资料图|资料照片|示意图|视频截图|(?:摄影|供图)[:/]).{{0,100}}"
    rf"|.{{0,160}}(?:(?:记者|通讯员|[\s/(。,|])[ /]*{_NAME}(?:[ 、]{_NAME})* ?[/| ]?摄(?:影)?(?: ?\([^()]{{2,10}}\))?|^{_NAME} ?摄(?: ?\([^()]{{2,10}}\))?|{_NAME} ?[/|] ?(?:摄|图)|(?:资料图|资料图片|资料照片|图文无关|供图|视频截图))[。)\]】]*"
)

# Nobody says these in a speech, however long the line is.
_WIDGET_SURE = re.compile(
    r"扫一扫|扫码(?:关注|阅读|下载|查看)|(?:扫描|长按|识别)[^。]{0,8}二维码|点击(?:进入|查看|下载|投稿|此处|这里|关注|上方|下方|蓝字|右上角|阅读|购买)"
    r"|打赏|赞赏(?:鼓励|作者|支持)|(?:查看|点击|阅读|展开|显示|下载)(?:更多|全文|原文|剩余)|加载更多|分享(?:到|至)[^。]{0,12}(?:朋友圈|微信|微博|QQ|空间|$)"
    r"|设为首页|加入收藏|收藏本(?:页|站|文)|打印本(?:页|文)|关闭(?:窗口|本页)|返回(?:顶部|首页|列表|上一页)|联系客服|在线客服|(?:APP|客户端)下载"
    r"|下载(?:APP|客户端|[Ww]ord)|开通(?:会员|VIP)|会员(?:免费|专享|登录)|¥ ?\d|浏览器(?:不支持|版本)|您?的?浏览器|手机(?:浏览|访问|扫)"
    r"|关注[^。]{0,16}(?:公众号|微信号|微博|头条号)|点个?(?:赞|在看)(?:吧|哦|支持)|欢迎(?:转发|分享|留言|投稿|下载)|我要(?:评论|纠错|留言|收藏|打印|分享)"
    r"|登录后?(?:可?查看|可?阅读|可?下载)|试读(?:结束|部分)|剩余(?:内容|部分)|充值|回复后?可见|看大图|复制链接|下载附件|附件下载|加微信|忘记密码|只看该作者|楼主 |会员(?:上传|发布)"
    r"|本帖(?:最后|已)|广告(?:热线|联系|合作|[★】\])])|^[^,。]{0,4}觉得[^。]{0,12}(?:不错|有用|有帮助)|(?:喜欢|支持)(?:本篇|本文|这篇|作者)"
)
_LINK_LINE = re.compile(r"(?:[^。,;!?:]{0,16}[: ] ?)?(?:https?://|www\.)[\x21-\x7e]{4,}")
_NOTICE_SURE = re.compile(
    r"版权(?:所有|归|声明|属于|事宜)|备案号|ICP备|公网安备|网站标识码|网备|不代表本[^。]{0,8}(?:观点|立场)|(?:如有|若有|涉嫌)?侵权[^。]{0,12}(?:联系|删除|告知)"
    r"|(?:请|须|应)?注明(?:出处|来源|转载)|未经[^。]{0,12}(?:授权|许可|允许|同意)[^。]{0,16}(?:转载|使用|复制|摘编)|网友(?:上传|提供|发布)|转载[^。]{0,10}(?:请|须)"
    r"|仅供(?:学习|参考)[^。]{0,12}(?:交流|使用|$)|违法和?不良信息举报|互联网新闻信息服务|技术支持:|copyright|all rights reserved|©|印发 ?\(共印|\(?共印 ?\d+ ?份"
    r"|processed in|powered by|^GMT[+-]\d|零售每份 ?\d|主办(?:单位)?:.{0,40}(?:承办|电话|地址|邮编|版权)|^(?:邮编|电话|传真|邮箱|联系电话|投稿邮箱|新闻热线|投稿热线|地址)(?:\(\w+\))?: ?.{2,50}$",
    re.I,
)
_WIDGET_SHORT = re.compile(
    rf"{_OPEN}(?:分享|转发|打印|收藏|关闭|点赞|举报|复制|复制链接|朋友圈|微信(?:好友|公众号|订阅号|号|群)?|新浪微博|腾讯微博|微博|QQ(?:空间|好友)?|二维码|订阅号"
    r"|大|中|小|特大|字[体号](?:大小)?|赏赞|赞赏|赏|赞|在看|写留言|留言|评论|登录|注册|登录/注册|加入会员|扫码|客户端|[+\-]|A[+\-]|T)"
    rf"(?:[\s:|、/\[\](),]+|(?:分享|打印|收藏|关闭|大|中|小)?)*{_SHUT}"
)
_CRUMB = re.compile(
    rf"{_OPEN}(?:(?:您|你)?(?:现在|当前|目前)?的?(?:所在)?(?:位置|栏目)(?:是|在)?|(?:您|你)(?:现在|当前)?(?:所)?在(?:的位置)?|所在位置|导航) ?[:>»].{{0,120}}"
    r"|(?:网站)?(?:首页|主页)(?: ?[>»›→/|\\-]+ ?[^>»›→/|\\。]{1,24})+[>»› ]*|[^>»›。,]{1,16}(?: ?[>»›]+ ?[^>»›。,]{1,30}){2,}"
)
_PAGER = re.compile(
    rf"{_OPEN}(?:上一[篇页条则个章]|下一[篇页条则个章]|前一[篇页条]|后一[篇页条]|尾页|末页|首页|返回|更多|返回目录|目录|回到?顶部|TOP|NEXT|PREV)(?: ?[:>»\]]+.{{0,80}}|(?:[\s|/·\]\[]+[^\s。]{{1,12}})*|[>»…]*)",
    re.I,
)
_MENU_WORD = re.compile(
    r"首页|登录|注册|无障碍|长者版|繁体|English|简体|政务公开|办事服务|互动交流|政民互动|数据开放|网站地图|联系我们|关于我们|收藏|设为|领导之窗|通知公告|新闻中心|走进|概况|专题专栏|RSS|手机版|客户端|投稿|搜索"
)
TAIL_MARKER = re.compile(
    rf"{_OPEN}(?:相关(?:链接|新闻|阅读|内容|推荐|文章|报道|附件|信息|资讯|专题|稿件|热词|搜索)|(?:热门|精彩|编辑|为您|站长|猜你|今日|图文|小编|重点|系统|智能)(?:推荐|文章|阅读|新闻|专题|喜欢)"
    r"|猜你喜欢|延伸阅读|推荐(?:阅读|文章|内容|新闻)|扩展阅读|热点回顾|(?:本版|论坛|今日|本周)?热[帖评]|拓展阅读|继续阅读|最新(?:文章|资讯|新闻|发布|更新|动态)|友情链接|网友(?:评论|留言)|发表评论|我来说两句|精选评论|最新评论|关于本文"
    r"|更多(?:精彩|新闻|内容|文章|资讯)[^。]{0,10}|(?:本周|本月|今日|24小时|一周)?(?:热门|热点|热榜|热文|排行榜?|点击排行|热点新闻)|往期(?:回顾|精选|推荐|文章)|您可能(?:还|也)?(?:喜欢|感兴趣)[^。]{0,8}"
    rf"|看了(?:又|还)看|大家都在看|同类(?:文章|范文)|上一篇|下一篇|点击排行|栏目(?:导航|列表)|网站导航|快速导航) ?(?:[:>»+].{{0,80}})?{_SHUT}"
)
_MARK = re.compile(r"[(\[【]?(?:完|全文完|待续|未完待续|本文完|正文|END|end|略)[)\]】]?|[-—_=*·.~#+\s•●■□◆▲▼↓↑→←|]+")


_PHOTOGRAPHED = re.compile(r"摄(?: ?\([^()]{2,10}\))?[)\]]*$")


def _byline(key: str) -> bool:
    """Nothing but writers' roles and names: 本报记者 … 通讯员 …"""
    if len(key) > 80 or _PHOTOGRAPHED.search(key) or _SENTENCE.search(key) or not _ROLE.search(key):
        return False
    names = [word for word in _SEPARATORS.split(_ROLE.sub(" ", key)) if word]
    return len(names) <= 16 and all(re.fullmatch(rf"{_HAN}{{1,4}}|{_MEDIUM}", name) for name in names)


def _pairs(key: str) -> str | None:
    """Lines of `来源:… 时间:…` pairs, told by the first key; a date may stand before it."""
    rest = re.sub(rf"^{_OPEN}(?:{_DAY}(?:[ T-]*{_TIME})?)?\s*", "", key)
    match = _PAIR.match(rest)
    if match is None or len(key) > 160:
        return None
    value = rest[match.end() :]
    reason = _KEY_REASON[match[1].lower()]
    # One key with a sentence behind it is a sentence.
    if reason != "other" and SENTENCE_END.search(value) and len(_PAIR.findall(rest)) == 1:
        return None
    return reason


def _menu(key: str) -> bool:
    words = [word for word in re.split(r"[\s|·•]+", key) if word]
    known = sum(_MENU_WORD.search(word) is not None for word in words)
    return len(words) >= 2 and known >= max(2, len(words) / 4) and max(map(len, words)) <= 12


_ACTION = "收藏|分享|支持|反对|举报|点赞|打印|关闭|转发|评论|回复|复制|下载|赞|踩|积分|威望|字号|放大|缩小|默认|朗读"
_BUTTON = re.compile(rf"(?:本文|本页|全文)?(?:共|约)?(?:{_ACTION}|{_COUNT})(?:量|数|次数)?:?\d*|:?\d[\d,.]*(?:次|人|条|字)?|(?:本文|本页|全文)?(?:共|约)?\d[\d,]*字")


def _buttons(key: str) -> bool:
    """收藏(12) 点赞(5) 举报: nothing but actions and their counts, at least two."""
    words = [word for word in re.split(r"[\s|/·()\[\]、]+", key) if word not in ("", "次", "人", "条", ":")]
    return len(words) >= 2 and len(key) <= 80 and all(_BUTTON.fullmatch(word) for word in words) and not key[0].isdigit()


def _barred(key: str) -> str | None:
    """Cells between upright bars are page furniture, which prose never has; a title has one bar at most."""
    cells = [cell.strip() for cell in re.split(r"[|┃│丨]", key)]
    if len(cells) < 3 or max(map(len, cells)) > 30 or SENTENCE_END.search(key):
        return None
    if any(re.search(rf"发表于|作者|来源|记者|{_DAY}", cell) for cell in cells):
        return "byline"
    return "counter" if sum(any(ch.isdigit() for ch in cell) for cell in cells) * 2 > len(cells) else "navigation"


def _link_line(key: str) -> bool:
    return len(key) <= 200 and _LINK_LINE.fullmatch(key) is not None


def _whole(pattern: re.Pattern[str], limit: int = 160) -> Callable[[str], bool]:
    return lambda key: len(key) <= limit and pattern.fullmatch(key) is not None


def _inside(pattern: re.Pattern[str], limit: int) -> Callable[[str], bool]:
    return lambda key: len(key) <= limit and pattern.search(key) is not None


def _widget(key: str) -> bool:
    # A sentence in a speech may name a QR code; an invitation to the reader is short.
    return len(key) <= 60 and _WIDGET_SURE.search(key) is not None and not key.endswith("。")


_RULES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("page_head", _whole(_PAGE_NUMBER)),
    ("other", _whole(_MARK)),
    ("counter", _whole(_DATE_COUNT)),
    ("byline", _whole(_DATE_LINE)),
    ("counter", _whole(_COUNTER)),
    ("editor", _whole(_EDITOR)),
    ("editor", _whole(_EDITOR_NAME)),
    ("navigation", _whole(_CRUMB)),
    ("navigation", _whole(_PAGER, 100)),
    ("navigation", _menu),
    ("byline", _byline),
    ("caption", _whole(_CAPTION, 200)),
    ("widget", _whole(_WIDGET_SHORT, 60)),
    ("widget", _buttons),
    ("other", _inside(_NOTICE_SURE, 100)),
    ("widget", _widget),
    ("page_head", _whole(_PAGE_HEAD, 80)),
    ("page_head", _whole(_ISSUE, 40)),
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
    return own or _barred(key) or ("other" if _link_line(key) else None)


_SPEAKER = re.compile(
    rf"(?:中共)?[^。,;!?:]{{0,30}}(?:书记|主任|局长|院长|检察长|县长|市长|区长|州长|旗长|镇长|乡长|部长|主席|省长|常委|校长|厅长|政委|会长|委员|组长|同志)[)\]]? {_NAME}"
    rf"|{_NAME} ?\(?[^。,;!?:]{{0,24}}(?:书记|主任|局长|院长|检察长|县长|市长|区长|部长|主席|省长)\)?"
)
_ALONE = re.compile(rf"{_HAN} ?{_HAN}(?: ?{_HAN})?")
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史"
    "陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)  # fmt: skip


def head_reason(key: str) -> str | None:
    """Noise only between a title and the first paragraph: who speaks, when."""
    if len(key) <= 60 and _DATE_NOTE.fullmatch(key):
        return "byline"
    speaker = re.sub(rf" ?\((?:{_DAY}|[^()]{{2,16}}整理)\)$", "", key)
    if len(speaker) <= 40 and _SPEAKER.fullmatch(speaker):
        return "byline"
    return None


def is_masthead(key: str) -> bool:
    """The bare name of a site or paper, as it stands above a title."""
    return re.fullmatch(rf"{_HAN}{{2,14}}(?:网|网站|在线|日报|晚报|晨报|时报|快报|晨讯|电视台|融媒体?中心|客户端|文库)", key) is not None


def is_name(key: str) -> bool:
    """A line that is a Chinese personal name and nothing else."""
    return _ALONE.fullmatch(key) is not None and key[0] in SURNAMES


def tail_reason(key: str) -> str | None:
    """Noise only after the last paragraph: a lone signature in parentheses."""
    if re.fullmatch(rf"[(\[【](?:{_NAME})(?:[ 、,]+{_NAME})*[)\]】]", key):
        return "byline"
    if re.fullmatch(r"(?:新华社|中新社|据)[^。]{0,24}电?|[(【](?:据|新华社|来源|原载|摘自|载于)[^。]{0,40}[)】]", key):
        return "byline"
    if re.fullmatch(r"(?:发|送|抄送|抄报|主送|报|分送):[^!?]{2,120}", key) or re.search(r"(?:印发|印制)(?: ?\(.*\))?$", key):
        return "other"
    return "byline" if _DATE_NOTE.fullmatch(key) else None


def author(key: str) -> str | None:
    """The author that a byline names: 作者:张三."""
    match = re.search(rf"(?:^|\s)(?:作者|文章作者|撰稿|讲话人) ?: ?({_NAME})(?=$|\s|[)、,|])", key)
    return match[1] if match else None
