"""The reading page: self-contained, no markup from documents, evidence and removed text in their places."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from jianghua.codebook import load_codebook
from jianghua.inference.page import render_page, write_page
from jianghua.inference.table import WORDS
from jianghua.schema import Analysis, InputError, ItemAnalysis, ParagraphAnalysis, Removed

CODEBOOK = load_codebook()
TEMPLATES = files("jianghua.inference") / "templates"
SOURCE = "本报通讯员 小林\n渡口镇召开护\n\n第3页\n\n航会。镇里要给渡船装定位器。\n扫码关注渡口镇\n谢谢各位船工！\n"
HOSTILE = (
    "</p></script><script>document.title='bad'</script><img src=x onerror=alert(1)>"
    "\" onclick='x' javascript:alert(1) {{ 7*7 }}"
)


class Parsed(HTMLParser):
    """Elements with attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, str] = {}
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.raw[self.cdata_elem] = self.raw.get(self.cdata_elem, "") + data
        else:
            self.text += data

    def having(self, **wanted: str) -> list[dict[str, str | None]]:
        wishes = {key.rstrip("_").replace("_", "-"): value for key, value in wanted.items()}.items()
        return [a for _, a in self.elements if all(a.get(key) == value for key, value in wishes)]


def span_of(part: str) -> tuple[int, int]:
    start = SOURCE.index(part)
    return start, start + len(part)


def paragraph(index: int, span: tuple[int, int], text: str, **changes: object) -> ParagraphAnalysis:
    values: dict = {
        "heading": None, "task_type": "deployment", "policy_domain": ("public_safety",),
        "needs_review": False, "gist": "",
        "task_type_scores": {"deployment": 0.91, "review": 0.05, "appeal": 0.004},
        "policy_domain_scores": {"public_safety": 0.88, "ecology": 0.02},
    } | changes  # fmt: skip
    return ParagraphAnalysis(index=index, start=span[0], end=span[1], text=text, **values)


def ferry(**changes: object) -> Analysis:
    """Two paragraphs, the first cut by a page number; evidence begins before the cut and ends after it."""
    cut, start = SOURCE.index("渡口镇召开"), SOURCE.index("镇里要")
    first = paragraph(
        0, (cut, SOURCE.index("\n扫码")), "渡口镇召开护航会。镇里要给渡船装定位器。", gist="渡船装定位器",
        needs_review=True, heading="渡口镇 › 一、安全",
        items=(ItemAnalysis(start, start + 6, "safeguard", ("technology",), ""),),
    )  # fmt: skip
    second = paragraph(1, span_of("谢谢各位船工！"), "谢谢各位船工！", task_type="appeal", policy_domain=())
    values: dict = {
        "id": "渡口", "title": "渡口镇护航会", "date": "2020-03-02", "headline": "渡口镇开护航会",
        "summary": "会议要求渡船装定位器。",
        "summary_evidence": ((SOURCE.index("开护"), SOURCE.index("会。")),), "paragraphs": (first, second),
        "removed": (Removed(0, 8, "byline"), Removed(*span_of("第3页"), "page_head"),
                    Removed(*span_of("扫码关注渡口镇"), "widget")),
        "flags": ("truncated",), "meta": {"version": "0.1.0"},
    } | changes  # fmt: skip
    return Analysis(**values)


def page(*analyses: Analysis, **options: object) -> tuple[str, Parsed]:
    html = render_page(analyses, CODEBOOK, **options)  # type: ignore[arg-type]
    return html, Parsed(html)


def test_evidence_links_to_its_paragraph_and_is_marked_across_a_page_cut() -> None:
    html, parsed = page(ferry(), texts={"渡口": SOURCE})
    assert '<a href="#d0p0"><b>#0</b> <bdi lang="zh-CN">开护航</bdi></a>' in html
    assert "渡口镇召<mark>开护航</mark>会。" in html
    assert len(parsed.having(id="d0p0")) == 1


def test_without_the_source_evidence_still_links_and_reasons_are_counted() -> None:
    html, parsed = page(ferry())
    assert '<a href="#d0p0"><b>#0</b></a>' in html and "<mark>" not in html
    assert "扫码关注" not in parsed.text and not parsed.having(class_="noise")
    assert re.search(r"页眉页脚</span> 1</span>.*页面组件</span> 1</span>", html)
    assert not parsed.having(id="noise")


def test_evidence_outside_all_paragraphs_is_said_not_linked() -> None:
    html, _ = page(ferry(summary_evidence=((0, 4),)))
    assert re.search(r"<span>0–4 <span data-k=\"outside\">不在任何段落内", html)


def test_removed_text_stands_hidden_between_its_neighbours() -> None:
    html, parsed = page(ferry(), texts={"渡口": SOURCE})
    places = [html.index(mark) for mark in ("本报通讯员 小林", 'id="d0p0"', "第3页", "扫码关注渡口镇", 'id="d0p1"')]
    assert places == sorted(places)
    assert all("hidden" in block for block in parsed.having(class_="noise"))
    assert len(parsed.having(class_="noise")) == 3 and parsed.having(id="noise", aria_pressed="false")


def test_long_removed_text_is_cut_and_says_so() -> None:
    source = "甲" * 2500 + SOURCE
    parsed = page(Analysis("甲", removed=(Removed(0, 2500, "html"),)), texts={"甲": source})[1]
    assert "甲" * 2000 + "… +500 字未显示" in parsed.text and "甲" * 2001 not in parsed.text


def test_a_text_that_is_not_the_documents_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected \d+ characters .* text of 渡口, found 2; give its own text"):
        page(ferry(), texts={"渡口": "短文"})


def test_labels_scores_items_and_marks_are_on_the_page() -> None:
    html, parsed = page(ferry(), texts={"渡口": SOURCE})
    row = parsed.having(id="d0p0")[0]
    assert row["data-t"] == "deployment" and row["data-d"] == "public_safety" and "data-r" in row
    assert parsed.having(aria_describedby="d0p0s", type="button") and parsed.having(id="d0p0s", role="tooltip")
    scores = html[html.index('id="d0p0s"') : html.index('class="body"')]
    assert re.findall(r"<b>(\d+%)</b>", scores) == ["91%", "5%", "88%", "2%"]
    assert "其余标签均低于 1%" in scores and "appeal" not in scores
    assert "渡口镇 › 一、安全" in parsed.text
    assert re.search(r'<ol class="items">.*镇里要给渡船.*保障措施.*科技、信息化', html, re.DOTALL)
    assert re.search(r'<p class="aside" lang="zh-CN"><span class="vh">.*要旨</span> </span>渡船装定位器</p>', html)
    assert "文本不完整" in parsed.text and "待复核 1" in parsed.text


def test_filters_offer_the_labels_that_occur_with_their_numbers() -> None:
    parsed = page(ferry())[1]
    choices = {(a["data-axis"], a["data-code"]) for a in parsed.having(aria_pressed="false") if "data-axis" in a}
    types = {("task_type", "deployment"), ("task_type", "appeal")}
    assert choices == types | {("policy_domain", "public_safety"), ("state", "review")}


def test_shares_count_characters_and_fill_the_bar() -> None:
    html, parsed = page(ferry())
    widths = [float(str(a["width"]).rstrip("%")) for t, a in parsed.elements if t == "rect" and "x" in a]
    assert widths == [pytest.approx(100 * 20 / 27, abs=0.01), pytest.approx(100 * 7 / 27, abs=0.01)]
    assert "任务部署</span> 74%" in html


def test_error_records_are_shown_as_such() -> None:
    html, parsed = page(Analysis("坏", source="坏.pdf", error="expected a PDF, found <3 bytes>; repair it"), ferry())
    assert "expected a PDF, found <3 bytes>; repair it" in parsed.text
    assert 'class="bad"' in html and parsed.having(href="#d1")
    assert "没有正文段落" not in html[: html.index('id="d1"')]


def test_empty_input_and_empty_documents_render() -> None:
    assert "0 " in page()[1].text
    assert "没有正文段落。" in page(Analysis("空"))[1].text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_both_languages_are_in_the_page(language: str) -> None:
    _, parsed = page(ferry(), language=language)
    words = parsed.having(data_zh="任务部署", data_en="deployment")
    assert words and parsed.having(id="language")
    assert ("任务部署" in parsed.text) == (language == "zh")
    known = set(re.findall(r'say\("([a-z_]+)"\)', (TEMPLATES / "page.html.j2").read_text(encoding="utf-8")))
    assert known <= WORDS.keys()


def test_another_language_and_unknown_labels_are_errors() -> None:
    with pytest.raises(InputError, match="expected a language among zh, en, found 'de'; choose one"):
        page(ferry(), language="de")
    with pytest.raises(InputError, match="found 'harbour' in 渡口"):
        page(ferry(paragraphs=(paragraph(0, (0, 2), "本报", policy_domain=("harbour",)),)))
    with pytest.raises(InputError, match="found 'talk' in task_type_scores of 渡口"):
        page(ferry(paragraphs=(paragraph(0, (0, 2), "本报", task_type_scores={"talk": 1.0}),)))


def hostile_analysis() -> Analysis:
    text = HOSTILE
    item = ItemAnalysis(0, 9, "review", (), HOSTILE)
    row = paragraph(0, (0, len(text)), text, heading=HOSTILE, gist=HOSTILE, items=(item,))
    return Analysis(
        HOSTILE, HOSTILE, HOSTILE, f"javascript:{HOSTILE}", HOSTILE, HOSTILE, ((0, 9),), (row,),
        (Removed(0, len(text), "html"),), (), {HOSTILE: HOSTILE},
    )  # fmt: skip


def test_hostile_text_stays_text() -> None:
    hostile = (hostile_analysis(), Analysis(HOSTILE, source=HOSTILE, error=HOSTILE))
    _, parsed = page(*hostile, texts={HOSTILE: HOSTILE})
    tags = [tag for tag, _ in parsed.elements]
    assert tags.count("script") == 1 and "img" not in tags and HOSTILE in parsed.text
    assert parsed.raw["script"] == (TEMPLATES / "page.js").read_text(encoding="utf-8")
    for tag, attributes in parsed.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style", "action")]
        href = attributes.get("href")
        assert href is None or re.fullmatch(r"#d\d+(p\d+)?|#index|data:,", href), (tag, href)


def test_the_policy_admits_only_the_packages_script_and_style() -> None:
    html, parsed = page(ferry())
    policy = str(parsed.having(http_equiv="Content-Security-Policy")[0]["content"])
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and "unsafe" not in policy and "http" not in policy
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(parsed.raw[kind].encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"
    assert not re.search(r"https?://|@import|url\(", html)


def test_characters_that_html_cannot_hold_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    write_page([ferry(title="渡\x00口\ud800镇\x1b")], CODEBOOK, path)
    assert "渡\ufffd口\ufffd镇\ufffd" in path.read_text(encoding="utf-8")
    assert [entry.name for entry in path.parent.iterdir()] == ["page.html"]


def test_a_failed_page_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(InputError):
        write_page([ferry()], CODEBOOK, path, language="la")
    assert path.read_text(encoding="utf-8") == "old"


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colours: Mapping[str, str], ink: str, ground: str) -> float:
    high, low = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    return (high + 0.05) / (low + 0.05)


def palettes() -> dict[str, tuple[dict[str, str], list[dict[str, str]]]]:
    """Light and dark: the page's colours and those of each class .c0, .c1, …"""
    css = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    at = css.index("@media (prefers-color-scheme: dark)")
    found, root, patches = {}, {}, {}
    for name, part in (("light", css[:at]), ("dark", css[at : css.index("box-sizing")])):
        root = root | dict(re.findall(r"--([a-z-]{4,}|ink|lit|bad): (#[0-9a-f]{6})", part))
        classes = re.findall(r"\.c(\d+) \{ --c: (\S+); --i: (\S+);", part)
        patches = patches | {number: {"c": ground, "i": ink} for number, ground, ink in classes}
        found[name] = (root, list(patches.values()))
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(scheme: str) -> None:
    root, patches = palettes()[scheme]
    assert len(patches) == 11 >= len(CODEBOOK.task_type.labels)
    assert min(contrast(patch, "i", "c") for patch in patches) >= 4.5
    pairs = [(ink, ground) for ink in ("ink", "soft", "link", "bad") for ground in ("paper", "card")]
    pairs += [("ink", "lit"), ("soft", "lit"), ("ink", "mark"), ("warn", "warn-paper"), ("warn", "paper")]
    assert {pair: contrast(root, *pair) for pair in pairs if contrast(root, *pair) < 4.5} == {}
