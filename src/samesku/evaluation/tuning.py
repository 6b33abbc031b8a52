"""Thresholds chosen on labelled postings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from samesku.candidates import Candidates
from samesku.catalog import Catalog
from samesku.clustering import group
from samesku.evaluation.metrics import group_tally, pair_tally, posting_f1
from samesku.fusion import LINE, Fusion

__all__ = ["tune"]

ROUNDS = 2
STEPS = np.arange(-0.16, 0.161, 0.02)
# All lines together, tried last with the grouping: the score that becomes the new line.
SHIFTS = (0.42, 0.45, 0.48, 0.5, 0.52, 0.55, 0.58, 0.62)


def tune(
    fusion: Fusion, candidates: Candidates, catalog: Catalog, rows: NDArray[np.integer]
) -> tuple[Fusion, float]:
    """Choose the lines of a fusion by the mean F1 per posting.

    One line at a time is moved around its present place (coordinate ascent, two rounds), scored on
    the accepted pairs; then all together, scored on the groups.

    Parameters
    ----------
    fusion : Fusion
        Where to start from.
    candidates : Candidates
        Of the whole catalogue.
    catalog : Catalog
        With labels.
    rows : integer
        The postings whose F1 counts.

    Returns
    -------
    fusion : Fusion
        With the chosen lines.
    line : float
        The score from which to accept.
    """
    labels = catalog.labels
    if labels is None:
        raise ValueError(f"{catalog.name} has no labels to choose thresholds by")
    counted = np.zeros(len(catalog), dtype=bool)
    counted[rows] = True
    touching = np.flatnonzero(counted[candidates.left] | counted[candidates.right])
    nearby = candidates.take(touching)

    def pair_f1(trial: Fusion) -> float:
        accepted = trial.score(nearby, catalog) >= LINE
        tally = pair_tally(nearby.left[accepted], nearby.right[accepted], labels)
        return float(posting_f1(tally)[rows].mean())

    best = pair_f1(fusion)
    for _ in range(ROUNDS):
        for name, centre in fusion.lines(candidates).items():
            for step in STEPS:
                moved = replace(centre, threshold=round(float(centre.threshold + step), 4))
                trial = fusion.with_lines({name: moved})
                if 0 < moved.threshold < 1 and (value := pair_f1(trial)) > best:
                    best, fusion = value, trial
    scores = fusion.score(candidates, catalog)

    def group_f1(line: float) -> float:
        groups = group(candidates.left, candidates.right, scores, len(catalog), line=line)
        return float(posting_f1(group_tally(groups, labels))[rows].mean())

    return fusion, max(SHIFTS, key=group_f1)
