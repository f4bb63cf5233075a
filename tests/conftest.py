"""Tiny things that tests of models share: invented text, tokenizers, annotated documents, random base models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    BertTokenizer,
    EncoderDecoderConfig,
    PreTrainedTokenizerBase,
)

from jianghua.codebook import load_codebook
from jianghua.modeling.tokenization import train_tokenizer

SENTENCES = (
    "会议强调，要依法打击电信网络诈骗，守护群众的钱袋子。",
    "二、把巡逻的脚步迈进夜市。",
    "四月八日上午，青禾县召开夜间巡防推进会，各镇分管同志到会。",
    "去年全县调解纠纷九百余件，盗窃警情下降一成三。",
    "眼下外来务工人员增多，租房纠纷和欠薪苗头同时冒头。",
    "要从守住一方安宁的高度看待巡防，把心思真正用到群众身上。",
    "五月底前对河道采砂点逐一过筛，见一处、封一处、补种一处。",
    "各所所长每周带班两夜，财政局按月拨付值守补贴。",
    "向坚守岗位的民警和家属道一声辛苦，愿平安常在青禾。",
    "责任编辑：小禾 | 打印 | 关闭窗口",
    "村里的老井旁建起议事亭，邻里之间的小事当天说、当天了。",
    "把卷宗搬上网，让数据替群众跑腿，法官在线就能阅卷。",
)
CODEBOOK = load_codebook()
TINY: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
    "max_position_embeddings": 96,
}  # fmt: skip
TINY_SEQ2SEQ: dict[str, Any] = {
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "max_position_embeddings": 96,
}  # fmt: skip
TINY_T5: dict[str, Any] = {
    "d_model": 32,
    "d_kv": 16,
    "d_ff": 48,
    "num_layers": 1,
    "num_decoder_layers": 1,
    "num_heads": 2,
}
ENCODERS = ("bert", "roberta", "ernie", "macbert", "modernbert")
SEQ2SEQ = ("bart", "mt5", "pegasus", "encoder-decoder")


@pytest.fixture(scope="session")
def unigram() -> PreTrainedTokenizerBase:
    """The kind of tokenizer that the small models make for themselves."""
    return train_tokenizer(SENTENCES * 3, 200)


@pytest.fixture(scope="session")
def bert_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    """One character a token, opened from a vocabulary as Chinese BERT models ship it."""
    folder = tmp_path_factory.mktemp("vocabulary")
    characters = sorted(set("".join(SENTENCES)))
    lines = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    (folder / "vocab.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return BertTokenizer.from_pretrained(str(folder))


def annotated_rows(documents: int) -> list[dict[str, Any]]:
    """Documents whose paragraphs go round all labels of both axes; what is said depends on the task label alone."""
    tasks, domains = CODEBOOK.task_type.labels, CODEBOOK.policy_domain.labels
    rows = []
    for d in range(documents):
        paragraphs = []
        for index in range(5):
            n = d * 5 + index
            task = tasks[n % len(tasks)]
            bare = task in ("heading", "boilerplate")
            paragraphs.append({
                "index": index, "text": f"第{n}段。" + SENTENCES[(n + 2) % len(tasks)] * (1 + n % 3), "task_type": task,
                "policy_domain": [] if task == "boilerplate" else sorted({domains[n % len(domains)], domains[n % 4]}),
                "uncertain": n % 7 == 0, "gist": "" if bare else SENTENCES[(n + 2) % len(tasks)][:8],
            })  # fmt: skip
        rows.append({"id": f"d{d}", "title": f"青禾县讲话{d}", "date": None, "source": None,
                     "paragraphs": paragraphs, "summary": SENTENCES[3]})  # fmt: skip
    return rows


@pytest.fixture(scope="session")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen documents of five paragraphs with every label of the codebook."""
    path = tmp_path_factory.mktemp("annotated") / "tiny.jsonl"
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in annotated_rows(16))
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _ids(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    start = tokenizer.cls_token_id
    return {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id, "bos_token_id": start,
            "eos_token_id": tokenizer.sep_token_id, "decoder_start_token_id": start}  # fmt: skip


def _encoder(kind: str, tokenizer: PreTrainedTokenizerBase) -> Any:
    model_type = {"macbert": "bert"}.get(kind, kind)
    ids = {key: value for key, value in _ids(tokenizer).items() if key != "decoder_start_token_id"}
    return AutoModelForMaskedLM.from_config(AutoConfig.for_model(model_type, **TINY, **ids))


def _seq2seq(kind: str, tokenizer: PreTrainedTokenizerBase) -> Any:
    if kind == "encoder-decoder":
        # BERT names neither a start nor an end id; the project has to take them from the tokenizer.
        parts = [AutoConfig.for_model("bert", vocab_size=len(tokenizer), **TINY) for _ in range(2)]
        return AutoModelForSeq2SeqLM.from_config(EncoderDecoderConfig.from_encoder_decoder_configs(*parts))
    sizes = TINY_T5 if kind == "mt5" else TINY_SEQ2SEQ
    return AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model(kind, **sizes, **_ids(tokenizer)))


@pytest.fixture(scope="session")
def base_model(
    tmp_path_factory: pytest.TempPathFactory, unigram: PreTrainedTokenizerBase, bert_tokenizer: PreTrainedTokenizerBase
) -> Callable[[str], Path]:
    """Folder of a tiny random base model by kind (`ENCODERS`, `SEQ2SEQ`), as a hub would give it."""
    root = tmp_path_factory.mktemp("base")

    def make(kind: str) -> Path:
        folder = root / kind
        if not folder.exists():
            tokenizer = unigram if kind in ("mt5", "pegasus") else bert_tokenizer
            make_model = _encoder if kind in ENCODERS else _seq2seq
            make_model(kind, tokenizer).save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def sentences() -> tuple[str, ...]:
    return SENTENCES
