from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml

from jianghua.corpus import readers
from jianghua.corpus.readers import read_text
from jianghua.schema import InputError

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_TRACKED = (
    f'<w:p {_W}><w:r><w:t>前</w:t></w:r><w:ins w:id="1" w:author="a"><w:r><w:t>插入</w:t></w:r></w:ins>'
    f'<w:del w:id="2" w:author="a"><w:r><w:delText>删去</w:delText></w:r></w:del><w:r><w:tab/><w:t>后</w:t></w:r></w:p>'
)
_CONTROL = f"<w:sdt {_W}><w:sdtContent><w:p><w:r><w:t>控件</w:t></w:r></w:p></w:sdtContent></w:sdt>"


@pytest.fixture
def word(tmp_path: Path) -> Path:
    document = docx.Document()
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "甲格", "乙格"
    body = document.element.body
    for place, xml in enumerate((_TRACKED, _CONTROL)):
        body.insert(place, parse_xml(xml))
    path = tmp_path / "a.docx"
    document.save(str(path))
    return path


def test_docx_has_all_text_but_deletions(word: Path) -> None:
    read = read_text(word)
    assert read.kind == "docx"
    assert read.text.split() == ["前插入", "后", "控件", "甲格", "乙格"]


def test_text_kinds(tmp_path: Path) -> None:
    for suffix, kind in ((".txt", "txt"), (".md", "md"), (".HTM", "html")):
        path = tmp_path / f"a{suffix}"
        path.write_bytes("青石镇开会".encode("gb18030"))
        read = read_text(path)
        assert (read.text, read.encoding, read.kind) == ("青石镇开会", "gb18030", kind)


def test_pdf_without_text_needs_ocr(tmp_path: Path) -> None:
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    path = tmp_path / "scan.pdf"
    writer.write(str(path))
    read = read_text(path)
    assert (read.text, read.flags) == ("", ("needs_ocr",))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.xyz", b"x", "expected one of .txt"),
        ("a.txt", b"", "found an empty file"),
        ("a.pdf", b"hello", "expected a pdf file, found bytes 68 65 6c 6c 6f"),
        ("a.pdf", b"%PDF-1.4 rubbish", "expected a readable pdf file"),
        ("a.docx", b"PK\x03\x04rubbish", "expected a zip container"),
        ("a.docx", b"x", "expected a docx file"),
        ("a.doc", b"x", "expected a doc file"),
    ],
)
def test_bad_file(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_text(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a readable file"):
        read_text(tmp_path / "none.txt")


def test_zip_ratio(tmp_path: Path) -> None:
    path = tmp_path / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(8 << 20))
    with pytest.raises(InputError, match="decompression bomb"):
        read_text(path)


def test_zip_members(tmp_path: Path) -> None:
    path = tmp_path / "many.docx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2_001):
            archive.writestr(str(number), "")
    with pytest.raises(InputError, match="at most 2000 members, found 2001"):
        read_text(path)


def test_slow_child_is_killed(word: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "WALL_SECONDS", 0.001)
    with pytest.raises(InputError, match="can be read in 0 s"):
        read_text(word)


def test_child_that_dies_is_an_error(word: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nkill -9 $$\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    with pytest.raises(InputError, match="exhausts memory or time"):
        read_text(word)


def test_parsing_imports_no_torch() -> None:
    import subprocess

    code = "import sys, jianghua.corpus.parse_binary, jianghua.corpus.clean; sys.exit('torch' in sys.modules)"
    source = str(Path(readers.__file__).parents[2])
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": source}, check=False).returncode == 0
