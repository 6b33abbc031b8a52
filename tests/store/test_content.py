"""What is read of a posting comes back from the store as it was."""

from dataclasses import astuple

import numpy as np
import polars as pl
import pytest

from samesku import read_catalog
from samesku.scoring.features.descriptions import described_texts
from samesku.store.content import Content, catalog_of
from samesku.store.postings import check_posting


@pytest.mark.parametrize(
    "posting",
    [
        {"title": "Susu Bebelo 400 gram isi 2"},
        {"title": "Sony WH-1000 XM5 iPhone14 Pro hitam 256GB", "price": "12,50", "brand": "Sony"},
        {
            "title": "佳能 5D ④ \ud83d\ude00",
            "description": "d" * 50,
            "colour": "black",
            "seller": "x",
        },
        {"title": "", "description": "!!!"},
    ],
)
def test_content_is_read_back_as_it_was(posting):
    read = Content.of(check_posting({"posting_id": "a", **posting}))
    back = Content.unpack(read.pack())
    for mine, theirs in zip(astuple(read), astuple(back), strict=True):
        assert np.array_equal(mine, theirs) if isinstance(mine, np.ndarray) else mine == theirs
    assert back.codes.title in ("", back.normal)


def test_attributes_are_those_of_a_catalogue():
    posting = {
        "posting_id": "a", "title": "Lenovo T480 16gb ram 256gb ssd", "RAM": "8 GB", "disk": "1 TB",
        "EAN": "4006381333931, 5901234123457", "colour": "black",
    }  # fmt: skip
    stored = catalog_of([Content.of(posting)], [slice(0, 1)])
    assert stored.attributes.values == read_catalog(pl.DataFrame([posting])).attributes.values


def test_words_of_a_description_are_those_of_a_catalogue():
    said = "Biji kopi ROBUSTA, robusta; isi 1,5 kg. 咖啡豆"
    posting = {"posting_id": "a", "title": "Kopi 1 kg", "description": said}
    _, (words,) = described_texts(read_catalog(pl.DataFrame([posting])))
    stored = Content.unpack(Content.of(posting).pack())
    assert stored.described == tuple(dict.fromkeys(words))
    assert "ROBUSTA" not in stored.pack()


def test_only_what_is_compared_is_kept():
    given = {"posting_id": "a", "title": "Kopi 1 kg", "seller": "secret"}
    read = Content.of(check_posting(given))
    assert "secret" not in read.pack()
    assert '"coffee 1000g"' in read.pack()
