"""What two titles share word by word: rare words, numbers, model codes, quantities."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.cores import map_in_order
from samesku.features.table import Column, both_ways
from samesku.similarity import PAIRS_AT_ONCE, row_similarity
from samesku.titles import quantities, tokens

__all__ = ["word_features"]

_CODE = re.compile(r"(?=.*\d)(?=.*[a-z]).{4,}")


def word_features(
    titles: Sequence[str], left: NDArray[np.integer], right: NDArray[np.integer]
) -> dict[str, Column]:
    """Shared and unshared words weighed by their rarity, and quantities that agree or clash.

    Parameters
    ----------
    titles : sequence of str
        Normal titles of the whole catalogue.
    left, right : integer (m,)
        The pairs.
    """
    vocabulary: dict[str, int] = {}
    presence = _presence([tokens(title) for title in titles], vocabulary)
    frequency = np.bincount(presence.indices, minlength=presence.shape[1])
    rarity = (np.log((1 + len(titles)) / (1 + frequency)) + 1).astype(np.float32)
    weighted = presence.copy()
    weighted.data = rarity[presence.indices]
    names = list(vocabulary)
    number, code = np.zeros((2, presence.shape[1]), dtype=np.float32)
    number[: len(names)] = [any(map(str.isdigit, name)) for name in names]
    code[: len(names)] = [_CODE.fullmatch(name) is not None for name in names]

    def part(start: int) -> list[Column]:
        a, b = left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]
        mine, theirs = weighted[a], weighted[b]
        shared = sp.csr_matrix(mine.multiply(presence[b]))
        only_mine, only_theirs = sp.csr_matrix(mine - shared), sp.csr_matrix(theirs - shared)
        kinds = [
            part @ mark for mark in (number, code) for part in (shared, only_mine, only_theirs)
        ]
        rarest = [_row_max(words) for words in (shared, only_mine, only_theirs)]
        return [np.asarray(shared.sum(axis=1)).ravel(), shared.getnnz(axis=1), *rarest, *kinds]

    parts = list(map_in_order(part, range(0, len(left), PAIRS_AT_ONCE)))
    shared, count, *rest = (
        np.concatenate(column) if parts else np.empty(0, np.float32)
        for column in (zip(*parts, strict=True) if parts else [()] * 11)
    )
    rarest, rarest_mine, rarest_theirs, *kinds = rest
    mass = np.asarray(weighted.sum(axis=1)).ravel()
    length = presence.getnnz(axis=1)
    unit = _unit(weighted)
    return {
        "word_cosine": row_similarity(unit, left, unit, right),
        "shared_mass": shared,
        "shared_mass_of_all": shared / np.maximum(mass[left] + mass[right] - shared, 1e-6),
        **both_ways(
            "covered",
            shared / np.maximum(mass[left], 1e-6),
            shared / np.maximum(mass[right], 1e-6),
        ),
        "shared_words": count,
        "rarest_shared": rarest,
        **both_ways("rarest_unshared", rarest_mine, rarest_theirs),
        "shared_numbers": kinds[0],
        **both_ways("unshared_numbers", kinds[1], kinds[2]),
        "shared_codes": kinds[3],
        **both_ways("unshared_codes", kinds[4], kinds[5]),
        **both_ways("words", length[left], length[right]),
        **_quantity_features(titles, left, right),
    }


def _quantity_features(
    titles: Sequence[str], left: NDArray[np.integer], right: NDArray[np.integer]
) -> dict[str, Column]:
    """How many kinds of quantity agree, how many clash, and how many there are."""
    vocabulary: dict[tuple[float, str], int] = {}
    exact = _presence([quantities(title) for title in titles], vocabulary)
    units: dict[str, int] = {}
    unit_of = [units.setdefault(unit, len(units)) for _, unit in vocabulary]
    ones = np.ones(len(unit_of), dtype=np.float32)
    grid = (np.arange(len(unit_of)), np.array(unit_of, dtype=np.int64))
    to_unit = sp.csr_matrix((ones, grid), shape=(exact.shape[1], max(len(units), 1)))
    kinds = sp.csr_matrix(exact @ to_unit)
    kinds.data[:] = 1

    def part(start: int) -> Column:
        a, b = left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]
        return np.asarray((exact[a].multiply(exact[b]) @ to_unit).getnnz(axis=1))

    parts = list(map_in_order(part, range(0, len(left), PAIRS_AT_ONCE)))
    agreeing = np.concatenate(parts) if parts else np.empty(0)
    held = kinds.getnnz(axis=1)
    return {
        "quantities_agree": agreeing,
        "quantities_clash": row_similarity(kinds, left, kinds, right) - agreeing,
        **both_ways("quantities", held[left], held[right]),
    }


def _presence(rows: Sequence[Sequence[Any]], vocabulary: dict[Any, int]) -> sp.csr_matrix:
    """Which items each row holds, 1 in float32 CSR; fills the vocabulary."""
    columns: list[int] = []
    ends = [0]
    for row in rows:
        columns.extend({vocabulary.setdefault(item, len(vocabulary)) for item in row})
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    held = sp.csr_matrix((ones, columns, ends), shape=(len(rows), max(len(vocabulary), 1)))
    held.sort_indices()
    return held


def _row_max(rows: sp.csr_matrix) -> NDArray[np.float32]:
    largest = np.zeros(rows.shape[0], dtype=np.float32)
    filled = np.flatnonzero(np.diff(rows.indptr))
    if len(filled):
        largest[filled] = np.maximum.reduceat(rows.data, rows.indptr[filled])
    return largest


def _unit(rows: sp.csr_matrix) -> sp.csr_matrix:
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = (1 / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return sp.csr_matrix(sp.diags_array(scale) @ rows)
