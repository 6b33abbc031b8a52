"""A first judgement of all pairs, seen as a whole: competition, and how much the shops share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samesku.features.table import Column, Features, both_ways
from samesku.linking.rivals import leads

__all__ = ["RISING", "crowd_features"]

# Probabilities from which a mutually best pair counts as shared.
STEPS = (0.2, 0.5, 0.8)
# Features with which the probability can only rise; the others tell of the shops, not of the pair.
RISING = ("odds", "share", "odds_lead_min", "odds_lead_max")
# Stands below all log odds, so that a pair without rivals leads.
NOBODY = 10.0


def crowd_features(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    odds: NDArray[np.float64],
    sizes: tuple[int, int],
) -> Features:
    """Describe each pair by the first judgement of itself, its rivals and all pairs.

    The same odds mean more where two shops sell much the same than where they share a tenth, and
    how much they share is seen in how many pairs are each other's best, and how sure those are.

    Parameters
    ----------
    left, right : integer (m,)
        Positions among all postings of both shops.
    odds : float64 (m,)
        Log odds of the first judgement, within those of 1 to 10,000.
    sizes : two of int
        Postings of the left and of the right shop.
    """
    size = sum(sizes)
    one, other = leads(left, right, odds + NOBODY)
    mutual = (one > 0) & (other > 0)
    ratio = np.exp(odds)
    total = np.bincount(left, ratio, size)[left] + np.bincount(right, ratio, size)[right]
    share = ratio / (1 + total - ratio)
    fewer = max(min(sizes), 1)
    probability = 1 / (1 + np.exp(-odds))
    best = np.count_nonzero(mutual) / fewer
    sure = [np.count_nonzero(mutual & (probability > step)) / fewer for step in STEPS]
    shared = float(share.sum()) / fewer
    usual = odds[mutual] if mutual.any() else np.zeros(1)
    columns: dict[str, Column] = {
        "odds": odds,
        "share": share,
        **both_ways("odds_lead", np.minimum(one, NOBODY), np.minimum(other, NOBODY)),
    }
    told = {
        "shared": shared,
        "mutual": best,
        **{f"mutual_above_{step}": count for step, count in zip(STEPS, sure, strict=True)},
        "mutual_odds_mean": float(usual.mean()),
        "mutual_odds_median": float(np.median(usual)),
        "sure_of_likely": sure[-1] / max(sure[0], 0.01),
        "shared_of_mutual": shared / max(best, 0.01),
    }
    for name, value in told.items():
        columns[name] = np.full(len(left), value)
    return Features.of(columns)
