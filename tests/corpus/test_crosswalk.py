from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from jianghua.codebook import find_resource, load_codebook
from jianghua.corpus.build import CorpusConfig, build_corpus
from jianghua.corpus.crosswalk import load_crosswalk
from jianghua.corpus.table import load_documents
from jianghua.records import write_jsonl
from jianghua.schema import InputError

CODEBOOK = load_codebook()
SHIPPED = find_resource("codebook", "zhengfa_crosswalk.yaml")


def changed(folder: Path, change: object) -> Path:
    raw = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    assert callable(change)
    change(raw)
    path = folder / "crosswalk.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return path


def test_the_shipped_crosswalk_leads_every_domain_to_both_schemes() -> None:
    crosswalk = load_crosswalk(SHIPPED, CODEBOOK)
    assert set(crosswalk.schemes) == {"cap", "gov_cn"}
    for codes in crosswalk.schemes.values():
        assert set(codes) == set(CODEBOOK.policy_domain.labels)
    nowhere = {d for codes in crosswalk.schemes.values() for d, found in codes.items() if not found}
    assert nowhere == {"other"}
    # The classes are those of the codebook that ships for them.
    classes = set(load_codebook("gov_work").policy_domain.names_zh.values())
    assert {code for found in crosswalk.schemes["gov_cn"].values() for code in found} <= classes
    columns = crosswalk.columns(["crime_control", "anti_gang", "ecology"])
    assert columns == {"crosswalk_cap": ["12", "7"], "crosswalk_gov_cn": ["公安、安全、司法", "城乡建设、环境保护"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw["labels"].pop("economy"), "each policy domain of zhengfa, found economy on one side only"),
        (lambda raw: raw["labels"].update(praise={"cap": [], "gov_cn": []}), "found praise on one side only"),
        (lambda raw: raw["labels"]["economy"].pop("cap"), "codes of cap, gov_cn, found gov_cn for economy"),
        (lambda raw: raw["labels"]["economy"].update(cap=["99"]), "codes of scheme cap, found 99 for economy"),
        (lambda raw: raw.update(version="0.1"), "for codebook zhengfa 0.2, found one for zhengfa 0.1"),
        (lambda raw: raw.pop("schemes"), "with codebook, version, schemes and labels, found KeyError: 'schemes'"),
    ],
)
def test_an_incomplete_crosswalk_is_refused(tmp_path: Path, change: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_crosswalk(changed(tmp_path, change), CODEBOOK)


def test_on_request_counterparts_stand_beside_the_labels(tmp_path: Path) -> None:
    paragraph = {"index": 0, "text": "把河道清干净。", "task_type": "deployment", "uncertain": False, "gist": ""}
    row = {"id": "a", "title": None, "date": None, "source": None, "summary": ""}
    write_jsonl([row | {"paragraphs": [paragraph | {"policy_domain": ["economy", "ecology"]}]}], tmp_path / "a.jsonl")
    for crosswalk in (None, SHIPPED):
        config = CorpusConfig([tmp_path / "a.jsonl"], tmp_path / "out", fractions={"train": 1.0}, crosswalk=crosswalk)
        build_corpus(config)
        (read,) = pq.read_table(config.output / "train.parquet").to_pylist()
        assert ("crosswalk_cap" in read) is (crosswalk is not None)
    assert read["crosswalk_cap"] == ["15", "1", "7"]
    (document,) = load_documents(tmp_path / "out" / "train.parquet", CODEBOOK)
    assert document.paragraphs[0].label
    assert document.paragraphs[0].label.policy_domain == ("economy", "ecology")
