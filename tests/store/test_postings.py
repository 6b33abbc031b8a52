"""Single postings are read as the rows of a catalogue are, and keep the hashes of their photos."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image

from samesku import read_catalog
from samesku.store import Index
from samesku.store.runs import postings_of

CELLS = {
    "posting_id": [" a ", "5", "None"],
    "title": ["Susu N/A", "N/A", "--"],
    "brand": ["N/A", None, " Bebelo "],
    "description": [None, "null", "#REF!"],
    "price": ["auf Anfrage, €", "0", "1299 Kč"],
    "image_phash": ["ABCDEF0123456789", "xyz", "n/a"],
    "width": ["12 cm", None, "N/A"],
}


def test_a_posting_is_read_as_a_row_of_a_catalogue(tmp_path):
    rows = [dict(zip(CELLS, cells, strict=True)) for cells in zip(*CELLS.values(), strict=True)]
    with Index(tmp_path / "one.db") as one, Index(tmp_path / "many.db") as many:
        notes = [note for row in rows for note in one.upsert(row).notes]
        many.upsert_many(postings_of(read_catalog(pl.DataFrame(CELLS))))
        for each in ("a", "5", "None"):
            assert one.get(each)["posting"] == many.get(each)["posting"]
        # Neither is a row of pandas, where what is missing is NaN, refused.
        (change,) = one.upsert_many(pd.DataFrame(CELLS).to_dict("records"))
        assert change.refused == []
        assert {each.done for each in change.postings} == {"unchanged"}
    assert notes == change.notes == [
        "a: price is not one positive number; taken as unknown",
        "5: price is not one positive number; taken as unknown",
        "5: image_phash is not 16 hexadecimal digits; taken as unknown",
    ]  # fmt: skip


def test_numbers_of_numpy_are_numbers(index):
    index.upsert({"posting_id": 5.0, "title": "Kopi"})
    assert index.get("5")["posting"] == {"posting_id": "5", "title": "Kopi"}
    index.upsert({"posting_id": np.int64(7), "title": "Kopi", "price": np.float32(2.5)})
    assert index.get("7")["posting"] == {"posting_id": "7", "title": "Kopi", "price": 2.5}


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate(("one.png", "two.png")):
        noise = np.random.default_rng(seed).integers(0, 255, (64, 64, 3)).astype(np.uint8)
        Image.fromarray(noise).save(folder / name)
    return folder


def test_a_photo_that_is_named_still_keeps_its_hash_and_a_new_one_is_hashed(file, photos):
    row = {"posting_id": "a", "title": "Kopi 1 kg", "image": "one.png"}
    with Index(file) as index:
        catalog = read_catalog(pl.DataFrame([row]), photos=photos)
        index.upsert_many(postings_of(catalog))
        first = index.get("a")["posting"]["image_phash"]
        assert index.upsert({**row, "price": 5}).notes == []
        (change,) = index.upsert_many([row])
        assert index.get("a")["posting"]["image_phash"] == first
        assert change.notes == []
        told = index.upsert({**row, "image": "two.png"})
        assert told.notes == ["a: image is not compared: no photo folder"]
        assert "image_phash" not in index.get("a")["posting"]
        index.undo(told.event)
        assert index.get("a")["posting"]["image_phash"] == first
    with Index(file, photos=photos) as index:
        index.upsert({**row, "image": "TWO.png"})
        assert index.get("a")["posting"]["image_phash"] not in (first, None)
        index.upsert(row)
        assert index.get("a")["posting"]["image_phash"] == first
        for absent in ("nope.jpg", "../../etc/passwd"):
            told = index.upsert({"posting_id": "b", "title": "Kopi", "image": absent})
            assert told.notes == ["b: image is not compared: it is not in the photo folder"]
