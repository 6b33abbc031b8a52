import numpy as np
import pytest

from samesku.judges.fitting import WRONG, Seen, fit


def answered(count, *, telling, wrong=0.0, seed=0):
    """Pairs in doubt with three features, of which the first tells what is the same, or nothing."""
    rng = np.random.default_rng(seed)
    features, odds = rng.normal(size=(count, 3)), rng.normal(size=count)
    same = (features[:, 0] > 0) if telling else rng.random(count) < 1 / (1 + np.exp(-odds))
    same = (same ^ (rng.random(count) < wrong)).astype(float)
    ways = [Seen.of(same, share) for share in WRONG]
    return fit(odds, features, ways, np.full(100, -5.0), rng.normal(size=(100, 3)))


def test_what_the_answers_show_is_weighted_the_more_the_more_answers_there_are():
    few, many = (answered(count, telling=True)[0] for count in (30, 300))
    assert 0.2 < few[0] < many[0]
    assert np.abs(many[1:]).max() < 0.2 * many[0]


@pytest.mark.parametrize("seed", range(3))
def test_answers_that_bear_out_the_log_odds_move_little(seed):
    weights, _ = answered(100, telling=False, seed=seed)
    assert np.abs(weights).max() < 0.2


def test_wrong_answers_are_noticed_and_teach_what_is_right():
    assert answered(300, telling=True)[1].low[0] == WRONG[0]
    weights, seen = answered(300, telling=True, wrong=0.2)
    assert seen.low[0] >= 0.1
    assert weights[0] > 0.5
