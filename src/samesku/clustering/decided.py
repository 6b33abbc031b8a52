"""The clusters of all postings that scores and a threshold give, by the rule of the run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.collapse import Collapsed
from samesku.candidates.similarity import Ends
from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.assignment import Decision, choose_links
from samesku.clustering.pins import Pins, components


def decided_clusters(
    distinct: Collapsed,
    left: Ends,
    right: Ends,
    scores: NDArray[np.float32],
    *,
    threshold: float,
    cohesion: float,
    decide: Decision = "clusters",
    sources: NDArray[np.int64] | None = None,
    pins: Pins | None = None,
) -> NDArray[np.int64]:
    """Cluster of each posting, int64 ``(n,)``, numbered by the smallest id in each.

    Scored pairs and `pins` are in rows of the distinct postings, `sources` those of all postings,
    where only pairs across sources may match.
    """
    if decide != "clusters":
        return _assigned(distinct, left, right, scores, threshold, decide, sources)
    of_distinct = agglomerate(
        left, right, scores, len(distinct.rows), threshold=threshold, cohesion=cohesion, pins=pins
    )
    clusters = of_distinct[distinct.place]
    if sources is not None:
        # Identical postings of one source are no match across sources.
        lone = np.bincount(of_distinct)[clusters] == 1
        clusters = np.where(lone, len(clusters) + np.arange(len(clusters)), clusters)
    return distinct.numbered(clusters)


def _assigned(
    distinct: Collapsed,
    left: Ends,
    right: Ends,
    scores: NDArray[np.float32],
    threshold: float,
    rule: Decision,
    sources: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
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
    chosen = choose_links(*ends, scores[above[pair]], threshold=threshold, rule=rule)
    return distinct.numbered(components(one[chosen], other[chosen], size))
