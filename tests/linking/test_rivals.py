"""Leads over rivals, against a literal search."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.linking.rivals import leads, places

pairs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(5, 9), st.floats(0, 1, width=16)),
    unique_by=lambda pair: pair[:2],
    max_size=12,
)


@settings(max_examples=50, deadline=None)
@given(pairs=pairs)
def test_a_lead_is_over_the_best_other_pair(pairs):
    left, right, value = (np.array([pair[k] for pair in pairs]) for k in range(3))
    left, right, value = left.astype(int), right.astype(int), value.astype(float)
    for end, lead in zip((left, right), leads(left, right, value), strict=True):
        for place in range(len(value)):
            rivals = [value[k] for k in range(len(value)) if k != place and end[k] == end[place]]
            assert lead[place] == value[place] - max(rivals, default=0)


def test_the_unknown_leads_nobody():
    left, right = np.array([0, 0]), np.array([1, 2])
    one, other = leads(left, right, np.array([np.nan, 0.5]))
    np.testing.assert_array_equal(one, [np.nan, 0.5])
    np.testing.assert_array_equal(other, [np.nan, 0.5])


def test_places_count_from_the_largest():
    assert places(np.array([3, 3, 1, 3]), np.array([0.2, 0.9, 0.5, 0.4])).tolist() == [2, 0, 0, 1]
