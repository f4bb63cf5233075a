"""The batch form of `analyze()`: files in, JSON Lines out, with a table and a page for people."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from jianghua.codebook import Codebook, load_codebook
from jianghua.config import run
from jianghua.corpus.readers import read_text
from jianghua.inference.analyze import analyze_documents
from jianghua.inference.models import find_models, open_models
from jianghua.inference.page import write_page
from jianghua.inference.review.command import command as review
from jianghua.inference.sources import NAMES, STREAM, from_path, refuse_repeated_ids
from jianghua.inference.table import format_overview, format_table
from jianghua.inference.workbook import Book, open_book
from jianghua.schema import Analysis, InputError

DESCRIPTION = "Label, gist and summarise speeches. 给讲话稿逐段标注任务类型与政策领域，并写出要点和摘要。"


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="jianghua", description=DESCRIPTION)
    formats = ".txt .md .html .docx .doc .pdf, records and tables: .jsonl .csv .xlsx .parquet; - is standard input"
    result.add_argument("inputs", nargs="+", type=Path, help=f"files or folders: {formats} 文件或文件夹")
    keys = ", ".join(NAMES)
    result.add_argument("--columns", nargs="+", default=[], metavar="KEY=COLUMN",
                        help=f"which column of a table is {keys} 表格的列名")  # fmt: skip
    result.add_argument("--output", type=Path, help="JSON Lines file to write 输出文件")
    result.add_argument("--xlsx", type=Path, help="workbook of paragraphs, review list and shares Excel 工作簿")
    result.add_argument("--html", type=Path, help="one self-contained page to read 阅读页面")
    result.add_argument("--table", choices=("overview", "full"), help="a line or a table for each document 打印表格")
    result.add_argument("--models", type=Path, help="folder of the checkpoints 模型目录")
    result.add_argument("--language", choices=("zh", "en"), default="zh", help="of table and page 界面语言")
    return result


def columns_of(pairs: list[str]) -> dict[str, str]:
    """`text=正文 title=标题` as a mapping.

    Raises:
        InputError: no pair, or a key that documents do not have.
    """
    found = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(found) < len(pairs) or not set(found) <= set(NAMES):
        raise InputError(f"--columns KEY=COLUMN for KEY of {', '.join(NAMES)}", " ".join(pairs), "correct it")
    return found


@contextmanager
def _sink(path: Path | None) -> Iterator[TextIO | None]:
    """A file that appears whole at its name; devices and pipes are written as they are."""
    if path is None:
        yield None
        return
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as file:
            yield file
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        yield file
    part.replace(path)


@contextmanager
def _book(path: Path | None, codebook: Codebook) -> Iterator[Book | None]:
    if path is None:
        yield None
        return
    with open_book(path, codebook) as book:
        yield book


def _source_texts(analyses: Iterable[Analysis]) -> dict[str, str]:
    """Decoded texts of the files behind the analyses, so that the page can show what was removed."""
    texts: dict[str, str] = {}
    by_path: dict[str, str] = {}
    for analysis in analyses:
        if analysis.error is None and analysis.source and Path(analysis.source).is_file():
            if analysis.source not in by_path:
                by_path[analysis.source] = read_text(Path(analysis.source)).text
            texts[analysis.id] = by_path[analysis.source]
    return texts


def command(arguments: list[str] | None = None) -> int:
    """Run the batch; returns 1 if no document at all could be read, else 0."""
    options = parser().parse_args(arguments)
    columns = columns_of(options.columns)
    for path in options.inputs:
        if path != STREAM and not path.exists():
            raise InputError("a file or folder", f"nothing at {path}", "check the path")
    models, codebook = open_models(find_models(options.models)), load_codebook()
    found = refuse_repeated_ids(document for path in options.inputs for document in from_path(path, columns))
    kept: list[Analysis] = []
    counts = {"documents": 0, "errors": 0}
    with _sink(options.output) as sink, _book(options.xlsx, codebook) as book:
        for analysis in tqdm(analyze_documents(found, models), unit=" documents", file=sys.stderr, disable=None):
            counts["errors" if analysis.error else "documents"] += 1
            if sink:
                sink.write(json.dumps(analysis.to_dict(), ensure_ascii=False) + "\n")
            if book:
                book.add(analysis)
            if analysis.error:
                print(f"error: {analysis.source or analysis.id}: {analysis.error}", file=sys.stderr)
            if options.table == "full":
                print(format_table(analysis, codebook, options.language), end="\n\n")
            elif options.table:
                print(format_overview(analysis, codebook, options.language))
            if options.html:
                kept.append(analysis)
    if options.html:
        write_page(kept, codebook, options.html, texts=_source_texts(kept), language=options.language)
    print(f"{counts['documents']} documents, {counts['errors']} errors", file=sys.stderr)
    return 1 if counts["errors"] and not counts["documents"] else 0


def main() -> None:
    if sys.argv[1:2] == ["review"]:
        sys.exit(run(lambda: review(sys.argv[2:])))
    sys.exit(run(command))
