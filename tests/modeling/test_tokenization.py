from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import (
    AutoTokenizer,
    BertTokenizer,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    RobertaTokenizer,
)

from jianghua.modeling.tokenization import PROBE, SPECIAL, check_tokenizer, train_tokenizer
from jianghua.schema import InputError

TEXTS = [f"{n}号网格要把夜巡做实，做到街头巷尾，{'干警' * (n % 3)}查处{n}起盗窃案件。" for n in range(60)]


def _fingerprint(tokenizer: PreTrainedTokenizerFast) -> str:
    return hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()


def test_a_vocabulary_depends_on_its_text_alone() -> None:
    """A resumed run, or the second process of one, makes it again: other ids would be other words."""
    assert len({_fingerprint(train_tokenizer(TEXTS, 150)) for _ in range(3)}) == 1


@pytest.mark.slow
def test_a_vocabulary_is_the_same_in_another_process(tmp_path: Path) -> None:
    here = _fingerprint(train_tokenizer(TEXTS, 150))
    code = (
        "import hashlib, sys\nfrom jianghua.modeling.tokenization import train_tokenizer\n"
        f"made = train_tokenizer({TEXTS!r}, 150).backend_tokenizer.to_str()\n"
        "print(hashlib.sha256(made.encode()).hexdigest())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "5"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


def test_pieces_of_several_characters_and_lossless_text(unigram: PreTrainedTokenizerBase) -> None:
    tokenizer = train_tokenizer(TEXTS, 150)
    assert any(len(piece) > 1 and piece not in SPECIAL.values() for piece in tokenizer.get_vocab())
    ids = unigram(PROBE, add_special_tokens=False)["input_ids"]
    assert unigram.unk_token_id not in ids
    # NFKC in front: full-width commas become ASCII inside the model's input only.
    assert unigram.decode(ids) == PROBE.replace("，", ",")


def test_special_tokens(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(TEXTS, 150)
    assert [tokenizer.convert_tokens_to_ids(token) for token in SPECIAL.values()] == list(range(5))
    ids = tokenizer("夜巡", "盗窃")["input_ids"]
    assert [i for i, token in enumerate(ids) if token == tokenizer.sep_token_id] == [len(ids) // 2, len(ids) - 1]
    assert ids[0] == tokenizer.cls_token_id == tokenizer.bos_token_id
    tokenizer.save_pretrained(tmp_path)
    assert (
        AutoTokenizer.from_pretrained(str(tmp_path))("要把夜巡做实")["input_ids"]
        == tokenizer("要把夜巡做实")["input_ids"]
    )


def test_good_tokenizers_pass(unigram: PreTrainedTokenizerBase, bert_tokenizer: PreTrainedTokenizerBase) -> None:
    check_tokenizer(unigram, "here")
    check_tokenizer(bert_tokenizer, "here")


def _five_tokens() -> PreTrainedTokenizerBase:
    return BertTokenizer(vocab={"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4})


def _bytes_without_chinese() -> PreTrainedTokenizerBase:
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "a": 5}
    return RobertaTokenizer(vocab=vocabulary, merges=[])


@pytest.mark.parametrize("make", [_five_tokens, _bytes_without_chinese])
def test_tokenizers_that_lose_chinese_are_refused(make: Callable[[], PreTrainedTokenizerBase]) -> None:
    message = r"^expected a tokenizer that keeps Chinese text, found \w+ in here keeps \d+ of 26 characters.*; set .*"
    with pytest.raises(InputError, match=message) as caught:
        check_tokenizer(make(), "here")
    assert "\n" not in str(caught.value)
