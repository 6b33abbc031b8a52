import numpy as np
import pytest

from samesku.store.hashes import REACH, Hashes


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


def test_one_that_was_removed_is_not_found(bits):
    hashes = Hashes()
    hashes.add(7, bits[0])
    hashes.add(8, bits[0])
    hashes.remove(7)
    hashes.remove(9)
    assert hashes.within(bits[0])[0].tolist() == [8]
