"""Photos are prepared for ONNX as transformers prepares them."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra train")

from PIL import Image

from samesku.encoders.photo_inputs import PhotoInput, photo_input, prepared

SQUARE = {"height": 32, "width": 32}
WAYS = {
    "EfficientNetImageProcessorPil": [{"size": SQUARE}, {"size": SQUARE, "include_top": False},
                                      {"size": SQUARE, "rescale_offset": True}],
    "ConvNextImageProcessorPil": [{"size": {"shortest_edge": edge}} for edge in (32, 384)],
    "BitImageProcessorPil": [{"size": {"shortest_edge": 40}, "crop_size": SQUARE}],
    "CLIPImageProcessorPil": [{"size": {"shortest_edge": 32}, "crop_size": SQUARE}],
    "SiglipImageProcessorPil": [{"size": SQUARE}, {"size": {"height": 20, "width": 32}}],
    "ViTImageProcessorPil": [{"size": SQUARE}, {"size": SQUARE, "do_normalize": False},
                             {"size": SQUARE, "do_rescale": False, "resample": 3}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "settings"), [(name, each) for name, several in WAYS.items() for each in several]
)
def test_pixels_are_the_same(photos, name, settings):
    import transformers

    processor = getattr(transformers, name)(**settings)
    feeding = PhotoInput.of(photo_input(processor))
    large = Image.fromarray(photos[4]).resize((900, 700))
    for photo in [*photos, np.asarray(large)]:
        theirs = processor(images=[photo], input_data_format="channels_last")["pixel_values"][0]
        np.testing.assert_allclose(prepared(photo, feeding), theirs, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("Siglip2ImageProcessorPil", {}),
        ("BitImageProcessorPil", {"size": {"shortest_edge": 20}, "crop_size": SQUARE}),
        ("BitImageProcessorPil", {"do_resize": False}),
    ],
)
def test_what_cannot_be_said_is_not_said(name, settings):
    import transformers

    assert photo_input(getattr(transformers, name)(**settings)) is None
