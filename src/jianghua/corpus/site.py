"""Lines of a web page around its article: rows of buttons and links, search boxes, players, what a download costs.

A row is told by its cells: all of them are words of a page's furniture, and one at least is never a heading.
"""

from __future__ import annotations

import re

from jianghua.corpus.patterns import MENU_WORD, OPEN, SHUT

_LONGEST_ROW, _LONGEST_BOX, _LONGEST_NOTICE = 120, 160, 200
_GAPS = re.compile(r"[\s|/·•、,:>»<«\[\]【】()《》_—~…]+|\.{3,}")
# Alone on a line these are buttons; no section of a speech is headed so.
_BUTTON = re.compile(
    r"(?:无障碍|适老化?|长者|老年|关怀|大字|电脑|手机|触屏|移动|PC|WAP|简体|繁[体體])"
    r"(?:浏览|阅读|模式|版本?|通道|辅助|专区|中文)+|无障碍|English|[大中小]字[体号]?|(?:放大|缩小|还原"
    r"|默认)字[体号]|A[+-]{1,2}"
    r"|字[体号](?:大小)?|(?:保护)?视力(?:保护)?色|背景色|(?:收听|听|语音)(?:新闻|全文|播报|朗读)"
    r"|(?:停止)?朗读(?:全文|正文)?"
    r"|(?:立即|免费|马上|直接|全文|原文|文档|资源|打包|高速|VIP|PDF|Word)+ ?下载"
    r"|下载(?:文档|全文|本文|原文|资源|到本地|到电脑|PDF|Word版?)|(?:加入|开通|购买|升级|成为)(?:VIP|会员)"
    r"|VIP(?:免费|专享|特权|会员)*"
    r"|会员(?:登录|注册|中心|专享|下载|免费)|(?:我要|错误|内容|网站|在线)?纠错|意见反馈"
    r"|(?:我要)?(?:举报|投诉)(?:本文|文档|此?内容|侵权)?|(?:加入|添加|我要|取消)?收藏(?:本文|文档|夹|本页|本站)?"
    r"|(?:我要|点击|一键|微信|微博|扫码|转发)?分享(?:到|至|文章|本文|文档|此文)?|(?:微信)?(?:扫码|扫一扫)(?:分享"
    r"|阅读|关注|登录|下载)?"
    r"|(?:打印|关闭|复制)(?:本页|本文|此页|窗口|链接|网址|全文|页面)?|(?:返回|回到)(?:顶部|首页|上页|上一[页级]|列表)"
    r"|(?:收起|展开)(?:全文|更多|全部)?|(?:查看|阅读|加载|点击)(?:更多|全文|原文)|(?:视频|图片|页面|正在)?加载中"
    r"|(?:打开|下载)(?:APP|客户端)(?:阅读|查看)?(?:全文)?|APP下载|(?:站内|全站|高级)搜索|搜索|搜一搜|热搜(?:词|榜)?"
    r"|网站(?:地图|首页|导航|声明|管理)|站点地图|登录|注册|用户(?:登录|注册|中心)|个人中心|设为(?:首页|书签)"
    r"|关于我们|联系我们"
    r"|隐私(?:政策|条款)|(?:法律|免责|版权)声明|用户协议|RSS(?:订阅)?|(?:智能|在线)(?:问答|客服|咨询|机器人)"
    r"|(?:写|发表|查看|全部|暂无|最新|热门)(?:评论|留言|跟帖|回复)|写留言|说[点两][什句][么话]吧?|抢沙发|点赞|在看"
    r"|\d+人(?:参与|觉得(?:有用|很赞))|已有\d+人(?:参与|评论)(?:讨论)?|(?:只看|仅看)(?:该作者|楼主)|[正倒]序(?:浏览"
    r"|看帖)"
    r"|显示全部楼层|\d{1,3}[楼#]|沙发|板凳|阅读模式",
    re.I,
)
# Furniture only beside the others.
_BESIDE = re.compile(
    r"微信(?:好友|公众号|群|号)?|(?:新浪|腾讯|官方|政务)?微博|政务微信|QQ(?:空间|好友|群)?|朋友圈|抖音号?|快手"
    r"|头条号?|今日头条|支付宝"
    r"|小程序|公众号|百度贴吧|豆瓣|知乎|钉钉|邮件|短信|二维码|客户端|APP|置顶|[大中小]|特大|A|T|默认|转发|评论|阅读"
    r"|回复|浏览|下载"
    r"|查看|播放|赞|踩|顶|人气|热度|首页|新闻|要闻|返回|上一页|下一页|末页|尾页|退出|游客|匿名|更多|热词|本站|本页|全文"
    r"|(?:本文|全文|共)?[\d,.]+(?:万|次|人|条|个|页|字|元|K|%)?\+?",
    re.I,
)


def row_reason(key: str) -> str | None:
    """Whether a line is "widget" or "navigation": a row of nothing but buttons, channels and counts."""
    if not key or len(key) > _LONGEST_ROW or key[-1] in "。;!?":
        return None
    cells = [cell for cell in _GAPS.split(key) if cell]
    sure = any(_BUTTON.fullmatch(cell) for cell in cells)
    if not sure or not all(_BUTTON.fullmatch(cell) or _BESIDE.fullmatch(cell) for cell in cells):
        return None
    links = sum(MENU_WORD.search(cell) is not None for cell in cells)
    return "navigation" if 2 * links > len(cells) else "widget"


_SEARCH = re.compile(
    rf"{OPEN}(?:请(?:在此)?输入(?:您?[要想需]?(?:查找|搜索|查询|检索)的?)?"
    r"(?:关键[字词]|搜索(?:内容|词|关键[字词])?|检索词?|查询内容|内容|标题).{0,80}"
    r"|(?:(?:热门|大家都在|今日)?搜索(?:热词|词|排行|推荐|历史)?|热搜(?:词|榜)?|(?:搜索|热门|今日)热词|大家都在搜"
    r"|热门关键[字词])"
    r" ?:.{0,80})"
)
_COIN = r"(?:金币|积分|下载[券点币]|财富值?|文币|阅读币|点券|学币|资源币)"
_COST = re.compile(
    rf"(?:文档|资料|资源|文件|全文|下载|本文)[^。,;!?]{{0,16}}\d+(?:\.\d+)? ?个?{_COIN}"
    rf"|\d+ ?{_COIN} ?(?:立即)?(?:下载|购买|兑换)"
    r"|[该本此](?:文档|资料|资源)为?(?:付费|会员|VIP|收费)|(?:剩余|还有|余下)的? ?\d+ ?(?:%|页|字)(?:内容)?(?:未读"
    r"|可读|未显示)"
    r"|(?:试读|预览|免费阅读)(?:已)?(?:结束|完毕|到此)|如需(?:完整|全部|更多)?(?:文档|资料|全文"
    r"|版本)[^。]{0,8}(?:下载|购买)"
)
_TO_USER = re.compile(
    r"(?:登录|登陆|注册)(?:后|即可|才能|账号)[^。]{0,10}(?:评论|查看|下载|阅读|收藏|发表)|还没有人?(?:评论|留言"
    r"|登录|打赏)|文明上网"
    r"|(?:网友|用户|读者)评论仅(?:供|代表)|(?:打开|下载)[^。]{0,10}(?:APP|客户端)[^。]{0,12}(?:看|阅读|体验)|(?:APP"
    r"|客户端)内(?:打开|查看)"
    r"|^关注我们|展开(?:剩余|全部|全文|更多)|扫码(?:进群|入群|添加|打开|体验|分享)|点(?:击)?(?:右下角|左下角"
    r"|“?阅读原文)"
)
_PLAY = (
    r"[(【\[▶](?:请)?(?:点击|点此|双击|戳)(?:此处|图片|视频|链接)?"
    r"(?:播放|观看|收听|收看|放大|浏览|查看(?:大图|原图|视频|图集)?|看大图)[)】\]]*"
)
_MEDIA = re.compile(
    rf"(?:{OPEN}(?:(?:微|短|现场|相关)?视频|(?:高清)?图集|组图|音频|动图|海报|长图|图解|直播回放|VLOG) ?[:"
    rf"|丨】\]] ?(?P<name>[^。;!?]{{0,50}}?)"
    rf"|.{{0,50}}(?P<play>{_PLAY}))(?:{_PLAY})?"
)
# What a name of a film has not: clauses, duties, amounts.
_CLAUSE = re.compile(r"[,、]|[要应须将]|已|\d+[万余多]")


def media_line(key: str) -> bool:
    """The line of a player or a gallery: 视频: … (点击播放)."""
    match = _MEDIA.fullmatch(key) if len(key) <= 80 else None
    if match is None:
        return False
    return match["name"] is None or re.search(_PLAY, key) is not None or _CLAUSE.search(match["name"]) is None


def box(key: str) -> bool:
    """A search box with its hot words, a download's price, a word to the page's user; short and never a sentence."""
    if len(key) > _LONGEST_BOX or key.endswith("。"):
        return False
    return _SEARCH.fullmatch(key) is not None or (len(key) <= 80 and bool(_COST.search(key) or _TO_USER.search(key)))


_THIS = r"(?:本(?:站|网站?|文|文档|文章|资料|资源|作品|内容)|[该此](?:文档|文章))"
_NOTICE = re.compile(
    rf"{OPEN}(?:(?:温馨|友情|重要|特别|阅读|使用|下载)?(?:提示|提醒|说明|声明)[】\]]? ?:? ?)?(?:以上|部分)?"
    rf"(?:{_THIS}[^。]{{0,20}}(?:[由系为]|来自|来源于?|源自|转载自|摘自|收集|整理|转载)[^。]{{0,12}}(?:用户|网友"
    rf"|会员|网络|互联网|澎湃号|自媒体)"
    rf"|(?:{_THIS}|网友|评论|言论|内容)[^。]{{0,12}}[仅不]代表[^。]{{0,10}}(?:观点|立场|看法)"
    r"|(?:转载|转发|引用)(?:本文|文章|内容|时)*(?:请|须|需|务必)[^。]{0,8}(?:注明|标明|保留)"
    r"|[若如凡][^。]{0,16}(?:侵权|侵犯[^。]{0,10}权|版权)[^。]{0,24}(?:联系(?:我们|本|删除|管理)|告知(?:我们|本)"
    r"|予以删除|删除))"
)


def notice(key: str) -> bool:
    """A site's word on rights and sources. It speaks of this site or this text, so it may be whole sentences."""
    return len(key) <= _LONGEST_NOTICE and _NOTICE.match(key) is not None


_CREDIT = re.compile(
    rf"{OPEN}(?:作者(?:单位|系|为|简介|:).{{2,60}}|(?:制图|制表|绘图|漫画|配图|插图|图表|版式设计|版式|视觉|设计"
    rf"|剪辑|拍摄|配音|文案|出品|执笔"
    r"|资料|数据|素材)(?:来源|统筹)? ?[:/丨] ?[^。!?]{1,40}|(?:本文|文章|素材|图文|资料)?(?:来源|来自|原载|摘自"
    r"|转自|选自)"
    rf" ?(?:[:于]|(?<=\(..)|(?<=\(....)) ?[^。!?]{{2,40}}){SHUT}"
)
_HOST = re.compile(
    rf"{OPEN}((?:主办|承办|协办|主管|运维|维护|运营|制作|技术支持|承建)(?:(?:单位|机构|部门) ?[: ]"
    rf"| ?:)) ?[^。!?]{{2,60}}{SHUT}"
)


def credit(key: str) -> bool:
    """Whose words and pictures these are, below a text; above one the same words may be its matter."""
    return len(key) <= 100 and _CREDIT.fullmatch(key) is not None


def host(key: str) -> str | None:
    """As what a line names an office (主办单位 …). A site's foot does so once, a plan at each of its points."""
    match = _HOST.fullmatch(key) if len(key) <= 100 else None
    return match[1].rstrip(": ") if match else None
