"""How fast short texts are written: as analyze() does against plain `generate`, the same weights, in one run.

    python scripts/benchmark_generation.py --model models/summarizer-compact --data data/samples/train.jsonl

Plain is what the stock recipe does: fp32, batches of --batch in input order, padded to the longest, no check. Each
round times both in turn; the median of the ratios counts. Texts differ between the two where bf16 rounds otherwise.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from jianghua.codebook import load_codebook
from jianghua.corpus.table import load_documents
from jianghua.modeling.batching import pad
from jianghua.modeling.composing import is_content
from jianghua.modeling.extractive import digest
from jianghua.modeling.summarizer import Summarizer, Wish, candidates, encode_source, load_summarizer, prompt
from jianghua.schema import InputError


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description="Time gists as served against plain generate.")
    result.add_argument("--model", type=Path, required=True, metavar="FOLDER")
    result.add_argument("--data", type=Path, required=True, nargs="+", metavar="FILE")
    result.add_argument("--paragraphs", type=int, default=128)
    result.add_argument("--batch", type=int, default=32, help="rows of a plain batch")
    result.add_argument("--beams", type=int, nargs="+", default=[1, 4])
    result.add_argument("--rounds", type=int, default=3)
    return result


def sources(paths: Sequence[Path], count: int) -> list[str]:
    """The first content paragraphs of the files.

    Raises:
        InputError: fewer than asked for.
    """
    documents = [document for path in paths for document in load_documents(path, load_codebook("zhengfa"))]
    texts = [p.text for d in documents for p in d.paragraphs if p.label and is_content(p.label.task_type, p.is_heading)]
    if len(texts) < count:
        raise InputError(f"{count} paragraphs with content", str(len(texts)), "add files, or ask for fewer paragraphs")
    return texts[:count]


@torch.inference_mode()
def plain(summarizer: Summarizer, texts: Sequence[str], beams: int, batch: int) -> list[str]:
    """What the stock recipe writes."""
    tokenizer, settings = summarizer.tokenizer, summarizer.settings
    length = dict(settings.usual_lengths).get("gist") if settings.lengths else None
    written = []
    for start in range(0, len(texts), batch):
        chunk = texts[start : start + batch]
        rows = encode_source(tokenizer, [prompt("gist", length)] * len(chunk), chunk, settings.max_source_length)
        ids, mask = pad(rows, tokenizer.pad_token_id)
        found = summarizer.model.generate(
            input_ids=ids, attention_mask=mask, num_beams=beams, max_new_tokens=settings.max_target_length,
            do_sample=False, no_repeat_ngram_size=4,
        )  # fmt: skip
        written += tokenizer.batch_decode(found, skip_special_tokens=True)
    return written


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    ours = load_summarizer(given.model, torch.device("cpu"))
    stock = load_summarizer(given.model, torch.device("cpu"), torch.float32)
    read = [digest([text], ours.settings.source_characters) for text in sources(given.data, given.paragraphs)]
    for beams in given.beams:
        slow = partial(plain, stock, read, beams, given.batch)
        fast = partial(candidates, ours, "gist", read, Wish(num_beams=beams))
        times = [(seconds(slow), seconds(fast)) for _ in range(given.rounds)]
        ratio = statistics.median(stock_time / own_time for stock_time, own_time in times)
        rate = len(read) / min(own_time for _, own_time in times)
        facts = {"beams": beams, "dtype": str(ours.model.dtype), "paragraphs_per_second": round(rate, 1)}
        print(json.dumps(facts | {"times_plain_fp32": round(ratio, 2), "threads": torch.get_num_threads()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
