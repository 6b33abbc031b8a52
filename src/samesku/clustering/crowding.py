"""How many partners postings are likely to have, which tells whose pairs are too many.

Each pair of a crowded neighbourhood may be likely by itself; where the products of a catalogue have
few offers, most are wrong. How much that counts is learned from answers.
"""

import numpy as np
from scipy.special import expit, logit

from samesku.candidates.similarity import Ends
from samesku.clustering.expected import LEAST, partners
from samesku.runtime.arrays import AnyFloats, AnyInts, Doubles, Floats


def log_partners(left: Ends, right: Ends, scores: AnyFloats, counts: AnyInts) -> Doubles:
    """How many partners the two ends of each pair are likely to have, float64 ``(m,)``.

    The logarithms of one and how many each is expected to have, added up. `counts`,
    ``(d,)``: how many postings each distinct one stands for.
    """
    near = scores >= LEAST
    around = np.log1p(partners(left[near], right[near], scores[near], counts))
    return np.asarray(around[left] + around[right])


def uncrowded(
    left: Ends, right: Ends, scores: Floats, counts: AnyInts, crowding: tuple[float, float]
) -> Floats:
    """The scores, moved by a weight for each unit that a pair is more crowded than is usual."""
    weight, usual = crowding
    if not weight:
        return scores
    odds = logit(np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6))
    moved = weight * (log_partners(left, right, scores, counts) - usual)
    return np.asarray(expit(odds + moved), dtype=np.float32)
