import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from research.marketplace.products import draw_families
from research.marketplace.scenes import catalogue_photo
from research.marketplace.shapes import draw_product
from samesku.encoders.photo import NETWORK, PROBES, VIEWS, Photo

PHOTOS = 16


@pytest.fixture(scope="module")
def encoder():
    return Photo()


@pytest.fixture(scope="module")
def images():
    """One product of each of some families, drawn."""
    families = draw_families(400, seed=7)
    products = [family[0] for family in families][:PHOTOS]
    return [catalogue_photo(product, draw_product(product)).convert("RGB") for product in products]


@pytest.fixture(scope="module")
def rows(encoder, images):
    return encoder.embed([encoder.look(np.asarray(image)) for image in images])


def recompressed(image):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60)
    return np.asarray(Image.open(file).convert("RGB"))


def crop(image, other):
    width, height = image.size
    return image.crop((0.04 * width, 0.1 * height, 0.94 * width, 0.98 * height))


def mirror(image, other):
    return ImageOps.mirror(image)


def banner(image, other):
    board = ImageOps.expand(image, image.width // 20, (255, 255, 255))
    draw = ImageDraw.Draw(board)
    draw.rectangle((0, 0, board.width, board.height // 7), (190, 20, 40))
    draw.text((20, 20), "PROMO READY STOCK", (255, 255, 255), font_size=board.height // 14)
    return board


def collage(image, other):
    board = Image.new("RGB", (2 * image.width, image.height))
    board.paste(image, (0, 0))
    board.paste(other.resize(image.size), (image.width, 0))
    return board


@pytest.mark.parametrize("change", [crop, mirror, banner, collage])
def test_finds_the_original_of_a_copy_first(encoder, images, rows, change):
    others = images[PHOTOS // 2 :] + images[: PHOTOS // 2]
    copies = [
        recompressed(change(image, other)) for image, other in zip(images, others, strict=True)
    ]
    asked = encoder.embed([encoder.look(copy) for copy in copies])
    similar = np.einsum("avd,brd->abvr", asked, rows[:, ~PROBES]).max(axis=(2, 3))
    if change is collage:
        similar[np.arange(PHOTOS), (np.arange(PHOTOS) + PHOTOS // 2) % PHOTOS] = -1
    # A half is only part of what a collage shows, and may be cut off a little aside.
    least = 0.8 if change is collage else 0.95
    assert (similar.argmax(axis=1) == np.arange(PHOTOS)).mean() >= least


def test_rows_are_unit_and_repeatable_and_do_not_depend_on_the_batch(encoder, images, rows):
    assert rows.shape == (PHOTOS, VIEWS, encoder.network.dimension + 1)
    assert 256 <= rows.shape[2] <= 512
    np.testing.assert_allclose(np.linalg.norm(rows, axis=2), 1, atol=1e-5)
    again = Photo()
    alone = again.embed([again.look(np.asarray(images[3]))])
    np.testing.assert_allclose(alone[0], rows[3], atol=1e-4)
    assert again.fingerprint == encoder.fingerprint


def rings(side):
    far = np.hypot(*np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j])
    return (100 + 90 * np.sin(4 * far))[..., None].repeat(3, 2).astype(np.uint8)


def test_a_photo_without_a_seam_is_looked_at_twice(encoder):
    looks = encoder.look(rings(300))
    assert looks[0].any()
    assert looks[1].any()
    assert not looks[PROBES].any()
    views = encoder.embed([looks])[0]
    np.testing.assert_array_equal(views[PROBES], np.broadcast_to(views[0], views[PROBES].shape))
    assert views[0] @ views[1] < 0.999


@pytest.mark.parametrize(("along", "halves"), [(0.6, False), (1.0, True)])
def test_only_an_edge_that_runs_through_the_middle_makes_two_halves(encoder, along, halves):
    photo = np.full((200, 200, 3), 200, dtype=np.uint8)
    photo[:104, : int(200 * along)] = 120
    looks = encoder.look(photo)
    assert looks[PROBES].any() == halves


def nearly_equal(look, other):
    return np.abs(look.astype(float) - other).mean() < 4


@pytest.mark.parametrize(("border", "cut_off"), [(3, False), (30, True)])
def test_a_border_is_cut_off_where_it_is_worth_it(encoder, border, cut_off):
    content = rings(300)
    bordered = np.pad(content, ((border, border), (border, border), (0, 0)), constant_values=255)
    whole, inner = encoder.look(bordered)[:2]
    alone, middle = encoder.look(content)[:2]
    assert nearly_equal(inner, alone) == cut_off
    assert nearly_equal(inner, middle) == (not cut_off)
    assert not nearly_equal(whole, inner)


def test_large_photos_are_looked_at_like_small_ones(encoder):
    small, large = (encoder.look(rings(side)) for side in (170, 1700))
    assert nearly_equal(small[0], large[0])
    assert nearly_equal(small[1], large[1])


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
def test_a_blank_photo_says_nothing(encoder, images, colour):
    photos = [np.full((50, 60, 3), colour, dtype=np.uint8), np.asarray(images[0])]
    rows = encoder.embed([encoder.look(photo) for photo in photos])
    assert encoder.informative(rows).tolist() == [False, True]
    assert not rows[0].any()


def test_any_shape_of_photo_can_be_looked_at(encoder):
    rng = np.random.default_rng(0)
    shapes = [(1, 1, 3), (1, 400, 3), (700, 3, 3), (33, 57, 3)]
    looks = [encoder.look(rng.integers(0, 256, shape).astype(np.uint8)) for shape in shapes]
    rows = encoder.embed(looks)
    assert np.isfinite(rows).all()


def test_the_file_is_small():
    assert NETWORK.stat().st_size <= 8_000_000


def test_a_network_that_is_not_there_is_told_of(tmp_path):
    lacking = Photo(tmp_path / "nowhere.onnx")
    with pytest.raises(ValueError, match=r"nowhere\.onnx is missing"):
        lacking.look(np.zeros((4, 4, 3), dtype=np.uint8))
