"""Which pairs to ask about, and what a random part of the answers says of the quality of a run."""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from samesku.catalog.answers import UNSURE, Answers
from samesku.metrics.audit import Audit
from samesku.results.listing import pairs_within
from samesku.results.matches import Matches
from samesku.runtime.arrays import AnyFloats, Bools, Doubles, Ints
from samesku.scoring.features import CatalogRows
from samesku.scoring.features.attributes import AT_ONCE, attribute_counts
from samesku.scoring.fusion import NEVER
from samesku.scoring.learned import Learned
from samesku.titles.attributes import KINDS

# Share of the questions that is drawn at random.
AUDIT_SHARE = 0.2
# Pairs of postings that one answer counts for at most: one giant cluster must not take them all.
MOST_CHANGED = 4.0
# Questions about the same two clusters, at most.
MOST_ALIKE = 2
# Questions about pairs that a kind of attributes decides: of each kind, and of all, at most.
OF_A_KIND, KINDS_SHARE = 4, 0.1
# What people are shown of a posting beside its title and photo, where the catalogue has it.
SHOWN = ("brand", "price", "currency")
# Strata of the pairs apart, by score; pairs below the last are taken to be different.
STRATA = (0.35, 0.1, 0.02)


@dataclass(frozen=True, eq=False)
class Pool:
    """Pairs of distinct postings that may be asked about."""

    left: Ints  # (m,)
    right: Ints  # (m,)
    score: AnyFloats  # (m,); NaN where only the clusters make a match
    clusters: Ints  # (d,), of each distinct posting
    counts: Ints  # (d,), how many postings each stands for
    asked: Bools  # (m,), answered before

    @property
    def together(self) -> Bools:
        """Pairs within one cluster, bool ``(m,)``."""
        return np.asarray(self.clusters[self.left] == self.clusters[self.right])

    @property
    def chance(self) -> Doubles:
        """The scores, one half where there is none, float64 ``(m,)``."""
        return np.nan_to_num(np.asarray(self.score, dtype=np.float64), nan=0.5)

    @property
    def gain(self) -> Doubles:
        """What an answer is expected to change, float64 ``(m,)``.

        The uncertainty of the pair times the root of how many pairs of postings depend on it:
        joining two clusters joins all their pairs, taking a posting out of one cuts its own. The
        root, as answers teach most where they are not all about the largest clusters.
        """
        chance = self.chance
        size = np.bincount(self.clusters, weights=self.counts).astype(np.float64)
        one, other = size[self.clusters[self.left]], size[self.clusters[self.right]]
        least = np.minimum(self.counts[self.left], self.counts[self.right])
        changed = np.where(self.together, least * np.maximum(one - least, 1), one * other)
        doubt = np.where(chance < STRATA[-1], 0, chance * (1 - chance))
        return np.asarray(doubt * np.sqrt(np.minimum(changed, MOST_CHANGED)))


def choose(
    pool: Pool,
    count: int,
    *,
    audit_share: float = AUDIT_SHARE,
    seed: int = 0,
    decisive: Mapping[str, Ints] | None = None,
) -> tuple[Ints, Doubles]:
    """Choose at most `count` questions, of which a share, `audit_share`, is drawn at random.

    `decisive` are the places of pairs that tell whether a kind of attributes may differ, by kind
    (:func:`decisive_pairs`): a few of them are asked. Returns the places of the questions in the
    pool, int64 ``(q,)``, the most useful first, and how many pairs each of those drawn at random
    stands for, float64 ``(q,)``, 0 of the others.
    """
    rng = np.random.default_rng(seed)
    drawn, stands_for = _drawn(pool, round(count * audit_share), rng)
    rest = ~pool.asked
    rest[drawn] = False
    deciding = _deciding(pool, rest, decisive or {}, round(count * KINDS_SHARE), rng)
    rest[deciding] = False
    useful = _useful(pool, np.flatnonzero(rest), count - len(drawn) - len(deciding), rng)
    # The random ones are spread among the others: who stops early has answered some of each, and
    # of the random ones some of each stratum, or the rest would not stand for all pairs.
    turned = rng.permutation(len(drawn))
    drawn, stands_for = drawn[turned], stands_for[turned]
    places = np.concatenate([useful, deciding, drawn])
    audit = np.concatenate([np.zeros(len(useful) + len(deciding)), stands_for])
    turn = np.concatenate([(np.arange(len(each)) + 0.5) / max(len(each), 1)
                           for each in (useful, deciding, drawn)])  # fmt: skip
    order = np.argsort(turn, kind="stable")
    return places[order], audit[order]


def _drawn(pool: Pool, count: int, rng: np.random.Generator) -> tuple[Ints, Doubles]:
    """Random pairs, half of them within clusters, if any, and how many pairs each stands for.

    Pairs apart are drawn by strata of their score, so that the few likely ones are among them.
    """
    together, score = pool.together, pool.chance
    bounds = itertools.pairwise((1.1, *STRATA))
    apart = [~together & (score >= low) & (score < high) for high, low in bounds]
    strata = [np.flatnonzero(each & ~pool.asked) for each in (together, *apart)]
    # By how many pairs of one product each is expected to hold, and by how unsure that is.
    weight = [float(np.sqrt(score[each] * (1 - score[each]) + 1e-3).sum()) for each in strata]
    outer = max(sum(weight[1:]), 1e-9)
    inner = 0.5 if len(strata[0]) else 0.0
    shares = [inner, *((1 - inner) * each / outer for each in weight[1:])]
    places, stands_for = [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for stratum, share in zip(strata, shares, strict=True):
        wanted = min(len(stratum), max(1, round(count * share)) if count else 0)
        if wanted:
            chosen = rng.choice(stratum, wanted, replace=False)
            ties = pool.counts[pool.left[chosen]] * pool.counts[pool.right[chosen]]
            places.append(chosen)
            stands_for.append(len(stratum) / wanted * ties)
    return np.concatenate(places)[:count], np.concatenate(stands_for)[:count]


def _useful(pool: Pool, places: Ints, count: int, rng: np.random.Generator) -> Ints:
    """Pairs drawn by their gain, few of any two clusters, those of the largest gain first.

    Drawn, as what only the very first could teach holds for hardly any other pair.
    """
    gain = pool.gain[places]
    key = np.log(np.maximum(gain, 1e-12)) + rng.gumbel(size=len(gain))
    # Many times more than are asked for never come to their turn.
    order = np.argsort(-key, kind="stable")[: 50 * count]
    ends = pool.clusters[pool.left[places]].tolist(), pool.clusters[pool.right[places]].tolist()
    asked: Counter[frozenset[int]] = Counter()
    chosen: list[int] = []
    for turn in order.tolist():
        if len(chosen) == count or gain[turn] <= 0:
            break
        both = frozenset((ends[0][turn], ends[1][turn]))
        if asked[both] < MOST_ALIKE:
            asked[both] += 1
            chosen.append(turn)
    kept = np.array(chosen, dtype=np.int64)
    return places[kept[np.argsort(-gain[kept], kind="stable")]]


def _deciding(
    pool: Pool, rest: Bools, decisive: Mapping[str, Ints], count: int, rng: np.random.Generator
) -> Ints:
    """Random pairs of those that kinds decide: the more a kind decides the sooner, few of each."""
    pairs = [(kind, place) for kind, places in decisive.items() for place in places.tolist()]
    asked: Counter[str | frozenset[int]] = Counter()
    chosen: list[int] = []
    for turn in rng.permutation(len(pairs)).tolist():
        if len(chosen) == count:
            break
        kind, place = pairs[turn]
        both = frozenset(pool.clusters[[pool.left[place], pool.right[place]]].tolist())
        if rest[place] and asked[kind] < OF_A_KIND and not asked[both]:
            asked.update((kind, both))
            chosen.append(place)
    return np.array(chosen, dtype=np.int64)


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


def decisive_pairs(matches: Matches) -> dict[str, Ints]:
    """The candidates that match only if attributes of a kind may differ, by kind.

    Of those that clash in this kind alone; of many candidates a part is looked at. Whether a kind
    may differ decides about all of them, and their own low probability says little of it.
    """
    fusion, pairs, catalog = matches.fusion, matches.candidates, matches.distinct.catalog
    if not isinstance(fusion, Learned):
        return {}
    apart = np.flatnonzero(matches.scores < matches.threshold)
    apart = apart[:: max(1, -(-len(apart) // AT_ONCE))]
    rows = CatalogRows(catalog, pairs.sources)
    clash = attribute_counts(rows.attributes, pairs.left[apart], pairs.right[apart])[1] > 0
    clash[:, [kind in fusion.same for kind in KINDS]] = False
    once = clash.sum(axis=1) == 1
    apart, clash = apart[once], clash[once]
    found = {}
    for kind, clashes in zip(KINDS, clash.T, strict=True):
        some = apart[clashes]
        if len(some):
            tolerant = replace(fusion, same=(*fusion.same, kind))
            scores = tolerant.predict(pairs.take(some), catalog, NEVER, rows=rows).scores
            found[kind] = some[scores >= matches.threshold]
    return found


def questions(
    matches: Matches,
    count: int,
    *,
    blind: bool = False,
    audit_share: float = AUDIT_SHARE,
    seed: int = 0,
    beside: Answers | None = None,
) -> pl.DataFrame:
    """The most useful questions about matches, to be answered in the column `verdict`.

    A share of them, `audit_share`, is drawn at random, for :func:`audited`; `audit` says how many
    pairs each of these stands for. `blind` leaves out `probability` and `matched`. The pairs of
    `beside` are not asked again.
    """
    pool = pool_of(matches)
    if beside is not None:
        ends = np.sort([matches.distinct.place[rows] for rows in beside.rows(matches.catalog)], 0)
        known, size = ends[0] * len(pool.clusters) + ends[1], np.int64(len(pool.clusters))
        pool = replace(pool, asked=pool.asked | np.isin(pool.left * size + pool.right, known))
    places, stands_for = choose(
        pool, count, audit_share=audit_share, seed=seed, decisive=decisive_pairs(matches)
    )
    left, right = pool.left[places], pool.right[places]
    catalog = matches.distinct.catalog
    ids = catalog.frame["posting_id"]
    shown = {"title": catalog.frame["title"].fill_null("")}
    shown |= {name: catalog.frame[name] for name in SHOWN if name in catalog.frame.columns}
    if catalog.with_photo.any():
        photos = [photo and str(photo) for photo in catalog.photos]
        shown["photo"] = pl.Series(photos, dtype=pl.String)
    columns: dict[str, Any] = {
        "left_id": ids[left],
        "right_id": ids[right],
        "verdict": pl.Series([None] * len(left), dtype=pl.String),
    }
    for name, values in shown.items():
        columns |= {f"left_{name}": values[left], f"right_{name}": values[right]}
    if not blind:
        score = pl.Series(pool.score[places].astype(np.float32)).fill_nan(None)
        columns |= {"probability": score, "matched": pool.together[places]}
    audit = pl.Series(stands_for).round(2)
    return pl.DataFrame({**columns, "audit": audit.set(audit == 0, None)})


def unpinned(matches: Matches) -> Matches:
    if matches.pins is None:
        return matches
    pins, candidates = matches.pins, matches.candidates
    places = candidates.places(pins.left, pins.right)
    scores = matches.scores.copy()
    some, distinct = candidates.take(places), matches.distinct
    own = matches.fusion.score(some, distinct.catalog)
    scores[places] = distinct.sure(some.left, some.right, own)
    return replace(matches, scores=scores, pins=None)


def audited(matches: Matches, answers: Answers) -> Audit | None:
    """Precision and recall of matches as they are; None without random answers.

    Both are of pairs of postings, recall among the candidates that are not most unlikely.
    """
    used = (answers.audit > 0) & (answers.frame["verdict"] != UNSURE).to_numpy()
    if np.count_nonzero(used) < 2:
        return None
    left, right = (each[used] for each in answers.rows(matches.catalog))
    together = matches.clusters[left] == matches.clusters[right]
    audit = Audit.of(together, answers.same[used], answers.audit[used])
    # No more answers of people can be wanted than there are pairs to draw.
    pool = pool_of(matches)
    drawable = int(np.count_nonzero(pool.together | (pool.chance >= STRATA[-1])))
    return replace(
        audit, more=min(audit.more, max(0, drawable - int(np.count_nonzero(~answers.machine))))
    )
