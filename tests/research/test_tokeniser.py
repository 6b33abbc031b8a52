"""Pieces of words: learned the same in every run, and read as BERT reads."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("tokenizers", reason="needs the extra text")

from research.tokeniser import SPECIAL, learn_tokeniser

# Many pairs of letters are equally frequent: the trainer's own choice differs from run to run.
LEARN = """
import numpy as np
from research.tokeniser import learn_tokeniser

rng = np.random.default_rng(0)
words = ["".join(rng.choice(list("abcdefgh"), rng.integers(2, 6))) for _ in range(600)]
titles = [" ".join(words[place : place + 2]) for place in range(0, 600, 2)]
print(sorted(learn_tokeniser(titles, 150).get_vocab().items()))
"""


def test_the_same_titles_give_the_same_pieces_in_any_process():
    told = []
    for _ in range(3):
        run = subprocess.run([sys.executable, "-c", LEARN], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        told.append(run.stdout)
    assert "('##ab'," in told[0] or "('ab'," in told[0]
    assert told[0] == told[1] == told[2]


def test_special_pieces_come_first_and_frequent_words_are_whole():
    tokeniser = learn_tokeniser(["Susu Bebelac promo", "susu bebelac 400g", "kopi susu"], 80)
    numbers = [tokeniser.token_to_id(each) for each in SPECIAL]
    assert numbers == list(range(len(SPECIAL)))
    read = tokeniser.encode("BEBELAC susu")
    assert read.tokens == ["[CLS]", "bebelac", "susu", "[SEP]"]
    assert tokeniser.encode("x").tokens == ["[CLS]", "[UNK]", "[SEP]"]


def test_no_more_pieces_than_asked_for_once_all_letters_are_in():
    rng = np.random.default_rng(1)
    titles = ["".join(rng.choice(list("abcd"), 6)) for _ in range(200)]
    assert len(learn_tokeniser(titles, 60).get_vocab()) == 60


def test_titles_without_a_word_leave_the_special_pieces():
    assert sorted(learn_tokeniser(["", " "], 50).get_vocab()) == sorted(SPECIAL)
