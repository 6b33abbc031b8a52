"""The image processors of transformers, in the terms of `PhotoInput`."""

from __future__ import annotations

from typing import Any

from PIL import Image

# Processors that prepare photos as none other does, and are described below.
OWN_WAYS = ("ConvNextImageProcessorPil", "EfficientNetImageProcessorPil")
# Side from which a ConvNeXt's photos are distorted instead of cut.
DISTORTED = 384


def photo_input(processor: Any) -> dict[str, Any] | None:
    """Keys of :class:`samesku.encoders.photo_inputs.PhotoInput` that prepare photos as this does.

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
    mean, std = [0.0] * 3, [1.0] * 3
    if processor.do_normalize:
        mean, std = [[float(each) for each in _three(processor, key)] for key in ("mean", "std")]
    if getattr(processor, "rescale_offset", False):
        mean = [each + 1 for each in mean]
    if getattr(processor, "include_top", False):
        std = [each * float(last) for each, last in zip(std, processor.image_std, strict=True)]
    resample = Image.Resampling(int(processor.resample)).name.lower()
    return {**size, "mean": mean, "std": std, "scale": scale, "resample": resample, "reduce": False}


def cuts_the_middle(processor: Any) -> bool:
    """Whether a processor enlarges a photo before it cuts the middle out."""
    return bool(getattr(processor.size, "shortest_edge", None))


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


def _three(processor: Any, key: str) -> list[float]:
    given = getattr(processor, f"image_{key}")
    return list(given) if isinstance(given, list | tuple) else [given] * 3
