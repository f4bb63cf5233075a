"""Bytes → text: byte order mark, strict UTF-8, then the encoding whose decoding reads most like Chinese."""

from __future__ import annotations

import codecs
import unicodedata

from jianghua.schema import InputError

# The most frequent characters of formal Chinese, simplified and traditional. A wrong decoding of GBK,
# Big5 or UTF-16 also gives Chinese characters, but rare ones: frequency tells them apart where validity cannot.
_COMMON = frozenset(
    "的国中和人会发大要一全展作在新民业实化进是政建有力工为主强生党法不了动重加出经行年平成治家社体持制理地推设对高以务部关开保产面上现方定能好合同提坚我改共时等区个代议济学来度到文习各用公机近委员央长基市"
    "们深总创心领系多事性革资自分于导调增题安决更入义十就这本表点情量科规战下前任问记通统过施立日农明特利向企与防水书管指结群众正技场局应目护第质项育教活三组造信策服效把求得放意精解当协完内善院程村之落城续"
    "取次支位做责确步天外期思优从常构者环将稳际态色标监快小式干最道后风府路金他案品想级权今研两域可交论境源示报着神月起也族门二形严运四万及升联相流海华障促广省控准势席所界办疫物北积而说其供五复集世并极引团"
    "间贯台商件健断电依范查处医志认都织传融整条专收投需必使打审格律命转举军变先子数贫层彻识考网视线美果抓型职难才略营益让费乡历还观兴种划接西山切术督险带执克江计础口里话史老讲维达受康察真检届争元挥参反见况"
    "核名京消东措类南别然根突告节紧互证究已比斗批感价署负因验看队单纪如司充布无给由走首些据具助困原清身手奋头气养李继车须扩去息念易此八培章百备围亿伟预亚至居贸号模努德践县试财住未攻功少则列聚筹非河卫始回修"
    "显率选马段值空配致牢速青镇校破越救知置智富灾担林低照球召警样副病言绿约综宣注被福排终张边减响没良草脱但斯影承固食听容序击"
    # traditional forms of the above
    "國會發業實進爲強黨動經體設對務關開產現堅時區個議濟學來習機員長們總創領資於導調題決義這點規戰問記統過農與書結羣衆場應護質項組當協內續責確優從構環將穩際態標監幹後風級權兩論報門嚴運萬聯華廣準勢辦積說復並"
    "極團間貫臺斷電範處醫認織傳條專審轉舉軍變數貧層徹識網視線職難營讓費鄉歷還觀興種劃術險帶執計礎裏話講維達檢屆爭揮參見況東類別節緊證鬥價負驗隊單紀無給據奮頭氣養繼車須擴備圍億偉預亞貿號踐縣試財則籌衛顯選馬"
    "鎮災擔樣綠約綜終張邊減響沒脫聽擊"
    "，。、：；！？“”‘’（）《》「」『』【】—…·　０１２３４５６７８９①②③④⑤"
)

_BOMS = (  # UTF-32 before UTF-16: its little-endian mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = (
    (b"PK\x03\x04", "a zip archive"),
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a database"),
    (b"{\\rtf", "a rich text document"),
)
_CANDIDATES = ("gb18030", "big5hkscs", "utf-16-le", "utf-16-be")
_SAMPLE = 20_000  # characters that decide; more change nothing
_ENOUGH = 0.25  # running Chinese reaches 0.8 and more, a wrong decoding stays below 0.1
_ALLOWED_DAMAGE = 0.01  # of the characters: a file cut inside a character, a few bad bytes in a log


def decode(data: bytes, where: str) -> tuple[str, str]:
    """The text of `data` and the name of its encoding.

    Damaged UTF-8 (≤ 1% of the characters) is decoded with U+FFFD, which `flags.find_flags` reports as mojibake.

    Raises:
        InputError: `where` is empty, binary, or no encoding gives readable text.
    """
    mark, name = next((pair for pair in _BOMS if data.startswith(pair[0])), (b"", ""))
    data = data[len(mark) :]
    if not data:
        raise InputError("a text with characters", f"an empty file at {where}", "remove it or put text into it")
    if name:
        return _strict(data, name, where), name
    _refuse_binary(data, where)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and _printable(text):
        return text, "utf-8"
    return _best(data, where)


def _strict(data: bytes, name: str, where: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} text, as its byte order mark says", f"an invalid byte at {error.start} of {where}", "save it again"
        ) from error


def _refuse_binary(data: bytes, where: str) -> None:
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            raise InputError("text", f"{kind} at {where}", "give it its own suffix, or convert it to .txt")


def _best(data: bytes, where: str) -> tuple[str, str]:
    scored = [(_score(data, name), name) for name in _CANDIDATES]
    score, name = max(scored, key=lambda pair: pair[0])
    if score >= _ENOUGH:
        return data.decode(name), name
    damaged = data.decode("utf-8", errors="replace")
    # The last character may be cut in half whatever the length.
    if _printable(damaged) and damaged[:-1].count("\ufffd") <= _ALLOWED_DAMAGE * (len(damaged) - 1):
        return damaged, "utf-8"
    return _last_resort(data, where)


def _score(data: bytes, name: str) -> float:
    """Share of common characters among those outside ASCII; below 0 where `data` cannot be text in `name`."""
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        return -1.0
    sample = text if len(text) <= _SAMPLE else text[: _SAMPLE // 2] + text[-_SAMPLE // 2 :]
    if not _printable(sample):
        return -1.0
    # Private use and unassigned: what half of the wrong guesses decode to.
    odd = sum(unicodedata.category(ch) in ("Cn", "Co", "Cs") for ch in sample)
    wide = [ch for ch in sample if ch > "\x7f"]
    return (sum(ch in _COMMON for ch in wide) - odd) / len(wide) if wide else 0.0


def _printable(text: str) -> bool:
    """Neither binary nor a wrong guess: no NUL, hardly any control character, more than a broken byte."""
    control = sum(text.count(chr(code)) for code in range(32) if chr(code) not in "\t\n\r\f\v")
    return "\0" not in text and control <= _ALLOWED_DAMAGE * len(text) and text != "\ufffd"


def _last_resort(data: bytes, where: str) -> tuple[str, str]:
    # Imported here: it is slow to import and one file in a thousand needs it.
    from charset_normalizer import from_bytes

    found = from_bytes(data[: 4 * _SAMPLE]).best()
    text = "" if found is None else _try(data, found.encoding)
    if found is None or not text or not _printable(text):
        raise InputError(
            "text in UTF-8, GB18030, Big5 or UTF-16", f"bytes of no known encoding at {where}", "save it as UTF-8"
        )
    return text, found.encoding


def _try(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except (UnicodeDecodeError, LookupError):
        return ""
