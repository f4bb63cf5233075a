"""Names for people, and one document's results as a table for the terminal."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from jianghua.codebook import Codebook
from jianghua.schema import Analysis, InputError, Label, ParagraphAnalysis

LANGUAGES = ("zh", "en")
NARROWEST = 40  # columns
TEXT_LINES = 2  # lines of text a paragraph gets at least
BEGINNING = 4000  # characters of a paragraph that are laid out at most
GAP = "  "
_CLOSING = "，。、；：！？”’）》〉」』】％…"
_TOKEN = re.compile(r"[!-~]+|.", re.DOTALL)

# key → (Chinese, English); f.* are flags, r.* reasons of removal. Labels are named by the codebook.
WORDS: Mapping[str, tuple[str, str]] = {
    "name": ("讲话分析", "Speech analysis"),
    "skip": ("跳到目录", "Skip to the documents"),
    "index": ("目录", "Documents"),
    "documents": ("篇", "in all"),
    "paragraphs": ("段", "paragraphs"),
    "by_characters": ("色条为各类段落所占字数", "Bars: share of characters by task type"),
    "filter": ("筛选", "Filter"),
    "task_type": ("段落功能", "Task type"),
    "policy_domain": ("政策领域", "Policy domain"),
    "state": ("状态", "State"),
    "clear": ("清除筛选", "Clear filters"),
    "none_matched": ("没有符合筛选条件的段落。", "No paragraph matches the filters."),
    "show_removed": ("去除内容", "Removed text"),
    "review": ("待复核", "needs review"),
    "summary": ("摘要", "Summary"),
    "evidence": ("依据", "Evidence"),
    "outside": ("不在任何段落内", "in no paragraph"),
    "gist": ("要旨", "Gist"),
    "under": ("所在标题", "Under"),
    "scores": ("概率", "probabilities"),
    "rest": ("其余标签均低于 1%", "All other labels are below 1%"),
    "removed": ("已去除", "Removed"),
    "not_shown": ("字未显示", "characters not shown"),
    "flags": ("提示", "Flags"),
    "error": ("未能读取", "Could not be read"),
    "undated": ("日期不详", "no date"),
    "source": ("来源", "Source"),
    "empty": ("没有正文段落。", "No paragraphs of content."),
    "back": ("返回目录", "Back to the documents"),
    "title": ("标题", "Title"),
    "date": ("日期", "Date"),
    "headline": ("短标题", "Headline"),
    "text": ("要旨或开头", "Gist or beginning"),
    "f.masked_words": ("有隐去的字词", "masked words"),
    "f.date_conflict": ("日期矛盾", "date conflict"),
    "f.truncated": ("文本不完整", "truncated"),
    "f.duplicated": ("内容重复", "duplicated"),
    "f.mojibake": ("有乱码", "mojibake"),
    "f.off_topic": ("主题不符", "off topic"),
    "f.too_long": ("过长", "too long"),
    "f.several_articles": ("含多篇文章", "several articles"),
    "f.needs_ocr": ("需要文字识别", "needs OCR"),
    "r.navigation": ("导航", "navigation"),
    "r.byline": ("署名", "byline"),
    "r.editor": ("编辑信息", "editor"),
    "r.caption": ("图片说明", "caption"),
    "r.counter": ("计数", "counter"),
    "r.widget": ("页面组件", "widget"),
    "r.front_matter": ("文件头", "front matter"),
    "r.html": ("网页代码", "HTML"),
    "r.title_copy": ("标题重复", "title copy"),
    "r.duplicate_lead": ("导语重复", "duplicate lead"),
    "r.page_head": ("页眉页脚", "page head"),
    "r.other": ("其他", "other"),
}


def format_table(analysis: Analysis, codebook: Codebook, language: str = "zh", width: int | None = None) -> str:
    """One document as lines of at most `width` terminal columns (default: the terminal's; never below 40).

    Wide and full-width characters count two columns, ambiguous ones (“ ” ·) one, as terminals in UTF-8 show them.
    `#` is the record's paragraph index, from 0; `!` marks paragraphs that need review.

    Raises:
        InputError: a language other than "zh" and "en", or a label that the codebook lacks.
    """
    if language not in LANGUAGES:
        raise InputError(f"a language among {', '.join(LANGUAGES)}", repr(language), "choose one")
    columns = max(NARROWEST, width if width is not None else shutil.get_terminal_size((100, 24)).columns)
    names = {key: pair[LANGUAGES.index(language)] for key, pair in vocabulary(codebook).items()}
    lines = [line for entry in _header(analysis, names, language) for line in _entry(*entry, columns)]
    if analysis.error is None:
        lines += ["", *_rows(analysis, codebook, names, columns)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def format_overview(analysis: Analysis, codebook: Codebook, language: str = "zh", columns: int = 110) -> str:
    """One document as one line: id, paragraphs, its two largest task types, headline, flags (or its error)."""
    names = {key: pair[LANGUAGES.index(language)] for key, pair in vocabulary(codebook).items()}
    if analysis.error is not None:
        return _clip(f"{_safe(analysis.id)}  {names['error']}: {_safe(analysis.error)}", columns)
    counts = Counter(paragraph.task_type for paragraph in analysis.paragraphs)
    top = "、".join(f"{names[f't.{task}'].split('、')[0]} {count}" for task, count in counts.most_common(2))
    flags = "".join(f" [{names[f'f.{flag}']}]" for flag in analysis.flags)
    cells = _pad(_clip(_safe(analysis.id), 28), 30) + _pad(f"{len(analysis.paragraphs)} {names['paragraphs']}", 9)
    return _clip(cells + _pad(_clip(top, 24), 26) + _safe(analysis.headline) + flags, columns)


def _clip(text: str, columns: int) -> str:
    if display_width(text) <= columns:
        return text
    return wrap(text, columns - 1)[0] + "…"


def vocabulary(codebook: Codebook) -> dict[str, tuple[str, str]]:
    """`WORDS` and the codebook's labels: t.<task type> and d.<domain>, each (Chinese name, code)."""
    # Without task types in the codebook a paragraph's is "".
    words = dict(WORDS) | {"t.": ("", "")}
    for prefix, axis in (("t", codebook.task_type), ("d", codebook.policy_domain)):
        words.update({f"{prefix}.{code}": (axis.names_zh[code], code) for code in axis.labels})
    return words


def brief_name(name: str) -> str:
    """The first parts of a name that lists several, at least four characters where it has them."""
    parts = name.split("、")
    briefs = ("、".join(parts[:count]) for count in range(1, len(parts)))
    return next((brief for brief in briefs if len(brief) >= 4), name)


def display_width(text: str) -> int:
    """Terminal columns that `text` takes."""
    return sum(_columns(char) for char in text)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns (2 or more); ASCII words stay whole where they fit, no line begins with ，。"""
    lines, line = [], ""
    for token in (part for run in _TOKEN.findall(text) for part in _fit(run, width)):
        if display_width(line + token) <= width:
            line += token
            continue
        carried = line[-1] if token in _CLOSING and len(line) > 1 and width >= 4 else ""
        lines.append(line[: len(line) - len(carried)].rstrip())
        line = (carried + token).lstrip()
    return [*lines, line]


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _fit(token: str, width: int) -> Iterable[str]:
    return (token[at : at + width] for at in range(0, len(token), width)) if len(token) > width else (token,)


def _safe(text: str) -> str:
    """One line without escape sequences or invisible reordering: what a document says never drives the terminal."""
    kept = (char for char in " ".join(text.split()) if unicodedata.category(char) != "Cf")
    return "".join("\ufffd" if unicodedata.category(char) in ("Cc", "Cs") else char for char in kept)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))


def _header(analysis: Analysis, names: Mapping[str, str], language: str) -> Iterator[tuple[str, str]]:
    comma = "、" if language == "zh" else ", "
    reasons = Counter(span.reason for span in analysis.removed).most_common()
    entries = {
        "title": analysis.title or analysis.id, "date": analysis.date, "source": analysis.source,
        "error": analysis.error, "headline": analysis.headline, "summary": analysis.summary,
        "flags": comma.join(names[f"f.{flag}"] for flag in analysis.flags),
        "removed": comma.join(f"{names[f'r.{reason}']} {count}" for reason, count in reasons),
    }  # fmt: skip
    label_width = max(display_width(names[key]) for key, value in entries.items() if value)
    return ((_pad(names[key], label_width), _safe(value)) for key, value in entries.items() if value)


def _entry(label: str, value: str, columns: int) -> Iterator[str]:
    indent = display_width(label) + 2
    for number, line in enumerate(wrap(value, columns - indent)):
        yield (f"{label}  " if number == 0 else " " * indent) + line


def _rows(analysis: Analysis, codebook: Codebook, names: Mapping[str, str], columns: int) -> Iterator[str]:
    if not analysis.paragraphs:
        yield names["empty"]
        return
    cells = [_cells(paragraph, codebook, names, analysis.id) for paragraph in analysis.paragraphs]
    heads = ["#", names["task_type"], [names["policy_domain"]], "!", names["text"]]
    widths = _widths([heads, *cells], columns)
    yield from _line(heads, widths)
    yield GAP.join("─" * size for size in widths)
    for row in cells:
        yield from _line(row, widths)


def _cells(paragraph: ParagraphAnalysis, codebook: Codebook, names: Mapping[str, str], where: str) -> list[Any]:
    label = codebook.check(Label(paragraph.task_type, tuple(paragraph.policy_domain)), where)
    domains = [brief_name(names[f"d.{code}"]) for code in label.policy_domain]
    mark = "!" if paragraph.needs_review else " "
    text = _safe((paragraph.gist or paragraph.text)[:BEGINNING])
    return [str(paragraph.index), brief_name(names[f"t.{label.task_type}"]), domains, mark, text]


def _widths(rows: Sequence[list[Any]], columns: int) -> list[int]:
    """Number and mark as wide as needed, labels up to a fifth and a quarter of the line, text the rest."""
    number = max(display_width(row[0]) for row in rows)
    task_type = min(columns // 5, max(display_width(row[1]) for row in rows))
    domains = min(columns // 4, max(display_width(name) for row in rows for name in row[2]))
    return [number, task_type, domains, 1, columns - number - task_type - domains - 1 - 4 * len(GAP)]


def _line(row: list[Any], widths: list[int]) -> Iterator[str]:
    number, task_type, domains, mark, text = row
    labels = [wrap(task_type, widths[1]), [line for name in domains for line in wrap(name, widths[2])]]
    height = max(TEXT_LINES, *map(len, labels))
    columns = [[number.rjust(widths[0])], *labels, [mark], _cut(text, widths[4], height)]
    for parts in zip_longest(*columns, fillvalue=""):
        yield GAP.join(_pad(part, size) for part, size in zip(parts, widths, strict=True))


def _cut(text: str, width: int, height: int) -> list[str]:
    lines = wrap(text, width)
    if len(lines) <= height:
        return lines
    last = lines[height - 1]
    while display_width(last) >= width:
        last = last[:-1]
    return [*lines[: height - 1], f"{last}…"]
