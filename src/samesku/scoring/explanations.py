"""The explanation of a pair: what each family of features adds to the log-odds, in words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates, places_among
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Modality
from samesku.runtime.arrays import AnyFloats, AnyInts, Bools, Floats, Ints
from samesku.runtime.memory import Kept, released
from samesku.scoring.features.codes import is_code
from samesku.scoring.features.words import TitleWords
from samesku.scoring.presence import row_cells, segment_max
from samesku.titles import Stated
from samesku.titles.attributes import KINDS

FAMILIES = (
    "titles", "rare words", "numbers", "codes", "photo", "density", "price", "brand",
    "description", "attributes", *KINDS,
)  # fmt: skip
# First parts of the features' names, the longer before the shorter; what is left is wording.
_FAMILY_OF = {
    "rarest_": "rare words",
    "variant_": "rare words",
    "shared_numbers": "numbers",
    "unshared_numbers": "numbers",
    "quantities": "numbers",
    "shared_codes": "codes",
    "unshared_codes": "codes",
    "code_": "codes",
    "postings": "density",
    "title_used_by_": "density",
    "neighbourhood_": "density",
    "words_expected": "density",
    "price_": "price",
    "brand_": "brand",
    "description_": "description",
    **{f"{what}_{kind}": kind for kind in KINDS for what in ("clash", "alone")},
    "clashes": "attributes",
    "attributes_": "attributes",
}
# What adds less to the log-odds is summed up with the start.
FAINT = 0.1
# Pairs that are put in words at once: as Python's numbers they take ten times the memory. And what
# was said of two values that is remembered: of twelve pairs eleven compare what another did. More
# of it would grow to hundreds of megabytes in a service.
PAIRS_AT_ONCE, REMEMBERED = 16_384, 20_000
# Characters of a brand that are quoted.
LONGEST_VALUE = 40
SAME, ALIKE = 1 - 1e-6, 0.9

# Texts, of each pair one.
Phrases: TypeAlias = NDArray[np.object_]


def families(names: Sequence[str], encoders: Mapping[str, Modality]) -> Ints:
    """The place in `FAMILIES` of each feature, int64 ``(f,)``."""
    of = dict(_FAMILY_OF)
    for encoder, modality in encoders.items():
        # The similarity itself counts for titles, how it compares with others' for the density.
        of[f"{encoder}_"] = "density" if modality == "text" else "photo"
        of[encoder] = "titles" if modality == "text" else "photo"
    found = [
        next((family for prefix, family in of.items() if name.startswith(prefix)), "titles")
        for name in names
    ]
    return np.array([FAMILIES.index(family) for family in found], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Explanations:
    """What the log-odds of some scored pairs are the sum of."""

    places: Ints  # (p,), which of the candidates, ascending
    parts: Floats  # (p, families), what each of `FAMILIES` adds to the log-odds
    start: float  # the log-odds before anything is looked at, to which the parts are added
    words: TitleWords
    encoders: Collection[str] | None = None  # those that the model knows; None: all
    # What the answer of a chat model adds, by candidate.
    answered: Mapping[int, float] = field(default_factory=dict)

    def take(self, which: Bools) -> Explanations:
        """Only the pairs marked, bool ``(p,)``."""
        parts = Kept()
        for start in range(0, max(len(which), 1), PAIRS_AT_ONCE):
            some = slice(start, start + PAIRS_AT_ONCE)
            parts.add(self.parts[some][which[some]])
        return replace(self, places=self.places[which], parts=parts.rows)

    def table(self, catalog: Catalog, candidates: Candidates, place: int) -> pl.DataFrame:
        """`reason` and `log_odds` of one pair, weightiest first, the start last.

        The answer of a model comes before all. Raises ValueError where the pair was not looked at
        closely.
        """
        row = int(places_among(self.places, np.array([place]))[0])
        if row < 0:
            raise ValueError("the pair is too unlikely to have been looked at closely")
        facts = _Facts(catalog, candidates, self.places[[row]], self)
        parts, only = self.parts[row], np.zeros(1, dtype=np.int64)
        parted = [
            (facts.phrases(FAMILIES[f], only, parts[[f]] > 0)[0], float(parts[f]))
            for f in np.argsort(-np.abs(parts), kind="stable")
        ]
        if (added := self.answered.get(place)) is not None:
            parted.insert(0, (_answer(added), added))
        return pl.DataFrame(
            [*parted, ("start", self.start)], schema=["reason", "log_odds"], orient="row"
        )

    def phrases(
        self, catalog: Catalog, candidates: Candidates, places: AnyInts
    ) -> list[str | None]:
        """Each pair's reasons on one line, weightiest first; None for those not looked at.

        The numbers behind the reasons sum to the pair's log-odds. The answer of a model comes
        first.
        """
        phrases: list[str | None] = []
        for start in range(0, len(places), PAIRS_AT_ONCE):
            phrases += self._phrases(catalog, candidates, places[start : start + PAIRS_AT_ONCE])
        released(self.parts)
        for at, place in enumerate(places.tolist() if self.answered else ()):
            added = self.answered.get(place)
            if added is not None and phrases[at] is not None:
                phrases[at] = f"{_answer(added)} {added:+.2f}; {phrases[at]}"
        return phrases

    def _phrases(
        self, catalog: Catalog, candidates: Candidates, places: AnyInts
    ) -> list[str | None]:
        row = places_among(self.places, places)
        there = row >= 0
        facts = _Facts(catalog, candidates, self.places[row[there]], self)
        parts = self.parts[row[there]]
        faint = np.abs(parts) < FAINT
        # All pairs of one family at once, then the families of each pair by their weight.
        family, pair = np.nonzero(~faint.T)
        added = parts[pair, family]
        starts = np.searchsorted(family, np.arange(len(FAMILIES) + 1))
        said = [
            facts.phrases(name, pair[some], added[some] > 0)
            for name, some in zip(FAMILIES, map(slice, starts, starts[1:]), strict=True)
            if some.start < some.stop
        ]
        start = self.start + np.sum(parts, axis=1, where=faint)
        text = np.empty((len(pair) + len(start), 2), dtype=object)
        text[:, 0] = np.concatenate([*said, np.full(len(start), "start", dtype=object)])
        text[:, 1] = np.append(_written(added, " {:+.2f}; "), _written(start, " {:+.2f}\n"))
        # The start weighs nothing. One key of both takes a quarter of the time of `lexsort`.
        pair, weight = np.append(pair, np.arange(len(start))), np.abs(np.append(added, 0 * start))
        order = np.argsort(pair * (1 + weight.max(initial=0)) - weight, kind="stable")
        lines = iter("".join(text[order].ravel().tolist()).split("\n"))
        return [next(lines) if known else None for known in there]


class _Facts:
    """What can be said about some pairs, read off their postings."""

    def __init__(
        self,
        catalog: Catalog,
        candidates: Candidates,
        places: AnyInts,
        explained: Explanations,
    ) -> None:
        self.left, self.right = candidates.left[places], candidates.right[places]
        # A model reads no titles by encoders that it does not know, but photos by any.
        self.similarity = {
            "text": _best(candidates, places, "text", explained.encoders),
            "photo": _best(candidates, places, "photo"),
        }
        # The rest is compared only where it is shown: most families add nothing to a pair.
        self.words, self.catalog = explained.words, catalog

    def phrases(self, family: str, pairs: AnyInts, adds: Bools) -> Phrases:
        """What stands for one family of some pairs; `adds`: whether it adds to the log-odds."""
        if values := self.catalog.attributes.values.get(family):
            return self._each(partial(_attribute_said, family), values, pairs)
        ends = self.left[pairs], self.right[pairs]
        match family:
            case "titles":
                return _written(self.similarity["text"][pairs], "titles alike {:.2f}")
            case "rare words":
                word = np.empty(len(pairs), dtype=object)
                word[adds], word[~adds] = self._shared(pairs[adds]), self._unshared(pairs[~adds])
                said = 'rare word "' + word + '" ' + _either(adds, "in both", "in one only")
                return np.where(word == "", "rare words", said)
            case "numbers":
                agree, clash = self._each(_compare, self.words.stated, pairs).reshape(-1, 2).T
                return np.where(adds, agree, clash)
            case "codes":
                words, postings = self._shared(pairs[adds]), self.left[pairs[adds]].tolist()
                coded = np.zeros(len(pairs), dtype=bool)
                coded[adds] = [*map(is_code, words, map(self.words.stated.__getitem__, postings))]
                shared = _either(coded, "model codes agree", "no model code differs")
                return _either(adds, shared, "no model code in common")
            case "photo":
                return _photos(self.similarity["photo"][pairs])
            case "density":
                return _either(adds, "nearest of their kind", "many look like them")
            case "attributes":
                return _either(adds, "attributes agree", "attributes differ")
            case "price" | "brand":
                read = _prices if family == "price" else _brands
                sides = (read(self.catalog, end) for end in ends)
                return np.array([*map(partial(_column_said, family), *sides)], dtype=object)
            case _:
                mine, theirs = (_described(self.catalog, end) for end in ends)
                both = _either(adds, "descriptions agree", "descriptions differ")
                few = _either(mine | theirs, "only one description stated", "no description stated")
                return _either(mine & theirs, both, few)

    def _each(
        self, say: Callable[[Any, Any], object], values: Sequence[Any], pairs: AnyInts
    ) -> Phrases:
        """What the values of both postings say, pair by pair."""
        ends = self.left[pairs].tolist(), self.right[pairs].tolist()
        said = [say(values[a], values[b]) for a, b in zip(*ends, strict=True)]
        return np.array(said, dtype=object)

    def _shared(self, pairs: AnyInts) -> Phrases:
        """The rarest word that both titles say."""
        return self._rarest(self.left[pairs], self.right[pairs], shared=True)

    def _unshared(self, pairs: AnyInts) -> Phrases:
        """The rarest words that only one of both titles says."""
        left, right = self.left[pairs], self.right[pairs]
        mine, theirs = (
            self._rarest(*ends, shared=False) for ends in ((left, right), (right, left))
        )
        both = np.asarray((mine != "") & (theirs != ""))
        return np.asarray(mine + _either(both, '" and "', "") + theirs)

    def _rarest(self, rows: AnyInts, others: AnyInts, *, shared: bool) -> Phrases:
        """The rarest word of each title that another one shares or lacks, empty for none."""
        words = self.words.weighted
        (mine, ends), (theirs, stops) = (row_cells(words, each) for each in (rows, others))
        own, other = (
            np.repeat(np.arange(len(rows)) * words.shape[1], np.diff(bounds)) + words.indices[cells]
            for cells, bounds in ((mine, ends), (theirs, stops))
        )
        known = places_among(other, own) >= 0
        weight = np.where(known == shared, words.data[mine], 0)
        most = np.repeat(segment_max(weight, ends), np.diff(ends))
        best = np.flatnonzero((weight == most) & (weight > 0))
        pair, first = np.unique(own[best] // words.shape[1], return_index=True)
        rarest = np.full(len(rows), "", dtype=object)
        rarest[pair] = [
            self.words.names[word] for word in words.indices[mine[best[first]]].tolist()
        ]
        return rarest


def _best(
    candidates: Candidates,
    places: AnyInts,
    modality: str,
    encoders: Collection[str] | None = None,
) -> Floats:
    kinds = zip(candidates.encoders, candidates.modalities, strict=True)
    columns = [
        place
        for place, (name, kind) in enumerate(kinds)
        if kind == modality and (encoders is None or name in encoders)
    ]
    if not columns:
        return np.full(len(places), np.nan, dtype=np.float32)
    return np.asarray(np.fmax.reduce(candidates.similarity[places][:, columns], axis=1))


def _either(marked: Bools, yes: str | Phrases, no: str | Phrases) -> Phrases:
    return np.where(marked, yes, no).astype(object)


def _written(values: AnyFloats, form: str) -> Phrases:
    """Numbers with two decimals; equal ones are written once."""
    found, place = np.unique(np.rint(values.astype(np.float64) * 100), return_inverse=True)
    return np.array([form.format(each / 100) for each in found.tolist()], dtype=object)[place]


def _photos(similarity: Floats) -> Phrases:
    said = np.where(
        similarity >= ALIKE,
        _written(similarity, "photos alike {:.2f}"),
        _written(similarity, "photos differ {:.2f}"),
    )
    said = np.where(similarity >= SAME, "photo identical", said)
    return np.where(np.isnan(similarity), "no photo to compare", said)


def _answer(added: float) -> str:
    return f"a model answered {'same' if added > 0 else 'different'}"


@lru_cache(maxsize=REMEMBERED)
def _compare(mine: Stated, theirs: Stated) -> tuple[str, str]:
    """What the quantities in two titles say: how they agree, and how they stand against."""
    one, other = set(mine.tokens), set(theirs.tokens)
    both = " ".join(sorted(one & other))
    own = (" ".join(sorted(one - other)), " ".join(sorted(other - one)))
    clash = " against ".join(filter(None, own))
    return f"same {both}" if both else "numbers agree", clash or "numbers differ"


def _column(catalog: Catalog, name: str, rows: AnyInts) -> list[Any]:
    there = name in catalog.frame.columns
    return catalog.frame[name][rows].to_list() if there else [None] * len(rows)


def _brands(catalog: Catalog, rows: AnyInts) -> list[str | None]:
    return _column(catalog, "brand", rows)


def _prices(catalog: Catalog, rows: AnyInts) -> list[str | None]:
    """The prices as text, with their currencies where they are stated."""
    named = zip(_column(catalog, "price", rows), _column(catalog, "currency", rows), strict=True)
    return [
        None if price is None else f"{price:.15g} {currency or ''}".rstrip()
        for price, currency in named
    ]


def _described(catalog: Catalog, rows: AnyInts) -> Bools:
    """Which postings have a description."""
    return np.array([*map(bool, _column(catalog, "description", rows))], dtype=bool)


@lru_cache(maxsize=REMEMBERED)
def _column_said(name: str, mine: str | None, theirs: str | None) -> str:
    """What both postings have in a column: the same, two different ones, or not both any."""
    known = [_value(value) for value in (mine, theirs) if value]
    if not known:
        return f"no {name} stated"
    if len(known) == 1:
        return f"only one {name} stated"
    same = known[0] == known[1]
    return f"same {name} {known[0]}" if same else f"{name}s {known[0]} and {known[1]}"


@lru_cache(maxsize=REMEMBERED)
def _attribute_said(kind: str, mine: Sequence[str], theirs: Sequence[str]) -> str:
    """What both postings state of one kind of attribute."""
    if kind == "gtin":
        kind = "article number"
        if common := set(mine) & set(theirs):
            mine = theirs = sorted(common)
    if not mine and not theirs:
        return f"no {kind} stated"
    mine, theirs = _each_once(mine), _each_once(theirs)
    one, other = ((" and ".join(map(_value, stated)) or "none") for stated in (mine, theirs))
    return f"same {kind} {one}" if mine == theirs and mine else f"{kind} {one} against {other}"


def _each_once(stated: Sequence[str]) -> list[str]:
    """Values without the options that say the same: "s" and "size: s"."""
    return [each for each in stated if each.partition(": ")[2] not in stated]


def _value(value: str) -> str:
    """A value on one line, without the sign that divides reasons."""
    return " ".join(value.replace(";", ",").split())[:LONGEST_VALUE]
