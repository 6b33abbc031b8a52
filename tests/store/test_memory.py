import numpy as np
import pytest

from samesku.store import memory as module
from samesku.store.content import Content
from samesku.store.memory import SOUGHT, Distinct, Memory
from samesku.store.near import ScoredPairs
from samesku.store.terms import read_terms


@pytest.fixture
def several(rows):
    """Distinct postings in the order of their numbers."""
    return [
        Distinct(
            [100 + at],
            read_terms(row["title"]),
            [None if row["image_phash"] is None else bytes.fromhex(row["image_phash"])],
            [at // 2],
        )
        for at, row in enumerate(rows)
    ]


def found(memory, one):
    return {
        slot: round(float(similarity), 5)
        for slot, similarity in zip(*memory.find_text(one.terms), strict=True)
    }


def test_many_at_once_are_found_as_one_by_one(several, monkeypatch):
    one_by_one, at_once = Memory(), Memory()
    for each in several:
        one_by_one.add(each)
    monkeypatch.setattr(module, "FEW", 10)
    at_once.add_all(several)
    slots = np.arange(len(several))
    assert (one_by_one.frequency == at_once.frequency).all()
    assert one_by_one.title_uses(slots).tolist() == at_once.title_uses(slots).tolist()
    for one in several[::7]:
        assert found(one_by_one, one) == found(at_once, one)
        photos = [memory.find_photo(one.phashes[0]) for memory in (one_by_one, at_once)]
        assert [each.tolist() for each in photos[0]] == [each.tolist() for each in photos[1]]


def test_a_posting_that_is_only_sought_leaves_nothing(several):
    memory = Memory()
    for each in several[1:]:
        memory.add(each)
    slots = np.arange(len(several) - 1)
    before = [memory.text.of(slots), memory.photo.of(slots)]
    uses = memory.title_uses(slots).tolist()
    one, content = several[0], Content.of({"posting_id": "a", "title": "Kopi"})
    sought = Distinct([SOUGHT], one.terms, one.phashes, several[1].titles)
    near, (lists, photos) = memory.find_text(one.terms), (memory.text, memory.photo)
    with memory.with_sought([(sought, content)]) as ends:
        assert memory.title_uses(np.array([0]), ends)[0] == uses[0] + 1
        clash = near[0] == near[0][0]
        new = (np.full_like(near[0], ends[0]), *near, clash)
        shown = memory.neighbors(np.append(slots, ends), lists, new)
    assert (shown[1] == ends[0]).sum() == len(near[0]) > 1
    assert memory.title_uses(slots).tolist() == uses
    for after, known in zip((lists, photos), before, strict=True):
        for held, expected in zip(after.of(slots), known, strict=True):
            assert (held == expected).all()
    assert memory.slot(one.numbers[0]) == memory.slot(SOUGHT) == -1
    # It was shown as it would be entered.
    memory.add(sought)
    memory.near(int(ends[0]), near, memory.find_photo(None), near[0][:1])
    entered = memory.neighbors(np.append(slots, ends), lists)
    assert all((a == b).all() for a, b in zip(shown, entered, strict=True))


def test_one_that_was_removed_is_found_no_more(several):
    memory = Memory()
    for each in several:
        memory.add(each)
    numbers = np.array([[0.5, 0.9], [np.nan, 1], [0.3, 0.01]], np.float32)
    pairs = ScoredPairs(np.array([100, 101]), *numbers, np.array([False, True]))
    memory.link(105, pairs)
    assert memory.probability(memory.slot(105), memory.slot(100)) == pytest.approx(0.3)
    assert memory.probability(memory.slot(105), memory.slot(101)) is None
    memory.remove(100)
    assert memory.scores(np.array([memory.slot(105)]))[1].tolist() == []
    assert 0 not in found(memory, several[0])
    assert memory.size == len(several) - 1
    _, others, _, clash = memory.neighbors(np.array([memory.slot(105)]), memory.text)
    assert (others.tolist(), clash.tolist()) == ([1], [True])


def test_all_photos_within_reach_are_found_and_no_other():
    random, memory = np.random.default_rng(0), Memory()
    hashes = [int(each) for each in random.integers(0, 2**63, 20)]
    # In families, so that all distances from 0 to far come up.
    for first in hashes[:]:
        turned = (random.choice(64, count, replace=False).tolist() for count in range(1, 25))
        hashes += [first ^ sum(1 << at for at in bits) for bits in turned]
    packed = [each.to_bytes(8, "little") for each in hashes]
    for number, phash in enumerate(packed):
        memory.add(Distinct([number], read_terms("kopi"), [phash], [0]))
    memory.add(Distinct([len(packed)], read_terms("kopi"), [None], [0]))
    at_all_distances = set()
    for asked in range(0, len(packed), 7):
        others, similarity = memory.find_photo(packed[asked], without=asked)
        distance = [(hashes[asked] ^ each).bit_count() for each in hashes]
        near = {at: each for at, each in enumerate(distance) if each <= 9 and at != asked}
        assert sorted(others.tolist()) == sorted(near)
        expected = [1 - near[other] / 64 for other in others.tolist()]
        assert similarity.tolist() == expected == sorted(expected, reverse=True)
        at_all_distances |= set(near.values())
    assert at_all_distances == set(range(1, 10))
    assert [each.tolist() for each in memory.find_photo(None)] == [[], []]
