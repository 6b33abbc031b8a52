"""Titles through a network in batches."""

import numpy as np

from samesku.encoders.title_batches import (
    MOST_LETTERS,
    MOST_TITLES,
    batches_by_length,
    embed_titles,
    unit_rows,
)


def lengths(titles):
    return np.array([[len(title), 1] for title in titles], dtype=np.float32)


def test_each_title_gets_its_own_row_and_an_empty_one_none():
    titles = ["aaa", "", "b", "aaa", "cc" * 40]
    done = []
    vectors = embed_titles(titles, lengths, done.append)
    assert vectors.owner.tolist() == [0, 2, 3, 4]
    np.testing.assert_allclose(vectors.rows, unit_rows(lengths(["aaa", "b", "aaa", "cc" * 40])))
    assert sum(done) == len(titles)


def test_the_same_title_is_embedded_once():
    seen = []
    embed_titles(["a", "b", "a", "a"], lambda some: (seen.extend(some), lengths(some))[1], print)
    assert sorted(seen) == ["a", "b"]


def test_no_title_at_all():
    vectors = embed_titles(["", ""], lengths, lambda done: None)
    assert vectors.size == 2
    assert len(vectors.rows) == 0


def test_batches_are_of_like_length_and_bounded():
    rng = np.random.default_rng(0)
    titles = ["x" * int(length) for length in rng.integers(1, 3000, 700)] + ["y" * 50_000]
    batches = list(batches_by_length(titles))
    assert sorted(np.concatenate(batches)) == list(range(len(titles)))
    longest = [max(len(titles[each]) for each in batch) for batch in batches]
    assert longest == sorted(longest, reverse=True)
    for batch, most in zip(batches, longest, strict=True):
        assert len(batch) <= MOST_TITLES
        assert len(batch) * most <= MOST_LETTERS or len(batch) == 1


def test_a_row_that_is_no_number_becomes_zero():
    rows = unit_rows(np.array([[3, 4], [np.nan, np.inf], [0, 0]], dtype=np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0], [0, 0]])
