"""What stands around an article on sites and on printed pages goes; a look-alike of each kind stays."""

from __future__ import annotations

import time

import pytest

from jianghua.corpus.clean import clean_text
from jianghua.corpus.noise import line_reason
from jianghua.corpus.view import match_key
from jianghua.schema import Document

_BODY = "青石镇把夏季治安例会开到了村口，各村书记带着台账来，逐户过了一遍底数，散会以后当晚就安排了巡逻。"
_MORE = "会后三天，十二个村都把巡逻表贴上了公示栏，夜里的手电光从村头亮到村尾，老人们说睡得踏实。"


def _article(*lines: str) -> Document:
    documents = clean_text("\n".join(lines), id="d")
    assert len(documents) == 1
    return documents[0]


def _texts(document: Document) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("综合新闻　2023年8月2日　星期三　河湾日报　05", "page_head"),
        ("A2 时政 青 石 晚 报 2020-05-06 责编 高远山", "page_head"),
        ("《青石晚报》（2021年03月05日 02版）", "page_head"),
        ("国内统一刊号CN00-0000　邮发代号00-00　河湾日报社出版", "other"),
        ("广告热线：0000-88888　发行热线：0000-77777", "other"),
        ("机密★1年", "other"),
        ("【内部使用，不得外传】", "other"),
        ("图集：青石镇夜巡纪实", "caption"),
        ("【视频】村口夜巡", "caption"),
        ("镇长谈防汛（点击收听）", "caption"),
        ("在全镇夜巡总结会上的讲话（约2600字）", "title_copy"),
        ("请输入检索词", "widget"),
        ("热搜词：公积金 落户 摇号", "widget"),
        ("[免费下载] [收藏] [举报]", "widget"),
        ("该文档售价 12 积分", "widget"),
        ("立即下载", "widget"),
        ("VIP免费下载", "widget"),
        ("打开APP", "widget"),
        ("展开全文", "widget"),
        ("阅读原文", "widget"),
        ("点赞 在看", "widget"),
        ("【字体：大 中 小】", "widget"),
        ("A- A A+", "widget"),
        ("我要纠错", "widget"),
        ("扫一扫在手机打开当前页", "widget"),
        ("【打印】【关闭窗口】", "widget"),
        ("无障碍阅读 长者模式", "widget"),
        ("分享到：微信 微博 QQ空间", "widget"),
        ("网站地图", "navigation"),
        ("登录 注册", "navigation"),
        ("您当前的位置 ： 首页 > 新闻 > 正文", "navigation"),
        ("上一条：没有了", "navigation"),
        ("相关文档", "navigation"),
        ("猜您喜欢", "navigation"),
        ("预计阅读时间：8分钟", "counter"),
        ("浏览次数：32", "counter"),
        ("索引号 000000/2022-00001 发布机构 青石镇党政办", "byline"),
        ("信息来源：青石镇", "byline"),
        ("发表于 2022-01-01 10:10:10", "byline"),
        ("温馨提示：本文档由用户上传，如有侵权请联系我们删除。", "other"),
        ("本站所有内容均来自网络", "other"),
        ("转载请注明来源：青石网", "other"),
        ("免责声明：文章仅代表作者观点", "other"),
        ("网站标识码：0000000000", "other"),
        ("青ICP备00000000号-1", "other"),
    ],
)
def test_furniture_goes(line: str, reason: str) -> None:
    text = [_BODY, line, _MORE] if reason != "title_copy" else [line, _BODY, _MORE]
    document = _article("青石镇部署夜间巡逻", *text)
    assert line not in _texts(document)
    assert reason in [removed.reason for removed in document.removed]


@pytest.mark.parametrize(
    "line",
    [
        "昨天的河湾日报第2版登了青石镇的做法，大家可以找来看看。",
        "青石晚报 2021年好新闻评选揭晓",
        "要把新闻热线、通信地址和邮政编码印在便民卡上，方便群众反映。",
        "地址 电话 邮编 三项要填全",
        "内部资料管理要从严",
        "机密文件管理办法",
        "视频监控：补齐村口盲区",
        "视频：村口要装，路口也要装，年底前接通四百路",
        "图书音频资料进农家书屋",
        "全文共三十二条，对巡逻排班、装备和补贴都作了规定。",
        "请各村报送一份总结（不少于2000字）",
        "强化搜索救援力量",
        "热搜上的事，有些就发生在我们身边。",
        "收藏家捐出三百件藏品",
        "下载国家反诈中心客户端的群众达到九成，还要一户一户再动员。",
        "凡涉及侵权的案件，要及时通知当事人，依法快办快结。",
        "这只代表我个人的意见，供大家讨论。",
        "分享经验，共同提高",
        "举报奖励",
        "便民点开办公交卡充值缴费",
        "政务公开要走进村口，政策讲到炕头。",
        "打印店、网吧要挂牌管理",
        "首页要放办事指南，群众一眼能看到。",
        "发布机构改革方案",
        "记者：“这一点你满意吗？”",
        "信息系统 测试规范 第3版 第4部分",
        "登记结束后24小时内报电话：值班室汇总。",
    ],
)
def test_look_alikes_stay(line: str) -> None:
    assert line_reason(match_key(line)) is None
    assert line in _texts(_article("青石镇部署夜间巡逻", _BODY, line, _MORE))


@pytest.mark.parametrize("name", ["XXX", "×××", "张××", "李某某", "X X X", "〇〇〇"])
@pytest.mark.parametrize("date", ["", "（2021年3月4日）"])
def test_masked_speaker_below_the_title(name: str, date: str) -> None:
    document = _article("在全镇例会上的讲话", f"镇党委书记　{name}{date}", "同志们：", _BODY)
    assert _texts(document) == ["在全镇例会上的讲话", "同志们：", _BODY]
    assert [removed.reason for removed in document.removed] == ["byline"]


def test_masked_name_in_the_text_stays() -> None:
    sentence = "镇党委书记 XXX 同志已经把话讲透了，我只补充两点，请大家回去以后一并传达到村民小组。"
    assert sentence in _texts(_article("在全镇例会上的讲话", "同志们：", sentence))


@pytest.mark.parametrize("mark", ["内部资料　注意保存", "机密", "送审稿", "会议材料之三"])
def test_marks_go_above_a_title_only(mark: str) -> None:
    document = _article(mark, "在全镇例会上的讲话", "同志们：", _BODY)
    assert _texts(document) == ["在全镇例会上的讲话", "同志们：", _BODY]
    assert [removed.reason for removed in document.removed] == ["other"]


def test_the_state_of_a_draft_below_its_title_stays() -> None:
    assert "（征求意见稿）" in _texts(_article("青石镇夜间巡逻管理办法", "（征求意见稿）", _BODY, _MORE))


def test_counted_copy_leaves_the_documents_own_title() -> None:
    document = _article("许望川在全镇例会上的讲话（全文共1980字）", "在全镇例会上的讲话", "同志们：", _BODY)
    assert document.title == "在全镇例会上的讲话"
    assert _texts(document) == ["在全镇例会上的讲话", "同志们：", _BODY]


def test_speeches_of_two_speakers_are_no_copies() -> None:
    lines = ["许望川在全镇例会上的讲话", _BODY, "高远山在全镇例会上的讲话", _MORE]
    document = clean_text("\n".join(lines), id="d", split_articles=False)[0]
    assert _texts(document) == lines


def test_lead_that_repeats_the_headline_stays() -> None:
    lead = "青石镇部署夜间巡逻的消息传开，十二个村的书记当晚就把队伍拉了出来，先在镇区走了一圈。"
    assert _texts(_article("青石镇部署夜间巡逻", lead, _BODY)) == ["青石镇部署夜间巡逻", lead, _BODY]


def test_quotation_above_a_text_stays_and_is_not_joined() -> None:
    quotes = [_BODY[:-1], _MORE[:-1]]
    lines = ["青石镇部署夜间巡逻", *quotes, f"本报讯 {_BODY}{_MORE}大家心里有了底。"]
    assert _texts(_article(*lines)) == lines


def test_quoted_clause_is_no_cut_lead_but_a_cut_clause_is() -> None:
    lead = f"{_BODY[:-1]}，{_MORE}"
    whole, cut = lead[: len(_BODY) - 1], lead[: len(_BODY) + 2]
    assert _texts(_article("例会开到村口", whole, lead))[1:] == [whole, lead]
    assert _texts(_article("例会开到村口", cut, lead))[1:] == [lead]


def test_bare_numbers_are_page_numbers_or_cells_of_a_table() -> None:
    table = [cell for n in range(1, 11) for cell in (str(n), f"第{n}村巡逻队", "十二人")]
    assert _texts(_article("青石镇巡逻队名册", _BODY, *table)) == ["青石镇巡逻队名册", _BODY, *table]
    pages = [line for n in range(1, 11) for line in (_BODY, _MORE, _BODY + _MORE, str(n))]
    assert not {str(n) for n in range(1, 11)} & set(_texts(_article("青石镇巡逻记", *pages)))


def test_office_above_and_below_a_text_is_no_title() -> None:
    lines = ["青石镇人民政府办公室", "关于夜间巡逻的通知", _BODY, _MORE, "青石镇人民政府办公室", "2021年3月4日"]
    document = _article(*lines)
    assert _texts(document)[:2] == lines[:2]
    assert [removed.reason for removed in document.removed] == ["byline", "byline"]


def test_table_of_facts_without_colons() -> None:
    table = [
        "索引号",
        "QS-2021-7",
        "发布机构",
        "青石镇党政办",
        "成文日期",
        "2021年3月4日",
        "名称",
        "青石镇夜间巡逻办法",
    ]
    document = _article(*table, _BODY, _MORE)
    assert (document.title, document.date) == ("青石镇夜间巡逻办法", "2021-03-04")
    assert _texts(document) == [_BODY, _MORE]


def test_table_of_facts_in_one_line() -> None:
    row = "索引号：QS-7 名称：青石镇夜间巡逻办法 文号：青政发〔2021〕3号 发布日期：2021-03-09 成文日期：2021-03-04"
    document = _article(row, _BODY, _MORE)
    assert (document.title, document.date) == ("青石镇夜间巡逻办法", "2021-03-04")
    assert _texts(document) == [_BODY, _MORE]


def test_words_of_a_table_alone_are_headings() -> None:
    lines = ["青石镇信息公开办法", "发布机构", _BODY, "成文日期", _MORE]
    assert _texts(_article(*lines)) == lines


def test_a_site_names_its_host_once_and_a_plan_at_each_point() -> None:
    site = _article("青石镇部署夜间巡逻", _BODY, "主办单位：青石镇人民政府", "青ICP备00000000号-1")
    assert _texts(site)[-1] == _BODY
    plan = ["青石镇实事清单", _BODY, "主办单位：镇水利站", "修渠三里", "主办单位：镇派出所"]
    assert _texts(_article(*plan)) == plan


def test_credits_go_below_a_text() -> None:
    document = _article("青石镇部署夜间巡逻", _BODY, "（作者为青石镇镇长）", "版式设计：高远山")
    assert _texts(document)[-1] == _BODY
    assert [removed.reason for removed in document.removed] == ["byline", "byline"]


@pytest.mark.parametrize(
    "unit",
    [
        "索引号\n",
        "立即下载 ",
        "主办单位：镇政府\n",
        "(点击播放",
        "内部资料 注意",
        "要闻 3 青石日报 ",
        _BODY[:-1] + "\n",
    ],
)
def test_time_is_linear(unit: str) -> None:
    spent = []
    for size in (8_000, 64_000):
        began = time.process_time()
        clean_text(unit * (size // len(unit)), id="d")
        spent.append(time.process_time() - began)
    # Eight times the text; quadratic work would take sixty-four times as long.
    assert spent[1] < 30 * max(spent[0], 0.02)
