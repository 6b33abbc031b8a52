"""Photos and titles a little different each time they are looked at."""

from typing import Any

import numpy as np
from PIL import Image, ImageOps

from samesku.runtime.arrays import Bytes, Ints
from samesku.training.settings import TrainingSettings

Photo = Bytes

# Widest change of brightness and of each colour, as shares.
LIGHT, COLOUR = 0.2, 0.08
# Of a crop's width to its height, relative to the photo's.
SLANT = 4 / 3
# Largest share of a photo that cutout hides.
HIDDEN = 0.2


def shrink(photo: Photo, side: int) -> Photo:
    """Bring the shorter side down to `side`; smaller photos stay as they are."""
    if min(photo.shape[:2]) <= side:
        return photo
    image = Image.fromarray(photo)
    return np.asarray(ImageOps.cover(image, (side, side), Image.Resampling.BILINEAR))


def augment_photo(photo: Photo, settings: TrainingSettings, rng: np.random.Generator) -> Photo:
    """Crop, mirror, light and cover a photo uint8 ``(h, w, 3)``, as the settings allow.

    Equal states of `rng`, equal photos; the result is a new array of another height and width.
    """
    return covered(relit(photo, settings, rng), settings, rng)


def relit(photo: Photo, settings: TrainingSettings, rng: np.random.Generator) -> Photo:
    """A copy, cropped, mirrored and in another light."""
    photo = _cropped(photo, settings.crop, rng)
    if rng.random() < settings.flip:
        photo = photo[:, ::-1]
    gain = rng.uniform(1 - LIGHT, 1 + LIGHT) * rng.uniform(1 - COLOUR, 1 + COLOUR, 3)
    return np.clip(photo * gain.astype(np.float32), 0, 255).astype(np.uint8)


def covered(photo: Photo, settings: TrainingSettings, rng: np.random.Generator) -> Photo:
    """The same array, perhaps with a box of one colour on it (cutout)."""
    if rng.random() < settings.cutout:
        height, width = photo.shape[:2]
        top, bottom, left, right = _box(height, width, rng.uniform(0, HIDDEN), rng)
        photo[top:bottom, left:right] = rng.integers(0, 256, 3, dtype=np.uint8)
    return photo


def drop_words(title: str, share: float, rng: np.random.Generator) -> str:
    """Leave out each word with the chance `share`, but never all of them.

    Examples
    --------
    >>> drop_words("susu bubuk 400g", 0.0, np.random.default_rng(0))
    'susu bubuk 400g'
    """
    words = title.split()
    kept = [word for word in words if rng.random() >= share]
    return " ".join(kept or words)


def cutmix(pixels: Any, rng: np.random.Generator) -> tuple[Ints, float]:
    """Lay a patch of another photo of the batch ``(n, ..., h, w)`` on each.

    Returns whose patch it is, and the share of each photo that stays its own. S. Yun et al.,
    "CutMix: regularization strategy to train strong classifiers with localizable features", 2019.
    """
    height, width = pixels.shape[-2:]
    top, bottom, left, right = _box(height, width, rng.uniform(), rng)
    partner = rng.permutation(len(pixels))
    pixels[..., top:bottom, left:right] = pixels[partner][..., top:bottom, left:right]
    return partner, 1 - (bottom - top) * (right - left) / (height * width)


def _cropped(photo: Photo, smallest: float, rng: np.random.Generator) -> Photo:
    if smallest >= 1:
        return photo
    height, width = photo.shape[:2]
    side, slant = np.sqrt(rng.uniform(smallest, 1)), SLANT ** rng.uniform(-0.5, 0.5)
    tall = max(1, min(height, round(height * side / slant)))
    wide = max(1, min(width, round(width * side * slant)))
    top, left = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
    return photo[top : top + tall, left : left + wide]


def _box(
    height: int, width: int, area: float, rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """A box of about `area`, its middle anywhere, cut at the edges."""
    tall, wide = height * np.sqrt(area) / 2, width * np.sqrt(area) / 2
    y, x = rng.uniform(0, height), rng.uniform(0, width)
    top, bottom = max(0, round(y - tall)), min(height, round(y + tall))
    left, right = max(0, round(x - wide)), min(width, round(x + wide))
    return top, bottom, left, right
