"""What became of the true pairs of the queries at each stage of the way, and the figures of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samesku.evaluation.calibration import Predicted, predicted_pairs
from samesku.metrics import (
    Sampled,
    Tally,
    bootstrap,
    cluster_tally,
    pair_tally,
    posting_f1,
)
from samesku.results.matches import Matches


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts of one split's queries.

    `matched` is of the matches, `below` and `cut` of the candidates below and above the threshold
    that did not become matches; `predicted` is None where scores are no probabilities.
    """

    products: NDArray[np.int64]
    matched: Tally
    below: Tally
    cut: Tally
    predicted: Predicted | None


def count(matches: Matches, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> Counts:
    """Count for the queries `rows`; labels int64 ``(n,)``, -1 where unknown."""
    left, right = matches.candidates.left, matches.candidates.right
    distinct = matches.distinct
    groups, known = matches.clusters[distinct.rows], labels[distinct.rows]
    apart = groups[left] != groups[right]
    above = matches.scores >= matches.threshold
    below, cut = apart & ~above, apart & above
    probable = matches.fusion.probabilistic
    asked = np.flatnonzero(np.isin(distinct.rows, rows))
    return Counts(
        labels[rows],
        cluster_tally(matches.clusters, labels).take(rows),
        pair_tally(left[below], right[below], labels, distinct.place).take(rows),
        pair_tally(left[cut], right[cut], labels, distinct.place).take(rows),
        predicted_pairs(matches.scores, matches.candidates, known, asked) if probable else None,
    )


def figures(scored: Sequence[Counts], seed: int) -> dict[str, Sampled]:
    """Every figure over the queries of all splits, resampled by whole products."""
    products = np.concatenate([part.products for part in scored])
    matched = Tally.joined([part.matched for part in scored])
    below = np.concatenate([part.below.correct for part in scored])
    cut = np.concatenate([part.cut.correct for part in scored])
    one = np.ones(len(products))
    precise = matched.correct, matched.matched
    recalled = matched.correct, matched.actual
    # The posting itself belongs to its group: B-cubed counts it.
    own_precise = (matched.correct + 1) / (matched.matched + 1)
    own_recalled = (matched.correct + 1) / (matched.actual + 1)

    def ratio(top: NDArray[Any], bottom: NDArray[Any]) -> Sampled:
        return bootstrap(top, bottom, products, seed=seed)

    def harmonic(first: tuple[Any, Any], second: tuple[Any, Any]) -> Sampled:
        tops, bottoms = np.stack([first[0], second[0]]), np.stack([first[1], second[1]])
        return bootstrap(tops, bottoms, products, combine="harmonic", seed=seed)

    return {
        "posting_f1": ratio(posting_f1(matched), one),
        "pair_precision": ratio(*precise),
        "pair_recall": ratio(*recalled),
        "pair_f1": harmonic(precise, recalled),
        "bcubed_precision": ratio(own_precise, one),
        "bcubed_recall": ratio(own_recalled, one),
        "bcubed_f1": harmonic((own_precise, one), (own_recalled, one)),
        "lost_not_candidate": ratio(matched.actual - matched.correct - below - cut, matched.actual),
        "lost_below_threshold": ratio(below, matched.actual),
        "lost_by_clustering": ratio(cut, matched.actual),
    }
