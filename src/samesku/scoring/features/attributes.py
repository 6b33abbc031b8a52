"""Attributes that two postings agree in, that clash, or that only one of them states."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from samesku.candidates.similarity import Ends
from samesku.runtime.arrays import AnyInts, Bools, Floats, Ints
from samesku.runtime.cores import map_in_order
from samesku.scoring.features.table import Column
from samesku.scoring.presence import common_cells, grouped, presence
from samesku.titles.attributes import KINDS, MPN, Attributes, aspect

# Kinds that make two products also where only one side states them: a pack beside a single thing,
# a case beside the phone.
ONE_SIDED = ("count", "accessory")
# Pairs that are compared at once.
AT_ONCE = 50_000
# Of pairs how many aspects of each kind both state, and how many clash.
Counted: TypeAlias = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class AttributeRows:
    """The attributes of a catalogue as sparse rows; values are compared within their aspect."""

    held: sp.csr_matrix  # float32 (n, values), which values each posting states
    stated: sp.csr_matrix  # float32 (n, aspects), how many values of each aspect
    aspect: Ints  # (values,), that of each value
    kind: Ints  # (aspects,), the place in `KINDS` of each aspect
    clashes: Bools  # (aspects,), whether different values contradict each other

    @cached_property
    def kinds(self) -> Floats:
        """How many aspects of each kind that may clash a posting states, float32 ``(n, kinds)``."""
        size = self.stated.shape[0]
        row = np.repeat(np.arange(size), np.diff(self.stated.indptr))
        aspect = self.stated.indices
        can = self.clashes[aspect]
        return _by_kind(row[can], self.kind[aspect[can]], size)


def attribute_rows(attributes: Attributes) -> AttributeRows:
    """Prepare the attributes of a catalogue for comparison."""
    rows = (
        [
            (kind, aspect(value), value)
            for kind, own in zip(KINDS, row, strict=True)
            for value in own
        ]
        for row in zip(*(attributes.values[kind] for kind in KINDS), strict=True)
    )
    vocabulary: dict[tuple[str, str, str], int] = {}
    held = presence(rows, vocabulary)
    stated, to_aspect, aspects = grouped(held, (value[:2] for value in vocabulary))
    to_kind = np.array([KINDS.index(kind) for kind, _ in aspects], dtype=np.int64)
    # Model numbers are written in too many ways.
    clashes = np.array([each != ("gtin", MPN) for each in aspects], dtype=bool)
    return AttributeRows(held, stated, to_aspect, to_kind, clashes)


def attribute_features(
    rows: AttributeRows,
    left: Ends,
    right: Ends,
    *,
    same: Collection[str] = (),
    counted: Counted | None = None,
) -> dict[str, Column]:
    """Count what agrees, what clashes by kind of attribute, and what one side alone states.

    An aspect that both postings state agrees where all values of one are among the other's, and
    clashes where each has one that the other lacks: "8 gb, 512 gb" clashes with "16 gb, 512 gb" and
    agrees with "512 gb". One GTIN of several in common is enough, and model numbers of columns
    agree, where nothing else clashes, or say nothing. Values of different aspects say nothing of
    each other: "ram: 8 gb" beside "512 gb".

    What may differ within one product, the kinds in `same`, does not clash: so one classifier
    serves catalogues that disagree about what is the same product.

    `counted`: what :func:`attribute_counts` gave of these pairs, where it was asked before.

    Returns `clash_KIND`, the number of aspects that clash, NaN where the two have none in common;
    `clashes`, their sum; `alone_count` and `alone_accessory`, aspects that only one side states;
    `attributes_agree` and `attributes_alone` over all kinds. Cost per pair: a sparse product of
    about ten values.
    """
    both, clash = attribute_counts(rows, left, right) if counted is None else counted
    stated = rows.kinds
    agree, alone = both - clash, np.maximum(stated[left] + stated[right] - 2 * both, 0)
    tolerated = np.array([kind in same for kind in KINDS])
    columns: dict[str, Column] = {}
    known = np.where((both == 0) | tolerated, np.nan, clash)
    for place, kind in enumerate(KINDS):
        columns[f"clash_{kind}"] = known[:, place]
        if kind in ONE_SIDED:
            columns[f"alone_{kind}"] = np.where(tolerated[place], np.nan, alone[:, place])
    columns["clashes"] = clash[:, ~tolerated].sum(axis=1)
    columns["attributes_agree"] = agree.sum(axis=1)
    columns["attributes_alone"] = alone.sum(axis=1)
    return columns


def clashing(rows: AttributeRows, left: Ends, right: Ends, *, same: Collection[str] = ()) -> Bools:
    """Which pairs clash in an attribute that may not differ, bool ``(m,)``."""

    def part(start: int) -> Bools:
        some = slice(start, start + AT_ONCE)
        return any_clash(attribute_counts(rows, left[some], right[some])[1], same)

    return np.concatenate([*map_in_order(part, range(0, len(left), AT_ONCE)), np.empty(0, bool)])


def any_clash(clashes: Floats, same: Collection[str] = ()) -> Bools:
    """The same of pairs by how many attributes of each kind clash, float32 ``(m, kinds)``.

    Names of models do not count: they are misread too often to rule out a pair.
    """
    kinds = [place for place, kind in enumerate(KINDS) if kind not in (*same, "model")]
    return np.asarray(clashes[:, kinds].any(axis=1))


def attribute_counts(rows: AttributeRows, left: Ends, right: Ends) -> Counted:
    """Aspects that both postings state, and those that clash, float32 ``(m, kinds)`` each."""
    stated, values = (common_cells(each, left, right) for each in (rows.stated, rows.held))
    width, size = rows.stated.shape[1], len(left)
    pair, pair_of_value = stated.pair, values.pair
    aspect = rows.stated.indices[stated.mine]
    kind = rows.kind[aspect]
    fewer = np.minimum(rows.stated.data[stated.mine], rows.stated.data[stated.theirs])
    fewer[kind == KINDS.index("gtin")] = 1
    # Who shares a value shares its aspect.
    place = np.searchsorted(
        pair * width + aspect, pair_of_value * width + rows.aspect[rows.held.indices[values.mine]]
    )
    lacking = fewer > np.bincount(place, minlength=len(pair))
    can = rows.clashes[aspect]
    clash = _by_kind(pair[lacking & can], kind[lacking & can], size)
    # A model number is that of all its sizes and colours.
    differ = any_clash(clash)[pair]
    counted = can | ~(lacking | differ)
    return _by_kind(pair[counted], kind[counted], size), clash


def _by_kind(row: AnyInts, kind: AnyInts, size: int) -> Floats:
    """How many of each kind each row has, float32 ``(size, kinds)``."""
    counts = np.bincount(row * len(KINDS) + kind, minlength=size * len(KINDS))
    return counts.reshape(size, len(KINDS)).astype(np.float32)
