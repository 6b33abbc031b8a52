"""Attributes that two postings agree in, that clash, or that only one of them states."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.similarity import PAIRS_AT_ONCE
from samesku.runtime.cores import map_in_order
from samesku.scoring.features.table import Column
from samesku.scoring.presence import presence
from samesku.titles.attributes import KINDS, Attributes, aspect

__all__ = ["attribute_features"]


def attribute_features(
    attributes: Attributes,
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    *,
    same: Collection[str] = (),
) -> dict[str, Column]:
    """Count per kind of attribute what agrees, what clashes and what one side alone states.

    Values are compared within their aspect: "ram: 8 gb" says nothing against "512 gb". An aspect
    that both postings state agrees where they share a value, and clashes where they share none.

    Parameters
    ----------
    attributes : Attributes
        Of the whole catalogue.
    left, right : integer (m,)
        The pairs.
    same : collection of str
        Kinds that may differ within one product. Their clashes are counted together, as tolerated
        ones, and not by kind: so one classifier serves catalogues that disagree in what is the
        same product.

    Returns
    -------
    dict of str to float32 (m,)
        `KIND_agree` and `KIND_clash`, numbers of aspects, NaN where the two have none in common;
        `KIND_alone`, aspects that only one side states. `clashes`, the sum over the kinds that are
        not in `same`; `tolerated_clashes` and `tolerated_alone`, the sums over those that are.
        Cost: a sparse product of about ten values per pair.
    """
    both, agree, stated = _counts(attributes, left, right)
    clash = both - agree
    alone = stated[left] + stated[right] - 2 * both
    tolerated = np.array([kind in same for kind in KINDS])
    columns: dict[str, Column] = {}
    for place, kind in enumerate(KINDS):
        none = both[:, place] == 0
        columns[f"{kind}_agree"] = np.where(none, np.nan, agree[:, place])
        clashing, single = clash[:, place], alone[:, place]
        if tolerated[place]:
            clashing = single = np.full(len(left), np.nan, dtype=np.float32)
        columns[f"{kind}_clash"] = np.where(none, np.nan, clashing)
        columns[f"{kind}_alone"] = single
    columns["clashes"] = clash[:, ~tolerated].sum(axis=1)
    columns["tolerated_clashes"] = clash[:, tolerated].sum(axis=1)
    columns["tolerated_alone"] = alone[:, tolerated].sum(axis=1)
    return columns


def _counts(
    attributes: Attributes, left: NDArray[np.integer], right: NDArray[np.integer]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Aspects that both state and that agree, ``(m, kinds)``, and that each states, ``(n, kinds)``."""
    size = len(next(iter(attributes.values.values())))
    rows: list[list[tuple[str, str, str]]] = [[] for _ in range(size)]
    for kind in KINDS:
        for row, values in zip(rows, attributes.values[kind], strict=True):
            row += [(kind, aspect(value), value) for value in values]
    vocabulary: dict[tuple[str, str, str], int] = {}
    held = presence(rows, vocabulary)
    aspects: dict[tuple[str, str], int] = {}
    of_value = [aspects.setdefault(value[:2], len(aspects)) for value in vocabulary]
    to_aspect = _indicator(of_value, held.shape[1], len(aspects))
    to_kind = _indicator([KINDS.index(kind) for kind, _ in aspects], len(aspects), len(KINDS))
    states = sp.csr_matrix(held @ to_aspect)
    states.data[:] = 1

    def part(start: int) -> tuple[Column, Column]:
        a, b = left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]
        shared = sp.csr_matrix(held[a].multiply(held[b]) @ to_aspect)
        shared.data[:] = 1
        return (states[a].multiply(states[b]) @ to_kind).toarray(), (shared @ to_kind).toarray()

    parts = list(map_in_order(part, range(0, len(left), PAIRS_AT_ONCE)))
    empty = np.empty((0, len(KINDS)), dtype=np.float32)
    both, agree = (np.concatenate([empty, *each]) for each in zip(*parts, strict=True)) if parts else (
        empty, empty
    )
    return both, agree, np.asarray((states @ to_kind).toarray())


def _indicator(columns: list[int], height: int, width: int) -> sp.csr_matrix:
    ones = np.ones(len(columns), dtype=np.float32)
    grid = (np.arange(len(columns)), np.array(columns, dtype=np.int64))
    return sp.csr_matrix((ones, grid), shape=(max(height, 1), max(width, 1)))
