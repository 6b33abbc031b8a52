"""Matches as a notebook shows them: numbers, and the groups that a person should look at first."""

from __future__ import annotations

import numpy as np

from samesku.report.markup import Markup, element
from samesku.results.matches import Matches

__all__ = ["matches_card"]

GROUPS, TITLES = 8, 4
CELL = "text-align:left;vertical-align:top"


def matches_card(matches: Matches) -> Markup:
    """A small page without style or script of its own: what was matched, least sure first."""
    sizes = np.bincount(matches.groups, minlength=1)
    facts = {
        "postings": len(matches.catalog),
        "matched pairs": matches.pair_count,
        "groups of two or more": matches.group_count,
        "in the largest": int(sizes.max(initial=0)),
    }
    told = ", ".join(f"{count:,} {name}" for name, count in facts.items())
    judge = f"{matches.fusion.name}, line {matches.line:.2f}"
    rows = [
        element("tr", *(element("td", cell, style=CELL) for cell in row))
        for row in _least_sure(matches, sizes)
    ]
    head = element("tr", *(element("th", name) for name in ("offers", "least score", "titles")))
    listed = element("table", element("thead", head), element("tbody", *rows)) if rows else None
    hint = element("p", "The groups least sure of, first:") if rows else None
    return element("div", element("p", element("b", told), f" ({judge})"), hint, listed)


def _least_sure(
    matches: Matches, sizes: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> list[list[str | Markup]]:
    """Size, least score and some titles of the groups whose least sure accepted pair is least."""
    pairs, groups = matches.candidates, matches.groups
    judged = groups[matches.distinct.rows]
    inside = judged[pairs.left] == judged[pairs.right]
    least = np.full(len(sizes), np.inf)
    np.minimum.at(least, judged[pairs.left[inside]], matches.scores[inside])
    order = [int(each) for each in np.argsort(least, kind="stable") if np.isfinite(least[each])]
    titles = matches.catalog.titles
    rows = []
    for number in order[:GROUPS]:
        members = np.flatnonzero(groups == number)
        shown = [element("div", element("bdi", titles[row][:120])) for row in members[:TITLES]]
        if len(members) > TITLES:
            shown.append(element("div", f"and {len(members) - TITLES:,} more"))
        rows.append([f"{len(members):,}", f"{least[number]:.2f}", element("div", *shown)])
    return rows
