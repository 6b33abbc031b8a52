"""Predicted against observed: bins, errors and intervals against literal implementations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samesku.candidates.candidates import Candidates
from samesku.evaluation.calibration import Predicted, predicted_pairs, reliability


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


def told(probability, same, weight=None):
    count = len(probability)
    weight = np.ones(count, np.int64) if weight is None else np.array(weight)
    return Predicted(np.array(probability, np.float32), np.array(same, bool), weight)


def edges():
    return [0.0, 0.005, *(tenth / 10 for tenth in range(1, 10)), 1.01]


pairs = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 1, width=32), st.sampled_from([0.0, 0.004, 0.25, 0.5, 1.0])),
        st.booleans(),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=60,
)


@given(pairs)
def test_bins_and_errors_agree_with_their_definition(rows):
    found = reliability(told(*zip(*rows, strict=True)))
    whole, judged_only, bins = [], [], 0
    for low, high in zip(edges()[:-1], edges()[1:], strict=True):
        # Each query at an end of the pair sees it once.
        inside = [
            (p, same)
            for p, same, weight in rows
            for _ in range(weight)
            if np.float32(low) <= np.float32(p) < np.float32(high)
        ]
        if not inside:
            continue
        said = sum(p for p, _ in inside) / len(inside)
        share = sum(same for _, same in inside) / len(inside)
        shown = found.bins[bins]
        assert shown.low == pytest.approx(low)
        assert (shown.predicted, shown.observed.value) == pytest.approx((said, share), abs=1e-6)
        assert 0 <= shown.observed.low <= shown.observed.value <= shown.observed.high <= 1
        whole.append((len(inside), abs(said - share)))
        judged_only += whole[-1:] if low else []
        bins += 1
    assert bins == len(found.bins)
    for error, parts in ((found.error, whole), (found.likely_error, judged_only)):
        total = sum(count for count, _ in parts)
        expected = sum(count * off for count, off in parts) / total if total else np.nan
        assert error == pytest.approx(expected, abs=1e-6, nan_ok=True)
    assert found.pairs == len(rows) == sum(each.pairs for each in found.bins)
    assert found.likely_pairs == sum(each.pairs for each in found.bins if each.low)


def test_intervals_are_wilsons():
    # Of 10 none: 0 to 0.2775; of 100 half: 0.4038 to 0.5962 (R. Newcombe's worked figures).
    none = reliability(told([0.3] * 10, [False] * 10)).bins[0].observed
    assert (none.low, none.high) == pytest.approx((0, 0.2775), abs=1e-4)
    half = reliability(told([0.3] * 100, [True, False] * 50)).bins[0].observed
    assert (half.low, half.high) == pytest.approx((0.4038, 0.5962), abs=1e-4)


def test_seeing_every_pair_from_both_ends_makes_no_interval_narrower():
    probability, same = [0.3] * 20, [True, False] * 10
    assert reliability(told(probability, same)) == reliability(told(probability, same, [2] * 20))


def test_a_pair_counts_once_per_query_at_its_ends():
    labels = np.array([0, 0, 1, 2, -1])
    candidates = judged([0, 0, 2, 0], [1, 2, 3, 4], 5)
    probability = np.array([0.9, 0.2, 0.1, 0.8], dtype=np.float32)
    seen = predicted_pairs(probability, candidates, labels, np.array([0, 1]))
    np.testing.assert_array_equal(seen.probability, probability[:2])
    assert seen.same.tolist() == [True, False]
    assert seen.weight.tolist() == [2, 1]


def test_held_out_queries_show_the_share_of_the_whole_catalogue():
    """Queries of a few products, counted as told, agree with all postings as queries."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(400), 2)
    left, right = np.triu_indices(800, 1)
    kept = (labels[left] == labels[right]) | (rng.random(len(left)) < 0.005)
    candidates = judged(left[kept], right[kept], 800)
    probability = np.full(len(candidates), 0.2, dtype=np.float32)

    def share(rows):
        return (
            reliability(predicted_pairs(probability, candidates, labels, rows))
            .bins[0]
            .observed.value
        )

    queries = np.flatnonzero(np.isin(labels, rng.choice(400, 100, replace=False)))
    assert share(queries) == pytest.approx(share(np.arange(800)), rel=0.1)


def test_nothing_known_is_no_number():
    candidates = judged([0], [1], 2)
    nobody = predicted_pairs(np.float32([0.5]), candidates, np.array([-1, 0]), np.array([0, 1]))
    found = reliability(nobody)
    assert np.isnan(found.error)
    assert np.isnan(found.likely_error)
    assert (found.pairs, found.likely_pairs, found.bins) == (0, 0, ())
