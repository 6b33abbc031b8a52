"""Photo hashes by their bands: all within a distance are found without looking at every one."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

__all__ = ["REACH", "Hashes"]

# Bits of each band. Two hashes that differ in at most 2 * 5 - 1 bits differ in at most one bit of
# some band, so that looking up each band, and each with one bit turned, finds them all.
BANDS = (13, 13, 13, 13, 12)
REACH = 2 * len(BANDS) - 1
_NONE = -1

Found = tuple[NDArray[np.int64], NDArray[np.uint8]]
NOTHING: Found = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint8))


class Hashes:
    """64-bit hashes of numbered postings, found by Hamming distance up to `REACH`."""

    def __init__(self) -> None:
        self._size = 0
        self._numbers = np.empty(1024, dtype=np.int64)
        self._bits = np.empty(1024, dtype=np.uint64)
        self._place: dict[int, int] = {}
        self._buckets: dict[int, array[int]] = {}

    def add(self, number: int, bits: int) -> None:
        """Take one."""
        if self._size == len(self._bits):
            # New arrays, so that who reads the former ones is not disturbed.
            self._numbers = np.concatenate([self._numbers, np.empty_like(self._numbers)])
            self._bits = np.concatenate([self._bits, np.empty_like(self._bits)])
        place = self._size
        self._numbers[place], self._bits[place] = number, bits
        self._place[number] = place
        self._size += 1
        for key in _keys(bits):
            if key not in self._buckets:
                self._buckets[key] = array("i")
            self._buckets[key].append(place)

    def remove(self, number: int) -> None:
        """Forget one, if it is there; its place in the bands is passed over from now on."""
        if (place := self._place.pop(number, None)) is not None:
            self._numbers[place] = _NONE

    def within(self, bits: int) -> Found:
        """The numbers of all within `REACH` of a hash, and how many bits of each differ."""
        lists = [self._buckets[key] for key in _near_keys(bits) if key in self._buckets]
        if not lists:
            return NOTHING
        places = np.frombuffer(b"".join(each.tobytes() for each in lists), dtype=np.int32)
        differing = np.bitwise_count(self._bits[places] ^ np.uint64(bits))
        close = (differing <= REACH) & (self._numbers[places] != _NONE)
        places, first = np.unique(places[close], return_index=True)
        return self._numbers[places], differing[close][first]


def _keys(bits: int) -> list[int]:
    """One key for each band: the band's number above its bits."""
    keys = []
    for band, width in enumerate(BANDS):
        keys.append(band << 16 | (bits & ((1 << width) - 1)))
        bits >>= width
    return keys


def _near_keys(bits: int) -> list[int]:
    return [
        near
        for key, width in zip(_keys(bits), BANDS, strict=True)
        for near in (key, *(key ^ (1 << bit) for bit in range(width)))
    ]
