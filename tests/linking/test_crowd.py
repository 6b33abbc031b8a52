"""Pairs seen as a crowd."""

import numpy as np

from samesku.linking.crowd import RISING, crowd_features


def column(features, name):
    return features.values[:, features.names.index(name)]


def test_competition_and_what_the_shops_share():
    left, right = np.array([0, 0, 1]), np.array([2, 3, 3])
    odds = np.array([3.0, 1.0, -2.0])
    told = crowd_features(left, right, odds, (2, 2))
    assert set(RISING) < set(told.names)
    np.testing.assert_allclose(column(told, "odds_lead_min"), [2, -2, -3])
    share = np.exp(1) / (1 + np.exp(3) + np.exp(1) + np.exp(-2))
    np.testing.assert_allclose(column(told, "share")[1], share, rtol=1e-5)
    # One of two lefts is in a mutually best pair.
    assert column(told, "mutual").tolist() == [0.5] * 3
    assert column(told, "mutual_above_0.8").tolist() == [0.5] * 3


def test_no_pair():
    nothing = np.empty(0, dtype=np.int64)
    assert crowd_features(nothing, nothing, np.empty(0), (2, 2)).values.shape[0] == 0
