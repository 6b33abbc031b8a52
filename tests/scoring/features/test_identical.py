"""Pairs of postings that agree in all that is looked at."""

import polars as pl
import pytest

from samesku import Matcher, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.scoring.features.identical import identical_pairs, identity_codes


def found(**columns):
    table = {"posting_id": ["a", "b"], "title": ["Lampu LED 12 watt", "lampu led 12w"], **columns}
    catalog = read_catalog(pl.DataFrame(table))
    pairs = Matcher([Tfidf(), PHash()], "union").candidates(catalog)
    return identical_pairs(identity_codes(catalog), pairs).tolist()


def test_one_normal_title_is_enough_where_there_is_no_more():
    assert found() == [True]
    assert found(title=["lampu led 12w", "lampu led 13w"]) == [False]


@pytest.mark.parametrize(
    ("column", "same", "other"),
    [
        ("price", [5.0, 5.0], [5.0, 6.0]),
        ("brand", ["x", "x"], ["x", None]),
        ("description", [None, None], ["x", "y"]),
        ("image_phash", ["94974f937d4c2433"] * 2, ["94974f937d4c2433", None]),
    ],
)
def test_what_else_there_is_must_agree(column, same, other):
    assert found(**{column: same}) == [True]
    assert found(**{column: other}) == [False]
