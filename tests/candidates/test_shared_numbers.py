"""Pairs of postings that state one article number."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samesku.candidates.shared_numbers import NEXT, sharing


@given(st.lists(st.lists(st.sampled_from("abcd"), unique=True, max_size=3), max_size=20))
def test_all_that_share_a_number_are_pairs(numbers):
    left, right = sharing(numbers)
    expected = {
        (a, b) for a, b in combinations(range(len(numbers)), 2) if set(numbers[a]) & set(numbers[b])
    }
    assert set(zip(left.tolist(), right.tolist(), strict=True)) == expected


def test_pairs_of_a_number_that_all_have_grow_with_the_postings():
    left, right = sharing([["0"]] * 3000)
    assert len(left) < 3000 * NEXT
    assert (right > left).all()
    assert set(left.tolist() + right.tolist()) == set(np.arange(3000).tolist())
