import numpy as np
import pytest

from samesku.store.content import Content
from samesku.store.memory import SOUGHT, Distinct, Memory, pairs_of
from samesku.store.terms import WIDTH, packed_terms


@pytest.fixture
def several(rows):
    """Distinct postings in the order of their numbers."""
    return [distinct(100 + at, filled(row)) for at, row in enumerate(rows)]


def distinct(number, payload):
    return Distinct.of(number, payload, Content.of(payload))


def filled(row):
    return {name: value for name, value in row.items() if value is not None}


def found(memory, slot):
    return {
        other: round(float(similarity), 5)
        for other, similarity in zip(*memory.find_text(slot), strict=True)
    }


def test_many_at_once_are_found_as_one_by_one(several):
    one_by_one, at_once = Memory(), Memory()
    for each in several:
        one_by_one.add([each])
    at_once.add(several)
    slots = np.arange(len(several))
    terms = np.arange(WIDTH)
    assert (one_by_one.frequency(terms) == at_once.frequency(terms)).all()
    assert one_by_one.title_uses(slots).tolist() == at_once.title_uses(slots).tolist()
    for slot in slots[::7]:
        assert found(one_by_one, slot) == found(at_once, slot)
        photos = [memory.find_photo(slot) for memory in (one_by_one, at_once)]
        assert [each.tolist() for each in photos[0]] == [each.tolist() for each in photos[1]]


def test_former_versions_do_not_hide_the_others_of_an_article_number():
    offer = {"title": "Bosch drill", "gtin": "4006381333931"}
    memory = Memory()
    memory.add([distinct(100, {"title": "akkuschrauber", "gtin": "4006381333931"})])
    for number in range(101, 161):
        memory.add([distinct(number, {**offer, "description": str(number)})])
        memory.remove(number)
    memory.add([distinct(161, offer)])
    others, _ = memory.near(memory.slot(161))
    assert memory.numbers(others).tolist() == [100]


def of_pairs(others, clashing):
    numbers = np.array([[0.5, 0.9], [np.nan, 1], [0.3, 0.01]], np.float32)
    return pairs_of(np.array(others), *numbers, np.array(clashing))


def test_a_posting_that_is_only_sought_leaves_nothing(several, rows):
    memory = Memory()
    memory.add(several[1:])
    memory.link(np.array([105, 105]), of_pairs([101, 102], [False, True]))
    slots = np.arange(len(several) - 1)
    before, uses = memory.neighbors(slots), memory.title_uses(slots).tolist()
    with memory.with_sought([filled(rows[1])]) as ends:
        assert memory.title_uses(np.array([0]), ends)[0] == uses[0] + 1
        pairs = of_pairs([101, 102], [True, False])
        others, alike = memory.slots(pairs["other"]), np.stack([pairs["text"], pairs["photo"]])
        new = np.repeat(ends, 2), others, alike, pairs["clashes"]
        shown = memory.neighbors(np.append(slots, ends), new)
    assert (shown[0][1] == ends[0]).sum() == 2
    assert memory.title_uses(slots).tolist() == uses
    for after, known in zip(memory.neighbors(slots), before, strict=True):
        assert all((a == b).all() for a, b in zip(after, known, strict=True))
    assert memory.slot(several[0].number) == memory.slot(SOUGHT) == -1
    # It was shown as it would be entered.
    memory.add([distinct(SOUGHT, filled(rows[1]))])
    memory.link(np.repeat(SOUGHT, 2), pairs)
    entered = memory.neighbors(np.append(slots, ends))
    for a, b in zip(shown, entered, strict=True):
        assert all((left == right).all() for left, right in zip(a, b, strict=True))


def test_neighbours_are_the_nearest_and_near_enough():
    memory = Memory()
    kopi = packed_terms("kopi")
    memory.add([Distinct(number, kopi, None, 0) for number in range(100)])
    alike = np.random.default_rng(0).permutation(np.linspace(0, 1, 99, dtype=np.float32))
    photo = np.full(99, np.nan, np.float32)
    pairs = pairs_of(np.arange(99), alike, photo, alike, alike > 2)
    memory.link(np.full(99, 99), pairs)
    (query, others, similarity, _), photos = memory.neighbors(np.array([3, 99]))
    assert len(photos[0]) == 0
    assert others[query == 0].tolist() == ([99] if alike[3] >= 0.15 else [])
    assert others[query == 1].tolist() == np.argsort(-alike)[:50].tolist()
    assert similarity[query == 1].tolist() == sorted(alike.tolist(), reverse=True)[:50]


def test_one_that_was_removed_is_found_no_more(several):
    memory = Memory()
    memory.add(several)
    memory.link(np.array([105, 105]), of_pairs([100, 101], [False, True]))
    assert memory.probability(memory.slot(105), memory.slot(100)) == pytest.approx(0.3)
    assert memory.probability(memory.slot(105), memory.slot(101)) is None
    memory.remove(100)
    assert memory.scores(np.array([memory.slot(105)]))[1].tolist() == []
    assert all(0 not in found(memory, slot) for slot in range(1, 12))
    assert memory.size == len(several) - 1
    _, others, _, clash = memory.neighbors(np.array([memory.slot(105)]))[0]
    assert (others.tolist(), clash.tolist()) == ([1], [True])
    memory.forget_pairs()
    assert memory.neighbors(np.array([memory.slot(105)]))[0][1].tolist() == []


def test_all_photos_within_reach_are_found_and_no_other():
    random, memory = np.random.default_rng(0), Memory()
    hashes = [int(each) for each in random.integers(0, 2**63, 20)]
    # In families, so that all distances from 0 to far come up.
    for first in hashes[:]:
        turned = (random.choice(64, count, replace=False).tolist() for count in range(1, 25))
        hashes += [first ^ sum(1 << at for at in bits) for bits in turned]
    packed = [each.to_bytes(8, "little") for each in hashes]
    kopi = packed_terms("kopi")
    memory.add([Distinct(at, kopi, phash, 0) for at, phash in enumerate([*packed, None])])
    at_all_distances = set()
    for asked in range(0, len(packed), 7):
        others, similarity = memory.find_photo(asked)
        distance = [(hashes[asked] ^ each).bit_count() for each in hashes]
        near = {at: each for at, each in enumerate(distance) if each <= 9 and at != asked}
        assert sorted(others.tolist()) == sorted(near)
        expected = [1 - near[other] / 64 for other in others.tolist()]
        assert similarity.tolist() == expected == sorted(expected, reverse=True)
        at_all_distances |= set(near.values())
    assert at_all_distances == set(range(1, 10))
    assert [each.tolist() for each in memory.find_photo(len(packed))] == [[], []]
