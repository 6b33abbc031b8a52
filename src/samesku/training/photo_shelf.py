"""Photos that a training looks at again and again: shrunk once, kept as far as memory allows."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import partial
from pathlib import Path

import numpy as np

from samesku.catalog.photos import PhotoError, load_photo, read_photos
from samesku.runtime.arrays import AnyInts
from samesku.runtime.progress import Progress
from samesku.training.augment import Photo, shrink

BUDGET = 2**30


class PhotoShelf:
    """Photos by position, their shorter side brought down to `side` pixels.

    `paths` are None where a posting has no photo; `usable`, bool ``(n,)``, says which photos are
    there and can be decoded. Photos beyond `budget` bytes are decoded each time.
    """

    def __init__(
        self,
        paths: Sequence[Path | None],
        side: int,
        *,
        progress: Progress | None = None,
        budget: int = BUDGET,
    ) -> None:
        self.paths, self._shrunk = list(paths), partial(shrink, side=side)
        self._kept: dict[Path, Photo] = {}
        named = list(dict.fromkeys(path for path in paths if path is not None))
        whole: set[Path | None] = set()
        with (progress or Progress()).stage("read photos", len(named)) as advance:
            for number, seen in read_photos(named, self._shrunk):
                advance(1)
                if isinstance(seen, PhotoError):
                    continue
                whole.add(named[number])
                budget -= seen.nbytes
                if budget >= 0:
                    self._kept[named[number]] = seen
        self.usable = np.array([path in whole for path in paths], dtype=bool)

    def __getitem__(self, place: int) -> Photo:
        """The photo of one posting; not to be written into."""
        path = self.paths[place]
        if path is None:
            raise KeyError(place)
        kept = self._kept.get(path)
        return self._shrunk(load_photo(path)) if kept is None else kept

    def take(self, rows: AnyInts) -> PhotoShelf:
        """The photos of some postings, in the given order; nothing is read again."""
        taken = copy(self)
        taken.paths, taken.usable = [self.paths[row] for row in rows], self.usable[rows]
        return taken

    def __len__(self) -> int:
        return len(self.paths)
