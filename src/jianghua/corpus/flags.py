"""What a reader of a document should be warned of."""

from __future__ import annotations

import re

from jianghua.schema import Document


def find_flags(document: Document, text: str) -> tuple[str, ...]:
    return ()
