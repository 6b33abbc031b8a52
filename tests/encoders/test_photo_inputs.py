"""How a network wants its photos, also where transformers says it."""

import numpy as np
import pytest
from PIL import Image

from samesku.encoders.photo_inputs import PhotoInput, photo_input, prepared

PLAIN = {"size": [4, 4], "mean": [0, 0, 0], "std": [1, 1, 1], "scale": 1.0}


def test_the_shorter_side_comes_first_and_then_the_middle():
    photo = np.zeros((20, 40, 3), dtype=np.uint8)
    photo[:, 16:24] = 200
    wanted = PhotoInput.of(PLAIN | {"resize": "crop", "shorter": 10, "resample": "nearest"})
    planes = prepared(photo, wanted)
    assert planes.shape == (3, 4, 4)
    assert (planes == 200).all()  # 4 of the 20 columns that 40 became: half of the bright ones
    whole = prepared(photo, PhotoInput.of(PLAIN | {"resize": "crop", "resample": "nearest"}))
    assert (whole[0, 0] == [0, 200, 200, 0]).all()


def test_a_very_long_photo_is_not_enlarged_as_a_whole():
    photo = np.zeros((1, 60_000, 3), dtype=np.uint8)
    wanted = PhotoInput.of(PLAIN | {"size": 256, "resize": "crop", "shorter": 292})
    assert prepared(photo, wanted).shape == (3, 256, 256)


@pytest.mark.parametrize("resample", ["bicubic", "lanczos", "nearest"])
def test_the_filter_is_that_of_pillow(resample):
    photo = np.random.default_rng(0).integers(0, 256, (90, 70, 3)).astype(np.uint8)
    wanted = PhotoInput.of(PLAIN | {"size": [9, 8], "resample": resample, "reduce": False})
    filtered = Image.fromarray(photo).resize((8, 9), Image.Resampling[resample.upper()])
    np.testing.assert_array_equal(prepared(photo, wanted).transpose(1, 2, 0), filtered)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"shorter": 8}, '"shorter" goes with "resize": "crop"'),
        ({"resize": "crop", "shorter": 3}, 'no smaller than "size"'),
        ({"resize": "crop", "shorter": "8"}, '"shorter" goes with'),
        ({"resample": "cubic"}, "one of bilinear, bicubic"),
        ({"reduce": 1}, '"reduce" must be true or false'),
        ({"size": [0, 4]}, '"size" must be'),
        ({"size": 4.5}, '"size" must be'),
        ({"sizes": 3}, "unknown key 'sizes': use size, mean"),
        ({"mean": [1, 2]}, '"mean" must be three'),
        ({"mean": "grey"}, '"mean" must be three'),
        ({"std": [1, 0, 1]}, "cannot be 0"),
        ({"scale": None}, '"scale" must be'),
        ({"resize": "squash"}, "one of stretch, crop, pad"),
        ({"pooling": []}, "one of none, mean, gem, cls"),
        ({"output": 3}, '"output" must be'),
    ],
)
def test_settings_are_checked(settings, said):
    with pytest.raises(ValueError, match=said):
        PhotoInput.of(PLAIN | settings)


def test_defaults_are_those_of_imagenet():
    given = PhotoInput.of({"size": 224})
    assert given.size == (224, 224)
    assert given.mean == (0.485, 0.456, 0.406)
    assert given.scale == pytest.approx(1 / 255)


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
def test_photos_are_prepared_as_transformers_does(photos, name, settings):
    transformers = pytest.importorskip("transformers", reason="needs the extra train")
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
def test_a_way_that_the_keys_cannot_say_is_not_said(name, settings):
    transformers = pytest.importorskip("transformers", reason="needs the extra train")
    assert photo_input(getattr(transformers, name)(**settings)) is None
