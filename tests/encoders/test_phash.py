import io

import imagehash
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from samesku import read_catalog
from samesku.catalog.photos import load_photo
from samesku.encoders.phash import PHash, phash

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


def given_hashes(texts):
    """What a catalogue with these texts as hashes brings."""
    ids = [str(place) for place in range(len(texts))]
    table = {"posting_id": ids, "title": ids, "image_phash": texts}
    return PHash().given(read_catalog(pl.DataFrame(table, schema_overrides={"image_phash": str})))


def test_only_sixteen_hexadecimal_digits_are_a_hash():
    good = ["94974f937d4c2433", "94974F937D4C2433", " 94974f937d4c2433\n"]
    bad = [
        None, "", "94974f93", "x" * 16, "٣" * 16, "0x94974f937d4c24", "94974f93 7d4c2433",
        "-4974f937d4c2433",
    ]  # fmt: skip
    rows, brought = given_hashes(good + bad)
    assert brought.tolist() == [True] * len(good) + [False] * len(bad)
    assert {row.tobytes().hex() for row in rows} == {good[0]}
    assert PHash().given(read_catalog(pl.DataFrame({"posting_id": ["a"], "title": ["b"]}))) is None


@settings(deadline=None, max_examples=30)
@given(st.lists(st.binary(min_size=8, max_size=8)))
def test_hashes_are_read_as_they_were_written(hashes):
    rows, brought = given_hashes([raw.hex() for raw in hashes])
    assert brought.all()
    assert rows.shape == (len(hashes), 1, 8)
    assert [row.tobytes() for row in rows] == hashes
