"""A compact photo network that comes with samesku: what is on a photo, not only which photo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samesku.encoders.base import Array, PhotoEncoder
from samesku.encoders.model_files import digest_of
from samesku.encoders.onnx import OnnxNetwork
from samesku.encoders.windows import GRID, Window, content, seam, thumbnail

__all__ = ["NETWORK", "SAME_PHOTO", "VIEWS", "Photo"]

NETWORK = Path(__file__).parents[1] / "models" / "photo" / "network.onnx"
# Similarity from which two photos are taken for the same one: docs/photos.md derives it.
SAME_PHOTO = 0.92

VIEWS = 4  # the whole photo, its content without border and banner, both halves of a collage
REFERENCES = 2
PROBES: NDArray[np.bool_] = np.arange(VIEWS) >= REFERENCES
WHOLE: Window = (0.0, 1.0, 0.0, 1.0)
# A content of a larger share of the photo is as good as the whole.
NEARLY_WHOLE = 0.95
# Two halves are looked at where an edge through the middle is so high along so much of it.
SEAM, SEAM_ALONG = 16 / 255, 0.75
# Looked at as well; the photo's row is the mean of both: one larger look at the whole says less.
CENTRE: Window = (0.15, 0.85, 0.15, 0.85)
LOOKS = VIEWS + 1
# Half a photo resembles more than a photo does: what it finds counts for less.
PART = 0.9
BLANK = 2.0  # standard deviation of a colour's levels, of 255: less shows nothing
RESAMPLING = Image.Resampling.BILINEAR
PORTION = 16  # views at a time: more take more memory and no less time


class Photo(PhotoEncoder):
    """The photo network: MobileNetV2 taught by larger networks, several views per photo.

    Parameters
    ----------
    path : path, optional
        Another network of the same kind.

    Notes
    -----
    The others than the whole are looked at only where there is a border, a banner or a straight
    edge through the middle. ``models/photo/README.md`` tells how it was made and how
    good it is.
    """

    name = "photo"

    def __init__(self, path: str | Path = NETWORK) -> None:
        self.path = Path(path)

    @property
    def fingerprint(self) -> str:
        """Version of the views, and the network's content."""
        return f"photo-3:{self._digest}"

    @property
    def probes(self) -> NDArray[np.bool_]:
        """The halves only ask."""
        return PROBES

    @cached_property
    def network(self) -> OnnxNetwork:
        """Loaded when it is first needed."""
        return OnnxNetwork(self.path)

    @cached_property
    def _digest(self) -> str:
        files = self.path, self.path.with_suffix(".json")
        return digest_of(files)

    def look(self, photo: NDArray[np.uint8]) -> Array:
        """The views, uint8 ``(LOOKS, h, w, 3)``; what there is no need to look at is black."""
        height, width = self.network.input.size
        looks = np.zeros((LOOKS, height, width, 3), dtype=np.uint8)
        image = Image.fromarray(photo)
        for look, (top, bottom, left, right) in zip(looks, _windows(image), strict=True):
            if bottom > top:
                edges = np.array([left, top, right, bottom]) * (image.size * 2)
                box = tuple(edges.tolist())
                small = image.resize((width, height), RESAMPLING, box=box, reducing_gap=3.0)
                look[:] = np.asarray(small)
        return looks

    def embed(self, looks: Sequence[Array]) -> Array:
        """Unit rows ``(photos, VIEWS, dimension + 1)``; a view not looked at repeats the whole."""
        views = np.stack(looks).reshape(-1, *looks[0].shape[1:])
        shows = np.array([view.std(axis=(0, 1)).max() >= BLANK for view in views])
        flat = np.zeros((len(views), self.network.dimension), dtype=np.float32)
        at = np.flatnonzero(shows)
        for start in range(0, len(at), PORTION):
            chosen = at[start : start + PORTION]
            pixels = views[chosen].transpose(0, 3, 1, 2).astype(np.float32)
            flat[chosen] = self.network.embed(np.ascontiguousarray(pixels))
        rows: Array = flat.reshape(len(looks), LOOKS, -1)
        both = rows[:, 0] + rows[:, VIEWS]
        whole = both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-6)
        whole[~shows.reshape(len(looks), LOOKS)[:, 0]] = 0
        rows = np.concatenate([whole[:, None], rows[:, 1:VIEWS]], axis=1)
        absent = np.all(rows == 0, axis=2)
        # One more number, 0 in all that can be found, lessens cosines and leaves rows unit.
        weight = np.where(PROBES & ~absent, np.float32(PART), np.float32(1))[..., None]
        weighed = np.concatenate([weight * rows, np.sqrt(1 - weight**2)], axis=2)
        return np.where(absent[..., None], weighed[:, :1], weighed)

    def telling(self, rows: Array) -> NDArray[np.bool_]:
        """All but blank photos."""
        telling: NDArray[np.bool_] = np.any(rows[:, 0] != 0, axis=1)
        return telling


def _windows(photo: Image.Image) -> Iterator[Window]:
    """The views as shares of the photo; an empty window where one is not needed."""
    nothing: Window = (0.0, 0.0, 0.0, 0.0)
    pixels = thumbnail(photo)
    inner = content(pixels)
    yield WHOLE
    top, bottom, left, right = (edge / GRID for edge in inner)
    share = (bottom - top) * (right - left)
    yield (top, bottom, left, right) if share < NEARLY_WHOLE else nothing
    height, halves = seam(pixels, SEAM_ALONG)
    yield from halves if height > SEAM else (nothing, nothing)
    yield CENTRE
