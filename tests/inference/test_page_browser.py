"""The reading page in a real browser: filters, jumps, keyboard, print, hostile text, accessibility, long speeches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chromium import DESKTOP, PHONE, chromium, grave_findings, visit
from jianghua.codebook import load_codebook
from jianghua.inference.page import write_page
from jianghua.schema import Analysis, ItemAnalysis, ParagraphAnalysis, Removed

pytestmark = pytest.mark.slow
CODEBOOK = load_codebook()
SENTENCES = {
    "review": "去年全镇调解渔事纠纷六十余起，渡口无一起事故。",
    "deployment": "五月底前给每条渡船装上定位器，逐船登记。",
    "appeal": "谢谢各位船工，愿江上年年平安！",
}
SOURCE = "渡口小报\n" + "\n".join(SENTENCES.values()) + "\n扫码关注渡口镇"
HOSTILE = (
    "</p></script></style><script>alert(1);document.title='bad'</script><img src=x onerror=alert(2)>"
    "<svg onload=alert(3)><iframe src='http://example.invalid/'></iframe>\" onfocus='alert(4)' autofocus x='"
    "<a href='javascript:alert(5)'>x</a>{{ 7*7 }}"
)


def ferry(id_: str = "渡口", domains: tuple[str, ...] = ("public_safety", "anti_gang")) -> Analysis:
    """Three paragraphs: the first with an uncertain label, the second evidence of the summary and with an item."""
    rows, at = [], SOURCE.index("\n") + 1
    for index, (task, text) in enumerate(SENTENCES.items()):
        items = (ItemAnalysis(at, at + 4, "safeguard", ("technology",), "月底前"),) if index == 1 else ()
        rows.append(ParagraphAnalysis(
            index, at, at + len(text), text, "渡口镇 › 一、安全", task, {task: 0.9, "heading": 0.1},
            domains[index : index + 1], dict.fromkeys(domains, 0.8), index == 0, text[:9], items,
        ))  # fmt: skip
        at += len(text) + 1
    second = rows[1]
    removed = (Removed(0, 4, "page_head"), Removed(SOURCE.index("扫码"), len(SOURCE), "widget"))
    texts = f"{id_}护航会", "2020-03-02", None, "渡口镇开护航会", "会议要求渡船装定位器。"
    evidence = ((second.start, second.start + 13),)
    return Analysis(id_, *texts, evidence, tuple(rows), removed, ("truncated",), {"version": "0"})


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "index.html"
    broken = Analysis("坏", source="坏.pdf", error="expected a PDF, found 3 bytes; repair it")
    write_page([ferry(), ferry("船闸", ("economy",)), broken], CODEBOOK, path, texts={"渡口": SOURCE})
    return path.as_uri()


def test_the_page_renders_and_stays_quiet(browser: Any, url: str) -> None:
    page, watch = visit(browser, url)
    assert page.locator("#index > ol > li").count() == 3 and page.locator(".row:visible").count() == 6
    assert page.locator("#d0p1 .txt").bounding_box()["height"] > 20
    assert page.locator("#d0p1 .aside").inner_text().endswith(SENTENCES["deployment"][:9])
    assert page.locator("#d0p0 .review").is_visible() and page.locator("#d0p1 .items li").count() == 1
    assert page.locator("#d0 .flag").inner_text() == "文本不完整"
    assert watch.quiet(), watch


def test_filters_hide_rows_and_clear(browser: Any, url: str) -> None:
    page, _ = visit(browser, url)
    page.get_by_role("button", name="筛选").click()
    page.locator(".choice[data-code=economy]").click()
    assert page.locator("#shown").inner_text() == "1 / 6"
    assert page.locator(".row:visible").evaluate_all("rows => rows.map(row => row.id)") == ["d1p0"]
    assert page.locator("#d0").is_hidden()
    page.locator(".choice[data-code=appeal]").click()
    assert page.locator("#none").is_visible()
    page.locator("#clear").click()
    assert page.locator(".row:visible").count() == 6 and page.locator("#none").is_hidden()


def test_the_review_mark_is_a_filter(browser: Any, url: str) -> None:
    page, _ = visit(browser, url)
    page.locator("#filter").click()
    page.locator(".choice[data-axis=state]").click()
    assert page.locator(".row:visible").evaluate_all("rows => rows.map(row => row.id)") == ["d0p0", "d1p0"]


def test_a_summary_jumps_to_its_evidence_even_when_filtered_away(browser: Any, url: str) -> None:
    page, _ = visit(browser, url, viewport={"width": 1280, "height": 420})
    page.locator("#filter").click()
    page.locator(".choice[data-axis=task_type][data-code=review]").click()
    assert page.locator("#d0p1").is_hidden()
    page.locator("#filter").click()
    page.locator("#d0 .evidence a").click()
    page.wait_for_function("document.activeElement.id === 'd0p1'")
    box, top = page.locator("#d0p1").bounding_box(), page.locator(".top").bounding_box()
    assert top["height"] <= box["y"] < 420
    assert page.locator("#d0p1 mark").inner_text() == SENTENCES["deployment"][:13]


def test_removed_text_appears_on_request(browser: Any, url: str) -> None:
    page, _ = visit(browser, url)
    assert page.locator(".noise:visible").count() == 0
    page.get_by_role("button", name="去除内容").click()
    assert page.locator(".noise .cut").all_inner_texts() == ["渡口小报", "扫码关注渡口镇"]


def test_scores_open_by_keyboard_and_close_by_escape(browser: Any, url: str) -> None:
    page, _ = visit(browser, url)
    page.locator("#d0p0 .tag").focus()
    assert page.locator("#d0p0s").is_visible() and "90%" in page.locator("#d0p0s").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#d0p0s").is_hidden()
    page.locator("#d0p1 .tag").hover()
    assert page.locator("#d0p1s").is_visible()


def test_the_keyboard_reaches_everything(browser: Any, url: str) -> None:
    page, _ = visit(browser, url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(f"document.activeElement === document.body || {outline} !== 'none'")
    assert {"filter", "noise", "language", "tag"} <= seen
    page.locator("#filter").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator(".choice[aria-pressed=true]").count() == 1


def test_the_interface_changes_its_language(browser: Any, url: str) -> None:
    page, _ = visit(browser, url)
    page.locator("#language").click()
    assert page.locator("html").get_attribute("lang") == "en" and page.title() == "Speech analysis"
    assert page.locator("#filter").inner_text().strip() == "Filter"
    assert page.locator("#d0p1 .tag").inner_text() == "deployment"
    assert page.locator("#d0p1 .txt").inner_text() == SENTENCES["deployment"]


def test_hostile_text_runs_nothing_and_asks_for_nothing(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    row = ParagraphAnalysis(0, 0, len(HOSTILE), HOSTILE, HOSTILE, "review", {"review": 1.0}, (), {}, True, HOSTILE,
                            (ItemAnalysis(0, 9, "review", (), HOSTILE),))  # fmt: skip
    bad = Analysis(HOSTILE, HOSTILE, HOSTILE, f"javascript:{HOSTILE}", HOSTILE, HOSTILE, ((0, 9),), (row,),
                   (Removed(0, len(HOSTILE), "html"),), (), {HOSTILE: HOSTILE})  # fmt: skip
    write_page([bad, Analysis("x" + HOSTILE, error=HOSTILE)], CODEBOOK, path, texts={HOSTILE: HOSTILE})
    page, watch = visit(browser, path.as_uri())
    page.locator("#noise").click()
    page.locator("#language").click()
    page.locator("#filter").click()
    page.locator(".choice").first.click()
    page.wait_for_timeout(200)
    assert watch.quiet(), watch
    assert page.title() == "Speech analysis" and page.locator("#d0p0 .txt").inner_text() == HOSTILE
    assert page.locator("img, iframe, script:not(:last-child), svg[onload]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_accessibility_and_width(browser: Any, url: str, viewport: dict[str, int], scheme: str) -> None:
    page, watch = visit(browser, url, viewport=viewport, color_scheme=scheme)
    page.locator("#noise").click()
    page.locator("#filter").click()
    page.locator("#d0p0 .tag").focus()
    assert grave_findings(page) == [] and watch.quiet()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_print_shows_the_text_and_no_switches(browser: Any, url: str, tmp_path: Path) -> None:
    page, _ = visit(browser, url)
    page.emulate_media(media="print")
    assert page.locator(".top").is_hidden() and page.locator("#d0p1 .txt").is_visible()
    assert page.locator("#d0p1 .aside").is_visible() and page.locator("#d0p1 .chip").is_visible()
    page.pdf(path=tmp_path / "page.pdf")
    from pypdf import PdfReader

    reader = PdfReader(tmp_path / "page.pdf")
    assert len(reader.pages) == 4 and "定位器" in "".join(part.extract_text() for part in reader.pages)


def long_speech(count: int = 2000) -> Analysis:
    tasks, domains = CODEBOOK.task_type.labels, CODEBOOK.policy_domain.labels
    rows, at = [], 0
    for index in range(count):
        text = f"第{index}条。" + "江面起雾的日子，渡口先看风、再看水、后开船。" * 4
        task, domain = tasks[index % len(tasks)], domains[index % len(domains)]
        scores = {code: 0.6 if code == task else 0.05 for code in tasks}
        rows.append(ParagraphAnalysis(index, at, at + len(text), text, "渡口", task, scores, (domain,),
                                      dict.fromkeys(domains, 0.04), index % 5 == 0, text[:20]))  # fmt: skip
        at += len(text) + 1
    return Analysis("长", "长讲话", "2021-01-01", None, "渡口讲话", "先看风。", ((0, 4),), tuple(rows))


def test_two_thousand_paragraphs_paint_and_filter_at_once(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "long.html"
    write_page([long_speech()], CODEBOOK, path)
    paints, filters = [], []
    for _ in range(3):  # another process may be using the machine
        page, watch = visit(browser, path.as_uri())
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        page.locator("#filter").click()
        clicked = """code => new Promise(done => { const began = performance.now();
            document.querySelector(`.choice[data-code=${code}]`).click();
            requestAnimationFrame(() => setTimeout(() => done(performance.now() - began))); })"""
        filters.append(max(page.evaluate(clicked, code) for code in ("deployment", "ecology", "appeal", "ecology")))
        assert page.locator("#shown").inner_text().endswith("/ 2000") and watch.quiet()
        page.context.close()
    print(f"first paint {min(paints):.0f} ms, slowest filter {min(filters):.0f} ms")
    assert min(paints) < 1000 and min(filters) < 200  # 200 ms: the limit of a good interaction to next paint
