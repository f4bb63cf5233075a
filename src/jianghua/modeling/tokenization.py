"""Tokenizers: a subword vocabulary made from the training text, and a self-test for any tokenizer."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from jianghua.schema import InputError

SPECIAL = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}
PROBE = "会议强调，要依法打击电信网络诈骗，守护群众的钱袋子。"


def _common_characters(texts: Sequence[str], limit: int) -> Callable[[str], str]:
    """A filter that blanks all but the `limit` most frequent characters: the rest would fill the vocabulary."""
    counts = Counter(character for text in texts for character in unicodedata.normalize("NFKC", text))
    known = {character for character, _ in counts.most_common(limit)}
    return lambda text: "".join(c if c in known else " " for c in unicodedata.normalize("NFKC", text))


def train_tokenizer(texts: Sequence[str], vocab_size: int, max_piece_length: int = 6) -> PreTrainedTokenizerFast:
    """A unigram vocabulary over Chinese text without word breaks.

    Pieces of several characters (干警, 扫黑除恶) carry what character n-grams carry in a linear
    model; from random initialisation that is worth more than depth.
    """
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    tokenizer.decoder = decoders.Fuse()
    trainer = trainers.UnigramTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL.values()),
        unk_token=SPECIAL["unk_token"],
        max_piece_length=max_piece_length,
        show_progress=False,
    )
    keep = _common_characters(texts, vocab_size // 2)
    tokenizer.train_from_iterator(map(keep, texts), trainer)
    tokenizer.model = models.Unigram(_settled(tokenizer), tokenizer.token_to_id(SPECIAL["unk_token"]), False)
    cls, sep = SPECIAL["cls_token"], SPECIAL["sep_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} $B {sep}",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (cls, sep)],
    )
    names = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, **SPECIAL, eos_token=sep, bos_token=cls, model_input_names=names
    )


def _settled(tokenizer: Tokenizer) -> list[tuple[str, float]]:
    """Its pieces and scores, in an order that depends on the text alone.

    The library ranks pieces of equal score, and spreads rare characters by steps of 0.0001 above the lowest score, in
    the order of a hash table that changes from process to process: a resumed run would read other ids.
    """
    pieces = json.loads(tokenizer.to_str())["model"]["vocab"][len(SPECIAL) :]
    lowest = min((score for _, score in pieces), default=0.0)
    spread = lowest + 1e-4 * sum(len(piece) == 1 for piece, _ in pieces)
    levelled = ((p, lowest if len(p) == 1 and score < spread else score) for p, score in pieces)
    return [(token, 0.0) for token in SPECIAL.values()] + sorted((p, round(score, 6)) for p, score in levelled)


def check_tokenizer(tokenizer: PreTrainedTokenizerBase, where: str) -> None:
    """Refuse a tokenizer that loses Chinese text (the wrong class loads without a word).

    Raises:
        InputError: more than a fifth of a plain Chinese sentence is unknown or missing.
    """
    ids = tokenizer(PROBE, add_special_tokens=False)["input_ids"]
    known = [i for i in ids if i != tokenizer.unk_token_id]
    decoded = tokenizer.decode(known, skip_special_tokens=True).replace(" ", "")
    kept = sum(character in decoded for character in PROBE)
    if kept < 0.8 * len(PROBE):
        raise InputError(
            "a tokenizer that keeps Chinese text",
            f"{type(tokenizer).__name__} in {where} keeps {kept} of {len(PROBE)} characters of a plain sentence",
            'set "tokenizer_class" (for Chinese BART folders: BertTokenizer) in tokenizer_config.json',
        )
