import numpy as np
import pytest

from samesku.store.near import REACH, Hashes


@pytest.fixture
def bits():
    """Hashes in families, so that all distances from 0 to far come up."""
    random = np.random.default_rng(0)
    made = []
    for _ in range(60):
        first = int(random.integers(0, 2**63)) * 2 + int(random.integers(0, 2))
        for turned in range(25):
            flip = sum(1 << int(at) for at in random.choice(64, turned, replace=False))
            made.append(first ^ flip)
    return made


def test_all_within_reach_are_found_and_no_other(bits):
    hashes = Hashes()
    for number, each in enumerate(bits):
        hashes.add(number, each)
    at_all_distances = set()
    for asked in bits[::7]:
        numbers, differing = hashes.within(asked)
        distance = [(asked ^ each).bit_count() for each in bits]
        expected = {at: each for at, each in enumerate(distance) if each <= REACH}
        assert dict(zip(numbers.tolist(), differing.tolist(), strict=True)) == expected
        at_all_distances |= set(expected.values())
    assert at_all_distances == set(range(REACH + 1))


def test_many_at_once_are_found_as_one_by_one(bits):
    one_by_one, at_once = Hashes(), Hashes()
    for number, each in enumerate(bits):
        one_by_one.add(number, each)
    at_once.add_all(np.arange(len(bits)), np.array(bits, dtype=np.uint64))
    for asked in bits[::50]:
        found = [hashes.within(asked) for hashes in (one_by_one, at_once)]
        assert [each.tolist() for each in found[0]] == [each.tolist() for each in found[1]]
