"""The second look: what the first pass says about the pairs around each pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.clustering.agglomerative import group
from samesku.scoring.features import second_look
from samesku.scoring.features.graph import FAINT
from samesku.scoring.features.second_look import COHESION, LINE, SURE


def columns_of(left, right, probability, size):
    features = second_look(
        np.asarray(left, dtype=np.int64),
        np.asarray(right, dtype=np.int64),
        np.asarray(probability, dtype=np.float32),
        size,
    )
    return dict(zip(features.names, features.values.T, strict=True))


def random_pairs(seed, size=14):
    """Some pairs of different probabilities: no ties to break."""
    rng = np.random.default_rng(seed)
    left, right = np.triu_indices(size, 1)
    taken = rng.random(len(left)) < 0.5
    # Not evenly spread: sums of such would tie.
    spread = rng.uniform(0.005, 0.995, np.count_nonzero(taken)).astype(np.float32)
    return left[taken], right[taken], spread, size


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_agrees_with_a_full_matrix(seed):
    left, right, probability, size = random_pairs(seed)
    columns = columns_of(left, right, probability, size)
    judged = probability.astype(np.float64)
    tie = np.eye(size)
    tie[left, right] = tie[right, left] = np.where(judged >= FAINT, judged, 0)
    groups = group(left, right, probability, size, line=LINE, cohesion=COHESION)
    own = {posting: [] for posting in range(size)}
    for a, b, value in zip(left, right, judged, strict=True):
        own[a].append(value)
        own[b].append(value)
    for values in own.values():
        values.sort(reverse=True)

    def standing(posting, other, value):
        listed = [*own[posting], 0]
        rank = listed.index(value)
        members = groups == groups[other]
        return {
            "common_share": tie[left_end] @ tie[right_end] / tie[posting].sum(),
            "degree": tie[posting].sum(),
            "sharpness": (tie[posting] ** 2).sum() / tie[posting].sum(),
            "sure_neighbours": np.count_nonzero(tie[posting] >= SURE),
            "group_size": np.count_nonzero(groups == groups[posting]),
            "tie_to_group": tie[posting][members].mean(),
            "probability_rank": rank,
            "probability_gap": value - listed[0],
            "probability_lead": value - listed[rank + 1],
        }

    for place, (left_end, right_end) in enumerate(zip(left, right, strict=True)):
        common = tie[left_end] @ tie[right_end]
        lengths = np.linalg.norm(tie[left_end]) * np.linalg.norm(tie[right_end])
        expected = {
            "first_probability": judged[place],
            "common_mass": common,
            "common_cosine": common / lengths,
            "same_group": int(groups[left_end] == groups[right_end]),
        }
        one = standing(left_end, right_end, judged[place])
        other = standing(right_end, left_end, judged[place])
        for name in one:
            expected[f"{name}_min"] = min(one[name], other[name])
            expected[f"{name}_max"] = max(one[name], other[name])
        assert expected.keys() == columns.keys()
        for name, value in expected.items():
            assert columns[name][place] == pytest.approx(value, rel=1e-4, abs=1e-5), name


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_postings_does_not_matter(seed):
    left, right, probability, size = random_pairs(seed)
    columns = columns_of(left, right, probability, size)
    turned = columns_of(size - 1 - right, size - 1 - left, probability, size)
    for name, column in columns.items():
        np.testing.assert_allclose(column, turned[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_friends_of_friends_speak_for_a_pair():
    # 0 and 1 are unsure of each other, but both are sure of 2; 3 and 4 have nobody in common.
    columns = columns_of([0, 0, 1, 3], [1, 2, 2, 4], [0.3, 0.9, 0.9, 0.3], 5)
    assert columns["common_mass"][0] > columns["common_mass"][3]
    assert columns["tie_to_group_min"][0] > columns["tie_to_group_min"][3]
    assert columns["same_group"].tolist() == [1, 1, 1, 0]


def test_nothing_and_next_to_nothing():
    assert columns_of([], [], [], 1)["common_mass"].shape == (0,)
    assert columns_of([], [], [], 3)["same_group"].shape == (0,)
    columns = columns_of([0], [1], [0.0], 2)
    assert columns["common_mass"] == columns["same_group"] == columns["tie_to_group_max"] == 0
    assert all(np.isfinite(column).all() for column in columns.values())
