"""Who may train on which pairs, and who judges them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samesku.scoring.features import Features
from samesku.scoring.trees import probability
from samesku.training.crossing import FITS, FOLDS, Pairs, threads
from samesku.training.rehearsal import Rehearsal

KNOWN = 40


def pairs_of(labels, left, right, advance=lambda done: None):
    size = len(left)
    labels = np.asarray(labels, dtype=np.int64)
    return Pairs(np.asarray(left), np.asarray(right), np.ones(size), labels, 0, advance)


@pytest.fixture(scope="module")
def crowd():
    """The pairs of 200 offers, the last 20 of unknown products, and what tells them apart."""
    rng = np.random.default_rng(1)
    labels = np.concatenate([np.arange(180) % KNOWN, np.full(20, -1)])
    left, right = np.triu_indices(200, 1)
    pairs = pairs_of(labels, left, right)
    clue = pairs.same + rng.normal(0, 0.4, len(left))
    # And each product's own number, by which a model could learn the pairs by heart.
    own = np.stack([clue, labels[left], labels[right]], axis=1)
    return pairs, Features(("clue", "left", "right"), own.astype(np.float32))


@given(st.lists(st.integers(-1, 30), min_size=2, max_size=60))
def test_a_product_is_in_one_fold_and_the_unknown_in_none(labels):
    fold = pairs_of(labels, [0], [1]).fold
    assert set(fold.tolist()) <= {-1, *range(FOLDS)}
    np.testing.assert_array_equal(fold == -1, np.asarray(labels) == -1)
    for label in set(labels):
        assert len(set(fold[np.asarray(labels) == label].tolist())) == 1


def test_a_pair_touches_the_folds_of_its_two_postings(crowd):
    pairs, _ = crowd
    touched = np.stack([pairs.touch(fold) for fold in range(FOLDS)])
    known = (pairs.labels >= 0).astype(int)
    np.testing.assert_array_equal(touched.sum(axis=0), known[pairs.left] + known[pairs.right])
    assert not pairs.trains[touched.sum(axis=0) < 2].any()


def test_the_verdict_of_a_pair_does_not_depend_on_its_own_label(crowd):
    pairs, described = crowd
    told = pairs.honest(pairs.crossed("sieve", described), described)
    product = int(pairs.labels[0])
    # Its offers are dealt to two products of the same fold: other truths, the same folds.
    dealt = pairs.dealt
    other = next(each for each in range(KNOWN) if each != product and dealt[each] == dealt[product])
    labels = pairs.labels.copy()
    labels[np.flatnonzero(labels == product)[::2]] = other
    moved = pairs_of(labels, pairs.left, pairs.right)
    again = moved.honest(moved.crossed("sieve", described), described)
    within = (pairs.fold[pairs.left] == dealt[product]) & (
        pairs.fold[pairs.right] == dealt[product]
    )
    assert (moved.same != pairs.same)[within].any()
    np.testing.assert_array_equal(told[within], again[within])


def test_honest_verdicts_are_good_and_start_where_they_are_told_to(crowd, area_under_curve):
    pairs, described = crowd
    passed = pairs.crossed("sieve", described)
    told = pairs.honest(passed, described)
    assert area_under_curve(told[pairs.trains], pairs.same[pairs.trains]) > 0.9
    start = np.linspace(-1, 1, len(told))
    np.testing.assert_allclose(pairs.honest(passed, described, start), told + start)


def test_calibration_tells_the_share_of_true_pairs_by_who_asks(crowd):
    pairs, _ = crowd
    rng = np.random.default_rng(2)
    odds = 3 * (pairs.same + rng.normal(0, 0.5, len(pairs.left))) - 1
    asked = rng.integers(1, 3, len(odds))
    slope, offset = pairs.calibration(odds, asked)
    told = probability(slope * odds + offset)[pairs.trains]
    weight, same = asked[pairs.trains], pairs.same[pairs.trains]
    assert told @ weight == pytest.approx(same @ weight, rel=0.01)


def test_a_fold_without_which_one_kind_is_left_has_no_model():
    labels = [0, 0, 0, 1, 2, 3, 4]
    left, right = np.triu_indices(len(labels), 1)
    steps = []
    pairs = pairs_of(labels, left, right, steps.append)
    described = Features(("one",), np.ones((len(left), 1), dtype=np.float32))
    passed = pairs.crossed("sieve", described)
    assert passed.folds[pairs.dealt[0]] is None
    assert sum(steps) == FOLDS + 1 == FITS // 3
    within = pairs.touch(int(pairs.dealt[0])) == 2
    np.testing.assert_array_equal(pairs.honest(passed, described)[within], 0)


def test_hard_pairs_are_the_likely_ones_or_some_times_the_true_ones(crowd):
    pairs, _ = crowd
    odds = np.where(pairs.same, 5.0, -9.0)
    true = np.count_nonzero(pairs.same & pairs.trains)
    assert len(pairs.hard(odds, 0.5)) == 4 * true
    assert np.isin(np.flatnonzero(pairs.same), pairs.hard(odds, 0.5)).all()
    np.testing.assert_array_equal(pairs.hard(odds + 20, 0.5), np.arange(len(odds)))


def test_rehearsed_pairs_stand_behind_the_real_ones_and_weigh_half(market):
    catalog, candidates = market
    real = Rehearsal(catalog, candidates, catalog.labels)
    pairs = Pairs.of([real, real], 0, lambda done: None)
    half = len(candidates)
    np.testing.assert_array_equal(pairs.left[half:], pairs.left[:half] + len(catalog))
    np.testing.assert_allclose(pairs.weight[half:], pairs.weight[:half] / 2)
    np.testing.assert_array_equal(pairs.same[half:], pairs.same[:half])


def test_few_pairs_are_left_to_one_thread():
    assert threads(1_000) == 1
    assert threads(10_000_000) >= 1
