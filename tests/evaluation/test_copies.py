from __future__ import annotations

import pytest

from jianghua.evaluation.copies import (
    best_clause,
    clauses_repeated,
    gist_baselines,
    headline_baselines,
    lead_sentence,
    novelty,
    ranked_sentences,
    summary_baselines,
    textrank,
)
from jianghua.schema import Document, Label, Paragraph


def _document(*parts: tuple[str, str, tuple[str, ...]], title: str | None = None) -> Document:
    paragraphs = tuple(
        Paragraph(i, 0, len(text), text, label=Label(task, domains)) for i, (text, task, domains) in enumerate(parts)
    )
    return Document("d", paragraphs, title=title)


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("今天开会。明天落实。", "今天开会。"),
        ("他问：“谁来办？”大家不语。", "他问：“谁来办？”"),
        ("没有句号的一行", "没有句号的一行"),
        ("  ", ""),
    ],
)
def test_lead_sentence_keeps_closing_quotes(text: str, lead: str) -> None:
    assert lead_sentence(text, 100) == lead


def test_copied_texts_keep_the_lengths_and_ends_of_the_format() -> None:
    document = _document(
        ("一、工作回顾", "heading", ()),
        ("全县" + "稳中向好" * 40 + "。后一句。", "review", ()),
        title="在大会上的讲话。",
    )
    summaries, headlines = summary_baselines(document), headline_baselines(document)
    gists = gist_baselines(document.paragraphs[1])
    assert all(len(text) <= 100 and text.endswith("。") for text in summaries.values())
    assert all(len(text) <= 30 and not text.endswith("。") for text in (*headlines.values(), *gists.values()))
    assert all(text.startswith("全县") for text in (summaries["lead_sentence"], gists["first_characters"]))
    assert summaries["title"] == "在大会上的讲话。" and headlines["title"] == "在大会上的讲话"


def test_headings_and_empty_documents_give_nothing() -> None:
    heading = _document(("一、工作回顾", "heading", ()))
    assert set(gist_baselines(heading.paragraphs[0]).values()) == {""}
    assert set(summary_baselines(heading).values()) == {""}


NEWS = "河道采砂已经整治。河道采砂整治由县水务局负责，河道巡查每周一次。县水务局每周巡查河道。昨天下雨。"


def test_textrank_puts_the_sentence_first_that_shares_most_with_the_others() -> None:
    assert ranked_sentences(NEWS)[0] == "河道采砂整治由县水务局负责，河道巡查每周一次。"
    assert ranked_sentences(NEWS)[-1] == "昨天下雨。"
    assert ranked_sentences("") == []
    assert textrank(NEWS, 14) == "河道采砂整治由县水务局负责"
    # In document order, though the second one is ranked first.
    assert textrank(NEWS, 36) == NEWS[NEWS.index("河道采砂整治") : NEWS.index("昨天")].rstrip("。")


def test_the_best_clause_knows_the_reference_and_keeps_the_limit() -> None:
    assert best_clause(NEWS, "水务局巡查河道", 30) == "县水务局每周巡查河道"
    assert best_clause(NEWS, "水务局负责整治", 6) == ""
    assert best_clause("", "水务局", 30) == ""


def test_repeated_clauses_and_new_pairs_are_counted() -> None:
    assert clauses_repeated("整治河道，巡查每周，整治河道") and not clauses_repeated("整治河道，整治河道采砂")
    assert novelty(["河道采砂"], [NEWS]) == 0
    assert novelty(["采砂河道"], [NEWS]) == pytest.approx(1 / 3)
    assert novelty(["河"], [NEWS]) is None
