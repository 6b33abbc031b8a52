"""The questions of a run as a table, and what a random part of the answers says of its quality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.catalog.answers import SAME, UNSURE, Answers
from samesku.catalog.catalog import Catalog
from samesku.judges.choosing import AUDIT_SHARE, Pool, choose
from samesku.results.listing import pairs_within
from samesku.results.matches import Matches

# Half an interval that is narrow enough, and how often the answers are drawn anew for one.
NARROW, DRAWN = 0.03, 1000


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

        Returns ------- polars.DataFrame `left_id`, `right_id`, `verdict` (empty), both titles, the
        photos' paths where there are some, `probability` and `matched`, and `audit`: how many pairs
        a random question stands for.
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


@dataclass(frozen=True)
class Audit:
    """Precision and recall of matches, by answers to questions that were drawn at random.

    Each as value, low and high of its 95% interval; NaN where no answer says anything about it.
    Both are of pairs of postings, recall among the candidates that are not most unlikely.
    """

    answers: int
    precision: tuple[float, float, float]
    recall: tuple[float, float, float]
    more: int  # about how many further answers bring both intervals within 0.03 on either side

    def __str__(self) -> str:
        figures = ", ".join(
            f"{name} {value:.2f} ({low:.2f}-{high:.2f})"
            for name, (value, low, high) in (("precision", self.precision), ("recall", self.recall))
            if np.isfinite(value)
        )
        more = f"; about {self.more:,} more answers until the interval is within {NARROW}"
        return f"by {self.answers:,} random answers: {figures}{more if self.more else ''}"

    @property
    def record(self) -> Mapping[str, Any]:
        """For `run.json`: an interval of which no answer says anything is null."""
        intervals = {"precision": self.precision, "recall": self.recall}
        known = {name: list(of) if np.isfinite(of[0]) else None for name, of in intervals.items()}
        return {"answers": self.answers, **known, "more": self.more}


def audited(matches: Matches, answers: Answers, seed: int = 0) -> Audit | None:
    """Precision and recall of matches as they are; None without random answers."""
    used = (answers.audit > 0) & np.array([each != UNSURE for each in answers.verdict], dtype=bool)
    if np.count_nonzero(used) < 2:
        return None
    left, right = (each[used] for each in answers.rows(matches.catalog))
    groups, weight = matches.clusters, answers.audit[used]
    together = groups[left] == groups[right]
    same = np.array([each == SAME for each in answers.verdict], dtype=bool)[used]
    drawn = np.random.default_rng(seed).integers(0, len(weight), (DRAWN, len(weight)))
    precision = _interval(weight * (together & same), weight * together, drawn)
    recall = _interval(weight * (together & same), weight * same, drawn)
    half = max(
        ((high - low) / 2 for _, low, high in (precision, recall) if np.isfinite(high)), default=0.0
    )
    more = max(0, round(len(weight) * ((half / NARROW) ** 2 - 1)))
    return Audit(len(weight), precision, recall, more)


def _interval(
    part: NDArray[np.float64], whole: NDArray[np.float64], drawn: NDArray[np.integer]
) -> tuple[float, float, float]:
    """A share, and where 95 of 100 shares of answers drawn anew lie."""
    if not whole.sum():
        return (float("nan"),) * 3
    total = whole[drawn].sum(axis=1)
    shares = part[drawn].sum(axis=1)[total > 0] / total[total > 0]
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(part.sum() / whole.sum()), float(low), float(high)
