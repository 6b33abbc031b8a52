"""Which pairs to ask about: those whose answer changes the clusters most, and a random part."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Share of the questions that is drawn at random.
AUDIT_SHARE = 0.2
# Pairs of postings that one answer counts for at most: one giant cluster must not take them all.
MOST_CHANGED = 4.0
# Questions about the same two clusters, at most.
MOST_ALIKE = 2
# Strata of the pairs apart, by score; pairs below the last are taken to be different.
STRATA = (0.35, 0.1, 0.02)


@dataclass(frozen=True, eq=False)
class Pool:
    """Pairs of distinct postings that may be asked about."""

    left: NDArray[np.int64]  # int64 (m,)
    right: NDArray[np.int64]  # int64 (m,)
    score: NDArray[np.floating]  # (m,); NaN where only the clusters make a match
    clusters: NDArray[np.int64]  # (d,), of each distinct posting
    counts: NDArray[np.int64]  # (d,), how many postings each stands for
    asked: NDArray[np.bool_]  # (m,), answered before

    @property
    def together(self) -> NDArray[np.bool_]:
        """Pairs within one cluster, bool ``(m,)``."""
        return np.asarray(self.clusters[self.left] == self.clusters[self.right])

    @property
    def gain(self) -> NDArray[np.float64]:
        """What an answer is expected to change, float64 ``(m,)``.

        The uncertainty of the pair times the root of how many pairs of postings depend on it:
        joining two clusters joins all their pairs, taking a posting out of one cuts its own. The
        root, as answers teach most where they are not all about the largest clusters.
        """
        chance = np.nan_to_num(np.asarray(self.score, dtype=np.float64), nan=0.5)
        size = np.bincount(self.clusters, weights=self.counts).astype(np.float64)
        one, other = size[self.clusters[self.left]], size[self.clusters[self.right]]
        least = np.minimum(self.counts[self.left], self.counts[self.right])
        changed = np.where(self.together, least * np.maximum(one - least, 1), one * other)
        doubt = np.where(chance < STRATA[-1], 0, chance * (1 - chance))
        return np.asarray(doubt * np.sqrt(np.minimum(changed, MOST_CHANGED)))


@dataclass(frozen=True, eq=False)
class Questions:
    """The chosen pairs, the most useful first."""

    places: NDArray[np.int64]  # int64 (q,), in the pool
    # float64 (q,): of those drawn at random, how many pairs each stands for; else 0
    audit: NDArray[np.float64]


def choose(pool: Pool, count: int, *, audit_share: float = AUDIT_SHARE, seed: int = 0) -> Questions:
    """Choose at most `count` questions, of which a share, `audit_share`, is drawn at random."""
    rng = np.random.default_rng(seed)
    drawn, stands_for = _drawn(pool, round(count * audit_share), rng)
    rest = ~pool.asked
    rest[drawn] = False
    useful = _useful(pool, np.flatnonzero(rest), count - len(drawn), rng)
    # The random ones are spread among the others: who stops early has answered some of each.
    places = np.concatenate([useful, drawn])
    audit = np.concatenate([np.zeros(len(useful)), stands_for])
    turn = np.concatenate([(np.arange(len(each)) + 0.5) / max(len(each), 1)
                           for each in (useful, drawn)])  # fmt: skip
    order = np.argsort(turn, kind="stable")
    return Questions(places[order], audit[order])


def _drawn(
    pool: Pool, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Random pairs, half of them within clusters, if any, and how many pairs each stands for.

    Pairs apart are drawn by strata of their score, so that the few likely ones are among them.
    """
    together = pool.together
    bounds = (1.1, *STRATA)
    score = np.nan_to_num(np.asarray(pool.score, dtype=np.float64), nan=0.5)
    apart = [
        ~together & (score >= low) & (score < high) for high, low in itertools.pairwise(bounds)
    ]
    strata = [np.flatnonzero(each & ~pool.asked) for each in (together, *apart)]
    # By how many pairs of one product each is expected to hold, and by how unsure that is.
    weight = [float(np.sqrt(score[each] * (1 - score[each]) + 1e-3).sum()) for each in strata]
    outer = max(sum(weight[1:]), 1e-9)
    inner = 0.5 if len(strata[0]) else 0.0
    shares = [inner, *((1 - inner) * each / outer for each in weight[1:])]
    places, stands_for = [], []
    for stratum, share in zip(strata, shares, strict=True):
        wanted = min(len(stratum), max(1, round(count * share)) if count else 0)
        if not wanted:
            continue
        chosen = rng.choice(stratum, wanted, replace=False)
        ties = pool.counts[pool.left[chosen]] * pool.counts[pool.right[chosen]]
        places.append(chosen)
        stands_for.append(len(stratum) / wanted * ties)
    if not places:
        return np.empty(0, dtype=np.int64), np.empty(0)
    return (
        np.concatenate(places).astype(np.int64)[:count],
        np.concatenate(stands_for).astype(np.float64)[:count],
    )


def _useful(
    pool: Pool, places: NDArray[np.int64], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Pairs drawn by their gain, few of any two clusters, those of the largest gain first.

    Drawn, as what only the very first could teach holds for hardly any other pair.
    """
    gain = pool.gain[places]
    key = np.log(np.maximum(gain, 1e-12)) + rng.gumbel(size=len(gain))
    # Many times more than are asked for never come to their turn.
    order = np.argsort(-key, kind="stable")[: 50 * count]
    ends = pool.clusters[pool.left[places]].tolist(), pool.clusters[pool.right[places]].tolist()
    asked: Counter[frozenset[int]] = Counter()
    chosen: list[int] = []
    for turn in order.tolist():
        if len(chosen) == count or gain[turn] <= 0:
            break
        both = frozenset((ends[0][turn], ends[1][turn]))
        if asked[both] < MOST_ALIKE:
            asked[both] += 1
            chosen.append(turn)
    kept = np.array(chosen, dtype=np.int64)
    return places[kept[np.argsort(-gain[kept], kind="stable")]]
