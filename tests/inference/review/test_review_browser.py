"""The review page in a real browser against the real command: keyboard, kill and resume, two coders, hostile text."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from review_samples import GUESSES, TEXTS, record, write_results

from chromium import DESKTOP, PHONE, chromium, grave_findings, visit
from jianghua.codebook import load_codebook
from jianghua.records import read_annotated, read_jsonl
from jianghua.schema import Label

pytestmark = pytest.mark.slow
CODEBOOK = load_codebook()
REVIEW = (
    "import sys; from jianghua.inference.command import main; sys.argv = ['jianghua', 'review', *sys.argv[1:]]; main()"
)
HOSTILE = (
    "</p></script><script>alert(1);document.title='bad'</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
    "\" onfocus=alert(4) autofocus x=\"<a href='javascript:alert(5)'>x</a>{{ 7*7 }}"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@contextmanager
def serving(results: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process of its own, and the address that it prints."""
    command = [sys.executable, "-c", REVIEW, str(results), "--no-browser", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            lines = []
            for line in process.stderr:
                lines.append(line)
                if found := re.match(r"open (http://127\.0\.0\.1:\d+/\?token=\S+)", line):
                    yield process, found[1]
                    break
            else:
                pytest.fail("".join(lines))
        finally:
            process.kill()


def enter(browser: Any, address: str, **context: Any) -> tuple[Any, Any]:
    page, watch = visit(browser, address, **context)
    page.locator("#place:not(:empty)").wait_for()
    return page, watch


def confirm(page: Any) -> None:
    page.keyboard.press("Enter")
    page.locator("#status", has_text=re.compile("^(已保存|全部复核完毕。)$")).wait_for()
    page.evaluate("document.querySelector('#status').textContent = ''")


def labels_by_index(path: Path) -> dict[int, Label]:
    (document,) = read_annotated(path, CODEBOOK)
    return {paragraph.index: paragraph.label for paragraph in document.paragraphs if paragraph.label}


def test_labels_gists_and_items_are_corrected_by_keyboard(browser: Any, tmp_path: Path) -> None:
    results = write_results(tmp_path / "out.jsonl")
    with serving(results, "--coder", "lin") as (_, address):
        page, watch = enter(browser, address)
        assert "token" not in page.url and page.locator("#text").inner_text() == TEXTS[2]  # the least certain
        assert "两个" not in page.locator("#why").inner_text() and "待复核" in page.locator("#why").inner_text()
        page.keyboard.press("6")  # deployment
        page.keyboard.press("q")  # political_security, and public_safety stays
        page.keyboard.press("z")
        page.keyboard.press("c")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("q1渡口平安")
        page.keyboard.press("Escape")
        confirm(page)
        while page.locator("#text").inner_text() != TEXTS[1]:
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(100)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        assert page.locator("#text .now").inner_text() == "二要逐船登记船工。"
        page.keyboard.press("x")
        page.keyboard.press("7")  # the item that is left: safeguard
        confirm(page)
        assert page.locator("#count").inner_text() == "2 / 6 已复核" and watch.quiet(), watch
    (document,) = read_annotated(tmp_path / "out.review" / "lin.jsonl", CODEBOOK)
    second, third = document.paragraphs
    assert third.label == Label("deployment", ("political_security", "public_safety"), "coder:lin", True)
    assert third.gist == "q1渡口平安"
    assert second.label == Label("deployment", ("public_safety",), "coder:lin")
    assert [(i.text, i.label and i.label.task_type) for i in second.items] == [(TEXTS[1][:11], "safeguard")]


def test_selected_text_becomes_an_item(browser: Any, tmp_path: Path) -> None:
    results = write_results(tmp_path / "out.jsonl", record(texts=("😀去年全港区调解渔事纠纷。",)))
    with serving(results, "--coder", "lin") as (_, address):
        page, _ = enter(browser, address)
        page.evaluate("""() => { const node = document.querySelector('#text span').firstChild;
            getSelection().setBaseAndExtent(node, 2, node, 8); }""")
        page.keyboard.press("n")
        page.keyboard.press("5")
        confirm(page)
    (document,) = read_annotated(tmp_path / "out.review" / "lin.jsonl", CODEBOOK)
    (item,) = document.paragraphs[0].items
    assert (
        (item.start, item.end, item.text) == (1, 7, "去年全港区调")
        and item.label
        and item.label.task_type == "guidance"
    )


def test_what_was_confirmed_survives_kill_and_is_gone_on_with(browser: Any, tmp_path: Path) -> None:
    results = write_results(tmp_path / "out.jsonl")
    with serving(results, "--coder", "lin") as (process, address):
        page, _ = enter(browser, address)
        for _ in range(3):
            page.keyboard.press("8")  # appeal
            confirm(page)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        page.keyboard.press("Enter")
        page.locator("#status.bad").wait_for()
        assert "重新运行 jianghua review" in page.locator("#status").inner_text()
    assert (
        list(labels_by_index(tmp_path / "out.review" / "lin.jsonl").values())
        == [Label("appeal", ("public_safety",), "coder:lin")] * 3
    )
    with serving(results, "--coder", "lin") as (_, address):
        page, watch = enter(browser, address)
        assert page.locator("#count").inner_text() == "3 / 6 已复核"
        for _ in range(3):
            confirm(page)
        page.locator("#count", has_text="6 / 6").wait_for()
        assert watch.quiet()
    labels = labels_by_index(tmp_path / "out.review" / "lin.jsonl")
    confirmed = [index for index, label in labels.items() if label.task_type == GUESSES[index][0] != "appeal"]
    assert len(labels) == 6 and len(confirmed) == 3


def test_two_coders_work_blind_and_see_how_far_they_agree(browser: Any, tmp_path: Path) -> None:
    results = write_results(tmp_path / "out.jsonl")
    with serving(results, "--coder", "lin") as (_, one), serving(results, "--coder", "沈") as (_, other):
        page, _ = enter(browser, one)
        for key in "812":
            page.keyboard.press(key)
            confirm(page)
        page, watch = enter(browser, other)
        assert page.locator("#count").inner_text() == "0 / 6 已复核"
        for place, key in enumerate("813"):
            chosen = page.locator(".label[aria-pressed=true][data-axis=task_type]").get_attribute("data-code")
            order = page.evaluate(f"fetch('/api/task/{place}').then(answer => answer.json())")
            assert chosen == order["model"]["task_type"] and order["decision"] is None
            page.keyboard.press(key)
            confirm(page)
        page.locator("#agreement").click()
        page.locator("#agreed tbody tr").first.wait_for()
        row = page.locator("#agreed table").first.locator("tbody tr").first.inner_text().split("\t")
        assert row[:4] == ["lin 与 沈", "3", "0.57", "0.67"]
        assert grave_findings(page) == [] and watch.quiet()
        second = subprocess.run([sys.executable, "-c", REVIEW, str(results), "--coder", "lin", "--no-browser"],
                                capture_output=True, text=True, timeout=100)  # fmt: skip
        assert second.returncode == 2 and second.stderr.strip().endswith(
            f"found another page open for lin in {tmp_path / 'out.review'}; close that one, or give another --coder"
        )
    printed = subprocess.run([sys.executable, "-c", REVIEW, str(results), "--agreement"],
                             capture_output=True, text=True, timeout=100, check=True).stdout  # fmt: skip
    assert json.loads(printed)[0]["coders"] == ["lin", "沈"]
    assert len(list(read_jsonl(tmp_path / "out.review" / "沈.journal.jsonl"))) == 3


def test_hostile_text_runs_nothing_and_asks_for_nothing(browser: Any, tmp_path: Path) -> None:
    row = record(HOSTILE, (HOSTILE, HOSTILE, HOSTILE))
    row |= {"title": HOSTILE, "date": HOSTILE}
    for paragraph in row["paragraphs"]:
        paragraph |= {"gist": HOSTILE[:30], "heading": HOSTILE}
    row["paragraphs"][0]["items"] = [{"start": 0, "end": 20, "task_type": "review", "policy_domain": [], "gist": "<b>"}]
    with serving(write_results(tmp_path / "out.jsonl", row), "--coder", "lin") as (_, address):
        page, watch = enter(browser, address)
        for _ in range(3):
            assert page.locator("#text").inner_text() == HOSTILE
            page.keyboard.press("ArrowDown")
            confirm(page)
        page.locator("#agreement").click()
        page.wait_for_timeout(200)
        assert watch.quiet() and page.title() == "讲话复核 · lin"
        assert page.locator("main img, main svg, main script, main a").count() == 0
    (document,) = read_annotated(tmp_path / "out.review" / "lin.jsonl", CODEBOOK)
    assert [paragraph.text for paragraph in document.paragraphs] == [HOSTILE] * 3


@pytest.mark.parametrize("language", ["zh", "en"])
def test_accessibility_width_and_single_keys_off(browser: Any, tmp_path: Path, language: str) -> None:
    results = write_results(tmp_path / "out.jsonl")
    with serving(results, "--language", language) as (_, address):
        for viewport, scheme in ((PHONE, "light"), (DESKTOP, "dark")):
            page, watch = enter(browser, address, viewport=viewport, color_scheme=scheme)
            page.locator("#agreement").click()
            assert grave_findings(page) == [] and watch.quiet()
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        page.locator("#shortcuts").click()
        chosen = page.locator(".label[aria-pressed=true]")
        before = chosen.evaluate_all("found => found.map(label => label.dataset.code)")
        page.keyboard.press("5")
        page.keyboard.press("w")
        assert chosen.evaluate_all("found => found.map(label => label.dataset.code)") == before
