"""Reasons in words."""

import polars as pl
import pytest

from samesku import link

OURS = {
    "posting_id": "a",
    "title": "Sony record player PSLX350H 12 volt silver",
    "brand": "Sony",
    "price": 399.0,
    "image_phash": "94974f937d4c2433",
    "description": "",
}
THEIRS = {
    "posting_id": "b",
    "title": "PS-LX350H record player black 12v",
    "brand": "SONY",
    "price": 389.5,
    "image_phash": "94974f937d4c2433",
    "description": "",
}
OTHER = {**OURS, "posting_id": "c", "title": "black silver", "price": None, "image_phash": None}


def reasons(ours, theirs):
    left, right = pl.DataFrame([ours, OTHER]), pl.DataFrame([theirs, OTHER])
    table = link(left, right, line=0.01).table
    return table.filter(pl.col("left_id") == ours["posting_id"])["reasons"].item()


@pytest.mark.parametrize(
    "reason",
    [
        'same model code "pslx350h"',
        "same photo",
        "same brand sony",
        'same size or count "12v"',
        "price 399 and 389.5",
        'only left: "silver"',
        'only right: "lx350h", "black"',
    ],
)
def test_each_is_told(reason):
    assert reason in reasons(OURS, THEIRS).split("; ")


def test_a_code_in_the_description_only():
    theirs = {**THEIRS, "title": "Sony record player", "description": "Model PS-LX350H, 12 volt"}
    assert 'model code "pslx350h" in the right description' in reasons(OURS, theirs)
