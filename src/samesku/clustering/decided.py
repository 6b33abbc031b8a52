"""The clusters of all postings that scores and a threshold give, by the rule of the run."""

from typing import Literal, TypeAlias

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.special import logit

from samesku.candidates.collapse import Collapsed
from samesku.candidates.similarity import Ends
from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.crowding import uncrowded
from samesku.clustering.expected import partners
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
    crowding: tuple[float, float] = (0.0, 0.0),
) -> Ints:
    """Cluster of each posting, int64 ``(n,)``, numbered by the smallest id in each.

    Scored pairs and `pins` are in rows of the distinct postings, `sources` those of all postings,
    where only pairs across sources may match. `crowding`: see
    :func:`samesku.clustering.crowding.uncrowded`.
    """
    if decide != "clusters":
        return _linked(distinct, left, right, scores, threshold, decide, sources, pins)
    scores = counted_scores(distinct, left, right, scores, crowding)
    of_distinct = agglomerate(
        left, right, scores, len(distinct.rows), threshold=threshold, pins=pins
    )
    clusters = of_distinct[distinct.place]
    if sources is not None:
        # Identical postings of one source are no match across sources.
        lone = np.bincount(of_distinct)[clusters] == 1
        clusters = np.where(lone, len(clusters) + np.arange(len(clusters)), clusters)
    return distinct.numbered(clusters)


def counted_scores(
    distinct: Collapsed, left: Ends, right: Ends, scores: Floats, crowding: tuple[float, float]
) -> Floats:
    """What the scores of pairs count for clusters, by the likely partners of both ends."""
    if not crowding[0]:
        return scores
    return uncrowded(left, right, scores, partners(left, right, scores, distinct.counts), crowding)


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
    pinned = (
        np.zeros(len(above), dtype=bool) if pins is None else pins.joins(left[above], right[above])
    )
    chosen = choose_links(
        rank[first], rank[second], scores[above[pair]], pinned[pair], threshold=threshold, rule=rule
    )
    return distinct.numbered(components(one[chosen], other[chosen], size))


def choose_links(
    left: Ends,
    right: Ends,
    probability: AnyFloats,
    pinned: Bools,
    *,
    threshold: float,
    rule: Decision,
) -> Ints:
    """Choose the pairs, each of which comes once, that become links; returns their places.

    All are from the threshold on; those that are `pinned` are chosen before all others.
    ``one-to-one``: the set of links that share no posting and have the largest sum of log odds
    above the threshold, i.e. the likeliest set; it is optimal, not greedy (sparse Jonker-Volgenant
    in scipy). ``one-to-many``: each right posting takes its likeliest left one. ``many-to-one``:
    each left posting takes its likeliest right one.
    """
    if rule != "one-to-one":
        return _best(right if rule == "one-to-many" else left, probability + pinned)
    if not len(left):
        return np.empty(0, dtype=np.int64)
    gain = _log_odds(probability) - _log_odds(np.array(threshold))
    gain[pinned] += gain.sum() + 1
    return _assigned(left, right, gain)


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


def _best(end: AnyInts, value: AnyFloats) -> Ints:
    """The pairs with the largest value of their posting at one end; of equal ones the first."""
    order = np.lexsort((-value, end))
    return np.sort(order[np.unique(end[order], return_index=True)[1]])


def _log_odds(probability: AnyFloats) -> Doubles:
    """The log-odds, within those of 1 to 10,000."""
    return np.asarray(logit(np.clip(probability.astype(np.float64), LEAST, 1 - LEAST)))
