"""The clusters of all postings that scores and a threshold give, by the rule of the run."""

from typing import Literal, TypeAlias

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from samesku.candidates.collapse import Collapsed
from samesku.candidates.similarity import Ends
from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.pins import Pins, components
from samesku.runtime.arrays import AnyFloats, AnyInts, Bools, Doubles, Floats, Ints

# Clusters, or who may have how many counterparts.
Decision: TypeAlias = Literal["clusters", "one-to-one", "one-to-many", "many-to-one"]

# Probabilities are clipped to these before odds are taken.
LEAST = 1e-4


def decided_clusters(
    distinct: Collapsed,
    left: Ends,
    right: Ends,
    scores: Floats,
    *,
    threshold: float,
    decide: Decision = "clusters",
    sources: Ints | None = None,
    pins: Pins | None = None,
) -> Ints:
    """Cluster of each posting, int64 ``(n,)``, numbered by the smallest id in each.

    Scored pairs and `pins` are in rows of the distinct postings, `sources` those of all postings,
    where only pairs across sources may match.
    """
    if decide != "clusters":
        return _linked(distinct, left, right, scores, threshold, decide, sources, pins)
    of_distinct = agglomerate(
        left, right, scores, len(distinct.rows), threshold=threshold, pins=pins
    )
    clusters = of_distinct[distinct.place]
    if sources is not None:
        # Identical postings of one source are no match across sources.
        lone = np.bincount(of_distinct)[clusters] == 1
        clusters = np.where(lone, len(clusters) + np.arange(len(clusters)), clusters)
    return distinct.numbered(clusters)


def _linked(
    distinct: Collapsed,
    left: Ends,
    right: Ends,
    scores: Floats,
    threshold: float,
    rule: Decision,
    sources: Ints | None,
    pins: Pins | None,
) -> Ints:
    """Clusters by the chosen links of two sources."""
    size = len(distinct.place)
    sources = np.zeros(size, dtype=np.int64) if sources is None else sources
    above = np.flatnonzero(scores >= threshold)
    pair, one, other = distinct.expanded(left[above], right[above])
    turned = sources[one] > sources[other]
    first, second = np.where(turned, other, one), np.where(turned, one, other)
    # Of equally likely choices the first is taken, by ids and not by rows.
    rank = np.argsort(distinct.order)
    ends = rank[first], rank[second]
    pinned = None if pins is None else pins.joins(left[above], right[above])[pair]
    chosen = choose_links(*ends, scores[above[pair]], threshold=threshold, rule=rule, pinned=pinned)
    return distinct.numbered(components(one[chosen], other[chosen], size))


def choose_links(
    left: Ends,
    right: Ends,
    probability: AnyFloats,
    *,
    threshold: float,
    rule: Decision = "one-to-one",
    pinned: Bools | None = None,
) -> Ints:
    """Choose the pairs, each of which comes once, that become links; returns their places.

    Only pairs from the threshold on are chosen, those that are `pinned` before all others.
    ``one-to-one``: the set of links that share no posting and have the largest sum of log odds
    above the threshold, i.e. the likeliest set; it is optimal, not greedy (sparse Jonker-Volgenant
    in scipy). ``one-to-many``: each right posting takes its likeliest left one. ``many-to-one``:
    each left posting takes its likeliest right one.
    """
    pinned = np.zeros(len(probability), dtype=bool) if pinned is None else pinned
    above = np.flatnonzero(probability >= threshold)
    value = probability[above] + pinned[above]
    if rule == "one-to-many":
        above = above[_is_best(right[above], value)]
    elif rule == "many-to-one":
        above = above[_is_best(left[above], value)]
    elif rule == "one-to-one" and len(above):
        gain = _log_odds(probability[above]) - _log_odds(np.array(threshold))
        gain[pinned[above]] += gain.sum() + 1
        above = above[_assigned(left[above], right[above], gain)]
    return above


def _assigned(left: Ends, right: Ends, gain: Doubles) -> Ints:
    """The pairs of the best assignment; every left posting may also stay alone, at no gain."""
    _, row = np.unique(left, return_inverse=True)
    names, column = np.unique(right, return_inverse=True)
    rows = int(row.max()) + 1
    # Costs must be positive. Every left posting has a place of its own to stay alone at.
    dearest = float(gain.max()) + 1.0
    cost = np.concatenate([dearest - gain, np.full(rows, dearest)])
    alone = np.arange(rows)
    grid = (np.concatenate([row, alone]), np.concatenate([column, len(names) + alone]))
    graph = sp.csr_matrix((cost, grid), shape=(rows, len(names) + rows))
    chosen_row, chosen_column = min_weight_full_bipartite_matching(graph)
    partner = np.empty(rows, dtype=np.int64)
    partner[chosen_row] = chosen_column
    return np.flatnonzero(partner[row] == column)


def _is_best(end: AnyInts, value: AnyFloats) -> Bools:
    """Which pairs have the largest value of their posting at one end; of equal ones the first."""
    order = np.lexsort((-value, end))
    best = np.zeros(len(end), dtype=bool)
    best[order[np.unique(end[order], return_index=True)[1]]] = True
    return best


def _log_odds(probability: AnyFloats) -> Doubles:
    """Logarithm of ``p / (1 - p)``, within the odds of 1 to 10,000."""
    clipped = np.clip(np.asarray(probability, dtype=np.float64), LEAST, 1 - LEAST)
    return np.asarray(np.log(clipped / (1 - clipped)))
