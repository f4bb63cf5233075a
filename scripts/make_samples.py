"""Render data/samples/sources/*.yaml into the raw files and the truth that goes with them.

    python scripts/make_samples.py            # writes data/samples/raw/, {train,dev,test}.jsonl, truth.jsonl
    python scripts/make_samples.py --check data/samples/sources/a01-….yaml
    python scripts/make_samples.py --counts   # how often each label occurs

The raw files of the PDF and Word samples need `pip install -e .[samples]`; AUTHORING.md describes the sources.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from jianghua.codebook import Codebook, load_codebook
from jianghua.schema import FLAGS, NOISE_REASONS, InputError, Label

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
INLINE = re.compile(r"⟦(.*?)⟧")
JOINS = {"⏎": "\n\n\n", "↵": "\n"}
NOISE_TAG = {"navigation": "nav", "widget": "div", "title_copy": "title", "editor": "div"}


@dataclass
class Raw:
    """The raw text while it grows, with the spans of what was put into it."""

    parts: list[str] = field(default_factory=list)
    length: int = 0

    def add(self, text: str) -> tuple[int, int]:
        start = self.length
        self.parts.append(text)
        self.length += len(text)
        return start, self.length


def clean_text_of(text: str) -> str:
    """The paragraph as it should come out: no markers, no inline noise."""
    return re.sub(r"[⏎↵]", "", INLINE.sub("", text)).strip()


def raw_text_of(text: str) -> str:
    for mark, rendered in JOINS.items():
        text = text.replace(mark, rendered)
    return INLINE.sub(r"\1", text)


def blocks_of(article: dict[str, Any]) -> Iterator[tuple[bool, dict[str, Any]]]:
    for block in article["blocks"]:
        yield "noise" in block, block


# --- checking ---------------------------------------------------------------------------------


def _fail(where: str, expected: str, found: str) -> None:
    raise InputError(expected, found, f"correct {where}")


def check_gist(gist: str, limit: int, where: str) -> None:
    if len(gist) > limit:
        _fail(where, f"at most {limit} characters", f"{len(gist)}: {gist}")
    if limit == 30 and gist.endswith("。"):
        _fail(where, "a gist without final 。", gist)


def check_block(block: dict[str, Any], codebook: Codebook, where: str) -> None:
    if "noise" in block:
        if block["noise"] not in NOISE_REASONS:
            _fail(where, f"a noise reason ({', '.join(NOISE_REASONS)})", repr(block["noise"]))
        return
    codebook.check(Label(block["task_type"], tuple(block["policy_domain"])), where)
    gist = block.get("gist") or ""
    check_gist(gist, 30, where)
    if bool(gist) == (block["task_type"] == "heading"):
        _fail(where, "a gist on every content paragraph and none on a heading", repr(gist))
    for item in block.get("items") or []:
        codebook.check(Label(item["task_type"], tuple(item["policy_domain"])), where)
        check_gist(item.get("gist") or "", 30, where)
        if item["text"] not in clean_text_of(block["text"]):
            _fail(where, "item text that is a substring of its paragraph", item["text"][:30])


def check_source(source: dict[str, Any], codebook: Codebook, where: str) -> None:
    """Raise InputError at the first thing in a source file that cannot be right."""
    for a, article in enumerate(source["articles"]):
        check_gist(article["summary"], 100, f"{where} article {a} summary")
        if not article["summary"].endswith("。"):
            _fail(where, "a summary that ends with 。", article["summary"][-5:])
        unknown = [flag for flag in article.get("flags") or [] if flag not in FLAGS]
        if unknown:
            _fail(where, f"flags among {', '.join(FLAGS)}", str(unknown))
        for b, (_, block) in enumerate(blocks_of(article)):
            check_block(block, codebook, f"{where} article {a} block {b}")


# --- truth ------------------------------------------------------------------------------------


def item_records(block: dict[str, Any]) -> list[dict[str, Any]]:
    text, records, at = clean_text_of(block["text"]), [], 0
    for item in block.get("items") or []:
        start = text.index(item["text"], at)
        at = start + len(item["text"])
        labels = {key: item.get(key) or "" for key in ("task_type", "gist")}
        records.append({"start": start, "end": at, **labels, "policy_domain": item["policy_domain"]})
    return records


def paragraph_record(index: int, block: dict[str, Any]) -> dict[str, Any]:
    """One paragraph in the annotation format; a noise block is boilerplate."""
    if "noise" in block:
        text = " ".join(block["text"].split())
        return {"index": index, "text": text, "task_type": "boilerplate", "policy_domain": [], "uncertain": False,
                "gist": ""}  # fmt: skip
    record = {"index": index, "text": clean_text_of(block["text"]), "task_type": block["task_type"],
              "policy_domain": block["policy_domain"], "uncertain": bool(block.get("uncertain")),
              "gist": block.get("gist") or ""}  # fmt: skip
    items = item_records(block)
    return record | {"items": items} if items else record


def article_ids(source: dict[str, Any]) -> list[str]:
    stem = Path(source["file"]).stem
    count = len(source["articles"])
    return [stem] if count == 1 else [f"{stem}#{n}" for n in range(1, count + 1)]


def annotated(source: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The articles of one file as annotated documents."""
    for id_, article in zip(article_ids(source), source["articles"], strict=True):
        date = article.get("date")
        yield {"id": id_, "title": article["title"], "date": str(date) if date else None,
               "source": f"data/samples/raw/{source['file']}", "level": source["level"],
               "flags": article.get("flags") or [],
               "paragraphs": [paragraph_record(i, b) for i, (_, b) in enumerate(blocks_of(article))],
               "summary": article["summary"]}  # fmt: skip


# --- rendering --------------------------------------------------------------------------------


def render_text(source: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Raw text and its spans: {"start", "end", "reason" (noise) or "article" and "paragraph"}."""
    raw, spans = Raw(), []
    is_html = source["file"].endswith(".html")
    if is_html:
        raw.add('<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"></head>\n<body>\n')
    for a, article in enumerate(source["articles"]):
        paragraph = 0
        for is_noise, block in blocks_of(article):
            start, end = render_block(raw, block, is_html)
            place = {"reason": block["noise"]} if is_noise else {"article": a, "paragraph": paragraph}
            paragraph += not is_noise
            spans.append({"start": start, "end": end, **place})
    if is_html:
        raw.add("</body></html>\n")
    return "".join(raw.parts), spans


def render_block(raw: Raw, block: dict[str, Any], is_html: bool) -> tuple[int, int]:
    text = block["text"].strip("\n") if "noise" in block else raw_text_of(block["text"])
    if not is_html:
        span = raw.add(text)
        raw.add("\n\n" if "noise" not in block else "\n")
        return span
    noise = block.get("noise")
    if noise == "html":
        span = raw.add(text)
    else:
        tag = "p" if noise is None else NOISE_TAG.get(noise, "div")
        raw.add(f'<{tag} class="{noise or "text"}">')
        span = raw.add(text if INLINE.search(block["text"]) else html.escape(text, quote=False))
        raw.add(f"</{tag}>")
    raw.add("\n")
    return span


def flat_lines(source: dict[str, Any]) -> list[str]:
    """What a Word or PDF file holds, one entry a line; a page cut is an entry of its own (form feed)."""
    lines = []
    for article in source["articles"]:
        for _, block in blocks_of(article):
            for n, part in enumerate(re.split("⏎", block["text"].strip("\n"))):
                if n:
                    lines.append("\f")
                lines.extend(INLINE.sub(r"\1", part).replace("↵", "\n").split("\n"))
    return lines


def render_docx(source: dict[str, Any]) -> bytes:
    import docx

    document = docx.Document()
    for line in flat_lines(source):
        if line == "\f":
            document.add_page_break()
        else:
            document.add_paragraph(line)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def render_pdf(source: dict[str, Any]) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    buffer, size, columns = io.BytesIO(), 12, 36
    canvas = Canvas(buffer, pagesize=A4, invariant=True)
    y = 780
    for line in flat_lines(source):
        rows = [""] if line == "\f" else [line[i : i + columns] for i in range(0, max(len(line), 1), columns)]
        for row in rows:
            if y < 60 or line == "\f":
                canvas.showPage()
                y = 780
            if row:
                canvas.setFont("STSong-Light", size)
                canvas.drawString(60, y, row)
                y -= size * 1.6
    canvas.save()
    return buffer.getvalue()


def write_raw(source: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Write one raw file; return the spans of its truth (empty for Word and PDF, whose text has no fixed offsets)."""
    path = folder / source["file"]
    if path.suffix == ".docx":
        if not path.exists():  # a docx holds its time of writing: keep the committed one
            path.write_bytes(render_docx(source))
        return []
    if path.suffix == ".pdf":
        path.write_bytes(render_pdf(source))
        return []
    text, spans = render_text(source)
    path.write_bytes(text.encode(source.get("encoding", "utf-8")))
    return spans


# --- command ----------------------------------------------------------------------------------


def part_of(source: dict[str, Any]) -> str:
    """The fixed part of a file: each series' fifth is development, the sixth test, the others training data."""
    return {"5": "dev", "6": "test"}.get(source["file"][2], "train")


def load_sources(paths: list[Path]) -> Iterator[dict[str, Any]]:
    codebook = load_codebook()
    for path in paths:
        source = yaml.safe_load(path.read_text(encoding="utf-8"))
        check_source(source, codebook, path.name)
        yield source


def count_labels(records: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {"task_type": Counter(), "policy_domain": Counter(), "all": Counter()}
    for record in records:
        for paragraph in record["paragraphs"]:
            counts["task_type"][paragraph["task_type"]] += 1
            counts["policy_domain"].update(paragraph["policy_domain"])
            counts["all"].update(paragraphs=1, items=len(paragraph.get("items", [])))
        counts["all"].update(documents=1)
    return counts


def write_all(sources: list[dict[str, Any]]) -> None:
    raw = SAMPLES / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    parts: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    with (SAMPLES / "truth.jsonl").open("w", encoding="utf-8") as truth:
        for source in sources:
            spans = write_raw(source, raw)
            noise = [{"reason": b["noise"], "text": b["text"].strip("\n")}
                     for article in source["articles"] for is_noise, b in blocks_of(article) if is_noise]  # fmt: skip
            record = {"file": source["file"], "ids": article_ids(source), "noise": noise, "spans": spans}
            truth.write(json.dumps(record, ensure_ascii=False) + "\n")
            parts[part_of(source)] += [json.dumps(record, ensure_ascii=False) + "\n" for record in annotated(source)]
    for part, lines in parts.items():
        (SAMPLES / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", type=Path, help="source files (default: all)")
    parser.add_argument("--check", action="store_true", help="check only, write nothing")
    parser.add_argument("--counts", action="store_true", help="print label counts, write nothing")
    arguments = parser.parse_args()
    paths = arguments.sources or sorted((SAMPLES / "sources").glob("*.yaml"))
    try:
        sources = list(load_sources(paths))
    except (InputError, yaml.YAMLError, KeyError, TypeError) as error:
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    for name, counter in count_labels([r for s in sources for r in annotated(s)]).items():
        print(name, dict(counter.most_common()))
    if not (arguments.check or arguments.counts):
        write_all(sources)
    return 0


if __name__ == "__main__":
    sys.exit(main())
