"""A compact photo network that comes with samesku: what is on a photo, not only which photo."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from samesku.encoders.base import PhotoEncoder
from samesku.encoders.model_files import digest_of
from samesku.encoders.onnx import Onnx
from samesku.encoders.windows import GRID, Window, content, seam, thumbnail
from samesku.runtime.arrays import Array, Bools, Bytes

NETWORK = Path(__file__).parents[1] / "models" / "photo" / "network.onnx"
# Similarity from which two photos are taken for the same one; see docs/benchmarks/photos.md.
SAME_PHOTO = 0.90

VIEWS = 4  # the whole photo, its inner part, both halves of a collage
REFERENCES = 2
PROBES: Bools = np.arange(VIEWS) >= REFERENCES
WHOLE: Window = (0.0, 1.0, 0.0, 1.0)
# The inner part is the content without border and banner where that is clearly smaller than the
# photo, else the middle. The photo's row is the mean of the whole and of it: one larger look at the
# whole says less.
SMALLER = 0.8
MIDDLE: Window = (0.15, 0.85, 0.15, 0.85)
# Two halves are looked at where an edge through the middle is so high along so much of it.
SEAM, SEAM_ALONG = 16 / 255, 0.75
# Half a photo resembles more than a photo does: what it finds counts for less.
PART = 0.9
BLANK = 2.0  # standard deviation of a colour's levels, of 255: less shows nothing
PORTION = 16  # views at a time: more take more memory and no less time


class Photo(PhotoEncoder):
    """The photo network: MobileNetV2 taught by larger networks, several views per photo.

    The halves are looked at only where a straight edge runs through the middle.
    ``models/photo/README.md`` says how it was made and how good it is. `path`: another network of
    the same kind.
    """

    name = "photo"
    probes = PROBES

    def __init__(self, path: str | Path = NETWORK) -> None:
        self.path = Path(path)

    @cached_property
    def fingerprint(self) -> str:  # type: ignore[override]
        """Version of the views, and the network's content."""
        return f"photo-4:{digest_of([self.path, self.path.with_suffix('.json')])}"

    @cached_property
    def network(self) -> Onnx:
        return Onnx(self.path)

    def look(self, photo: Bytes) -> Array:
        """The views, uint8 ``(VIEWS, h, w, 3)``; what there is no need to look at is black."""
        height, width = self.network.input.size
        looks = np.zeros((VIEWS, height, width, 3), dtype=np.uint8)
        image = Image.fromarray(photo)
        small = _shrunk(image, height, width)
        for look, (top, bottom, left, right) in zip(looks, _windows(small), strict=True):
            high, wide = (bottom - top) * small.height, (right - left) * small.width
            if min(high, wide) > 0:
                source = small if high >= height and wide >= width else image
                x, y = source.size
                box = left * x, top * y, right * x, bottom * y
                size, bilinear = (width, height), Image.Resampling.BILINEAR
                look[:] = np.asarray(source.resize(size, bilinear, box=box, reducing_gap=3.0))
        return looks

    def embed(self, looks: Sequence[Array]) -> Array:
        """Unit rows ``(photos, VIEWS, dimension + 1)``; blank views repeat the whole."""
        views = np.stack(looks).reshape(-1, *looks[0].shape[1:])
        flat = np.zeros((len(views), self.network.dimension), dtype=np.float32)
        looked_at = np.flatnonzero(views.any(axis=(1, 2, 3)))
        for start in range(0, len(looked_at), PORTION):
            chosen = looked_at[start : start + PORTION]
            # Cast and turned in one step, which takes a sixth of the time of two.
            planes = np.ascontiguousarray(views[chosen].transpose(0, 3, 1, 2), dtype=np.float32)
            shows = planes.std(axis=(2, 3)).max(axis=1) >= BLANK
            flat[chosen[shows]] = self.network.rows(planes[shows])
        rows: Array = flat.reshape(len(looks), VIEWS, -1)
        both = rows[:, 0] + rows[:, 1]
        whole = both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-6)
        rows[:, 0] = np.where(rows[:, 0].any(axis=1, keepdims=True), whole, 0)
        absent = np.all(rows == 0, axis=2)
        # One more number, 0 in all that can be found, lessens cosines and leaves rows unit.
        weight = np.where(PROBES & ~absent, np.float32(PART), np.float32(1))[..., None]
        weighed = np.concatenate([weight * rows, np.sqrt(1 - weight**2)], axis=2)
        return np.where(absent[..., None], weighed[:, :1], weighed)


def _shrunk(photo: Image.Image, height: int, width: int) -> Image.Image:
    """A photo in a whole part of its size, from which its middle can still be cut."""
    share = MIDDLE[1] - MIDDLE[0]
    step = int(min(share * photo.height / height, share * photo.width / width))
    return photo.reduce(step) if step > 1 else photo


def _windows(photo: Image.Image) -> Iterator[Window]:
    """The views as shares of the photo; an empty window where one is not needed."""
    nothing: Window = (0.0, 0.0, 0.0, 0.0)
    pixels = thumbnail(photo)
    top, bottom, left, right = (edge / GRID for edge in content(pixels))
    clearly = (bottom - top) * (right - left) < SMALLER
    yield WHOLE
    yield (top, bottom, left, right) if clearly else MIDDLE
    height, halves = seam(pixels, SEAM_ALONG)
    yield from halves if height > SEAM else (nothing, nothing)
