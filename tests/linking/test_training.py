"""Which pairs of two shops train."""

import numpy as np

from samesku.linking.training import LEAST_APART, MOST, _fewer


def test_of_many_pairs_some_count_for_all():
    same = np.arange(5000) < 50
    kept = np.arange(5000) < 4000
    weight = np.linspace(1, 2, 5000)
    fewer, heavier = _fewer(kept, weight, same, np.random.default_rng(0))
    assert fewer.sum() == MOST
    assert fewer[same].all()
    assert not fewer[~kept].any()
    assert np.isclose(heavier[fewer].sum(), weight[kept].sum())
    assert (heavier[same] == weight[same]).all()


def test_some_that_are_no_links_stay():
    same = np.arange(2000) < 1500
    fewer, _ = _fewer(np.ones(2000, bool), np.ones(2000), same, np.random.default_rng(0))
    assert (fewer & ~same).sum() == LEAST_APART
