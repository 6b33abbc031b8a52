"""How a network wants its photos, and a photo brought into that form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from PIL import Image, ImageOps

from samesku.runtime.arrays import Bytes, Floats

# Photos longer than this are cut to it before they are enlarged to be cut: memory stays bounded.
LONGEST = 8
# Processors that prepare photos as none other does, and are described below.
OWN_WAYS = ("ConvNextImageProcessorPil", "EfficientNetImageProcessorPil")
# Side from which a ConvNeXt's photos are distorted instead of cut.
DISTORTED = 384


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
    colour: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    shorter: int | None = None
    resample: Literal["bilinear", "bicubic", "lanczos", "nearest", "box", "hamming"] = "bilinear"
    reduce: bool = True
    pooling: Literal["none", "mean", "gem", "cls"] = "none"
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
        for key, kind in get_type_hints(cls).items():
            choices = get_args(kind)
            if get_origin(kind) is Literal and given.get(key, choices[0]) not in choices:
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
    return _centre(image, min(width, LONGEST * height), min(height, LONGEST * width))


def prepared(rgb: Bytes, wanted: PhotoInput) -> Floats:
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
    if wanted.resize == "stretch":
        return image.resize(size, sampling, reducing_gap=gap)
    if wanted.resize == "pad":
        # ImageOps.pad fails on very long photos.
        share = min(width / image.width, height / image.height)
        inner = max(1, round(image.width * share)), max(1, round(image.height * share))
        canvas = Image.new("RGB", size, "white")
        place = (width - inner[0]) // 2, (height - inner[1]) // 2
        canvas.paste(image.resize(inner, sampling, reducing_gap=gap), place)
        return canvas
    if wanted.shorter is None:
        return ImageOps.fit(image, size, sampling)
    image = middle(image)
    short = min(image.size)
    grown = wanted.shorter * image.width // short, wanted.shorter * image.height // short
    return _centre(image.resize(grown, sampling), width, height)


def _centre(image: Image.Image, width: int, height: int) -> Image.Image:
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def photo_input(processor: Any) -> dict[str, Any] | None:
    """Keys of :class:`PhotoInput` that prepare photos as this image processor of transformers does.

    None where they cannot say it: pictures cut into patches, padded, or prepared in an unknown way.
    """
    from transformers.image_processing_backends import PilBackend

    kind = type(processor)
    known = kind._preprocess is PilBackend._preprocess and kind.resize is PilBackend.resize
    fills_up = getattr(processor, "do_pad", None)
    if not (known or kind.__name__ in OWN_WAYS) or fills_up or not processor.do_resize:
        return None
    size = _size(processor)
    if size is None:
        return None
    scale = float(processor.rescale_factor) if processor.do_rescale else 1.0
    mean, std = np.zeros(3), np.ones(3)
    if processor.do_normalize:
        mean, std = mean + processor.image_mean, std * processor.image_std
    if getattr(processor, "rescale_offset", False):
        mean = mean + 1
    if getattr(processor, "include_top", False):
        std = std * processor.image_std
    colours = {"mean": mean.tolist(), "std": std.tolist(), "scale": scale}
    resample = Image.Resampling(int(processor.resample)).name.lower()
    return {**size, **colours, "resample": resample, "reduce": False}


def _size(processor: Any) -> dict[str, Any] | None:
    size = processor.size
    if (edge := size.shortest_edge) is not None:
        if hasattr(processor, "crop_pct"):
            if edge >= DISTORTED:
                return {"size": [edge, edge], "resize": "stretch"}
            shorter = int(edge / processor.crop_pct)
            return {"size": [edge, edge], "resize": "crop", "shorter": shorter}
        crop = processor.crop_size
        if not processor.do_center_crop or edge < max(crop.height, crop.width):
            return None
        return {"size": [crop.height, crop.width], "resize": "crop", "shorter": edge}
    if processor.do_center_crop or not (size.height and size.width):
        return None
    return {"size": [size.height, size.width], "resize": "stretch"}


def _numbers(values: object) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
        for value in values
    )
