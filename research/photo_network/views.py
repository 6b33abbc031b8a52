"""What sellers do to photos, and new scenes out of few photos: what a photo network learns from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from research.marketplace.copies import collage, edit_copy
from research.marketplace.sellers import draw_seller
from samesku.runtime.cores import map_in_order

__all__ = ["altered", "altered_all", "cut", "scenes"]

Photo = NDArray[np.uint8]

# Share of the area that a seller's copy keeps, and that a scene of its own shows.
COPY_AREA = (0.5, 1.0)
SCENE_AREA = (0.15, 0.7)
# Width to height of a crop, relative to the photo's, at most; and at least its inverse.
SLANT = 1.3
CROPPED, MIRRORED, RECOMPRESSED = 0.6, 0.5, 0.3
COLLAGES = 0.15
QUALITY = (25, 90)
SELLERS = 500


def cut(photo: Photo, area: tuple[float, float], rng: Random) -> Photo:
    """A window anywhere in a photo, of a share of its area drawn from `area`."""
    height, width = photo.shape[:2]
    side, slant = rng.uniform(*area) ** 0.5, SLANT ** rng.uniform(-0.5, 0.5)
    high = max(1, round(height * min(1, side / slant)))
    wide = max(1, round(width * min(1, side * slant)))
    top, left = rng.randint(0, height - high), rng.randint(0, width - wide)
    return photo[top : top + high, left : left + wide]


def altered(photo: Photo, size: int, rng: Random) -> Photo:
    """A copy as sellers make it, by crops, edits of the demo's sellers and another JPEG.

    Parameters
    ----------
    photo : uint8 (h, w, 3)
    size : int
        Side of what comes out, ``(size, size, 3)``.
    rng : Random
        Equal states, equal copies.
    """
    if rng.random() < CROPPED:
        photo = cut(photo, COPY_AREA, rng)
    image = Image.fromarray(photo)
    if rng.random() < MIRRORED:
        image = ImageOps.mirror(image)
    image, _ = edit_copy(image, draw_seller(rng.randrange(SELLERS), 0), rng)
    if rng.random() < RECOMPRESSED:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=rng.randint(*QUALITY))
        image = Image.open(file)
    image = image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image)


def altered_all(photos: NDArray[np.uint8], size: int, seed: int) -> NDArray[np.uint8]:
    """One altered copy of each photo ``(n, h, w, 3)``."""

    def alter(at: int) -> Photo:
        return altered(photos[at], size, Random(f"copy {seed} {at}"))

    return np.stack(list(map_in_order(alter, range(len(photos)))))


def scenes(photos: Sequence[Photo], count: int, size: int, seed: int) -> NDArray[np.uint8]:
    """Photos to learn from beyond the photos themselves: close crops and collages of them.

    A crop shows something else than its photo, so a teacher says something new about it.

    Parameters
    ----------
    photos : sequence of uint8 (h, w, 3)
    count : int
        Scenes per photo.
    size : int
        Side of the scenes.
    seed : int

    Returns
    -------
    uint8 (photos * count, size, size, 3)
        Those of the first photo first.
    """
    made = np.empty((len(photos) * count, size, size, 3), dtype=np.uint8)
    for at in range(len(made)):
        rng = Random(f"scene {seed} {at}")
        image = Image.fromarray(cut(photos[at // count], SCENE_AREA, rng))
        if rng.random() < COLLAGES:
            other = Image.fromarray(cut(rng.choice(photos), (0.4, 1.0), rng))
            image = collage(image.resize((size, size)), other.resize((size, size)), rng)
        made[at] = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    return made
