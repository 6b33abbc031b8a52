"""A photo signature without trained weights that survives what sellers do to a copied photo."""

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from samesku.encoders.base import PhotoEncoder
from samesku.encoders.windows import GRID, Window, content, seam, thumbnail
from samesku.runtime.arrays import Array, Bools, Bytes, Floats

CELLS = 5  # cells per side of a view
DIRECTIONS = 6  # of the gradient, over the full turn
CHANNELS = DIRECTIONS + 3  # ... and two colour ratios, and lightness
DIMENSION = CHANNELS * CELLS * CELLS

REFERENCES = 2  # the whole photo, and its content without border and banner
VIEWS = 10  # ... mirror image, five crops, both halves of a collage
PROBES: Bools = np.arange(VIEWS) >= REFERENCES
MIRRORED: Bools = np.arange(VIEWS) == REFERENCES

# Similarity from which two photos are taken for the same one; see docs/benchmarks/photos.md.
SAME_PHOTO = 0.9

COLOUR_WEIGHT = 1.25
LIGHTNESS_WEIGHT = 0.5
BLANK = 0.2  # a row shorter than this, where a photo's is about 1.5, holds nothing but rounding
CROP = 0.87  # side of a crop view: sqrt(0.76), the usual share of the area that is kept
CROP_PLACES = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5))


class Signature(PhotoEncoder):
    """Describes a photo by several views, so that altered copies meet in at least one.

    A view is a window of one small thumbnail, cut into cells with soft borders. Each cell holds how
    strong the gradient is in each direction (as in HOG: N. Dalal, B. Triggs, "Histograms of
    oriented gradients for human detection", CVPR 2005; square-rooted, less their mean), the log
    ratios of red and blue to green, and the log lightness, both less the mean of the view.
    Subtracting means of logarithms undoes exposure and colour cast; a gamma only scales.
    """

    name = "signature"
    fingerprint = "signature-1"
    probes = PROBES

    def look(self, photo: Bytes) -> Floats:
        """Unit rows float32 ``(VIEWS, DIMENSION)``, a zero row where a view is blank.

        The first `REFERENCES` are to be found, the others (`PROBES`) only ask.
        """
        pixels = thumbnail(Image.fromarray(photo))
        return _describe(_channels(pixels), np.array(list(_windows(pixels)), dtype=np.float32))

    def embed(self, looks: Sequence[Array]) -> Array:
        """The same rows ``(photos, VIEWS, DIMENSION)``."""
        return np.stack(looks)


def _channels(pixels: Floats) -> Floats:
    """Maps `(CHANNELS, GRID, GRID)`: gradient by direction, colour ratios, lightness."""
    lightness = (pixels * np.array([0.299, 0.587, 0.114], np.float32)[:, None, None]).sum(axis=0)
    down, right = np.gradient(lightness)
    turn = np.arange(DIRECTIONS, dtype=np.float32)[:, None, None] * (2 * np.pi / DIRECTIONS)
    along = np.maximum(np.cos(turn) * right + np.sin(turn) * down, 0)
    # The cube of the cosine: neighbouring directions overlap by little and none is missed.
    edges = along**3 / (right**2 + down**2 + 1e-9)
    red, green, blue = np.log(pixels + 0.1)
    tones = np.stack([red - green, blue - green, np.log(lightness + 0.1)])
    return np.concatenate([edges, tones]).astype(np.float32)


def _describe(channels: Floats, windows: Floats) -> Floats:
    """Rows `(views, DIMENSION)` of the windows `(views, 4)`: top, bottom, left, right."""
    rows = _cell_weights(windows[:, 0], windows[:, 1])
    columns = _cell_weights(windows[:, 2], windows[:, 3])
    columns[MIRRORED] = columns[MIRRORED, ::-1]
    # Many small products: one large one would wake the BLAS threads under every photo thread.
    cells = rows[:, None] @ channels @ columns[:, None].swapaxes(-1, -2)

    edges, colours, lightness = np.split(cells, [DIRECTIONS, DIRECTIONS + 2], axis=1)
    edges = np.sqrt(edges)
    # In a mirror right is left: direction k becomes the half turn less k.
    flipped = (DIRECTIONS // 2 - np.arange(DIRECTIONS)) % DIRECTIONS
    edges[MIRRORED] = edges[MIRRORED][:, flipped]
    parts = [
        _damped_unit(edges - edges.mean((1, 2, 3), keepdims=True), 1e-3),
        COLOUR_WEIGHT * _damped_unit(colours - colours.mean((2, 3), keepdims=True), 0.3),
        LIGHTNESS_WEIGHT * _damped_unit(lightness - lightness.mean((2, 3), keepdims=True), 1e-2),
    ]
    rows = np.concatenate(parts, axis=1)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(length < BLANK, 0, rows / np.maximum(length, BLANK)).astype(np.float32)


def _cell_weights(low: Floats, high: Floats) -> Floats:
    """Weights `(views, CELLS, GRID)` that average pixels into soft cells between two places."""
    cell = ((high - low) * GRID / CELLS)[:, None, None]
    middle = low[:, None, None] * GRID + (np.arange(CELLS)[:, None] + 0.5) * cell
    pixel = np.arange(GRID) + 0.5
    weights = np.maximum(1 - np.abs(pixel - middle) / cell, 0)
    inside = (pixel >= low[:, None] * GRID) & (pixel <= high[:, None] * GRID)
    weights *= inside[:, None, :]
    weights /= np.maximum(weights.sum(-1, keepdims=True), 1e-6)
    return np.asarray(weights, dtype=np.float32)


def _damped_unit(part: Floats, damping: float) -> Floats:
    """Rows of length 1, less where there is so little that it is mostly noise."""
    flat = part.reshape(len(part), -1)
    return np.asarray(flat / (np.linalg.norm(flat, axis=1, keepdims=True) + np.float32(damping)))


def _windows(pixels: Floats) -> Iterator[Window]:
    """The views' windows as shares of the photo, in the order of the rows."""
    yield 0.0, 1.0, 0.0, 1.0
    inner = np.array(content(pixels)) / GRID
    yield tuple(inner)
    yield tuple(inner)  # mirrored
    top, bottom, left, right = inner
    height, width = bottom - top, right - left
    for down, across in CROP_PLACES:
        y, x = top + (1 - CROP) * height * down, left + (1 - CROP) * width * across
        yield y, y + CROP * height, x, x + CROP * width
    yield from seam(pixels)[1]
