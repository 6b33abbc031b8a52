import io

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from samesku.catalog.photos import load_photo
from samesku.encoders.phash import parse_phash, phash

photos = arrays.arrays(
    np.uint8,
    st.tuples(st.integers(1, 70), st.integers(1, 70), st.just(3)),
    elements=st.integers(0, 255),
)


@settings(deadline=None, max_examples=30)
@given(photos)
def test_equals_imagehash_bit_for_bit(rgb):
    expected = imagehash.phash(Image.fromarray(rgb))
    assert phash(rgb).tobytes().hex() == str(expected)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("size", [(640, 480), (33, 999)])
def test_equals_imagehash_of_the_opened_jpeg(mode, size):
    noise = np.random.default_rng(0).integers(0, 256, (size[1] // 8 + 1, size[0] // 8 + 1, 3))
    image = Image.fromarray(noise.astype(np.uint8)).resize(size).convert(mode)
    file = io.BytesIO()
    image.save(file, "JPEG")
    expected = imagehash.phash(Image.open(file).convert("RGB"))
    assert phash(load_photo(file.getvalue())).tobytes().hex() == str(expected)


def test_shape_and_type():
    bits = phash(np.zeros((10, 20, 3), dtype=np.uint8))
    assert bits.shape == (8,)
    assert bits.dtype == np.uint8


def test_parse_reads_only_sixteen_hexadecimal_digits():
    texts = [
        "94974f937d4c2433",
        "94974F937D4C2433",
        " af3f9460c2838f0f\n",
        None,
        "",
        "94974f93",
        "x" * 16,
    ]
    bits, valid = parse_phash(texts)
    assert valid.tolist() == [True, True, True, False, False, False, False]
    assert bits.shape == (7, 8)
    assert bits[0].tobytes().hex() == texts[0]
    assert np.array_equal(bits[0], bits[1])
    assert not bits[~valid].any()


@pytest.mark.parametrize(
    "text", ["٣" * 16, "0x94974f937d4c24", "94974f93 7d4c2433", "-4974f937d4c2433"]
)
def test_parse_refuses_what_looks_like_a_hash(text):
    assert not parse_phash([text])[1].any()


@given(st.lists(st.binary(min_size=8, max_size=8)))
def test_parse_gives_back_what_was_written(hashes):
    bits, valid = parse_phash([raw.hex() for raw in hashes])
    assert valid.all()
    assert [row.tobytes() for row in bits] == hashes
