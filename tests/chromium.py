"""The system's Chromium for tests of pages: what its console said, what it asked for, what axe-core finds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pytest

# Rules of WCAG A and AA and of good practice; axe grades what it finds minor, moderate, serious or critical.
GRAVE = ("serious", "critical")
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; skips without one, fails without one under CI=true."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a page did that a reading page must not do; `requests` leaves out what its own origin answers."""

    own: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def quiet(self) -> bool:
        return not (self.errors or self.requests or self.dialogs)


def visit(browser: Any, url: str, **context: Any) -> tuple[Any, Watch]:
    """A page at `url` in a fresh context, watched from its first request on."""
    page = browser.new_context(**{"viewport": DESKTOP, "locale": "zh-CN"} | context).new_page()
    watch = Watch(url.split("?")[0].split("#")[0])
    page.on("console", lambda message: message.type == "error" and watch.errors.append(message.text))
    page.on("pageerror", lambda error: watch.errors.append(str(error)))
    page.on("request", lambda request: _note(request.url, watch))
    page.on("dialog", lambda dialog: (watch.dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(url)
    return page, watch


def _note(url: str, watch: Watch) -> None:
    if not url.startswith((watch.own.rsplit("/", 1)[0] + "/", "data:")):
        watch.requests.append(url)


def grave_findings(page: Any) -> list[str]:
    """What axe-core calls serious or critical: rule, first element, count."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document).then(result => result.violations)")
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]} ({len(v['nodes'])})" for v in found if v["impact"] in GRAVE]
