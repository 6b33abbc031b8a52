"""How much words tell products apart."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.encoders.word_weights import (
    TRAITS,
    WordWeights,
    word_presence,
    word_traits,
)
from samesku.scoring.presence import rarity


def some_weights(seed=0):
    traits = np.random.default_rng(seed).normal(0, 0.3, TRAITS).astype(np.float32)
    return WordWeights(("cod", "susu"), np.array([-1.0, 0.5], np.float32), traits)


def test_presence_counts_a_word_once_per_title():
    words, presence = word_presence(["susu susu 400g", "", "lampu 400g"])
    assert words == ["susu", "400g", "lampu"]
    assert presence.toarray().tolist() == [[1, 1, 0], [0, 0, 0], [0, 1, 1]]


def test_rarity_falls_with_frequency():
    _, presence = word_presence(["a b", "a", "a c", "a b"])
    rare = rarity(presence)
    assert rare[0] == pytest.approx(1)
    assert rare[1] == pytest.approx(np.log(5 / 3) + 1)
    assert rare[2] > rare[1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), max_size=6))
def test_any_words_have_unit_traits(words):
    traits = word_traits(words)
    assert traits.shape == (len(words), TRAITS)
    lengths = np.sqrt(traits.multiply(traits).sum(axis=1)).A1
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)


def test_traits_of_a_word_do_not_depend_on_its_neighbours():
    together = word_traits(["sma505", "susu", "murah"])
    np.testing.assert_array_equal(together[1].toarray(), word_traits(["susu"]).toarray())


def test_words_written_alike_share_traits():
    def alike(first, second):
        a, b = word_traits([first, second])
        return (a @ b.T).toarray()[0, 0]

    assert alike("murah", "murahh") > 0.7
    assert alike("sma505", "smb720") > alike("sma505", "lampu") + 0.2


def test_a_factor_is_the_words_own_and_its_spellings():
    weights = some_weights()
    cod, cot = weights.factors(["cod", "cot"])
    spelling = word_traits(["cod", "cot"]) @ weights.traits
    assert cod == pytest.approx(np.exp(spelling[0] - 1))
    assert cot == pytest.approx(np.exp(spelling[1]))


def test_factors_are_bounded():
    wild = WordWeights(("a", "b"), np.array([50, -50], np.float32), np.zeros(TRAITS, np.float32))
    np.testing.assert_allclose(wild.factors(["a", "b", "c"]), [np.exp(3), np.exp(-3), 1])


def test_written_and_read_again(tmp_path):
    weights = some_weights()
    file = tmp_path / "words.npz"
    read = WordWeights.read(file, weights.write(file))
    assert read.words == weights.words
    words = ["cod", "susu", "lampu", "sma505"]
    np.testing.assert_allclose(read.factors(words), weights.factors(words), rtol=0.01)
    again = tmp_path / "again.npz"
    assert WordWeights.read(again, read.write(again)).digest == read.digest
    assert some_weights(seed=1).digest != weights.digest


def test_the_file_is_the_same_in_every_run(tmp_path):
    assert some_weights().write(tmp_path / "a.npz") == some_weights().write(tmp_path / "b.npz")


def test_weights_without_words_are_kept(tmp_path):
    none = WordWeights((), np.empty(0, np.float32), np.zeros(TRAITS, np.float32))
    file = tmp_path / "words.npz"
    assert WordWeights.read(file, none.write(file)).words == ()


def test_another_file_than_was_written_is_refused(tmp_path):
    file = tmp_path / "words.npz"
    told = some_weights().write(file)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"words\.npz is not what was saved"):
        WordWeights.read(file, told)


@pytest.mark.parametrize(("own", "traits"), [([0.0], TRAITS), ([0.0, 0.0], 8)])
def test_words_and_numbers_that_do_not_fit_are_refused(tmp_path, own, traits):
    file = tmp_path / "words.npz"
    text = np.frombuffer(b"cod\nsusu", dtype=np.uint8)
    np.savez(file, words=text, own=np.array(own), traits=np.zeros(traits))
    with pytest.raises(ValueError, match="do not belong together"):
        WordWeights.read(file, hashlib.sha256(file.read_bytes()).hexdigest())


def test_nothing_that_runs_is_read(tmp_path):
    file = tmp_path / "words.npz"
    np.savez(file, words=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        WordWeights.read(file, hashlib.sha256(file.read_bytes()).hexdigest())
