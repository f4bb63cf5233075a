"""Words that tell where a name of a person, an organisation, a place or a post may begin and end in Chinese prose."""

from __future__ import annotations

import re

# Words that carry no name: they may stand in a line though the source says it otherwise.
_GENERAL = """
要求 表示 强调 指出 提出 认为 建议 明确 作出 部署 召开 主持 出席 会见 到会 听取 调研 讲话
致辞 通报 介绍 推进 推动 开展 落实 坚持 加强 强化 深化 提升 提高 扩大 加大 加快 做好 完善
健全 建立 构建 发挥 提供 增加 应对 优化 完成 规范 支持 参加 成为 处置 改善 实现 确保 促进
严格 严惩 打击 防范 化解 维护 保障 服务 坚决 依法 主动 全面 深入 持续 重点 重大 有关 相关
各地 各项 各类 各级 首次 方面 等方面 关于 针对 面对 及其 以及 部分 显示 正在 已经 问题 工作
情况 同时 进行 给予 通过 围绕
"""
_POSTS = """
书记 部长 主任 局长 厅长 院长 检察长 主席 总理 省长 市长 县长 区长 政委 校长 会长 队长 所长
处长 庭长 检察官 法官 检察员 审判员
"""
_ORGANISATIONS = """
委员会 常委会 委员 党委 党组 支部 政法委 纪委 监委 改委 政府 法院 检察院 法庭 机关 机构 公安
大学 学院 学校 公司 集团 银行 中心 协会 学会 联合会 总队 支队 大队 中队 部队 派出所 司法所
监狱 大会 会议 座谈会 全会 代表
"""
_NEGATIONS = """
不 未 没 非 无 勿 不得 不能 不准 不许 不要 严禁 禁止 杜绝 防止 没有 拒绝 避免
"""
_SURNAMES = """
王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康
毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文柳习栗应柯骆穆凌盛向单闫岳齐梅庄辛管祝左涂谷
"""
GENERAL = frozenset(_GENERAL.split())
# One character that may stand between two words of the source.
LINKS = frozenset(
    "和与及或并且在为以将要把从向到的地得是有用使让对等了不更再须应可仍还又均皆也都就已由被按照据经抓促保严防治讲建破查审约余超达升降增减近占涉赴"
    "见谈来该此各因于起至后前时中内上下间者较比同共新全多非"
)
NEGATIONS = tuple(_NEGATIONS.split())
# What ends a name: what stands before it has to stand before it in the source.
POST = re.compile("|".join(_POSTS.split()))
ENDING = re.compile("|".join((*_ORGANISATIONS.split(), *_POSTS.split())))
TYPE = re.compile(
    "(?!社会|机会|全部|内部|干部|地区|社区|城市|农村|乡村|城镇|军队|参会|到会|开会)"
    "[\u3400-\u9fff][局部委院厅会省市县区镇乡村州旗署办庭队所]"
)
_NAME = f"[{''.join(_SURNAMES.split())}][\u3400-\u9fff]{{1,2}}"
NAME_BEHIND_POST = re.compile(f"(?:{POST.pattern})({_NAME})")
NAME_BEFORE_VERB = re.compile(f"({_NAME})(?:同志|先生|女士|强调|指出|主持|出席|会见|要求|表示|到会|讲话)")
