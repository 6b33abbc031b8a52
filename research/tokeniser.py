"""A tokeniser of one's own: the pieces of words that the titles of a catalogue are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["SPECIAL", "learn_tokeniser"]

# In the order of their numbers.
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# What is not the beginning of a word.
WITHIN = "##"
# Pieces that are rarer are not joined.
OFTEN = 2


def learn_tokeniser(titles: Sequence[str], words: int) -> Tokenizer:
    """Learn WordPiece from titles; the same titles give the same tokeniser in every run.

    Parameters
    ----------
    titles : sequence of str
    words : int
        Pieces to learn, single letters and :data:`SPECIAL` among them.

    Returns
    -------
    tokenizers.Tokenizer
        Lower case, each title between ``[CLS]`` and ``[SEP]``.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokeniser = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokeniser.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokeniser.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    numbered = {piece: number for number, piece in enumerate(_pieces(titles, words, tokeniser))}
    tokeniser.model = models.WordPiece(numbered, unk_token="[UNK]")
    tokeniser.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(each, numbered[each]) for each in ("[CLS]", "[SEP]")],
    )
    return tokeniser


def _pieces(titles: Sequence[str], words: int, reading: Tokenizer) -> list[str]:
    """The pieces that WordPiece learns of titles split as `reading` does."""
    from tokenizers import Tokenizer, models, trainers

    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.normalizer, learner.pre_tokenizer = reading.normalizer, reading.pre_tokenizer
    split, normal = reading.pre_tokenizer.pre_tokenize_str, reading.normalizer.normalize_str
    # Of pairs that are equally frequent the trainer joins the one whose letters have the lowest
    # numbers, and letters within words it numbers in no fixed order: here they come first.
    letters = {
        f"{WITHIN}{letter}" if place else letter
        for title in titles
        for word, _ in split(normal(title))
        for place, letter in enumerate(word)
    }
    trainer = trainers.WordPieceTrainer(
        vocab_size=words,
        min_frequency=OFTEN,
        special_tokens=[*SPECIAL, *sorted(letters)],
        show_progress=False,
    )
    learner.train_from_iterator(titles, trainer)
    learned = learner.get_vocab(with_added_tokens=False)
    return [*SPECIAL, *sorted(learned.keys() - set(SPECIAL))]
