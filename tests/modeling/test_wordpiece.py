"""The vocabulary made for pretraining."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from jianghua.modeling.tokenization import gb2312, needed_characters, train_wordpiece
from jianghua.schema import InputError

TEXTS = ["夜间巡防队沿河巡防，巡防队员查看水闸。", "2023年GDP增长5.2%，巡防队再添十人。"] * 6 + ["罕见字龘只出现一次。"]


def test_holds_gb2312_and_what_is_frequent() -> None:
    assert len(gb2312()) == 6763
    needed = needed_characters(TEXTS, 5)
    assert {"巡", "G", ",", "%"} <= needed  # NFKC: the full-width comma is a comma
    assert "龘" not in needed
    assert needed >= gb2312()
    assert "龘" in needed_characters(TEXTS, 1)


def test_pieces_and_unknown_characters(tmp_path: Path) -> None:
    tokenizer = train_wordpiece(TEXTS, 6900, needed_characters(TEXTS, 5))
    tokenizer.save_pretrained(tmp_path)
    opened = AutoTokenizer.from_pretrained(str(tmp_path))
    assert len(opened) <= 6900
    # One unknown character must not take its whole clause along.
    assert opened.tokenize("巡防队龘沿河") == ["巡防队", "[UNK]", "沿", "河"]
    assert opened.tokenize("2023年") == ["2", "0", "2", "3", "年"]
    ids = opened("巡防", "沿河")["input_ids"]
    assert opened.convert_ids_to_tokens(ids) == ["[CLS]", "巡防", "[SEP]", "沿", "河", "[SEP]"]
    assert opened.decode(ids, skip_special_tokens=True) == "巡防沿河"
    encoded = opened("夜间,巡防", return_offsets_mapping=True, add_special_tokens=False)
    assert [("夜间,巡防"[a:b]) for a, b in encoded["offset_mapping"]] == opened.tokenize("夜间,巡防")


def test_single_characters_only() -> None:
    tokenizer = train_wordpiece(TEXTS, 6900, needed_characters(TEXTS, 5), max_piece_length=1)
    assert tokenizer.tokenize("夜间巡防GDP") == list("夜间巡防GDP")


def test_the_same_texts_give_the_same_vocabulary() -> None:
    made = [train_wordpiece(TEXTS, 6900, needed_characters(TEXTS, 5)).get_vocab() for _ in range(2)]
    assert made[0] == made[1]


def test_refuses_too_small_a_vocabulary() -> None:
    with pytest.raises(InputError, match="vocab_size of at least 67"):
        train_wordpiece(TEXTS, 2000, needed_characters(TEXTS))
