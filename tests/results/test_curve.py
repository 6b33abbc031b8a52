import numpy as np
import pytest

from samesku.metrics import cluster_tally
from samesku.results.curve import Point, curve, targets
from samesku.results.runs import read_run, run_of


def test_the_curve_tells_what_another_threshold_gives(matches):
    run = run_of(matches)
    points = curve(run)
    assert [point.threshold for point in points] == sorted(point.threshold for point in points)
    for wanted in (run.threshold, 0.6, 0.9):
        point = next(each for each in points if each.threshold == pytest.approx(wanted))
        again = matches.rethreshold(wanted)
        assert point.matches == again.pairs.height
        assert point.clusters == again.cluster_count
        tally = cluster_tally(again.clusters, matches.catalog.labels)
        assert point.precision == pytest.approx(tally.correct.sum() / tally.matched.sum())
        assert point.recall == pytest.approx(tally.correct.sum() / tally.actual.sum())


def test_without_labels_precision_is_estimated_from_the_probabilities(matches):
    run = run_of(matches)
    object.__setattr__(run, "labels", None)
    for point in curve(run):
        assert point.precision is None
        assert point.recall is None
        if point.matches:
            assert 0 < point.estimate <= 1
            assert point.best_known == point.estimate


def test_an_evaluation_takes_pairs_as_they_are(evaluated):
    run = read_run(evaluated)
    points = curve(run)
    assert min(point.threshold for point in points) >= 0.3
    assert all(point.estimate is None for point in points)
    judged = run.pairs.filter(run.pairs["score"] >= 0.5)
    at = next(point for point in points if point.threshold == 0.5)
    assert at.matches == judged.height


def test_a_link_keeps_its_rule_at_every_threshold(linked):
    run = read_run(linked)
    points = curve(run)
    own = next(point for point in points if point.threshold == run.threshold)
    assert own.matches == run.matched.height
    matches = [point.matches for point in points]
    assert matches == sorted(matches, reverse=True)
    assert own.precision > 0.5
    assert own.recall > 0.3


def point(threshold, matches, precision):
    return Point(threshold, matches, 1, None, precision)


def test_a_target_is_the_lowest_threshold_that_reaches_and_keeps_it():
    points = [point(0.2, 100, 0.96), point(0.4, 80, 0.9), point(0.6, 60, 0.95), point(0.8, 20, 1)]
    found = {target.precision: target for target in targets(points, 0.4)}
    assert found[0.95].point.threshold == 0.6
    assert found[0.95].lost == 20
    assert found[0.9].point.threshold == 0.2
    assert found[0.9].lost == -20
    assert targets([*points, point(0.99, 0, None)], 0.4) == targets(points, 0.4)
    assert targets([point(0.5, 9, 0.5)], 0.5)[-1].point is None
    assert np.isclose(found[0.99].point.threshold, 0.8)
