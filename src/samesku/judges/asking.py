"""The questions of a run as a table, and what a random part of the answers says of its quality."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.catalog.answers import SAME, UNSURE, Answers
from samesku.catalog.catalog import Catalog
from samesku.judges.choosing import AUDIT_SHARE, Pool, choose
from samesku.metrics.audit import Audit
from samesku.results.listing import pairs_within
from samesku.results.matches import Matches


def pool_of(matches: Matches) -> Pool:
    """The pairs of matches that may be asked about: all candidates, and all pairs of clusters."""
    candidates, distinct = matches.candidates, matches.distinct
    clusters = matches.clusters[distinct.rows]
    one, other = pairs_within(clusters, candidates.left, candidates.right)
    low, high = np.minimum(one, other), np.maximum(one, other)
    fresh = candidates.places(low, high) < 0
    left = np.concatenate([candidates.left, low[fresh]])
    right = np.concatenate([candidates.right, high[fresh]])
    score = np.concatenate([matches.scores, np.full(np.count_nonzero(fresh), np.nan, np.float32)])
    asked = np.zeros(len(left), dtype=bool)
    if matches.pins is not None:
        asked[candidates.places(matches.pins.left, matches.pins.right)] = True
    if matches.sources is not None:
        own = matches.sources[distinct.rows]
        asked |= own[left] == own[right]
    return Pool(left, right, score, clusters, distinct.counts, asked)


def questions(
    matches: Matches,
    count: int,
    *,
    blind: bool = False,
    audit_share: float = AUDIT_SHARE,
    seed: int = 0,
) -> pl.DataFrame:
    """The most useful questions about matches, to be answered in the column `verdict`.

    A share of them, `audit_share`, is drawn at random, for :func:`audited`; `blind` leaves out the
    predictions.

    Returns
    -------
    polars.DataFrame
        `left_id`, `right_id`, `verdict` (empty), both titles, the photos' paths where there are
        some, `probability` and `matched`, and `audit`: how many pairs a random question stands for.
    """
    pool = pool_of(matches)
    chosen = choose(pool, count, audit_share=audit_share, seed=seed)
    left, right = pool.left[chosen.places], pool.right[chosen.places]
    catalog = matches.distinct.catalog
    ids = catalog.frame["posting_id"]
    columns: dict[str, Any] = {
        "left_id": ids[left],
        "right_id": ids[right],
        "verdict": pl.Series([None] * len(left), dtype=pl.String),
        "left_title": [catalog.titles[row] for row in left],
        "right_title": [catalog.titles[row] for row in right],
    }
    for side, rows in (("left", left), ("right", right)):
        if any(photo is not None for photo in catalog.photos):
            columns[f"{side}_photo"] = _photos(catalog, rows)
    if not blind:
        score = pl.Series(pool.score[chosen.places].astype(np.float32)).fill_nan(None)
        columns |= {"probability": score, "matched": pool.together[chosen.places]}
    audit = pl.Series(chosen.audit).round(2)
    columns["audit"] = pl.select(pl.when(audit > 0).then(audit)).to_series()
    return pl.DataFrame(columns)


def unpinned(matches: Matches) -> Matches:
    """The matches without their pins."""
    if matches.pins is None:
        return matches
    pins, candidates = matches.pins, matches.candidates
    places = candidates.places(pins.left, pins.right)
    scores = matches.scores.copy()
    scores[places] = matches.fusion.score(candidates.take(places), matches.distinct.catalog)
    return replace(matches, scores=scores, pins=None)


def _photos(catalog: Catalog, rows: NDArray[np.integer]) -> pl.Series:
    paths = [None if catalog.photos[row] is None else str(catalog.photos[row]) for row in rows]
    return pl.Series(paths, dtype=pl.String)


def audited(matches: Matches, answers: Answers) -> Audit | None:
    """Precision and recall of matches as they are; None without random answers.

    Both are of pairs of postings, recall among the candidates that are not most unlikely.
    """
    used = (answers.audit > 0) & np.array([each != UNSURE for each in answers.verdict], dtype=bool)
    if np.count_nonzero(used) < 2:
        return None
    left, right = (each[used] for each in answers.rows(matches.catalog))
    together = matches.clusters[left] == matches.clusters[right]
    same = np.array([each == SAME for each in answers.verdict], dtype=bool)[used]
    return Audit.of(together, same, answers.audit[used])
