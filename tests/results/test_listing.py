import polars as pl

from samesku import Matcher, read_catalog
from samesku.encoders import Tfidf
from samesku.results.listing import for_spreadsheets

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u200a=1", "＝1", "\r1"]


def test_no_text_of_a_catalogue_is_a_formula_in_a_spreadsheet(tmp_path):
    table = pl.DataFrame({"posting_id": ["=a", "b", "c"], "title": ["=1+1 tea", "tea", "a-b = c"]})
    Matcher([Tfidf()], "union").match(read_catalog(table)).write(tmp_path)
    written = pl.read_csv(tmp_path / "groups.csv")
    told = dict(written.select("posting_id", "title").iter_rows())
    assert told == {"=a": "'=1+1 tea", "b": "tea", "c": "a-b = c"}


def test_every_beginning_of_a_formula_is_met_and_nothing_else():
    harmless = ["1=1", "tea", "", "'=1", None]
    table = pl.DataFrame({"title": [*HOSTILE, *harmless], "n": range(len(HOSTILE) + 5)})
    safe = for_spreadsheets(table)
    assert safe["title"].to_list() == [*(f"'{text}" for text in HOSTILE), *harmless]
    assert safe["n"].equals(table["n"])
