"""Matches as a notebook shows them: numbers, and the clusters to look at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from samesku.results.render import render

if TYPE_CHECKING:
    from samesku.results.matches import Matches


CLUSTERS, TITLES = 8, 4


def matches_card(matches: Matches) -> str:
    """A small page without style or script of its own: what was matched, least sure first."""
    sizes = np.bincount(matches.clusters, minlength=1)
    shown = []
    for number, least in _least_sure(matches, len(sizes)):
        members = np.flatnonzero(matches.clusters == number)
        titles = [matches.catalog.titles[row][:120] for row in members[:TITLES]]
        shown.append((len(members), least, titles))
    return render(
        "samesku.results", "notebook.html.j2",
        matches=matches, largest=sizes.max(initial=0), shown=shown,
    )  # fmt: skip


def _least_sure(matches: Matches, count: int) -> list[tuple[int, float]]:
    """The clusters whose least sure accepted pair is least, with its score."""
    pairs, clusters = matches.candidates, matches.clusters
    scored = clusters[matches.distinct.rows]
    inside = scored[pairs.left] == scored[pairs.right]
    least = np.full(count, np.inf)
    np.minimum.at(least, scored[pairs.left[inside]], matches.scores[inside])
    order = np.argsort(least, kind="stable")[:CLUSTERS]
    return [(int(each), float(least[each])) for each in order if np.isfinite(least[each])]
