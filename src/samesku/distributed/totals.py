"""What is known of the whole catalogue, and which of its shards are compared with which."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement


@dataclass(frozen=True)
class Totals:
    """What is known of the whole catalogue, once it is counted, and its tiles.

    A tile is a pair of shards that are compared: all, or those that share a value of the column by
    which the postings are sorted into shards. `ranges` are the first and the last value in each,
    ``""`` for none: a posting without a value is compared with all.
    """

    starts: Sequence[int]  # number of the first posting of each shard, and how many there are
    ranges: Sequence[tuple[str, str]]
    size: int = 0  # distinct postings
    letters: Sequence[int] = ()

    @property
    def shards(self) -> int:
        return len(self.ranges)

    def compared(self, one: int, other: int) -> bool:
        one, other = sorted((one, other))
        first, last = self.ranges[one]
        return one == other or not first or last >= self.ranges[other][0]

    def partners(self, shard: int) -> list[int]:
        """The shards that one is compared with, itself among them."""
        return [other for other in range(self.shards) if self.compared(shard, other)]

    @property
    def pairs(self) -> dict[str, tuple[int, int]]:
        """The compared pairs by name; most share a shard with the one before."""
        every = combinations_with_replacement(range(self.shards), 2)
        return {f"{a}-{b}": (a, b) for a, b in every if self.compared(a, b)}

    @property
    def left_out(self) -> list[tuple[int, int]]:
        return [each for each in combinations(range(self.shards), 2) if not self.compared(*each)]
