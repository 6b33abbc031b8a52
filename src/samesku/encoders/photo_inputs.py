"""How a network wants its photos, and a photo brought into that form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Floats = NDArray[np.float32]
Colour = Literal["rgb", "bgr"]
Layout = Literal["NCHW", "NHWC"]
Resize = Literal["stretch", "crop", "pad"]
Pooling = Literal["none", "mean", "gem", "cls"]
Resample = Literal["bilinear", "bicubic", "lanczos", "nearest", "box", "hamming"]

CHOICES = {
    "colour": get_args(Colour),
    "layout": get_args(Layout),
    "resize": get_args(Resize),
    "pooling": get_args(Pooling),
    "resample": get_args(Resample),
}
# Photos longer than this are cut to it before they are enlarged to be cut: memory stays bounded.
LONGEST = 8


@dataclass(frozen=True)
class PhotoInput:
    """How a network wants its photos, and what to do with its output: the JSON's keys.

    `size`: height and width in pixels (one number in the JSON stands for both). The 0..255 pixels
    are multiplied by `scale`, then `mean` is subtracted and `std` divided by, in the network's
    `colour` order; `layout` is the order of its input axes. `resize`: fit by distorting, by cutting
    the longer side, or by adding white to the shorter; with "crop" the shorter side is first
    brought to `shorter` pixels, by default to no more than needed. `resample` is the filter of
    Pillow; `reduce` brings large photos near their size in whole steps first, which is faster, and
    not quite what the filter alone would make of them. `pooling`: take the output ``(n, d)`` as it
    is; average or generalised mean (F. Radenovic et al., "Fine-tuning CNN image retrieval with no
    human annotation", 2018) of positions ``(n, c, h, w)`` or tokens ``(n, t, c)``; or the first
    token. `output` is the name of the output, by default the first.
    """

    size: tuple[int, int]
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    scale: float = 1 / 255
    colour: Colour = "rgb"
    layout: Layout = "NCHW"
    resize: Resize = "stretch"
    shorter: int | None = None
    resample: Resample = "bilinear"
    reduce: bool = True
    pooling: Pooling = "none"
    output: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> PhotoInput:
        """Check what a JSON file says; ValueError names the key and what it may hold."""
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(given) - set(known)):
            raise ValueError(f"unknown key {unknown[0]!r}: use {', '.join(known)}")
        if "size" not in given:
            raise ValueError('"size" is missing: give the height and width, e.g. [224, 224]')
        checked: dict[str, Any] = dict(given)
        size = given["size"] if isinstance(given["size"], list) else [given["size"]] * 2
        if len(size) != 2 or not all(type(side) is int and 1 <= side <= 4096 for side in size):
            raise ValueError('"size" must be one or two whole numbers from 1 to 4096')
        checked["size"] = tuple(size)
        for key in {"mean", "std"} & set(given):
            if not (_numbers(given[key]) and len(given[key]) == 3):
                raise ValueError(f'"{key}" must be three numbers, one per colour')
            checked[key] = tuple(float(value) for value in given[key])
        if min(map(abs, checked.get("std", (1.0,)))) == 0:
            raise ValueError('"std" divides the pixels and cannot be 0')
        if not _numbers([given.get("scale", 1.0)]):
            raise ValueError('"scale" must be a number, e.g. 0.00392157 for pixels from 0 to 1')
        for key, choices in CHOICES.items():
            if key in given and given[key] not in choices:
                raise ValueError(f'"{key}" must be one of {", ".join(choices)}')
        shorter = given.get("shorter")
        if shorter is not None and (
            given.get("resize") != "crop"
            or type(shorter) is not int
            or not max(checked["size"]) <= shorter <= 4096
        ):
            raise ValueError('"shorter" goes with "resize": "crop" and is no smaller than "size"')
        if not isinstance(given.get("reduce", True), bool):
            raise ValueError('"reduce" must be true or false')
        if not isinstance(given.get("output"), str | None):
            raise ValueError('"output" must be the name of an output')
        return cls(**checked)


def middle(image: Image.Image) -> Image.Image:
    """The middle of a very long photo, which is all that will be cut from it."""
    width, height = image.size
    wide, high = min(width, LONGEST * height), min(height, LONGEST * width)
    left, top = (width - wide) // 2, (height - high) // 2
    return image.crop((left, top, left + wide, top + high))


def prepared(rgb: NDArray[np.uint8], wanted: PhotoInput) -> Floats:
    """A photo uint8 ``(h, w, 3)`` in the size, colours and range that are wanted, ``(3, h, w)``."""
    pixels = np.asarray(_fitted(Image.fromarray(rgb), wanted))
    if wanted.colour == "bgr":
        pixels = pixels[..., ::-1]
    # One multiplication and one subtraction per pixel, colours already apart.
    std = np.array(wanted.std, dtype=np.float32)[:, None, None]
    mean = np.array(wanted.mean, dtype=np.float32)[:, None, None]
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)
    planes *= np.float32(wanted.scale) / std
    planes -= mean / std
    return planes


def _fitted(image: Image.Image, wanted: PhotoInput) -> Image.Image:
    height, width = wanted.size
    size, sampling = (width, height), Image.Resampling[wanted.resample.upper()]
    gap = 3.0 if wanted.reduce else None
    if wanted.resize == "pad":
        return _padded(image, size, sampling, gap)
    if wanted.resize == "stretch":
        return image.resize(size, sampling, reducing_gap=gap)
    if wanted.shorter is None:
        return ImageOps.fit(image, size, sampling)
    image = middle(image)
    short = min(image.size)
    grown = [wanted.shorter * side // short for side in image.size]
    left, top = (grown[0] - width) // 2, (grown[1] - height) // 2
    return image.resize((grown[0], grown[1]), sampling).crop(
        (left, top, left + width, top + height)
    )


def _padded(
    image: Image.Image, size: tuple[int, int], sampling: Image.Resampling, gap: float | None
) -> Image.Image:
    """Fit inside `size` on white; ImageOps.pad fails on very long photos."""
    share = min(size[0] / image.width, size[1] / image.height)
    inner = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    canvas = Image.new("RGB", size, "white")
    fitted = image.resize(inner, sampling, reducing_gap=gap)
    canvas.paste(fitted, ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return canvas


def _numbers(values: object) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
        for value in values
    )
