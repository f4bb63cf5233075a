"""Scores of a summariser checkpoint: what is served, what the model says unchecked, and copies of the source."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from jianghua.evaluation import summarizer as evaluation
from jianghua.evaluation.headlines import read_headlines
from jianghua.evaluation.report import render
from jianghua.evaluation.summarizer import Case, Output, evaluate_annotated, evaluate_headlines, score
from jianghua.metrics.rouge import corpus_rouge
from jianghua.modeling.checkpoint import save_checkpoint
from jianghua.modeling.composing import Part, write_summaries
from jianghua.modeling.summarizer import Summarizer, SummarizerSettings, load_summarizer, new_summarizer
from jianghua.modeling.tokenization import PROBE, train_tokenizer
from jianghua.modeling.writing import write_lines
from jianghua.schema import Document, InputError, Label, Paragraph

SETTINGS = SummarizerSettings(max_source_length=96, max_target_length=24, source_characters=120)
ARCHITECTURE = {
    "model_type": "pegasus", "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 128,
}  # fmt: skip
ROWS = (
    ("一、盘点全年工作", "heading", ""),
    ("全年破获电诈案件八十起，追回赃款三百万元，群众送来锦旗。", "review", "破获电诈案件八十起"),
    ("要加快河道整治，严禁乱倒垃圾，年底前完成清淤。", "deployment", "加快河道整治"),
    ("大家辛苦了，谢谢同志们！", "appeal", ""),
    ("（本刊编辑室供稿）", "boilerplate", ""),
)
TITLE = "年终会议部署河道整治"


def _document(number: int, summary: str = "破获电诈案件，部署河道整治。") -> Document:
    paragraphs = tuple(
        Paragraph(i, 0, 0, text, label=Label(task), gist=gist) for i, (text, task, gist) in enumerate(ROWS)
    )
    return Document(f"d{number}", paragraphs, title=TITLE, summary=summary)


DOCUMENTS = [_document(0), _document(1, summary="")]


@pytest.fixture(scope="module")
def summarizer(tmp_path_factory: pytest.TempPathFactory) -> Summarizer:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("summarizer")
    tokenizer = train_tokenizer([PROBE, TITLE, *(text for text, _, _ in ROWS)] * 3, 300)
    save_checkpoint(folder, new_summarizer(ARCHITECTURE, tokenizer), tokenizer, SETTINGS.to_dict(), False)
    return load_summarizer(folder, dtype=torch.float32)


@pytest.fixture(scope="module")
def kinds(summarizer: Summarizer) -> dict[str, Any]:
    return evaluate_annotated(summarizer, DOCUMENTS)["kinds"]


def test_headings_and_boilerplate_are_not_written_and_empty_references_not_compared(kinds: dict[str, Any]) -> None:
    for figures in kinds["gist"].values():
        assert (figures["n"], figures["references"]) == (6, 4)
    for figures in kinds["summary"].values():
        assert (figures["n"], figures["references"]) == (2, 1)


def test_served_texts_keep_the_promises_that_raw_ones_break(kinds: dict[str, Any]) -> None:
    for kind in ("gist", "summary"):
        served = kinds[kind]["served"]
        promises = served["within_limit"], served["final_mark"], served["empty"], served["unsupported"]
        assert promises == (1, 1, 0, 0)
        assert sum(served["how"].values()) == pytest.approx(1)
        assert kinds[kind]["raw"]["how"] is None
    # A model with random weights says nothing that is grounded: all that is served was copied.
    assert kinds["gist"]["served"]["how"]["extracted"] == 1
    assert kinds["gist"]["served"]["rouge"] != kinds["gist"]["raw"]["rouge"]


def test_served_figures_are_those_of_the_writing_that_inference_uses(
    summarizer: Summarizer, kinds: dict[str, Any]
) -> None:
    content = [(text, task, gist) for text, task, gist in ROWS if task not in ("heading", "boilerplate")]
    written = write_lines(summarizer, "gist", [text for text, _, _ in content])
    pairs = [(w.text, gist) for w, (_, _, gist) in zip(written, content, strict=True) if gist]
    expected = corpus_rouge([a for a, _ in pairs], [b for _, b in pairs])
    assert kinds["gist"]["served"]["rouge"]["char-multiset"] == pytest.approx(expected)
    parts = [Part(text, task, gist.text) for (text, task, _), gist in zip(content, written, strict=True)]
    expected = corpus_rouge([write_summaries(summarizer, [parts])[0].text], [DOCUMENTS[0].summary])
    assert kinds["summary"]["served"]["rouge"]["char-multiset"] == pytest.approx(expected)


RANKED = ("textrank", "best_clause (oracle)")


def test_systems_and_conventions_are_named(kinds: dict[str, Any]) -> None:
    assert list(kinds["gist"]) == ["served", "raw", "lead_sentence", "first_characters", *RANKED]
    assert list(kinds["summary"]) == [
        "served",
        "composed",
        "raw",
        "lead_sentence",
        "first_characters",
        "title",
        *RANKED,
    ]
    assert list(kinds["summary"]["title"]["rouge"]) == ["char-multiset", "char-set-1.0"]


def test_a_checkpoint_that_only_extracts_still_shows_its_own_words(summarizer: Summarizer) -> None:
    methods = tuple((kind, ("first",)) for kind in ("gist", "headline", "summary"))
    extracting = dataclasses.replace(summarizer, settings=dataclasses.replace(SETTINGS, methods=methods))
    gist = evaluate_annotated(extracting, DOCUMENTS[:1])["kinds"]["gist"]
    assert gist["served"]["how"] == {"generated": 0, "constrained": 0, "composed": 0, "extracted": 1, "empty": 0}
    assert gist["raw"] == evaluate_annotated(summarizer, DOCUMENTS[:1])["kinds"]["gist"]["raw"]


def test_an_unlabelled_paragraph_is_refused(summarizer: Summarizer) -> None:
    bare = dataclasses.replace(DOCUMENTS[0], paragraphs=(Paragraph(0, 0, 4, "没有标注"),))
    with pytest.raises(InputError, match="expected a label on every paragraph, found 1 without in d0"):
        evaluate_annotated(summarizer, [bare])


def test_a_document_without_content_gives_no_figures(summarizer: Summarizer) -> None:
    heading = dataclasses.replace(DOCUMENTS[0], paragraphs=DOCUMENTS[0].paragraphs[:1])
    result = evaluate_annotated(summarizer, [heading])
    assert result == {"documents": 1, "kinds": {"gist": {}, "summary": {}}}


def test_score_counts_every_fault_once() -> None:
    source = "全年破获电诈案件八十起，追回赃款三百万元。"
    cases = [
        Case(source, "破获电诈案件八十起", 0),
        Case(source, "破获电诈案件", 0),
        Case(source, "", 1),
        Case(source, "追回赃款", 1),
    ]
    outputs = [Output("破获电诈案件八十起", ("generated",)), Output("破获电诈案件九十起。", ("extracted",)),
               Output("追" * 31, ("extracted",)), Output("", ("empty",))]  # fmt: skip
    figures = score("gist", cases, outputs)
    assert (figures["n"], figures["references"]) == (4, 3)
    assert (figures["empty"], figures["within_limit"], figures["final_mark"]) == (0.25, 0.75, 0.75)
    assert figures["unsupported"] == pytest.approx(1 / 3)
    assert figures["how"] == {"generated": 0.25, "constrained": 0, "composed": 0, "extracted": 0.5, "empty": 0.25}
    assert figures["mentions"] == [1, 2] and figures["repeats"] == 0
    assert figures["verbatim"] == pytest.approx(1 / 3)
    # 1, 2·6/16 and, for the empty one, 0.
    assert figures["rouge"]["char-multiset"]["rouge1"] == pytest.approx((1 + 12 / 16 + 0) / 3)
    low, high = figures["rougeL_interval"]
    assert low <= figures["rouge"]["char-multiset"]["rougeL"] <= high


def test_score_without_references_gives_no_rouge() -> None:
    figures = score("summary", [Case("河道整治见效。", "", 0)], [Output("河道整治见效")])
    assert figures["rouge"] is None and figures["rougeL_interval"] is None
    assert figures["final_mark"] == 0 and figures["how"] is None


def _write_gz(path: Path, *rows: Any) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)
    return path


def test_headlines_never_see_the_title(summarizer: Summarizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join([TITLE, *(row[0] for row in ROWS[1:4])])
    path = _write_gz(tmp_path / "h.jsonl.gz", {"id": "h", "title": TITLE, "text": text}, {"title": "乙", "text": text})
    documents, titles = read_headlines(path, lambda rows: rows[:1])
    seen: list[str] = []

    def spy(model: Summarizer, kind: str, sources: list[str]) -> list[Any]:
        seen.extend(sources)
        return write_lines(model, kind, sources)

    monkeypatch.setattr(evaluation, "write_lines", spy)
    result = evaluate_headlines(summarizer, documents, titles)
    assert titles == [TITLE] and len(seen) == 1
    assert TITLE not in seen[0] and "破获电诈案件" in seen[0]
    headline = result["kinds"]["headline"]
    assert list(headline) == ["served", "raw", "lead_sentence", "first_characters", *RANKED]
    assert headline["served"]["references"] == 1 and headline["served"]["unsupported"] == 0
    assert headline["lead_sentence"]["rouge"]["char-multiset"]["rouge1"] < 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "one JSON object per line"),
        ({"title": "有题无文"}, "the strings title and text"),
        ({"title": 5, "text": "文"}, "the strings title and text"),
    ],
)
def test_bad_headline_rows_name_their_line(tmp_path: Path, row: Any, message: str) -> None:
    path = _write_gz(tmp_path / "h.jsonl.gz", {"title": "题", "text": "文"}, row)
    with pytest.raises(InputError, match=rf"{message}.*h\.jsonl\.gz:2"):
        read_headlines(path)


def test_files_that_are_no_gzip_or_empty_are_refused(tmp_path: Path) -> None:
    plain = tmp_path / "p.jsonl.gz"
    plain.write_text("{}\n", encoding="utf-8")
    with pytest.raises(InputError, match="expected gzip of UTF-8 lines"):
        read_headlines(plain)
    cut = _write_gz(tmp_path / "c.jsonl.gz", {"title": "题", "text": "文" * 400})
    cut.write_bytes(cut.read_bytes()[:-12])
    with pytest.raises(InputError, match="expected gzip of UTF-8 lines"):
        read_headlines(cut)
    with pytest.raises(InputError, match="at least one row"):
        read_headlines(_write_gz(tmp_path / "e.jsonl.gz"))


def test_the_tables_name_convention_and_systems(kinds: dict[str, Any]) -> None:
    entry = {"path": "a.jsonl", "sha256": "0" * 64, "documents": 2, "kinds": kinds | {"headline": {}}}
    record = {"kind": "summarizer", "model": "m@1", "codebook": "zhengfa 0", "dtype": "f", "device": "cpu",
              "left_out": {}, "data": [entry]}  # fmt: skip
    text = render(record)
    parts = ("gist: 6 texts, 4 with a reference", "char-multiset", "char-set-1.0", "| served", "| raw", "| title")
    assert all(part in text for part in parts)
    assert "headline: no document has content" in text


def test_coverage_counts_the_labels_that_a_summary_draws_on(summarizer: Summarizer, kinds: dict[str, Any]) -> None:
    found = kinds["summary"]["served"]["coverage"]
    content = [task for _, task, _ in ROWS if task not in ("heading", "boilerplate")]
    assert set(content) <= set(found)
    assert all(0 <= drawn <= documents <= len(DOCUMENTS) for drawn, documents in found.values())
    # The opening is drawn on always.
    assert found[content[0]][0] >= 1
