"""How many partners postings are likely to have, which tells whose pairs are too many.

Each pair of a crowded neighbourhood may be likely by itself; where the products of a catalogue have
few offers, most are wrong. How much that counts is learned from answers.
"""

import numpy as np
from scipy.special import expit, logit

from samesku.candidates.similarity import Ends
from samesku.runtime.arrays import Doubles, Floats


def log_partners(left: Ends, right: Ends, partners: Doubles) -> Doubles:
    """How many partners the two ends of each pair are likely to have, float64 ``(m,)``.

    The logarithms of one and how many each is expected to have, added up. `partners`, ``(d,)``:
    those of each distinct posting (:func:`samesku.clustering.expected.partners`).
    """
    around = np.log1p(partners)
    return np.asarray(around[left] + around[right])


def uncrowded(
    left: Ends, right: Ends, scores: Floats, partners: Doubles, crowding: tuple[float, float]
) -> Floats:
    """The scores, moved by a weight for each unit that a pair is more crowded than is usual.

    A score of 0 stays, as that of a pair that was never scored.
    """
    weight, usual = crowding
    odds = logit(np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6))
    moved = expit(odds + weight * (log_partners(left, right, partners) - usual))
    return np.where(scores > 0, moved, 0).astype(np.float32)
