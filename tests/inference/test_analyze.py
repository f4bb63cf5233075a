"""analyze(): the output format, offsets, one record in → one record out, and inputs that cannot be read."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jianghua import Analysis, InputError, analyze
from jianghua.codebook import load_codebook
from jianghua.inference.analyze import analyze_documents
from jianghua.inference.models import VARIABLE, find_models, open_models
from jianghua.inference.sources import from_text
from jianghua.metrics.faithfulness import unsupported

ROOT = Path(__file__).resolve().parents[2]
SPEECH = """在全区信访工作推进会上的讲话

同志们：

去年以来，全区排查矛盾纠纷一千二百余件，化解率达到百分之九十七，信访总量比上年下降一成。

下一步，要抓好三件事。一要开展拉网式排查，对物业、欠薪纠纷逐一建账。二要落实领导包案，一件一策、限期销号。三要加强网格员培训，财政部门要把补贴列入预算。

让我们共同努力，交出一份让群众满意的答卷！
"""
KEYS = ["id", "title", "date", "source", "headline", "summary", "summary_evidence", "paragraphs", "removed", "flags",
        "meta"]  # fmt: skip
PARAGRAPH_KEYS = ["index", "start", "end", "text", "heading", "task_type", "task_type_scores", "policy_domain",
                  "policy_domain_scores", "needs_review", "gist", "items"]  # fmt: skip


@pytest.fixture(scope="module")
def speech() -> Analysis:
    result = analyze(SPEECH)
    assert isinstance(result, Analysis)
    return result


def test_record_has_the_keys_of_the_format(speech: Analysis) -> None:
    record = json.loads(json.dumps(speech.to_dict()))
    assert list(record) == KEYS
    assert all(list(paragraph) == PARAGRAPH_KEYS for paragraph in record["paragraphs"])
    assert set(record["meta"]) == {"version", "classifier", "summarizer", "codebook_version", "config_hash"}


def test_offsets_lead_back_to_the_text(speech: Analysis) -> None:
    assert len(speech.paragraphs) == 5
    for paragraph in speech.paragraphs:
        assert SPEECH[paragraph.start : paragraph.end] == paragraph.text
        for item in paragraph.items:
            assert paragraph.start <= item.start < item.end <= paragraph.end
    assert [SPEECH[item.start : item.start + 2] for item in speech.paragraphs[3].items] == ["一要", "二要", "三要"]


def test_labels_and_scores_follow_the_codebook(speech: Analysis) -> None:
    codebook = load_codebook()
    for paragraph in speech.paragraphs:
        assert tuple(paragraph.task_type_scores) == codebook.task_type.labels
        assert tuple(paragraph.policy_domain_scores) == codebook.policy_domain.labels
        assert sum(paragraph.task_type_scores.values()) == pytest.approx(1, abs=2e-3)
        assert paragraph.task_type == max(paragraph.task_type_scores, key=paragraph.task_type_scores.__getitem__)
        assert set(paragraph.policy_domain) <= set(codebook.policy_domain.labels)


def test_short_texts_keep_their_promises(speech: Analysis) -> None:
    assert 0 < len(speech.headline) <= 30 and not speech.headline.endswith("。")
    assert 0 < len(speech.summary) <= 100 and speech.summary.endswith("。")
    assert unsupported(speech.summary, SPEECH) == [] and unsupported(speech.headline, SPEECH) == []
    assert all(0 <= start < end <= len(SPEECH) for start, end in speech.summary_evidence)
    for paragraph in speech.paragraphs:
        silent = paragraph.task_type in ("heading", "boilerplate")
        assert (paragraph.gist == "") == silent and len(paragraph.gist) <= 30
        assert unsupported(paragraph.gist, paragraph.text) == []


def test_given_paragraphs_come_back_one_for_one() -> None:
    texts = ["标题", "  会议由副书记主持。 ", "", "责任编辑：某某", "要\n换行也不改。"]
    result = analyze({"id": "x", "paragraphs": texts})
    assert isinstance(result, Analysis)
    assert [p.text for p in result.paragraphs] == texts and result.removed == ()
    joined = "\n".join(texts)
    assert [joined[p.start : p.end] for p in result.paragraphs] == texts


def test_records_are_answered_in_order_and_by_id() -> None:
    good = [{"id": "b", "text": "会议要求抓好落实。"}, {"text": "没有编号的一条。"}]
    results = list(analyze([*good, {"id": "b", "text": "重复。"}, {"id": "c"}, 7]))
    assert [r.id for r in results] == ["b", "2", "b", "c", "5"]
    assert [r.error is None for r in results] == [True, True, False, False, False]
    assert "expected each id once" in str(results[2].error)


def test_a_folder_streams_and_one_bad_document_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SPEECH, encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"")
    (tmp_path / "c.txt").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "d.xyz").write_text("?", encoding="utf-8")
    (tmp_path / "e.txt").write_bytes(SPEECH.encode("gb18030"))
    results = list(analyze(tmp_path))
    assert [r.id for r in results] == ["a", "b", "c", "d", "e"]
    assert [r.error is None for r in results] == [True, False, False, False, True]
    assert all(str(r.error).startswith("expected ") and "\n" not in str(r.error) for r in results[1:4])
    assert [p.text for p in results[4].paragraphs] == [p.text for p in results[0].paragraphs]


def test_a_file_of_one_article_is_one_analysis(tmp_path: Path) -> None:
    path = tmp_path / "speech.txt"
    path.write_text(SPEECH, encoding="utf-8")
    result = analyze(path)
    assert isinstance(result, Analysis) and result.id == "speech" and result.source == str(path)


def test_jsonl_names_line_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "a", "text": "会议召开。"}\n{bad\n{"id": "c", "paragraphs": "no list"}\n', encoding="utf-8")
    results = list(analyze(path))
    assert [r.id for r in results] == ["a", "2", "c"]
    assert results[1].source == f"{path}:2" and results[0].source == f"{path}:1"
    assert "paragraphs as a list of strings" in str(results[2].error)


def test_missing_models_error_names_all_three_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "variable"))
    with pytest.raises(InputError) as error:
        find_models(tmp_path / "argument")
    for place in ("argument", "variable", str(ROOT / "models")):
        assert place in str(error.value)


def test_models_are_found_by_argument_then_variable_then_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert find_models() == ROOT / "models"
    monkeypatch.setenv(VARIABLE, "/nowhere")
    assert find_models(ROOT / "models") == ROOT / "models"
    with pytest.raises(InputError):
        find_models()


def test_a_document_alone_and_in_a_batch_gets_the_same_labels(speech: Analysis) -> None:
    long = {"id": "x", "text": "会议强调，要严厉打击电信网络诈骗。" * 40}
    batch = list(analyze([long, {"id": "text", "text": SPEECH}]))
    for alone, together in zip(speech.paragraphs, batch[1].paragraphs, strict=True):
        assert alone.task_type == together.task_type
        for name, value in alone.task_type_scores.items():
            assert together.task_type_scores[name] == pytest.approx(value, abs=2e-2)


def test_a_long_paragraph_is_read_to_its_end() -> None:
    filler = "会议由区委副书记主持，各镇街主要负责人参加。" * 60
    tail = "要严厉打击黑恶势力，深挖彻查背后的“保护伞”，开展扫黑除恶专项斗争。" * 4
    results = list(analyze([{"id": "1", "paragraphs": [filler]}, {"id": "2", "paragraphs": [filler + tail]}]))
    without, with_tail = (r.paragraphs[0].policy_domain_scores["anti_gang"] for r in results)
    assert with_tail > 3 * without


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet="会议强调要。，；！？\n\r\t \u200b\u3000\u202e😀Aa1一二（）()“”<>&;#", max_size=120))
def test_any_text_gives_the_schema(text: str) -> None:
    result = analyze(text)
    assert isinstance(result, Analysis) and result.error is None
    for paragraph in result.paragraphs:
        assert 0 <= paragraph.start < paragraph.end <= len(text)
        assert len(paragraph.gist) <= 30
    assert len(result.summary) <= 100


def test_another_mixture_is_another_configuration() -> None:
    """Thresholds and rules lie beside the weights: who changes them gets another hash."""
    models = open_models(find_models())
    before = next(analyze_documents([from_text(SPEECH)], models)).meta["config_hash"]
    rules = models.classifier.rules
    assert rules is not None
    changed = dataclasses.replace(rules, decided=dataclasses.replace(rules.decided, review_below=0.99))
    other = dataclasses.replace(models, classifier=dataclasses.replace(models.classifier, rules=changed))
    assert next(analyze_documents([from_text(SPEECH)], other)).meta["config_hash"] != before
    silent = dataclasses.replace(models, classifier=dataclasses.replace(models.classifier, rules=None))
    assert next(analyze_documents([from_text(SPEECH)], silent)).meta["config_hash"] != before
