"""The explanation of a pair: what each family of features adds to the log-odds, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates, places_among
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Modality
from samesku.runtime.memory import Kept, released
from samesku.scoring.features.title_words import TitleWords
from samesku.scoring.features.words import unshared_words
from samesku.scoring.presence import common_cells, segment_max
from samesku.titles.attributes import KINDS

__all__ = ["FAMILIES", "Explanations", "as_said", "families"]

FAMILIES = (
    "titles",
    "rare words",
    "numbers",
    "codes",
    "photo",
    "density",
    "price",
    "brand",
    "description",
    "attributes",
    *KINDS,
)
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
    "tolerated_": "attributes",
}
# What adds less to the log-odds is summed up with the start.
FAINT = 0.1
# Pairs that are put in words at once: as Python's numbers they take ten times the memory.
PAIRS_AT_ONCE = 16_384
# Characters of a brand that are quoted.
LONGEST_VALUE = 40
SAME, ALIKE = 1 - 1e-6, 0.9


def families(names: Sequence[str], encoders: Mapping[str, Modality]) -> NDArray[np.int64]:
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
    """What the log-odds of some scored pairs are the sum of.

    Attributes
    ----------
    places : int64 (p,)
        Which of the candidates, ascending.
    parts : float32 (p, families)
        What each of `FAMILIES` adds to the log-odds.
    start : float
        The log-odds before anything is looked at: with the parts it sums to those of the pair.
    words : TitleWords
    """

    places: NDArray[np.int64]
    parts: NDArray[np.float32]
    start: float
    words: TitleWords

    def take(self, which: NDArray[np.bool_]) -> Explanations:
        """Only the pairs marked, bool ``(p,)``."""
        parts = Kept()
        for start in range(0, max(len(which), 1), PAIRS_AT_ONCE):
            some = slice(start, start + PAIRS_AT_ONCE)
            parts.add(self.parts[some][which[some]])
        return replace(self, places=self.places[which], parts=parts.rows)

    def table(self, catalog: Catalog, candidates: Candidates, place: int) -> pl.DataFrame:
        """`reason` and `log_odds` of one pair, weightiest first, the start last.

        Raises
        ------
        ValueError
            The pair was not looked at closely.
        """
        row = int(places_among(self.places, np.array([place]))[0])
        if row < 0:
            raise ValueError("the pair is too unlikely to have been looked at closely")
        facts = _Facts(catalog, candidates, self.places[[row]], self.words)
        parts = self.parts[row]
        order = np.argsort(-np.abs(parts), kind="stable")
        parted = [(facts.phrase(FAMILIES[f], 0, parts[f] > 0), float(parts[f])) for f in order]
        return pl.DataFrame(
            [*parted, ("start", self.start)], schema=["reason", "log_odds"], orient="row"
        )

    def phrases(
        self, catalog: Catalog, candidates: Candidates, places: NDArray[np.integer]
    ) -> list[str | None]:
        """Each pair's reasons on one line, weightiest first; None for those not looked at.

        The numbers behind the reasons sum to the pair's log-odds.
        """
        phrases: list[str | None] = []
        for start in range(0, len(places), PAIRS_AT_ONCE):
            phrases += self._phrases(catalog, candidates, places[start : start + PAIRS_AT_ONCE])
        released(self.parts)
        return phrases

    def _phrases(
        self, catalog: Catalog, candidates: Candidates, places: NDArray[np.integer]
    ) -> list[str | None]:
        row = places_among(self.places, places)
        there = row >= 0
        facts = _Facts(catalog, candidates, self.places[row[there]], self.words)
        parts = self.parts[row[there]]
        order = np.argsort(-np.abs(parts), axis=1, kind="stable")
        faint = np.abs(parts) < FAINT
        start = self.start + np.sum(parts, axis=1, where=faint)
        lines = iter(
            "; ".join(
                [
                    f"{facts.phrase(FAMILIES[f], pair, added[f] > 0)} {added[f]:+.2f}"
                    for f in first[: len(first) - small]
                ]
                + [f"start {begin:+.2f}"]
            )
            for pair, (first, added, small, begin) in enumerate(
                zip(order.tolist(), parts.tolist(), faint.sum(axis=1), start, strict=True)
            )
        )
        return [next(lines) if known else None for known in there]


class _Facts:
    """What can be said about some pairs, read off their postings."""

    def __init__(
        self,
        catalog: Catalog,
        candidates: Candidates,
        places: NDArray[np.integer],
        words: TitleWords,
    ) -> None:
        left, right = candidates.left[places], candidates.right[places]
        self.similarity = {
            modality: _best(candidates, places, modality) for modality in ("text", "photo")
        }
        cells = common_cells(words.held, left, right)
        weighted = words.weighted
        common = weighted.data[cells.mine], weighted.indices[cells.mine], cells.ends
        self.shared = _rarest(*common, words.names)
        own = [
            _rarest(*unshared_words(weighted, rows, places, cells.ends), words.names)
            for rows, places in ((left, cells.mine), (right, cells.theirs))
        ]
        self.unshared = [_both(*each) for each in zip(*own, strict=True)]
        # The rest is compared only where it is shown: most families add nothing to a pair.
        self.sides = list(zip(left.tolist(), right.tolist(), strict=True))
        self.stated, self.attributes = words.stated, catalog.attributes.values
        self.columns = {
            name: (_column(catalog, name, left), _column(catalog, name, right))
            for name in ("brand", "price")
        }

    def phrase(self, family: str, pair: int, adds: bool) -> str:
        """What stands for one family of a pair; `adds`: whether it adds to the log-odds."""
        a, b = self.sides[pair]
        if values := self.attributes.get(family):
            return _attribute_said(family, values[a], values[b])
        match family:
            case "titles":
                return f"titles alike {self.similarity['text'][pair]:.2f}"
            case "rare words":
                word = self.shared[pair] if adds else self.unshared[pair]
                where = "in both" if adds else "in one only"
                return f'rare word "{word}" {where}' if word else "rare words"
            case "numbers":
                mine, theirs = self.stated[a].tokens, self.stated[b].tokens
                agree, clash = _compare(set(mine), set(theirs))
                if adds:
                    return f"same {agree}" if agree else "numbers agree"
                return clash or "numbers differ"
            case "codes":
                return "model codes agree" if adds else "no model code in common"
            case "photo":
                return _photo(float(self.similarity["photo"][pair]))
            case "density":
                return "nearest of their kind" if adds else "many look like them"
            case "attributes":
                return f"attributes {'agree' if adds else 'differ'}"
            case "price" | "brand":
                mine, theirs = self.columns[family]
                return _column_said(family, mine[pair], theirs[pair])
            case _:
                return f"descriptions {'agree' if adds else 'differ'}"


def _best(
    candidates: Candidates, places: NDArray[np.integer], modality: str
) -> NDArray[np.float32]:
    columns = [place for place, kind in enumerate(candidates.modalities) if kind == modality]
    if not columns:
        return np.full(len(places), np.nan, dtype=np.float32)
    best: NDArray[np.float32] = np.fmax.reduce(candidates.similarity[places][:, columns], axis=1)
    return best


def _photo(similarity: float) -> str:
    if np.isnan(similarity):
        return "no photo to compare"
    if similarity >= SAME:
        return "photo identical"
    return f"photos {'alike' if similarity >= ALIKE else 'differ'} {similarity:.2f}"


def as_said(word: str) -> str:
    """A word as a seller says it: `size_xl` is how word lists write a size."""
    return word.replace("size_", "size ")


def _rarest(
    weight: NDArray[np.float32],
    columns: NDArray[np.integer],
    ends: NDArray[np.integer],
    names: Sequence[str],
) -> list[str]:
    """The rarest word of each row, the first of equally rare ones; empty where there is none."""
    most = segment_max(weight, ends)
    row = np.repeat(np.arange(len(most)), np.diff(ends))
    best = np.flatnonzero((weight == most[row]) & (weight > 0))
    there, first = np.unique(row[best], return_index=True)
    rarest = [""] * len(most)
    for at, column in zip(there.tolist(), columns[best[first]].tolist(), strict=True):
        rarest[at] = as_said(names[column])
    return rarest


def _both(mine: str, theirs: str) -> str:
    return '" and "'.join(filter(None, (mine, theirs)))


def _compare(mine: set[str], theirs: set[str]) -> tuple[str, str]:
    """Quantities in both titles, and those that stand against each other."""
    own = (" ".join(sorted(mine - theirs)), " ".join(sorted(theirs - mine)))
    return " ".join(sorted(mine & theirs)), " against ".join(filter(None, own))


def _column(catalog: Catalog, name: str, rows: NDArray[np.integer]) -> list[object]:
    there = name in catalog.frame.columns
    return catalog.frame[name][rows].to_list() if there else [None] * len(rows)


def _column_said(name: str, mine: object, theirs: object) -> str:
    """What both postings have in a column: the same, two different ones, or not both any."""
    known = [_value(value) for value in (mine, theirs) if value not in (None, "")]
    if not known:
        return f"no {name} stated"
    if len(known) == 1:
        return f"only one {name} stated"
    same = known[0] == known[1]
    return f"same {name} {known[0]}" if same else f"{name}s {known[0]} and {known[1]}"


def _attribute_said(kind: str, mine: Sequence[str], theirs: Sequence[str]) -> str:
    """What both postings state of one kind of attribute."""
    if not mine and not theirs:
        return f"no {kind} stated"
    one, other = ((" and ".join(map(_value, stated)) or "none") for stated in (mine, theirs))
    return f"same {kind} {one}" if mine == theirs and mine else f"{kind} {one} against {other}"


def _value(value: object) -> str:
    """A value on one line, without the sign that divides reasons."""
    shown = f"{value:.15g}" if isinstance(value, float) else str(value)
    return " ".join(shown.replace(";", ",").split())[:LONGEST_VALUE]
