"""Pairs as rows of a table: ids, score, similarities, and why in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from samesku.candidates.candidates import Candidates, places_among
from samesku.candidates.similarity import Ends
from samesku.results.listing import ALL_PAIRS, pairs_within
from samesku.results.steps import steps
from samesku.runtime.arrays import AnyInts, Bools, Floats, Ints
from samesku.scoring.chosen import rows_of_pairs, score_chosen

if TYPE_CHECKING:
    from samesku.results.matches import Matches


# Least score that is written: the lowest threshold that a report offers.
LEAST_WRITTEN = 0.02
# Pairs that are put in words and written at once; 300,000 took 200 MB more.
PAIRS_AT_ONCE = 50_000
# Postings that the competition takes per posting, itself among them.
LISTED = 50
ANSWERED = "answered: "
SAME, DIFFERENT = f"{ANSWERED}same", f"{ANSWERED}different"
IDENTICAL = "identical in all that is looked at"


def write_pairs(matches: Matches, left: Ends, right: Ends, path: Path) -> None:
    """Write :func:`pair_table` as Parquet, of many pairs some at a time."""
    place = matches.candidates.places(left, right)
    order = np.arange(len(left), dtype=np.int32)
    if len(left) > PAIRS_AT_ONCE:
        rank = matches.distinct.catalog.frame["posting_id"].rank("ordinal").to_numpy()
        ends = {"score": _scores(matches, place), "left_id": rank[left], "right_id": rank[right]}
        order = _surest_first({**ends, "row": order})["row"].to_numpy()

    def rows(part: slice) -> pl.DataFrame:
        some = order[part]
        return pair_table(matches, left[some], right[some], place[some])

    _write_parts(path, len(left), rows)


def write_scored(matches: Matches, path: Path) -> None:
    """Write :func:`scored_table` of :func:`places_scored` as Parquet in the same way."""
    places = places_scored(matches)
    _write_parts(path, len(places), lambda part: scored_table(matches, places[part]))


def _write_parts(path: Path, count: int, rows: Callable[[slice], pl.DataFrame]) -> None:
    """Write a table as Parquet that would be too large to hold, some rows at a time."""
    if count <= PAIRS_AT_ONCE:
        rows(slice(0, count)).write_parquet(path)
        return
    parts = []
    for number, start in enumerate(range(0, count, PAIRS_AT_ONCE)):
        parts.append(path.with_name(f"{path.name}.{number}"))
        # Read back once: to pack it less takes half the time.
        rows(slice(start, start + PAIRS_AT_ONCE)).write_parquet(parts[-1], compression="lz4")
    pl.scan_parquet(parts).sink_parquet(path)
    for part in parts:
        part.unlink()


def pair_table(
    matches: Matches, left: Ends, right: Ends, place: Ints | None = None
) -> pl.DataFrame:
    """Pairs of representatives, in rows of the distinct postings, surest first."""
    place = matches.candidates.places(left, right) if place is None else place
    distinct = matches.distinct
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


def places_scored(matches: Matches) -> Ints:
    """Candidates that another threshold could accept, and labelled ones whatever they scored."""
    pairs, labels = matches.candidates, matches.distinct.catalog.labels
    kept = matches.scores >= LEAST_WRITTEN
    if labels is not None:
        kept |= (labels[pairs.left] == labels[pairs.right]) & (labels[pairs.left] >= 0)
    return np.flatnonzero(kept)


def scored_table(matches: Matches, place: Ints) -> pl.DataFrame:
    """Ids, score and similarities of candidates."""
    pairs = matches.candidates
    ids = matches.distinct.catalog.frame["posting_id"]
    return pl.DataFrame(
        {
            "left_id": ids[pairs.left[place]],
            "right_id": ids[pairs.right[place]],
            "score": matches.scores[place],
            **similarities(pairs, place),
        }
    )


def explanation(matches: Matches, left_id: str | int, right_id: str | int) -> pl.DataFrame:
    """`reason` and `log_odds` of a pair: as a run wrote it, as it was scored, or scored now."""
    explains = matches.fusion.probabilistic or matches.explanations is not None
    if matches.written is None and not explains:
        raise ValueError(f"{matches.fusion.name} has no explanations; use learned")
    distinct, pairs = matches.distinct, matches.candidates
    pair = np.sort(distinct.place[rows_of_pairs(matches.catalog, [(left_id, right_id)])[0]])
    place = int(pairs.places(pair[:1], pair[1:])[0])
    written = None if matches.written is None or place < 0 else matches.written[place]
    said: str | None = _decided(matches, np.array([place]))[0]
    if IDENTICAL in (said, written) or (said is None and distinct.identical(*pair)):
        return pl.DataFrame({"reason": [IDENTICAL], "log_odds": [math.inf]})
    decided = [] if said is None else [(said, math.inf if said == SAME else -math.inf)]
    if matches.written is None:
        table = _scored_explanation(matches, pair, place)
        return pl.concat([pl.DataFrame(decided, schema=table.schema, orient="row"), table])
    found = steps(written)
    if not found and not decided:
        raise ValueError(
            "the run wrote no explanation of this pair: match again to explain it, or use "
            "`samesku explain`"
        )
    reasons = [(step.reason, step.added) for step in (*found[1:], *found[:1])]
    return pl.DataFrame(decided + reasons, schema=["reason", "log_odds"], orient="row")


def _scored_explanation(matches: Matches, pair: Ints, place: int) -> pl.DataFrame:
    """The explanation of a pair by its score, made now where there is none yet."""
    catalog, pairs = matches.distinct.catalog, matches.candidates
    if matches.explanations is not None and place in matches.explanations.places:
        return matches.explanations.table(catalog, pairs, place)
    near, scored = score_chosen(
        matches.fusion, catalog, pairs, pair[:1], pair[1:], explain_from=0.0
    )
    if scored.explanations is None or not len(scored.explanations.places):
        raise ValueError(
            f"{matches.fusion.name} has no explanation of this pair: the two share no title, photo "
            "or hash to compare"
        )
    return scored.explanations.table(catalog, near, 0)


def submission(matches: Matches) -> pl.DataFrame:
    """`posting_id`, `matches`: the members of its cluster between spaces, itself first."""
    clusters, distinct, none = matches.clusters, matches.distinct, np.empty(0, dtype=np.int64)
    left, right = pairs_within(clusters, none, none)
    ends = distinct.place[left], distinct.place[right]
    score = np.where(ends[0] == ends[1], 1.5, -1.0)
    known = matches.candidates.places(np.minimum(*ends), np.maximum(*ends))
    score[known >= 0] = matches.scores[known[known >= 0]]
    sizes = np.bincount(clusters, minlength=1)[clusters]
    alike = distinct.members
    large, following = _following(clusters, alike[sizes[alike] > ALL_PAIRS])
    small = np.flatnonzero(sizes <= ALL_PAIRS)
    ids = matches.catalog.frame["posting_id"]
    own = np.full(len(small), 2.0), np.where(large == following, 2.0, 0.0)
    listed = pl.DataFrame(
        {
            "posting_id": ids[np.concatenate([small, left, right, large])],
            "match": ids[np.concatenate([small, right, left, following])],
            "score": np.concatenate([own[0], score, score, own[1]]),
        }
    )
    joined = (
        listed.sort("score", "match", descending=[True, False])
        .group_by("posting_id", maintain_order=True)
        .agg(pl.col("match").str.join(" ").alias("matches"))
    )
    return ids.to_frame().join(joined, on="posting_id", maintain_order="left")


def _following(clusters: AnyInts, rows: AnyInts) -> tuple[AnyInts, AnyInts]:
    """Each of the rows with itself and those that follow it in its cluster, around, `LISTED`."""
    rows = rows[np.argsort(clusters[rows], kind="stable")]
    own = clusters[rows]
    start, stop = np.searchsorted(own, own), np.searchsorted(own, own, side="right")
    turn = np.arange(len(rows))[:, None] - start[:, None] + np.arange(LISTED)
    following = rows[start[:, None] + turn % (stop - start)[:, None]]
    return np.repeat(rows, LISTED), following.ravel()


def _surest_first(columns: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(columns).sort(
        "score", "left_id", "right_id", descending=[True, False, False], nulls_last=True
    )


def similarities(candidates: Candidates, place: AnyInts) -> dict[str, pl.Series]:
    """By encoder; null where a pair was not scored or lacks the modality."""
    return {
        name: _nullable(candidates.similarity[place, column], place >= 0)
        for column, name in enumerate(candidates.encoders)
    }


def _scores(matches: Matches, place: AnyInts) -> pl.Series:
    return _nullable(matches.scores[place], place >= 0)


def _reasons(matches: Matches, place: AnyInts) -> pl.Series:
    """The explanation of a pair in words, else which of the lists it is in; or what decided it."""
    reasons = _listed(matches, place)
    if matches.written is not None:
        found = matches.written[np.maximum(place, 0)] if len(matches.written) else reasons
        reasons = found.zip_with(pl.Series(place >= 0), reasons).fill_null(reasons)
    if matches.explanations is not None:
        phrases = matches.explanations.phrases(matches.distinct.catalog, matches.candidates, place)
        reasons = pl.Series(phrases, dtype=pl.String).fill_null(reasons)
    return _decided(matches, place).fill_null(reasons)


def _decided(matches: Matches, place: AnyInts) -> pl.Series:
    """What was answered of candidates, or that they are identical; null where neither."""
    pairs, distinct, code = matches.candidates, matches.distinct, np.zeros(len(place), np.int64)
    known = place[place >= 0]
    code[place >= 0] = 3 * distinct.identical(pairs.left[known], pairs.right[known])
    if (pins := matches.pins) is not None:  # in the order of the candidates, as all pairs are
        pin = places_among(pairs.places(pins.left, pins.right), place)
        code[pin >= 0] = np.where(pins.same, 1, 2)[pin[pin >= 0]]
    said: pl.Series = pl.Series([None, SAME, DIFFERENT, IDENTICAL], dtype=pl.String)[code]
    return said


def _listed(matches: Matches, place: AnyInts) -> pl.Series:
    """In words, by which lists of the fusion a pair was accepted, or why it was not."""
    known = np.flatnonzero(place >= 0)
    lists = matches.fusion.lists(matches.candidates.take(place[known]), matches.threshold)
    names = list(lists)
    code = sum((member.astype(np.int64) << bit for bit, member in enumerate(lists.values())))
    words = [
        " and ".join(name for bit, name in enumerate(names) if number >> bit & 1) + " match"
        for number in range(1 << len(names))
    ]
    words += ["taken together", "below the threshold", "same cluster as others that match"]
    together, below, by_others = range(len(words) - 3, len(words))
    pairs, clusters = matches.candidates, matches.clusters[matches.distinct.rows]
    ends = pairs.left[place[known]], pairs.right[place[known]]
    under = np.where(clusters[ends[0]] == clusters[ends[1]], by_others, below)
    reached = matches.scores[place[known]] >= matches.threshold
    codes = np.full(len(place), by_others)
    codes[known] = np.where(reached, np.where(code == 0, together, code), under)
    return pl.Series(words)[codes]


def _nullable(values: Floats, there: Bools) -> pl.Series:
    return pl.Series(np.where(there, values, np.float32(np.nan))).fill_nan(None)
