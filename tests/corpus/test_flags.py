from __future__ import annotations

import pytest

from jianghua.corpus.clean import clean_text
from jianghua.corpus.flags import find_flags, has_masks, is_mojibake

_BODY = "青石镇把夏季治安例会开到了村口，各村书记带着台账来，逐户过了一遍底数，散会以后当晚就安排了巡逻。"


def _flags(text: str, **known: str) -> tuple[str, ...]:
    return clean_text(text, id="d", split_articles=False, **known)[0].flags  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["XX县的同志", "到了20××年", "某某同志来了", "全镇X个村，X次排查"])
def test_masks(text: str) -> None:
    assert has_masks(text)


@pytest.mark.parametrize("text", ["拍了X光片，又拍X光片", "一块5×3米的展板", "下载APP", "赵某被判刑", "*注释"])
def test_no_masks(text: str) -> None:
    assert not has_masks(text)


@pytest.mark.parametrize(
    ("title", "phrase", "conflict"),
    [
        ("在2024年例会上的讲话", "今年是脱贫攻坚收官之年。", True),
        ("在2020年例会上的讲话", "今年是脱贫攻坚收官之年。", False),
        ("在2021年例会上的讲话", "2020年是脱贫攻坚收官之年。", False),
        ("在2024年例会上的讲话", "以优异成绩迎接新中国成立70周年。", True),
        ("在2019年例会上的讲话", "以优异成绩迎接新中国成立70周年。", False),
        ("在2023年例会上的讲话", "今年是“十四五”开局之年。", True),
        ("在2021年例会上的讲话", "今年是“十四五”开局之年。", False),
    ],
)
def test_year_of_set_phrases(title: str, phrase: str, conflict: bool) -> None:
    assert ("date_conflict" in _flags(f"{title}\n\n{_BODY}\n\n{phrase}{_BODY[:-1]}，一直到天亮。")) is conflict


def test_page_older_than_the_speech() -> None:
    text = f"例会上的讲话要点摘编\n发布时间：2021-03-02\n（2021年5月6日）\n{_BODY}"
    assert "date_conflict" in _flags(text)


def test_truncated() -> None:
    assert "truncated" in _flags(f"{_BODY}\n\n{_BODY[:-8]}")
    assert "truncated" not in _flags(_BODY)


def test_duplicated() -> None:
    assert "duplicated" in _flags(f"{_BODY}\n\n{_BODY}")


def test_mojibake() -> None:
    assert is_mojibake(_BODY.encode().decode("gbk", errors="replace"))
    assert is_mojibake("坏\ufffd了")
    assert not is_mojibake(_BODY)


def test_too_long() -> None:
    assert "too_long" in _flags(_BODY * 300)


def test_several_articles_in_one_record() -> None:
    text = f"青石镇部署夏季治安\n\n本报讯 {_BODY}\n\n柳湾镇清理河道\n\n本报讯 {_BODY[:-1]}，河道也清了。"
    document = clean_text(text, id="d", split_articles=False)[0]
    assert find_flags(document, text) == document.flags
    assert "several_articles" in document.flags
    assert all("several_articles" not in part.flags for part in clean_text(text, id="d"))
