import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw, ImageOps

from samesku.catalog.photos import load_photo
from samesku.encoders.signature import (
    DIMENSION,
    PROBES,
    REFERENCES,
    SAME_PHOTO,
    VIEWS,
    Signature,
)

PHOTOS = 40
signature = Signature().look


def scene(seed, size=(240, 200)):
    """A drawn still life: soft background, a dozen coloured shapes."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 230, (3, 4, 3)).astype(np.uint8)
    image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = rng.uniform(0.1, 0.8, 2) * size
        across, down = rng.uniform(0.1, 0.4, 2) * size
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x, y, x + across, y + down), fill=tuple(map(int, rng.integers(0, 256, 3))))
    return image


def recompressed(image, quality=75):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return load_photo(file.getvalue())


def cropped(image):
    width, height = image.size
    return image.crop((int(0.1 * width), int(0.03 * height), int(0.97 * width), int(0.9 * height)))


def bordered(image):
    return ImageOps.expand(image, 20, "white")


def bannered(image):
    out = Image.new("RGB", (image.width, image.height + 40), (250, 220, 0))
    out.paste(image, (0, 0))
    ImageDraw.Draw(out).text((20, image.height + 5), "PROMO 50%", fill="red", font_size=26)
    return out


def relit(image):
    light = (np.asarray(image) / 255) ** 1.4 * (0.95, 0.85, 0.75)
    return Image.fromarray((255 * light).astype(np.uint8)).resize((120, 100))


def collage(image):
    out = Image.new("RGB", (2 * image.width, image.height))
    out.paste(scene(999), (0, 0))
    out.paste(image, (image.width, 0))
    return out


CHANGES = {
    "cropped": cropped,
    "bordered": bordered,
    "bannered": bannered,
    "mirrored": ImageOps.mirror,
    "relit": relit,
    "collage": collage,
}


def similarity(one, other):
    """Largest cosine of any view of one with a reference view of the other, either way."""
    ways = (one @ other[..., :REFERENCES, :].swapaxes(-1, -2), other @ one[:REFERENCES].T)
    return np.maximum(*(way.max((-1, -2)) for way in ways))


@pytest.fixture(scope="module")
def originals():
    return np.stack([signature(np.asarray(scene(seed))) for seed in range(PHOTOS)])


@pytest.mark.parametrize("change", CHANGES)
def test_altered_copies_find_their_original_first(originals, change):
    copies = [recompressed(CHANGES[change](scene(seed)), 30) for seed in range(0, PHOTOS, 4)]
    similar = np.stack([similarity(signature(copy), originals) for copy in copies])
    own = similar[np.arange(len(copies)), np.arange(0, PHOTOS, 4)]
    assert (similar.argmax(axis=1) == np.arange(0, PHOTOS, 4)).mean() >= 0.9
    assert (own >= SAME_PHOTO).mean() >= 0.8


def test_different_photos_stay_below_the_threshold(originals):
    similar = np.stack([similarity(one, originals) for one in originals])
    assert np.diag(similar) == pytest.approx(1, abs=1e-5)
    assert (similar[~np.eye(PHOTOS, dtype=bool)] >= SAME_PHOTO).mean() < 0.005


def test_mirror_image_of_a_mirror_image_is_the_photo(originals):
    mirrored = signature(np.asarray(ImageOps.mirror(scene(3))))
    assert (mirrored[REFERENCES] @ originals[3, 1]) > 0.98


photos = arrays.arrays(
    np.uint8,
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)),
    elements=st.integers(0, 255),
)


@settings(max_examples=25, deadline=None)
@given(photos)
def test_rows_are_finite_and_unit_or_zero(rgb):
    rows = signature(rgb)
    assert rows.shape == (VIEWS, DIMENSION)
    assert rows.dtype == np.float32
    length = np.linalg.norm(rows, axis=1)
    assert ((length < 1e-6) | (np.abs(length - 1) < 1e-3)).all()
    assert np.array_equal(rows, signature(rgb.copy()))


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (50, 50), (20000, 1), (1, 20000)])
def test_a_blank_photo_resembles_nothing(originals, level, shape):
    blank = signature(np.full((*shape, 3), level, dtype=np.uint8))
    assert np.isfinite(blank).all()
    assert (similarity(blank, originals) < SAME_PHOTO).all()
    assert similarity(blank, blank[None])[0] < SAME_PHOTO


def test_probes_follow_the_references():
    assert PROBES.tolist() == [False] * REFERENCES + [True] * (VIEWS - REFERENCES)
