"""The picture of a sample speech's reading view that the README shows.

    python scripts/make_screenshot.py --page outputs/demo/index.html --output docs/images/reading.png

`make demo` writes the page. Needs the system's Chromium and playwright (the dev extra).
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from jianghua.config import run
from jianghua.schema import InputError

SIZE = {"width": 1280, "height": 900}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Picture the first speech of a reading page.")
    parser.add_argument("--page", type=Path, default=Path("outputs/demo/index.html"))
    parser.add_argument("--output", type=Path, default=Path("docs/images/reading.png"))
    given = parser.parse_args(arguments)
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None or not given.page.is_file():
        found = "no Chromium" if browser_path is None else f"nothing at {given.page}"
        raise InputError("Chromium and a reading page", found, "install Chromium, run make demo")
    given.output.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.goto(f"{given.page.resolve().as_uri()}#d0")
        page.screenshot(path=given.output)
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
