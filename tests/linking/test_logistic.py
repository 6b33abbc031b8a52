"""Logistic regression against scikit-learn's, and with gaps and offsets."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from samesku.linking.logistic import Logistic, fit_logistic


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    values = random.normal(size=(400, 3)).clip(-3, 3) * [1, 5, 0.1] + [0, 2, -1]
    odds = values[:, 0] - 0.4 * values[:, 1] + 0.5
    return values, random.random(400) < 1 / (1 + np.exp(-odds))


def test_equals_scikit_learn(rows):
    values, truth = rows
    fitted = fit_logistic(values, truth, ridge=2.0)
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    oracle = LogisticRegression(C=0.5, tol=1e-8).fit(standard, truth)
    np.testing.assert_allclose(fitted.weight, oracle.coef_[0], atol=2e-3)
    np.testing.assert_allclose(
        fitted.log_odds(values), oracle.decision_function(standard), atol=0.01
    )


def test_a_likely_truth_counts_as_both(rows):
    values, truth = rows
    soft = fit_logistic(values, np.where(truth, 0.75, 0.25))
    twice = np.concatenate([values, values])
    hard = fit_logistic(
        twice,
        np.concatenate([truth, ~truth]),
        weight=np.repeat([0.75, 0.25], len(truth)),
        ridge=20.0,
    )
    np.testing.assert_allclose(soft.weight, hard.weight, atol=1e-3)


def test_what_is_known_is_not_learned_again(rows):
    values, truth = rows
    known = fit_logistic(values, truth, ridge=0.1)
    beyond = fit_logistic(values, truth, offset=known.log_odds(values), ridge=0.1)
    assert np.abs(beyond.weight).max() < 0.02


def test_gaps_are_the_mean_or_tell_something(rows):
    values, truth = rows
    values = values.copy()
    values[truth, 2] = np.nan
    plain, told = fit_logistic(values, truth), fit_logistic(values, truth, gaps=True)
    assert not plain.gap.any()
    assert told.gap[2] > 0.5
    assert (told.log_odds(values)[truth] > 0).mean() > 0.9
    none = fit_logistic(np.full((4, 1), np.nan), np.array([True, False, True, False]))
    assert none.log_odds(np.array([[np.nan], [3.0]])) == pytest.approx([0, 0], abs=1e-6)


def test_is_kept_as_json(rows):
    values, truth = rows
    fitted = fit_logistic(values, truth, gaps=True)
    again = Logistic.of(json.loads(json.dumps(fitted.record)))
    np.testing.assert_array_equal(again.log_odds(values), fitted.log_odds(values))
