import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.pins import FEW, Pins, components

LEFT, RIGHT = np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3])
SCORE = np.array([0.9, 0.9, 0.9, 0.6])


def pins(*told):
    left, right, same = (np.array(each) for each in zip(*told, strict=True))
    return Pins.of(left, right, same.astype(bool))


def grouped(*told):
    return agglomerate(LEFT, RIGHT, SCORE, 5, pins=pins(*told)).tolist()


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=25))
@settings(max_examples=50, deadline=None)
def test_few_postings_are_tied_together_as_many_are(pairs):
    left, right = np.array(pairs, dtype=int).reshape(-1, 2).T
    many = components(left, right, 20 + FEW)
    assert components(left, right, 20).tolist() == many[:20].tolist()


def test_cannot_links_hold_between_what_must_links_put_together():
    told = grouped((0, 4, True), (4, 1, False))
    assert told[0] == told[4] != told[1]


def test_what_must_links_put_together_counts_once():
    # Postings 0 and 1 are one by a must-link, so 2 is as near to them as the mean of both pairs.
    score = np.array([1.0, 0.3, 0.1])
    told = agglomerate(LEFT[:3], RIGHT[:3], score, 3, threshold=0.22, pins=pins((0, 1, True)))
    assert told.tolist() == [0, 0, 0]


def test_other_components_are_as_without_pins():
    left, right = np.array([0, 3, 3, 4]), np.array([1, 4, 5, 5])
    score = np.array([0.9, 0.8, 0.2, 0.7])
    told = agglomerate(left, right, score, 6, pins=pins((0, 2, True)))
    assert told[3:].tolist() == (agglomerate(left, right, score, 6)[3:] - 1).tolist()


pairs = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(0, 1, width=32)), max_size=40
)


@settings(max_examples=30, deadline=None)
@given(pairs, st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=8))
def test_pins_of_a_truth_always_hold(scored, asked):
    truth = np.arange(10) // 3
    scores = {(min(a, b), max(a, b)): value for a, b, value in scored if a != b}
    left, right = (np.array([pair[end] for pair in scores], dtype=np.int64) for end in (0, 1))
    ends = np.array([pair for pair in asked if pair[0] != pair[1]], dtype=np.int64).reshape(-1, 2)
    told = Pins.of(ends[:, 0], ends[:, 1], truth[ends[:, 0]] == truth[ends[:, 1]])
    groups = agglomerate(left, right, np.array(list(scores.values()), np.float32), 10, pins=told)
    assert ((groups[told.left] == groups[told.right]) == told.same).all()


def test_rows_that_one_stands_for_are_torn_where_pins_would_contradict():
    place = np.array([0, 0, 0, 1, 2])
    assert pins((0, 1, False)).torn_by(place).tolist() == [0, 1]
    assert pins((0, 3, True), (1, 3, False)).torn_by(place).tolist() == [0, 1, 3]
    assert pins((0, 3, True), (1, 4, False)).torn_by(place).tolist() == []
