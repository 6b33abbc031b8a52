"""A table of named numbers about pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from samesku.runtime.arrays import AnyInts, Array, Floats

Column: TypeAlias = Array
# The parts of a catalogue that is not divided.
WHOLE = (slice(None),)
# A column that a catalogue does not have is NaN, whatever it is called.
ANY = ("",)


@dataclass(frozen=True, eq=False)
class Features:
    """What pairs of postings have in common."""

    names: tuple[str, ...]  # of f features
    values: Floats  # (m, f), NaN where a modality is missing

    @classmethod
    def of(cls, columns: Mapping[str, Column]) -> Features:
        """From columns ``(m,)`` by name."""
        # Turned over at once: column by column into the rows takes three times as long.
        values = np.array(list(columns.values()), dtype=np.float32)
        return cls(tuple(columns), np.ascontiguousarray(values.T))

    def replaced(self, columns: Mapping[str, Column]) -> Features:
        """The table with these columns ``(m,)`` in the place of those of their names."""
        values = self.values.copy()
        for name, column in columns.items():
            values[:, self.names.index(name)] = column
        return Features(self.names, values)

    def take(self, places: AnyInts) -> Features:
        """Only the pairs at the given places."""
        return Features(self.names, self.values[places])

    def select(self, names: Sequence[str], may_miss: tuple[str, ...] = ()) -> Floats:
        """The values of the named columns, in that order, float32 ``(m, len(names))``.

        Columns whose names begin as one of `may_miss` are NaN where they are not there. Raises
        ValueError where others are not, and names them.
        """
        if tuple(names) == self.names:
            return self.values
        place = {name: column for column, name in enumerate(self.names)}
        missing = sorted(name for name in names if name not in place)
        if needed := [name for name in missing if not name.startswith(may_miss)]:
            raise ValueError(
                f"the model reads {len(needed)} features that are not there, e.g. {needed[0]!r}: "
                "match with the encoders that it was trained with"
            )
        # Row by row, as the pairs lie in memory: column by column takes five times as long.
        columns = np.array([place.get(name, -1) for name in names], dtype=np.int64)
        values = np.take(self.values, columns, axis=1, mode="clip")
        values[:, columns < 0] = np.nan
        return values


def either_known(left: Column, right: Column) -> tuple[Column, Column]:
    """A number of either end, that of the other end where it is NaN."""
    return np.where(np.isnan(left), right, left), np.where(np.isnan(right), left, right)


def both_ways(name: str, left: Column, right: Column) -> dict[str, Column]:
    """The smaller and the larger of a number that differs between the two ends of a pair."""
    return {f"{name}_min": np.minimum(left, right), f"{name}_max": np.maximum(left, right)}
