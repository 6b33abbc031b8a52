"""Which shards are compared with which: all, or those that share a value of a column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class Tiles:
    """The pairs of shards that are compared.

    `ranges`: the first and the last value in each shard of the column by which the postings are
    sorted into shards, ``""`` for none. A posting without a value is compared with all.
    """

    ranges: Sequence[tuple[str, str]]

    @property
    def shards(self) -> int:
        return len(self.ranges)

    def compared(self, one: int, other: int) -> bool:
        """Whether two shards are compared."""
        one, other = sorted((one, other))
        first, last = self.ranges[one]
        return one == other or not first or last >= self.ranges[other][0]

    def partners(self, shard: int) -> list[int]:
        """The shards that one is compared with, itself among them."""
        return [other for other in range(self.shards) if self.compared(shard, other)]

    @property
    def pairs(self) -> dict[str, tuple[int, int]]:
        """The compared pairs by name, each of which shares a shard with the one before."""
        return {f"{a}-{b}": (a, b) for a, b in self._in_turns() if self.compared(a, b)}

    @property
    def names(self) -> Sequence[str]:
        return list(self.pairs)

    @property
    def left_out(self) -> list[tuple[int, int]]:
        """The pairs that are not compared."""
        return [each for each in combinations(range(self.shards), 2) if not self.compared(*each)]

    def _in_turns(self) -> Iterator[tuple[int, int]]:
        for one in range(self.shards):
            others = range(one, self.shards)
            turned = [*range(self.shards - 1, one + 1, -1), *others[:2]]
            yield from ((one, other) for other in (turned if one % 2 else others))
