"""Titles through a network: each different one once, in batches of like length."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from samesku.encoders.base import TextEncoder, Vectors
from samesku.runtime.arrays import Floats, Ints
from samesku.runtime.progress import Advance

# A batch is bounded in titles and in letters, filled up to its longest title.
MOST_TITLES = 128
MOST_LETTERS = 16_384


class NetworkText(TextEncoder):
    """Titles through a network that reads `limit` tokens; `cut` counts those that were longer."""

    limit: int
    cut = 0

    @property
    def notes(self) -> list[str]:
        """A note on the titles that were cut, if any."""
        long = f"{self.cut:,} different titles are longer than the {self.limit} tokens"
        return [f"{long} that {self.name} reads: cut"] if self.cut else []

    @abstractmethod
    def embed(self, titles: Sequence[str]) -> Floats:
        """Rows ``(n, dimension)`` of one batch of titles, not normalised; counts those cut."""

    def encode_titles(self, titles: Sequence[str]) -> Vectors:
        return self.encode_with_progress(titles, lambda done: None)

    def encode_with_progress(self, titles: Sequence[str], advance: Advance) -> Vectors:
        self.cut = 0
        return embed_titles(titles, self.embed, advance)


def embed_titles(
    titles: Sequence[str], embed: Callable[[Sequence[str]], Floats], advance: Advance
) -> Vectors:
    """Vectors of titles by a network; an empty title owns no row.

    `embed` turns a batch of titles into rows ``(n, d)`` of any length; `advance` is called with the
    number of titles just done.
    """
    present = np.array([bool(title) for title in titles], dtype=bool)
    advance(int(np.count_nonzero(~present)))
    places: dict[str, int] = {}
    place = [places.setdefault(title, len(places)) for title in titles if title]
    if not places:
        return Vectors.of(np.empty((0, 1), dtype=np.float32), present)
    distinct, count = list(places), np.bincount(place)
    rows: Floats | None = None
    for batch in batches_by_length(distinct):
        found = unit_rows(embed([distinct[each] for each in batch]))
        if rows is None:
            rows = np.empty((len(distinct), found.shape[1]), dtype=np.float32)
        rows[batch] = found
        advance(int(count[batch].sum()))
    assert rows is not None
    return Vectors.of(rows[place], present)


def batches_by_length(titles: Sequence[str]) -> Iterator[Ints]:
    """Positions of titles of like length, the longest first: too much for memory shows at once."""
    lengths = np.array([len(title) for title in titles], dtype=np.int64)
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        stop = start + max(1, min(MOST_TITLES, MOST_LETTERS // longest))
        yield order[start:stop]
        start = stop


def unit_rows(rows: Floats) -> Floats:
    """Rows of length 1; zero where a network overflowed: better no row than no number."""
    rows = np.nan_to_num(np.asarray(rows, dtype=np.float32), nan=0, posinf=0, neginf=0)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
