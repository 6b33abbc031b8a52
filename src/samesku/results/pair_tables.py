"""Pairs as rows of a table: ids, score, similarities, and why in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.clustering.pins import Pins
from samesku.results.listing import pairs_within

if TYPE_CHECKING:
    from samesku.results.matches import Matches

__all__ = ["link_table", "pair_table", "similarities"]


def pair_table(
    matches: Matches, left: NDArray[np.integer], right: NDArray[np.integer]
) -> pl.DataFrame:
    """Pairs of representatives, in rows of the distinct postings, surest first."""
    distinct, place = matches.distinct, matches.candidates.places(left, right)
    ids, counts = distinct.catalog.frame["posting_id"], distinct.counts
    return _surest_first(
        {
            "left_id": ids[left],
            "right_id": ids[right],
            "score": _scores(matches, place),
            **similarities(matches.candidates, place),
            "reasons": _reasons(matches, place),
            "left_postings": counts[left],
            "right_postings": counts[right],
        }
    )


def link_table(matches: Matches) -> pl.DataFrame:
    """Pairs of postings that share a cluster, of identical ones too, surest first."""
    pairs, place = matches.candidates, matches.distinct.place
    _, one, other = matches.distinct.expanded(pairs.left, pairs.right)
    left, right = pairs_within(matches.clusters, one, other)
    ends = place[left], place[right]
    scored = pairs.places(np.minimum(*ends), np.maximum(*ends))
    ids = matches.catalog.frame["posting_id"]
    return _surest_first(
        {
            "left_id": ids[left],
            "right_id": ids[right],
            "score": _scores(matches, scored),
            "reasons": _reasons(matches, scored),
        }
    )


def _surest_first(columns: dict[str, pl.Series | NDArray[np.int64]]) -> pl.DataFrame:
    return pl.DataFrame(columns).sort(
        "score", "left_id", "right_id", descending=[True, False, False], nulls_last=True
    )


def similarities(candidates: Candidates, place: NDArray[np.integer]) -> dict[str, pl.Series]:
    """By encoder; null where a pair was not scored or lacks the modality."""
    return {
        name: _nullable(candidates.similarity[place, column], place >= 0)
        for column, name in enumerate(candidates.encoders)
    }


def _scores(matches: Matches, place: NDArray[np.integer]) -> pl.Series:
    return _nullable(matches.scores[place], place >= 0)


def _reasons(matches: Matches, place: NDArray[np.integer]) -> pl.Series:
    """In words: what speaks for and against a pair, else which of the lists it is in."""
    reasons = _listed(matches, place)
    if matches.evidence is not None:
        told = matches.evidence.phrases(matches.distinct.catalog, matches.candidates, place)
        reasons = pl.Series(told, dtype=pl.String).fill_null(reasons)
    return reasons if matches.pins is None else _answered(matches, place, reasons)


def _answered(matches: Matches, place: NDArray[np.integer], reasons: pl.Series) -> pl.Series:
    """The reasons, but of pinned pairs the answer."""
    pins = matches.pins or Pins.of(place[:0], place[:0], place[:0] > 0)
    code = np.zeros(len(matches.candidates) + 1, dtype=np.int64)  # the last: never scored
    code[matches.candidates.places(pins.left, pins.right)] = np.where(pins.same, 1, 2)
    told = pl.Series([None, "answered: same", "answered: different"], dtype=pl.String)
    answered: pl.Series = told[code[place]].fill_null(reasons)
    return answered


def _listed(matches: Matches, place: NDArray[np.integer]) -> pl.Series:
    """In words, which of the lists a pair is in."""
    lists = matches.fusion.lists(matches.candidates, matches.threshold)
    names = list(lists)
    code = sum((member.astype(np.int64) << bit for bit, member in enumerate(lists.values())))
    words = [
        " and ".join(name for bit, name in enumerate(names) if number >> bit & 1) + " match"
        for number in range(1 << len(names))
    ]
    words += ["taken together", "below the threshold", "same cluster as others that match"]
    together, below, unscored = range(len(words) - 3, len(words))
    none = np.where(matches.scores >= matches.threshold, together, below)
    codes = np.where(place >= 0, np.where(code == 0, none, code)[place], unscored)
    return pl.Series(words)[codes]


def _nullable(values: NDArray[np.float32], there: NDArray[np.bool_]) -> pl.Series:
    shown = np.where(there, values, np.nan) if len(values) else values
    return pl.Series(shown.astype(np.float32)).fill_nan(None)
