"""Photos that a training looks at again and again: shrunk once, kept as far as memory allows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from samesku.catalog.photos import PhotoError, load_photo, read_photos
from samesku.runtime.progress import Progress
from samesku.training.augment import shrink

Photo = NDArray[np.uint8]
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
        self.paths, self.side = list(paths), side
        self.usable = np.zeros(len(paths), dtype=bool)
        self._kept: dict[int, Photo] = {}
        there = [place for place, path in enumerate(paths) if path is not None]
        named = [path for path in paths if path is not None]
        room = budget
        with (progress or Progress()).stage("read photos", len(there)) as advance:
            for number, seen in read_photos(named, self._shrunk):
                advance(1)
                if isinstance(seen, PhotoError):
                    continue
                self.usable[there[number]] = True
                room -= seen.nbytes
                if room >= 0:
                    self._kept[there[number]] = seen

    def __getitem__(self, place: int) -> Photo:
        """The photo of one posting; not to be written into."""
        if (kept := self._kept.get(place)) is not None:
            return kept
        path = self.paths[place]
        if path is None:
            raise KeyError(place)
        return self._shrunk(load_photo(path))

    def take(self, rows: Sequence[int] | NDArray[np.integer]) -> PhotoShelf:
        """The photos of some postings, in the given order; nothing is read again."""
        taken = PhotoShelf([], self.side)
        places = [int(row) for row in rows]
        taken.paths = [self.paths[place] for place in places]
        taken.usable = self.usable[places]
        taken._kept = {new: self._kept[old] for new, old in enumerate(places) if old in self._kept}
        return taken

    def __len__(self) -> int:
        return len(self.paths)

    def _shrunk(self, photo: Photo) -> Photo:
        return shrink(photo, self.side)
