"""A first judgement of all pairs, seen as a whole: competition, and how much the shops share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samesku.linking.assignment import log_odds
from samesku.linking.rivals import leads
from samesku.linking.settling import settled_odds
from samesku.scoring.features.table import Column, Features, both_ways

__all__ = ["RISING", "SETTLED", "crowd_features"]

# Probabilities from which a mutually best pair counts as shared.
STEPS = (0.2, 0.5, 0.8)
# Added to all log odds before the pairs compete: as judged, and if the shops share more or much
# more than they seem to. The trees learn which of these to believe.
SUPPOSED = (0, 3, 6)
# The name of the log odds as they settle as judged.
SETTLED = "settled_0"
# Features with which the probability can only rise; the others tell of the shops, not of the pair.
RISING = (
    *("odds", "share", "odds_lead_min", "odds_lead_max"),
    *(f"settled_{more}" for more in SUPPOSED),
)
# Stands below all log odds, so that a pair without rivals leads.
NOBODY = 10.0
# Settled log odds are told apart up to these.
HIGHEST = 12.0


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
        Log odds of the first judgement.
    sizes : two of int
        Postings of the left and of the right shop.
    """
    size = sum(sizes)
    fewer = max(min(sizes), 1)
    settled: dict[str, Column] = {}
    for more in SUPPOSED:
        competed = settled_odds(left, right, odds + more, size)
        settled[f"settled_{more}"] = np.clip(competed, -HIGHEST, HIGHEST)
        links = float((1 / (1 + np.exp(-competed))).sum())
        settled[f"shared_if_{more}"] = np.full(len(left), links / fewer)
    odds = log_odds(1 / (1 + np.exp(-odds)))
    one, other = leads(left, right, odds + NOBODY)
    mutual = (one > 0) & (other > 0)
    ratio = np.exp(odds)
    total = np.bincount(left, ratio, size)[left] + np.bincount(right, ratio, size)[right]
    share = ratio / (1 + total - ratio)
    probability = 1 / (1 + np.exp(-odds))
    best = np.count_nonzero(mutual) / fewer
    sure = [np.count_nonzero(mutual & (probability > step)) / fewer for step in STEPS]
    shared = float(share.sum()) / fewer
    usual = odds[mutual] if mutual.any() else np.zeros(1)
    columns: dict[str, Column] = {
        "odds": odds,
        "share": share,
        **both_ways("odds_lead", np.minimum(one, NOBODY), np.minimum(other, NOBODY)),
        **settled,
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
