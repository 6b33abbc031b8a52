"""From probabilities to links: who may have how many counterparts."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from samesku.linking.rivals import places

__all__ = ["LinkRule", "choose_links", "log_odds"]

LinkRule: TypeAlias = Literal["one-to-one", "one-to-many", "many-to-one", "free"]

# Odds are told apart up to these probabilities.
LEAST = 1e-4


def log_odds(probability: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logarithm of ``p / (1 - p)``, within the odds of 1 to 10,000."""
    clipped = np.clip(np.asarray(probability, dtype=np.float64), LEAST, 1 - LEAST)
    odds: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return odds


def choose_links(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    probability: NDArray[np.floating],
    *,
    line: float,
    rule: LinkRule = "one-to-one",
) -> NDArray[np.int64]:
    """Choose the pairs that become links.

    Parameters
    ----------
    left, right : integer (m,)
        The pairs, each once.
    probability : float (m,)
    line : float
        Only pairs from this probability on are chosen.
    rule : {"one-to-one", "one-to-many", "many-to-one", "free"}
        ``one-to-one``: the set of links that share no posting and have the largest sum of log odds
        above the line, i.e. the likeliest set; it is optimal, not greedy (sparse Jonker-Volgenant
        in scipy). ``one-to-many``: each right posting takes its likeliest left one.
        ``many-to-one``: each left posting takes its likeliest right one. ``free``: all.

    Returns
    -------
    int64 (links,)
        Places of the chosen pairs, ascending.
    """
    above = np.flatnonzero(probability >= line)
    if rule == "one-to-many":
        above = above[places(right[above], probability[above]) == 0]
    elif rule == "many-to-one":
        above = above[places(left[above], probability[above]) == 0]
    elif rule == "one-to-one" and len(above):
        gain = log_odds(probability[above]) - log_odds(np.array(line))
        above = above[_assigned(left[above], right[above], gain)]
    return above


def _assigned(
    left: NDArray[np.integer], right: NDArray[np.integer], gain: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The pairs of the best assignment; every left posting may also stay alone, at no gain."""
    _, row = np.unique(left, return_inverse=True)
    names, column = np.unique(right, return_inverse=True)
    rows = int(row.max()) + 1
    # Costs must be positive. Every left posting has a place of its own to stay alone at.
    dearest = float(gain.max()) + 1.0
    cost = np.concatenate([dearest - gain, np.full(rows, dearest)])
    alone = np.arange(rows)
    grid = (np.concatenate([row, alone]), np.concatenate([column, len(names) + alone]))
    graph = sp.csr_matrix((cost, grid), shape=(rows, len(names) + rows))
    chosen_row, chosen_column = min_weight_full_bipartite_matching(graph)
    partner = np.empty(rows, dtype=np.int64)
    partner[chosen_row] = chosen_column
    return np.flatnonzero(partner[row] == column)
