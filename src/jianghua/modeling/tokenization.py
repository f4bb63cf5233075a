"""Tokenizers: a subword vocabulary made from the training text, and a self-test for any tokenizer."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
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
    return _finished(tokenizer)


def _finished(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """With [CLS] and [SEP] around a text or between two, as transformers opens it."""
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


def train_wordpiece(
    texts: Sequence[str], vocab_size: int, characters: set[str], max_piece_length: int = 4
) -> PreTrainedTokenizerFast:
    """A WordPiece vocabulary: every one of `characters`, then the most frequent pieces of several of them in `texts`.

    Digits stand alone. Pieces bear no ## mark, so that 工作 is one piece wherever it stands; `max_piece_length` 1
    gives characters only. `texts` may be a sample.

    Raises:
        InputError: more characters than `vocab_size` has room for.
    """
    room = vocab_size - len(SPECIAL) - len(characters)
    if room < 0:
        raise InputError(f"vocab_size of at least {len(characters) + len(SPECIAL)}", str(vocab_size), "raise it")
    normal = [unicodedata.normalize("NFKC", text) for text in texts]
    counts = Counter(character for text in normal for character in text)
    ranked = sorted(characters, key=lambda character: (-counts[character], character))
    pieces = _frequent_pieces(normal, characters, vocab_size, max_piece_length)[:room] if max_piece_length > 1 else []
    vocabulary = {piece: i for i, piece in enumerate([*SPECIAL.values(), *ranked, *pieces])}
    tokenizer = Tokenizer(_word_piece(vocabulary))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = _clauses(characters)
    tokenizer.decoder = decoders.Fuse()
    return _finished(tokenizer)


def needed_characters(texts: Iterable[str], min_count: int = 5) -> set[str]:
    """What a vocabulary for these texts must hold: GB 2312, and what occurs at least `min_count` times."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(unicodedata.normalize("NFKC", text))
    return gb2312() | {c for c, count in counts.items() if count >= min_count and not c.isspace() and c.isprintable()}


def _word_piece(vocabulary: dict[str, int]) -> models.WordPiece:
    return models.WordPiece(
        vocab=vocabulary, unk_token=SPECIAL["unk_token"], max_input_chars_per_word=10_000, continuing_subword_prefix=""
    )


def gb2312() -> set[str]:
    """The 6,763 Chinese characters of GB 2312."""
    rows = [bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)]
    return set("".join(rows))


def _clauses(characters: set[str]) -> pre_tokenizers.PreTokenizer:
    """Cut at white space, punctuation and digits; a character outside the vocabulary stands alone.

    WordPiece makes a whole word unknown that holds one unknown character, and a Chinese clause is one word.
    """
    known = "".join(f"\\x{{{ord(character):x}}}" for character in sorted(characters))
    unknown = pre_tokenizers.Split(Regex(f"[^{known}]"), "isolated")
    return pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(), pre_tokenizers.Digits(individual_digits=True),
        unknown,
    ])  # fmt: skip


def _frequent_pieces(texts: Sequence[str], characters: set[str], size: int, max_length: int) -> list[str]:
    """Pieces of several characters in the order in which byte-pair merging finds them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = _clauses(characters)
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=sorted(characters), limit_alphabet=len(characters), show_progress=False,
        max_token_length=max_length, min_frequency=2,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    found = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [piece for piece, _ in found if len(piece) > 1]


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
