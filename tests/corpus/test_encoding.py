from __future__ import annotations

import codecs
import random

import pytest

from jianghua.corpus.encoding import decode
from jianghua.schema import InputError

_TEXT = "老街派出所把夜间巡逻的路线重新排了一遍，重点看住菜市场、学校门口和河边步道，群众反映比过去踏实多了。"
_TRADITIONAL = "老街派出所把夜間巡邏的路線重新排了一遍，重點看住菜市場、學校門口和河邊步道，羣眾反映比過去踏實多了。"


@pytest.mark.parametrize("name", ["utf-8", "gbk", "gb18030", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [12, 40, len(_TEXT)])
def test_finds_the_encoding(name: str, size: int) -> None:
    assert decode(_TEXT[:size].encode(name), "x")[0] == _TEXT[:size]


def test_big5() -> None:
    assert decode(_TRADITIONAL.encode("big5hkscs"), "x") == (_TRADITIONAL, "big5hkscs")


def test_gb18030_four_bytes() -> None:
    text = _TEXT + "𠮷㐂"
    assert decode(text.encode("gb18030"), "x") == (text, "gb18030")


@pytest.mark.parametrize(
    ("mark", "name"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
     (codecs.BOM_UTF32_LE, "utf-32-le")],
)  # fmt: skip
def test_byte_order_mark_decides_and_goes(mark: bytes, name: str) -> None:
    assert decode(mark + _TEXT.encode(name), "x") == (_TEXT, name)


def test_file_cut_inside_a_character() -> None:
    text, name = decode((_TEXT * 4).encode()[:-1], "x")
    assert name == "utf-8"
    assert text == (_TEXT * 4)[:-1] + "\ufffd"


@pytest.mark.parametrize("data", [b"", codecs.BOM_UTF8])
def test_empty_file(data: bytes) -> None:
    with pytest.raises(InputError, match=r"found an empty file at here\.txt"):
        decode(data, "here.txt")


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"%PDF-1.7", b"\x89PNG\r\n", b"\x1f\x8b\x08"])
def test_containers_are_named(magic: bytes) -> None:
    with pytest.raises(InputError, match="expected text, found"):
        decode(magic + bytes(40), "x.txt")


def test_random_bytes_are_refused() -> None:
    data = random.Random(7).randbytes(4_000)
    with pytest.raises(InputError):
        decode(data, "x.txt")
