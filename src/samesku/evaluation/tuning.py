"""Thresholds chosen on labelled postings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from samesku.candidates import Candidates
from samesku.catalog import Catalog
from samesku.clustering import group
from samesku.evaluation.metrics import group_tally, posting_f1
from samesku.fusion import Fusion

__all__ = ["tune"]

# How far a line is moved at a time, coarse then fine.
STEPS = (0.04, 0.02)


def tune(
    fusion: Fusion, candidates: Candidates, catalog: Catalog, rows: NDArray[np.integer]
) -> Fusion:
    """Choose the lines of a fusion by the mean F1 per posting of the groups that follow.

    From where they stand, one line at a time is moved up or down as long as that helps (pattern
    search: Hooke and Jeeves, 1961).

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
    Fusion
        With the chosen lines.

    Raises
    ------
    ValueError
        The catalogue has no labels.
    """
    labels = catalog.labels
    if labels is None:
        raise ValueError(f"{catalog.name} has no labels to choose thresholds by")

    def group_f1(trial: Fusion) -> float:
        scores = trial.score(candidates, catalog)
        groups = group(candidates.left, candidates.right, scores, len(catalog))
        return float(posting_f1(group_tally(groups, labels))[rows].mean())

    best = group_f1(fusion)
    for step in STEPS:
        for name in fusion.lines(candidates):
            for move in (step, -step):
                moved = _with_moved_line(fusion, candidates, name, move)
                while moved is not None and (value := group_f1(moved)) > best:
                    best, fusion = value, moved
                    moved = _with_moved_line(fusion, candidates, name, move)
    return fusion


def _with_moved_line(
    fusion: Fusion, candidates: Candidates, name: str, move: float
) -> Fusion | None:
    """The fusion with one line moved; None where no threshold can stand."""
    line = fusion.lines(candidates)[name]
    threshold = round(line.threshold + move, 4)
    if not 0 < threshold < 1:
        return None
    return fusion.with_lines({name: replace(line, threshold=threshold)})
