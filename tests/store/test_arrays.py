import numpy as np

from samesku.store.arrays import Growing, Lists


def test_lists_hold_what_was_added_in_its_order():
    random, lists, expected = np.random.default_rng(0), Lists([("a", "<i8"), ("b", "<f4")]), {}
    for count in (300, *[5] * 20):
        keys, items = random.integers(0, 60, count), random.integers(0, 1000, count)
        entries = np.empty(count, [("a", "<i8"), ("b", "<f4")])
        entries["a"], entries["b"] = items, items / 4
        lists.add(keys, entries)
        for key, item in zip(keys.tolist(), items.tolist(), strict=True):
            expected.setdefault(key, []).append(item)
    asked = random.permutation(70)
    for most in (None, 2):
        place, found = lists.of(asked, most)
        assert (4 * found["b"]).tolist() == found["a"].tolist()
        for at, key in enumerate(asked.tolist()):
            own = expected.get(key, [])
            assert found["a"][place == at].tolist() == (own if most is None else own[-most:])
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
