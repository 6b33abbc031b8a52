import numpy as np
import pytest

from samesku.candidates.candidates import Candidates
from samesku.judges.fitting import Seen
from samesku.judges.threshold import threshold_by_answers


def triples(products, score):
    """Products of three offers each, all pairs of one with the given score."""
    first = 3 * np.arange(products)
    left = np.stack([first, first, first + 1], axis=1).ravel()
    right = np.stack([first + 1, first + 2, first + 2], axis=1).ravel()
    ones, density = np.ones((len(left), 1)), np.ones((3 * products, 1))
    pairs = Candidates(left, right, ones, ones > 0, density, ("tfidf",), ("text",), ("sparse",))
    return pairs, np.full(len(left), score, dtype=np.float32)


@pytest.mark.parametrize(("score", "same", "beyond"), [(0.3, 1, False), (0.6, 0, True)])
def test_answers_move_the_threshold_to_the_other_side_of_the_pairs(score, same, beyond):
    pairs, scores = triples(60, score)
    places = np.arange(0, 180, 4)
    seen = Seen.of(np.full(len(places), float(same)))
    found = threshold_by_answers(pairs, scores, np.ones(180, int), places, seen, 0.45)
    assert found > 0.6 if beyond else found < 0.3 + 1e-6


def test_answers_that_bear_out_the_probabilities_leave_it():
    pairs, scores = triples(60, 0.9)
    places = np.arange(0, 180, 4)
    seen = Seen.of(np.ones(len(places)))
    assert threshold_by_answers(pairs, scores, np.ones(180, int), places, seen, 0.45) == 0.45
