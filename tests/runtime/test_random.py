"""Numbers that look drawn."""

import numpy as np

from samesku.runtime.random import mixed


def test_the_numbers_are_those_of_the_paper_and_no_two_are_alike():
    step = np.uint64(0x9E3779B97F4A7C15)
    # The first two that SplitMix gives from 0.
    found = mixed(np.arange(1, 10_001, dtype=np.uint64) * step)
    assert found[:2].tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]
    assert len(np.unique(found)) == 10_000
