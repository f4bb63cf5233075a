"""Pages for reading results: one file without scripts or requests; texts stand in it as text whatever they hold."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

PACKAGE = "jianghua.evaluation"


def write_page(path: Path, template: str, facts: Mapping[str, Any]) -> None:
    """Fill the template of this name (templates/NAME.html.j2) and write it with the style sheet that all share."""
    environment = Environment(
        loader=PackageLoader(PACKAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    css = (files(PACKAGE) / "templates" / "worklist.css").read_text(encoding="utf-8")
    digest = b64encode(hashlib.sha256(css.encode()).digest()).decode()
    page = environment.get_template(f"{template}.html.j2").render(css=Markup(css), digest=digest, **facts)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A lone surrogate is no text that a file could hold.
    path.write_text(page, encoding="utf-8", errors="replace")
