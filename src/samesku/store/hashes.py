"""Photo hashes by their bands: all within a distance are found without looking at every one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samesku.store.arrays import Growing, Lists

# Bits of each band. Two hashes that differ in at most 2 * 5 - 1 bits differ in at most one bit of
# some band, so that looking up each band, and each with one bit turned, finds them all.
BANDS = (13, 13, 13, 13, 12)
REACH = 2 * len(BANDS) - 1
# The first bit of each band, and where the keys of each begin.
_SHIFT = np.cumsum([0, *BANDS[:-1]]).astype(np.uint64)
_MASK = np.array([(1 << width) - 1 for width in BANDS], dtype=np.uint64)
_FIRST = np.arange(len(BANDS), dtype=np.uint64) << np.uint64(max(BANDS))
# For each band, what turns none and each of its bits.
_TURNS = [np.concatenate([[0], 1 << np.arange(width)]).astype(np.int64) for width in BANDS]


class Hashes:
    """64-bit hashes of numbered postings, found by Hamming distance up to `REACH`."""

    def __init__(self) -> None:
        self._slots, self._bits = Growing(np.int32), Growing(np.uint64)
        self._bands = Lists(len(BANDS) << max(BANDS))

    def add(self, slot: int, bits: int) -> None:
        """Take one."""
        place = self._slots.size
        self._slots.extend([slot])
        self._bits.extend([bits])
        self._bands.add(_keys(np.array([bits], dtype=np.uint64))[0].tolist(), [place] * len(BANDS))

    def add_all(self, slots: NDArray[np.integer], bits: NDArray[np.uint64]) -> None:
        """Take many, before any other."""
        self._slots.extend(slots)
        self._bits.extend(bits)
        keys = _keys(bits)
        self._bands.build(keys.ravel(), np.repeat(np.arange(len(slots)), len(BANDS)))

    def within(self, bits: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """The numbers of all within `REACH` of a hash, and how many bits of each differ."""
        keys = _keys(np.array([bits], np.uint64))[0]
        turned = [key ^ turns for key, turns in zip(keys, _TURNS, strict=True)]
        places = self._bands.of(np.concatenate(turned))[1]
        differing = np.bitwise_count(self._bits.rows[places] ^ np.uint64(bits))
        close = np.flatnonzero(differing <= REACH)
        places, first = np.unique(places[close], return_index=True)
        return self._slots.rows[places], differing[close][first]


def _keys(bits: NDArray[np.uint64]) -> NDArray[np.int64]:
    """One key for each band of each hash: the band's number above its bits."""
    return (_FIRST | (bits[:, None] >> _SHIFT & _MASK)).astype(np.int64)
