import numpy as np
import pytest

from samesku.store import arrays
from samesku.store.arrays import Growing, Lists, spans


@pytest.fixture(params=[10, 100_000])
def waiting(request, monkeypatch):
    """With few entries that wait, and with all."""
    monkeypatch.setattr(arrays, "WAITING", request.param)
    monkeypatch.setattr(arrays, "WAITING_SHARE", 0)


def test_lists_hold_what_was_added_in_its_order(waiting):
    random, lists, expected = np.random.default_rng(0), Lists(40, "if"), {}
    first = random.integers(0, 40, (2, 300))
    lists.build(first[0], first[1], first[1] / 4)
    for key, item in first.T.tolist():
        expected.setdefault(key, []).append(item)
    for _ in range(60):
        keys, items = random.integers(0, 60, 5), random.integers(0, 1000, 5)
        lists.add(keys, items, items / 4)
        for key, item in zip(keys.tolist(), items.tolist(), strict=True):
            expected.setdefault(key, []).append(item)
    asked = random.permutation(70)
    for most in (None, 2):
        place, items, quarters = lists.of(asked, most)
        assert (4 * quarters).tolist() == items.tolist()
        for at, key in enumerate(asked.tolist()):
            own = expected.get(key, [])
            assert items[place == at].tolist() == (own if most is None else own[-most:])
        assert place.tolist() == sorted(place.tolist())
    assert lists.lengths(asked).tolist() == [len(expected.get(key, [])) for key in asked.tolist()]


def test_an_array_grows_and_is_cut():
    grown = Growing(np.int32)
    for at in range(1000):
        grown.extend([at, at + 1])
    assert grown.rows[[0, 1, 1998, 1999]].tolist() == [0, 1, 999, 1000]
    grown.cut(2)
    grown.extend(np.array([5]))
    assert grown.rows.tolist() == [0, 1, 5]


def test_spans_are_the_places_of_stretches():
    assert spans(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
