"""`group`: pairs and scores in, groups out."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.pins import Pins


def grouped(pairs, size, **options):
    """Groups of a list of (left, right, score)."""
    left, right, score = (
        (list(column) for column in zip(*pairs, strict=True)) if pairs else [[]] * 3
    )
    arrays = np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)
    return agglomerate(*arrays, np.array(score, dtype=np.float32), size, **options)


def clique(members, score=1.0):
    return [(a, b, score) for a, b in combinations(members, 2)]


def parts(groups):
    return {frozenset(np.flatnonzero(groups == name).tolist()) for name in np.unique(groups)}


def by_hand(pairs, size, line, cohesion, apart=()):
    """Average linkage in plain Python, within what the matched pairs connect."""
    score = {(a, b): float(np.float32(value)) for a, b, value in pairs}
    clusters = [{posting} for posting in range(size)]
    reach = list(range(size))
    for (a, b), value in score.items():
        if value >= np.float32(line):
            old, new = reach[b], reach[a]
            reach = [new if mark == old else mark for mark in reach]

    def mean(one, other):
        if reach[min(one)] != reach[min(other)]:
            return 0.0
        if any((min(a, b), max(a, b)) in apart for a in one for b in other):
            return -1.0
        values = [score.get((min(a, b), max(a, b)), 0.0) for a in one for b in other]
        return sum(values) / len(values)

    while len(clusters) > 1:
        best, one, other = max(
            (mean(clusters[i], clusters[j]), i, j) for i, j in combinations(range(len(clusters)), 2)
        )
        if best < line * cohesion - 1e-7:
            break
        clusters[one] |= clusters.pop(other)
    # Two that met only through one that left are no group.
    found = set()
    for cluster in clusters:
        left = set(cluster)
        while left:
            tied, grown = {left.pop()}, True
            while grown:
                near = {
                    b if a in tied else a
                    for (a, b), value in score.items()
                    if value >= np.float32(line) and len({a, b} & tied) == 1
                }
                grown = bool(near & left)
                tied |= near & left
                left -= tied
            found.add(frozenset(tied))
    return found


@st.composite
def judged_pairs(draw, most=9):
    """Some pairs of a small catalogue with scores of which no two are equal."""
    size = draw(st.integers(1, most))
    pairs = sorted(
        draw(st.sets(st.sampled_from([(0, 0), *combinations(range(size), 2)]))) - {(0, 0)}
    )
    scores = draw(
        st.lists(st.integers(0, 10_000), min_size=len(pairs), max_size=len(pairs), unique=True)
    )
    # Off the grid of the thresholds, so that no score ties with one in single precision.
    return [
        (a, b, (value + 0.37) / 10_001) for (a, b), value in zip(pairs, scores, strict=True)
    ], size


@settings(max_examples=50, deadline=None)
@given(judged_pairs(), st.sampled_from([0.3, 0.5, 0.85]), st.sampled_from([0.5, 0.8, 1.0]))
def test_is_average_linkage_within_what_matches_connect(judged, line, cohesion):
    pairs, size = judged
    groups = grouped(pairs, size, threshold=line, cohesion=cohesion)
    assert groups.shape == (size,)
    assert groups.dtype == np.int64
    assert parts(groups) == by_hand(pairs, size, line, cohesion)


@settings(max_examples=50, deadline=None)
@given(judged_pairs(), st.data())
def test_cannot_links_stand_and_the_rest_is_average_linkage(judged, data):
    pairs, size = judged
    apart = data.draw(st.sets(st.sampled_from(list(combinations(range(size + 1), 2)))))
    apart = {(a, b) for a, b in apart if b < size}
    left, right = np.array(sorted(apart), dtype=np.int64).reshape(-1, 2).T
    pins = Pins.of(left, right, np.zeros(len(left), dtype=bool))
    assert parts(grouped(pairs, size, pins=pins)) == by_hand(pairs, size, 0.5, 0.85, apart)


@settings(max_examples=25, deadline=None)
@given(judged_pairs())
def test_names_groups_in_order_of_first_appearance(judged):
    groups = grouped(*judged)
    _, first = np.unique(groups, return_index=True)
    assert groups[np.sort(first)].tolist() == list(range(len(first)))


@settings(max_examples=30, deadline=None)
@given(judged_pairs(), st.randoms(use_true_random=False))
def test_the_order_of_postings_and_pairs_does_not_matter(judged, random):
    pairs, size = judged
    place = random.sample(range(size), size)
    moved = [(*sorted((place[a], place[b])), value) for a, b, value in pairs]
    random.shuffle(moved)
    expected = {frozenset(place[member] for member in part) for part in parts(grouped(pairs, size))}
    assert parts(grouped(moved, size)) == expected


def test_two_postings_below_the_line_never_match_by_themselves():
    hub = clique(range(10))
    pairs = [*hub, (0, 10, 0.5), (1, 11, 0.5), (10, 11, 0.49)]
    groups = grouped(pairs, 12)
    assert groups[10] != groups[11]


@pytest.mark.parametrize("members", [3, 8])
def test_one_wrong_pair_does_not_chain_two_products(members):
    pairs = [*clique(range(members), 0.9), *clique(range(members, 2 * members), 0.9)]
    groups = grouped([*pairs, (0, members, 0.89)], 2 * members)
    assert groups.tolist() == [0] * members + [1] * members
    # Even surer than the right pairs, it wins one posting, not two products.
    groups = grouped([*pairs, (0, members, 1.0)], 2 * members)
    assert sorted(np.bincount(groups)) in ([members] * 2, [members - 1, members + 1])


def test_the_line_itself_matches():
    score = 0.62
    assert grouped([(0, 1, score)], 2, threshold=float(np.float32(score))).tolist() == [0, 0]
    assert grouped([(0, 1, score)], 2, threshold=score + 1e-4).tolist() == [0, 1]


@pytest.mark.parametrize("score", [0.5, 0.8, 1.0])
def test_all_equal_scores(score):
    assert grouped(clique(range(6), score), 6).tolist() == [0] * 6
    chain = [(place, place + 1, score) for place in range(19)]
    groups = parts(grouped(chain, 20))
    assert set().union(*groups) == set(range(20))
    assert max(len(part) for part in groups) <= 3


def test_nothing_judged():
    assert grouped([], 0).tolist() == []
    assert grouped([], 3).tolist() == [0, 1, 2]
    assert grouped([(0, 2, 0.49)], 3).tolist() == [0, 1, 2]


GIANT = 600


def two_products(scores, wrong):
    """Two products of many postings, a tenth of their pairs judged, and one wrong pair."""
    rng = np.random.default_rng(1)
    left = np.repeat(np.arange(GIANT), GIANT // 10)
    right = (left + 1 + rng.integers(0, GIANT - 1, len(left))) % GIANT
    keys = np.unique(np.minimum(left, right) * GIANT + np.maximum(left, right))
    left, right = np.divmod(keys, GIANT)
    ends = np.append(np.concatenate([left, left + GIANT]), 0)
    others = np.append(np.concatenate([right, right + GIANT]), GIANT)
    return ends, others, np.append(scores(rng, 2 * len(left)), wrong).astype(np.float32), 2 * GIANT


@pytest.mark.parametrize(
    ("scores", "wrong"),
    [
        pytest.param(lambda rng, count: rng.uniform(0.6, 1, count), 0.99, id="varied"),
        pytest.param(lambda rng, count: np.ones(count), 1.0, id="equal"),
        pytest.param(lambda rng, count: np.ones(count), 0.6, id="weak"),
    ],
)
def test_one_wrong_pair_does_not_chain_two_giants(scores, wrong):
    groups = agglomerate(*two_products(scores, wrong))
    assert not set(groups[:GIANT]) & set(groups[GIANT:])


def test_a_long_chain_is_cut_however_long_it_is():
    size = 3_000
    groups = agglomerate(np.arange(size - 1), np.arange(1, size), np.full(size - 1, 0.9), size)
    assert np.bincount(groups).max() <= 3


def test_a_giant_in_which_every_pair_matches_is_one_group():
    size = 901
    left, right = np.triu_indices(size, 1)
    assert agglomerate(left, right, np.full(len(left), 0.7), size).max() == 0
