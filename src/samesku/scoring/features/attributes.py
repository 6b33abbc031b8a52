"""Attributes that two postings agree in, that clash, or that only one of them states."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.similarity import PAIRS_AT_ONCE
from samesku.runtime.cores import map_in_order
from samesku.scoring.features.table import Column
from samesku.scoring.presence import presence
from samesku.titles.attributes import KINDS, Attributes, aspect

__all__ = ["AttributeRows", "attribute_features", "attribute_rows"]

# Kinds that make two products also where only one side states them: a pack beside a single thing,
# a case beside the phone.
ONE_SIDED = ("count", "accessory")


@dataclass(frozen=True, eq=False)
class AttributeRows:
    """The attributes of a catalogue as sparse rows.

    Attributes
    ----------
    held : float32 CSR (n, values)
        Which values each posting states.
    stated : float32 CSR (n, aspects)
        How many values of each aspect: values are compared within their aspect.
    to_aspect : float32 CSR (values, aspects)
    to_kind : float32 CSR (aspects, kinds)
    """

    held: sp.csr_matrix
    stated: sp.csr_matrix
    to_aspect: sp.csr_matrix
    to_kind: sp.csr_matrix

    @cached_property
    def kinds(self) -> NDArray[np.float32]:
        """How many aspects of each kind a posting states, float32 ``(n, kinds)``."""
        return np.asarray((_ones(self.stated) @ self.to_kind).toarray())


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
    aspects: dict[tuple[str, str], int] = {}
    of_value = [aspects.setdefault(value[:2], len(aspects)) for value in vocabulary]
    to_aspect = _indicator(of_value, held.shape[1], len(aspects))
    of_aspect = [KINDS.index(kind) for kind, _ in aspects]
    to_kind = _indicator(of_aspect, to_aspect.shape[1], len(KINDS))
    return AttributeRows(held, sp.csr_matrix(held @ to_aspect), to_aspect, to_kind)


def attribute_features(
    rows: AttributeRows,
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    *,
    same: Collection[str] = (),
) -> dict[str, Column]:
    """Count what agrees, what clashes by kind of attribute, and what one side alone states.

    An aspect that both postings state agrees where all values of one are among the other's, and
    clashes where each has one that the other lacks: "8 gb, 512 gb" clashes with "16 gb, 512 gb" and
    agrees with "512 gb". Values of different aspects say nothing of each other: "ram: 8 gb" beside
    "512 gb".

    Parameters
    ----------
    rows : AttributeRows
        Of the whole catalogue.
    left, right : integer (m,)
        The pairs.
    same : collection of str
        Kinds that may differ within one product. Their clashes are counted together, as tolerated
        ones, and not by kind: so one classifier serves catalogues that disagree about what is the
        same product.

    Returns
    -------
    dict of str to float32 (m,)
        `clash_KIND`, the number of aspects that clash, NaN where the two have none in common;
        `clashes`, their sum; `alone_count` and `alone_accessory`, aspects that only one side
        states; `attributes_agree` and `attributes_alone` over all kinds; `tolerated_clashes` and
        `tolerated_alone`, the sums over the kinds in `same`. Cost per pair: a sparse product of
        about ten values.
    """
    both, clash = _counts(rows, left, right)
    stated = rows.kinds
    agree, alone = both - clash, stated[left] + stated[right] - 2 * both
    tolerated = np.array([kind in same for kind in KINDS])
    columns: dict[str, Column] = {}
    for place, kind in enumerate(KINDS):
        unknown = (both[:, place] == 0) | tolerated[place]
        columns[f"clash_{kind}"] = np.where(unknown, np.nan, clash[:, place])
        if kind in ONE_SIDED:
            columns[f"alone_{kind}"] = np.where(tolerated[place], np.nan, alone[:, place])
    columns["clashes"] = clash[:, ~tolerated].sum(axis=1)
    columns["attributes_agree"] = agree.sum(axis=1)
    columns["attributes_alone"] = alone.sum(axis=1)
    columns["tolerated_clashes"] = clash[:, tolerated].sum(axis=1)
    columns["tolerated_alone"] = alone[:, tolerated].sum(axis=1)
    return columns


def _counts(
    rows: AttributeRows, left: NDArray[np.integer], right: NDArray[np.integer]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Aspects that both postings state, and those that clash, float32 ``(m, kinds)`` each."""

    def part(start: int) -> tuple[Column, Column]:
        a, b = left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]
        fewer = sp.csr_matrix(rows.stated[a].minimum(rows.stated[b]))
        shared = rows.held[a].multiply(rows.held[b]) @ rows.to_aspect
        lacking = sp.csr_matrix(fewer - shared)
        lacking.eliminate_zeros()
        return tuple((_ones(each) @ rows.to_kind).toarray() for each in (fewer, lacking))

    parts = list(map_in_order(part, range(0, len(left), PAIRS_AT_ONCE)))
    if not parts:
        return np.empty((0, len(KINDS)), np.float32), np.empty((0, len(KINDS)), np.float32)
    both, clash = (np.concatenate(each) for each in zip(*parts, strict=True))
    return both, clash


def _ones(cells: sp.csr_matrix) -> sp.csr_matrix:
    """1 in the filled cells."""
    ones = np.ones(len(cells.data), dtype=np.float32)
    return sp.csr_matrix((ones, cells.indices, cells.indptr), shape=cells.shape)


def _indicator(columns: list[int], height: int, width: int) -> sp.csr_matrix:
    """Row i holds 1 in column ``columns[i]``."""
    ones = np.ones(len(columns), dtype=np.float32)
    grid = (np.arange(len(columns)), np.array(columns, dtype=np.int64))
    return sp.csr_matrix((ones, grid), shape=(max(height, 1), max(width, 1)))
