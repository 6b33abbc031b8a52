import numpy as np
import pytest

from samesku.metrics.audit import Audit


@pytest.mark.parametrize("strata", [False, True])
def test_the_interval_holds_the_truth_in_most_draws(strata):
    random, held = np.random.default_rng(0), 0
    for _ in range(400):
        scores = random.random(200)
        same = random.random(200) < np.where(scores >= 0.5, 0.9, 0.1)
        weight = np.where(random.random(200) < 0.5, 3.0, 1.0) if strata else None
        found = Audit.of(scores >= 0.5, same, weight).precision
        held += found.low <= 0.9 <= found.high
    assert held / 400 > 0.92


def test_it_tells_how_many_answers_are_still_needed():
    matched, same = [True] * 50 + [False] * 50, [True] * 40 + [False] * 60
    audit = Audit.of(matched, same)
    assert audit.precision.value == 0.8
    assert audit.recall.value == 1.0
    assert audit.more > 500
    assert Audit.of(matched * 40, same * 40).more == 0


def test_an_answer_counts_as_many_pairs_as_it_stands_for():
    audit = Audit.of([True, True, False], [True, False, False], [3.0, 1.0, 1.0])
    assert audit.precision.value == 0.75
    assert audit.record["recall"][0] == 1.0
    assert Audit.of([False], [False]).record["precision"] is None


def test_answers_that_say_nothing_about_either_figure_are_told_as_such():
    assert "neither precision nor recall" in str(Audit.of([False, False], [False, False]))
    assert "precision 1.00" in str(Audit.of([True, False], [True, False]))
