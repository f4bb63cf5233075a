from __future__ import annotations

from pathlib import Path

from jianghua.evaluation.summarizer import Case, Output
from jianghua.evaluation.summary_page import rows_of, write_summary_page

SOURCE = "去年全县调解纠纷312件，<script>alert(1)</script>盗窃警情下降。"
CASES = [Case(SOURCE, "调解纠纷312件", 0), Case(SOURCE, "盗窃警情下降", 0), Case(SOURCE, "", 1)]
OUTPUTS = {
    "served": [
        Output("调解纠纷312件", ("generated",)),
        Output("调解纠纷400件", ("constrained",)),
        Output("盗窃警情下降"),
    ],
    "raw": [Output("<b>甲</b>"), Output(""), Output("乙")],
}


def test_the_unsupported_stand_first_and_the_worse_before_the_better() -> None:
    rows = rows_of([("gist", CASES, OUTPUTS)])
    assert [row.served for row in rows] == ["调解纠纷400件", "调解纠纷312件", "盗窃警情下降"]
    assert rows[0].unsupported == ("400件",) and rows[0].how == "constrained"
    assert rows[1].score == 1 and rows[2].score is None
    assert [piece for piece, evidence in rows[1].source if evidence] == ["调解纠纷312件"]
    assert all("".join(piece for piece, _ in row.source) == SOURCE for row in rows)


def test_the_page_holds_texts_as_text(tmp_path: Path) -> None:
    write_summary_page(tmp_path / "new" / "page.html", "tiny", [("gist", CASES, OUTPUTS)])
    page = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page and "<b>" not in page
    assert "<mark>调解纠纷312件</mark>" in page and "default-src &#39;none&#39;" not in page
