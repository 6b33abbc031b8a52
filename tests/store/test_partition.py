import numpy as np
import pytest

from samesku.clustering.agglomerative import group
from samesku.store.identity import carry_over
from samesku.store.partition import partition

PAIRS = [(0, 1, 0.9), (1, 2, 0.8), (0, 2, 0.7), (3, 4, 0.9), (2, 3, 0.6)]


def parts(size, scored, same=(), different=()):
    labels = partition(size, scored, list(same), list(different), threshold=0.5).tolist()
    return sorted([at for at, own in enumerate(labels) if own == each] for each in set(labels))


def test_without_decisions_it_is_the_batch_clustering():
    left, right, score = (list(each) for each in zip(*PAIRS, strict=True))
    batch = group(np.array(left), np.array(right), np.array(score), 5, threshold=0.5)
    assert partition(5, PAIRS, [], [], threshold=0.5).tolist() == batch.tolist()
    assert parts(5, PAIRS) == [[0, 1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("same", "different"),
    [
        ([(0, 3)], []),
        ([(2, 4)], []),
        ([], [(0, 1)]),
        ([(0, 4), (3, 1)], [(2, 0)]),
    ],
)
def test_decisions_hold(same, different):
    found = parts(5, PAIRS, same, different)
    where = {node: at for at, part in enumerate(found) for node in part}
    assert all(where[a] == where[b] for a, b in same)
    assert all(where[a] != where[b] for a, b in different)
    assert sorted(where) == list(range(5))


def test_a_decision_moves_nothing_that_it_does_not_touch():
    pairs = [*PAIRS, (5, 6, 0.9)]
    assert [5, 6] in parts(8, pairs, same=[(0, 7)], different=[(0, 1)])


def test_same_may_join_what_no_pair_does():
    assert parts(3, [], same=[(0, 2)]) == [[0, 2], [1]]


def test_an_id_goes_on_where_most_of_its_postings_are():
    age = {"old": 1, "young": 2}.__getitem__
    before = {"a": "old", "b": "old", "c": "young"}
    assert carry_over([["a"], ["b", "c"]], before, age) == (["old", "young"], {})
    assert carry_over([["a", "b", "c", "d"]], before, age) == (["old"], {"young": "old"})
    assert carry_over([["c"], ["d"], ["a", "b"]], before, age) == (["young", None, "old"], {})
