"""Price gaps, and how many prices are nearer."""

import numpy as np
import polars as pl
import pytest

from samesku import read_catalog
from samesku.scoring.features.prices import Prices, log_prices, price_features


def catalogue(prices):
    ids = [f"p{row}" for row in range(len(prices))]
    return read_catalog(pl.DataFrame({"posting_id": ids, "title": ids, "price": prices}))


def test_gap_and_the_share_of_prices_that_are_nearer():
    offers = catalogue([100.0, 110.0, 105.0, 1000.0, None])
    features = price_features(Prices.of(offers), np.array([0, 0, 0]), np.array([1, 3, 4]))
    assert features["price_gap"][0] == pytest.approx(np.log(1.1))
    # Of four known prices the own one and 105 are nearer; at 1000, all but itself.
    assert features["price_nearer_min"][:2].tolist() == [0.5, 0.75]
    assert features["price_nearer_max"][:2].tolist() == [0.5, 0.75]
    assert all(np.isnan(column[2]) for column in features.values())


def test_equal_prices_leave_nothing_nearer():
    features = price_features(Prices.of(catalogue([5.0, 5.0, 7.0])), np.array([0]), np.array([1]))
    assert [column[0] for column in features.values()] == [0, 0, 0]


def test_a_price_of_nothing_is_unknown():
    assert np.isnan(log_prices(catalogue([0.0, 1.0]))[0]).tolist() == [True, False]


def test_prices_of_two_currencies_are_compared_in_euros():
    offers = catalogue(["25 Kč", "1 €", "25", "30 Kč"])
    features = price_features(Prices.of(offers), np.array([0, 1, 0]), np.array([1, 2, 3]))
    assert features["price_gap"] == pytest.approx([0, np.log(25), np.log(1.2)])
    # In euros 25 crowns and a euro are one price, as nothing is nearer.
    assert features["price_nearer_max"][0] == 0
