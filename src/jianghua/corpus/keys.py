"""When two texts count as the same: the normalised key, its hash and its shingles."""

from __future__ import annotations

import hashlib
import re
import unicodedata

SHINGLE = 5

_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


def text_key(text: str) -> str:
    """`text` in NFKC, lower case, without white space, punctuation and symbols."""
    return _NEITHER_LETTER_NOR_DIGIT.sub("", unicodedata.normalize("NFKC", text).lower())


def text_hash(text: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of `text_key`; "" where no letter or digit is left."""
    key = text_key(text)
    return hashlib.sha256(key.encode()).hexdigest()[:16] if key else ""


def shingles(key: str) -> frozenset[str]:
    """Every run of 5 characters of a `text_key`; a shorter key is its only shingle."""
    return frozenset(key[i : i + SHINGLE] for i in range(max(1, len(key) - SHINGLE + 1)))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared over all shingles, 0 to 1."""
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)
