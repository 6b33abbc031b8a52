"""The expected calibration error against a literal implementation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samesku.candidates import Candidates
from samesku.evaluation.calibration import BINS, expected_calibration_error


def judged(left, right, size):
    nothing = np.empty((len(left), 1), dtype=np.float32)
    return Candidates(
        np.array(left, dtype=np.int64),
        np.array(right, dtype=np.int64),
        nothing,
        nothing > 0,
        np.zeros((size, 1), dtype=np.float32),
        ("tfidf",),
        ("text",),
        ("sparse",),
    )


def pairs_of(same):
    """Candidates and labels: pair i is of postings 2i and 2i + 1, one product or two."""
    count = len(same)
    labels = np.repeat(np.arange(count), 2)
    labels[1::2] += np.where(same, 0, count)
    return judged(np.arange(0, 2 * count, 2), np.arange(1, 2 * count, 2), 2 * count), labels


@given(
    said=st.lists(
        st.tuples(
            st.one_of(st.floats(0, 1, width=32), st.sampled_from([0.0, 0.2, 1.0])), st.booleans()
        ),
        min_size=1,
        max_size=60,
    )
)
def test_agrees_with_its_definition(said):
    probability = np.array([value for value, _ in said], dtype=np.float32)
    candidates, labels = pairs_of(np.array([same for _, same in said]))
    places = np.minimum((probability * BINS).astype(int), BINS - 1)
    expected = 0.0
    for place in range(BINS):
        inside = [pair for pair, own in zip(said, places, strict=True) if own == place]
        if inside:
            confidence = sum(value for value, _ in inside) / len(inside)
            share = sum(same for _, same in inside) / len(inside)
            expected += len(inside) / len(said) * abs(confidence - share)
    error = expected_calibration_error(probability, candidates, labels)
    assert error == pytest.approx(expected, abs=1e-6)
    assert 0 <= error <= 1


def test_what_happens_as_often_as_told_has_no_error():
    candidates, labels = pairs_of(np.array([True, True, True, False] + [False] * 4))
    probability = np.array([0.75] * 4 + [0.0] * 4, dtype=np.float32)
    assert expected_calibration_error(probability, candidates, labels) == 0
    assert expected_calibration_error(1 - probability, candidates, labels) == pytest.approx(0.75)


def test_pairs_of_unknown_products_count_for_nothing():
    candidates, labels = pairs_of(np.array([True, True, False]))
    labels[2] = labels[5] = -1
    probability = np.array([0.75, 0.0, 1.0], dtype=np.float32)
    assert expected_calibration_error(probability, candidates, labels) == 0.25


def test_nothing_known_is_no_number():
    candidates, labels = pairs_of(np.array([True]))
    unknown = np.full_like(labels, -1)
    assert np.isnan(expected_calibration_error(np.float32([0.5]), candidates, unknown))
    assert np.isnan(expected_calibration_error(np.float32([]), judged([], [], 2), labels))
