"""Where the content of a photo is: without border and banner, and on either side of a seam."""

from typing import TypeAlias

import numpy as np
from PIL import Image

from samesku.runtime.arrays import Floats

Window: TypeAlias = tuple[float, float, float, float]
Box: TypeAlias = tuple[int, int, int, int]

GRID = 80  # pixels per side of the stretched thumbnail that everything is computed from

# Levels are shares of full brightness.
EVEN = 10 / 255  # a border's rows stay within this of their median
STEP = 24 / 255  # a banner's edge is at least this high ...
STEP_RATIO = 4.0  # ... and this many times the usual difference of neighbouring rows
MAX_BANNER = 0.34
COLLAGE_SEAM = (0.3, 0.7)


def thumbnail(photo: Image.Image) -> Floats:
    """A photo as planes ``(3, GRID, GRID)`` of numbers from 0 to 1."""
    small = photo.resize((GRID, GRID), Image.Resampling.BILINEAR, reducing_gap=3.0)
    # Planes first: reductions over three neighbouring numbers are slow.
    pixels = np.ascontiguousarray(np.asarray(small).transpose(2, 0, 1), dtype=np.float32)
    pixels /= np.float32(255)
    return pixels


def content(pixels: Floats) -> Box:
    """Top, bottom, left, right of what remains without even borders and up to two banners."""
    box = _without_border(pixels, (0, GRID, 0, GRID))
    for _ in range(2):
        cut = _without_banner(pixels, box)
        if cut == box:
            break
        box = _without_border(pixels, cut)
    return box


def _without_border(pixels: Floats, box: Box) -> Box:
    """Drop the outer rows, then columns, that are of one colour."""
    top, bottom, left, right = box
    first, last = _uneven(pixels[:, top:bottom, left:right])
    top, bottom = top + first, top + last
    first, last = _uneven(pixels[:, top:bottom, left:right].swapaxes(1, 2))
    return top, bottom, left + first, left + last


def _uneven(pixels: Floats) -> tuple[int, int]:
    """First row that is not even, and the end of the last; all rows if too few would remain."""
    off = np.abs(pixels - _quantile(pixels, 0.5)[..., None]).max(axis=0)
    # A twentieth of the row may stray: dust and compression.
    rows = np.flatnonzero((off >= EVEN).mean(axis=1) > 0.05)
    if len(rows) <= GRID // 4:
        return 0, len(off)
    return int(rows[0]), int(rows[-1]) + 1


def _without_banner(pixels: Floats, box: Box) -> Box:
    """Cut at the clearest straight edge near a side, if there is one."""
    top, bottom, left, right = box
    view = pixels[:, top:bottom, left:right]
    cuts: list[tuple[float, Box]] = []
    for start, steps in ((0, _steps(view)), (2, _steps(view.swapaxes(1, 2)))):
        reach = max(2, int(MAX_BANNER * len(steps)))
        needed = max(STEP, STEP_RATIO * (float(_quantile(steps, 0.5)) + 2 / 255))
        first = int(steps[:reach].argmax())
        last = len(steps) - reach + int(steps[-reach:].argmax())
        for side, edge in ((start, first), (start + 1, last)):
            if steps[edge] > needed:
                cut = list(box)
                cut[side] = box[start] + edge + 1
                cuts.append((float(steps[edge]), (cut[0], cut[1], cut[2], cut[3])))
    return max(cuts)[1] if cuts else box


def seam(pixels: Floats, along: float = 0.5) -> tuple[float, tuple[Window, Window]]:
    """How high the clearest straight edge across the middle is, and both sides of it, as shares.

    `along` is the share of its length along which the edge is at least so high: what is on a photo
    may have an edge half as long, the seam of a collage runs through.
    """
    first, end = (int(share * GRID) for share in COLLAGE_SEAM)
    down, across = (_steps(view, along)[first:end] for view in (pixels, pixels.swapaxes(1, 2)))
    if down.max() >= across.max():
        at = (first + int(down.argmax()) + 1) / GRID
        return float(down.max()), ((0.0, at, 0.0, 1.0), (at, 1.0, 0.0, 1.0))
    at = (first + int(across.argmax()) + 1) / GRID
    return float(across.max()), ((0.0, 1.0, 0.0, at), (0.0, 1.0, at, 1.0))


def _steps(pixels: Floats, along: float = 0.5) -> Floats:
    """How far each row is at least from the next along a share of it, `(rows - 1,)`."""
    apart = np.abs(np.diff(pixels, axis=1)).max(axis=0)
    return _quantile(apart, 1 - along)


def _quantile(values: Floats, share: float) -> Floats:
    """`np.quantile` along the last axis, in a sixth of its time for so few numbers."""
    place = share * (values.shape[-1] - 1)
    below, above = int(place), min(int(place) + 1, values.shape[-1] - 1)
    ordered = np.sort(values, axis=-1)
    low, high = ordered[..., below], ordered[..., above]
    return low + np.float32(place - below) * (high - low)
