"""From scored pairs to clusters, without letting one wrong pair chain two products."""

import numpy as np

from samesku.candidates.similarity import Ends
from samesku.clustering.pins import Pins, components
from samesku.runtime.arrays import AnyFloats, Doubles, Ints

# Measured on the training postings: docs/benchmarks/index.md.
COHESION = 0.85


def agglomerate(
    left: Ends,
    right: Ends,
    score: AnyFloats,
    size: int,
    *,
    threshold: float = 0.5,
    cohesion: float = COHESION,
    pins: Pins | None = None,
) -> Ints:
    """Cluster `size` postings by average-linkage agglomeration of the scores, in [0, 1].

    Two clusters become one while the mean score over all pairs between them, pairs that were never
    candidates counting 0, reaches ``threshold * cohesion``. A single wrong pair between two
    products of several postings is outvoted by the pairs that do not match. Each pair comes once;
    from `threshold` on it is a match. `pins`, without contradictions, are must-links, merged first
    whatever they score, and cannot-links.

    Returns the cluster of each posting, int64 ``(size,)``, numbered in order of first appearance.
    """
    pins = Pins.of(left[:0], right[:0], left[:0] > 0) if pins is None else pins
    musts, apart = pins.take(pins.same), pins.take(~pins.same)
    matched = score >= threshold
    component = components(*_with(left[matched], right[matched], musts), size)
    apart = apart.take(component[apart.left] == component[apart.right])
    inside = component[left] == component[right]
    left, right, score = left[inside], right[inside], score[inside]
    # Whatever is added to it, a pair that is kept apart stays below every other.
    total = np.concatenate([score, np.full(len(apart), -np.inf)])
    started = components(musts.left, musts.right, size)
    one, other = (started[end] for end in _with(left, right, apart))
    between = one != other
    one, other = _average_linkage(
        one[between], other[between], total[between],
        np.bincount(started), threshold * cohesion - 1e-9,
    )  # fmt: skip
    groups = components(one, other, size)[started]
    # Two postings that met only through one that left are no group: a pair at the threshold ties.
    ties = (groups[left] == groups[right]) & (score >= threshold)
    return components(*_with(left[ties], right[ties], musts), size)


def _with(left: Ends, right: Ends, pins: Pins) -> tuple[Ints, Ints]:
    """The ends of pairs and of pins, one after the other."""
    return np.concatenate([left, pins.left]), np.concatenate([right, pins.right])


def _average_linkage(
    a: Ints, b: Ints, total: Doubles, count: Ints, least: float
) -> tuple[Ints, Ints]:
    """Which clusters merge while their mean score reaches `least`, many merges at a time.

    `a`, `b` and `total` are pairs of clusters and the sums of the scores between them, `count` is
    how many postings each cluster has. A merged cluster is as near to a third as the nearer of its
    parts at most. So two that are each other's nearest may merge at once, wherever else others do,
    and one that has none near enough never will have (Murtagh, "A survey of recent advances in
    hierarchical clustering", 1983).
    """
    names, merges = np.arange(len(count)), [np.empty((2, 0), dtype=np.int64)]
    a, b, total = _summed(a, b, total, len(count))
    while True:
        mean = total / (count[a] * count[b])
        best = np.zeros(len(count))
        np.maximum.at(best, a, mean)
        np.maximum.at(best, b, mean)
        mutual = np.flatnonzero((mean >= least) & (mean == best[a]) & (mean == best[b]))
        if not len(mutual):
            one, other = np.concatenate(merges, axis=1)
            return one, other
        one, other = _disjoint(a[mutual], b[mutual])
        merges.append(names[np.stack([one, other])])
        open_ends = (best[a] >= least) & (best[b] >= least)
        into, grown = np.arange(len(count)), np.zeros(len(count), dtype=bool)
        into[other], grown[one] = one, True
        count[one] += count[other]
        a, b, total = into[a[open_ends]], into[b[open_ends]], total[open_ends]
        a, b, total = a[a != b], b[a != b], total[a != b]
        # Only pairs of a cluster that grew may be there twice by now.
        new = grown[a] | grown[b]
        summed = zip((a, b, total), _summed(a[new], b[new], total[new], len(count)), strict=True)
        a, b, total = (np.concatenate([each[~new], more]) for each, more in summed)
        if 8 * len(a) < len(count):
            left, place = np.unique(np.concatenate([a, b]), return_inverse=True)
            names, count, (a, b) = names[left], count[left], place.reshape(2, -1)


def _summed(a: Ints, b: Ints, total: Doubles, size: int) -> tuple[Ints, Ints, Doubles]:
    """Each pair once, the smaller number first, in ascending order, with the sum of its totals."""
    keys = np.minimum(a, b) * size + np.maximum(a, b)
    if (keys[1:] > keys[:-1]).all():  # as most come: sorting all pairs takes long, and memory
        return np.minimum(a, b), np.maximum(a, b), total
    keys, place = np.unique(keys, return_inverse=True)
    low, high = np.divmod(keys, size)
    return low, high, np.bincount(place, total, len(keys)).astype(np.float64)


def _disjoint(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Of pairs, by ascending ends, those in which nobody is twice: of equally near ones one."""
    order = np.lexsort((b, a))
    taken: set[int] = set()
    chosen = []
    for place, one, other in zip(order.tolist(), a[order].tolist(), b[order].tolist(), strict=True):
        if one not in taken and other not in taken:
            taken |= {one, other}
            chosen.append(place)
    return a[chosen], b[chosen]
