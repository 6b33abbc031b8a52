"""Identical postings: one that is judged, all of them in the result."""

import csv
import json
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from samesku import Matcher, read_catalog
from samesku.candidates.collapse import collapse
from samesku.cli.app import app
from samesku.encoders import PHash, Tfidf
from samesku.evaluation.protocol import score

HASHES = ["94974f937d4c2433", "0f0f0f0f0f0f0f0f"]
TITLES = ["Lampu LED 12 watt", "Susu Bebelo 400 gram", "BEBELO susu 0,4kg", "Tas ransel hitam"]


def distinct(titles=("Lampu LED 12 watt", "lampu led 12w"), photos=True, **columns):
    table = {"posting_id": [f"p{row}" for row in range(len(titles))], "title": titles, **columns}
    return len(collapse(read_catalog(pl.DataFrame(table)), photos=photos).catalog)


def test_one_normal_title_is_enough_where_there_is_no_more():
    assert distinct() == 1
    assert distinct(["lampu led 12w", "lampu led 13w"]) == 2


@pytest.mark.parametrize(
    ("column", "same", "other"),
    [
        ("price", [5.0, 5.0], [5.0, 6.0]),
        ("brand", ["x", "x"], ["x", None]),
        ("description", [None, None], ["x", "y"]),
        ("image_phash", HASHES[:1] * 2, [HASHES[0], None]),
        ("colour", ["red", "red"], ["red", "blue"]),
    ],
)
def test_what_else_is_read_must_agree(column, same, other):
    assert distinct(**{column: same}) == 1
    assert distinct(**{column: other}) == 2


def test_what_is_not_looked_at_may_differ():
    assert distinct(item_url=["a", "b"]) == 1
    assert distinct(image_phash=HASHES, photos=False) == 1


def test_titles_that_say_nothing_and_other_sources_stay_apart():
    assert distinct(["", None, "!!", "!!"]) == 4
    catalog = read_catalog(pl.DataFrame({"posting_id": ["a", "b"], "title": ["Susu", "susu"]}))
    assert len(collapse(catalog, sources=np.array([0, 1])).catalog) == 2
    labelled = read_catalog(catalog.frame.with_columns(label_group=pl.Series(["x", "y"])))
    assert len(Matcher([Tfidf()]).collapse(labelled).catalog) == 1
    assert len(Matcher([Tfidf()]).collapse(labelled, labelled=True).catalog) == 2


def test_the_smallest_id_stands_for_all_in_the_order_of_ids():
    frame = pl.DataFrame({"posting_id": ["d", "b", "c", "a"], "title": ["x", "Y", "x", "y"]})
    found = collapse(read_catalog(frame))
    assert found.catalog.ids == ["a", "c"]
    assert found.place.tolist() == [1, 0, 1, 0]
    assert found.representative.tolist() == [2, 3, 2, 3]
    assert found.counts.tolist() == [2, 2]
    assert found.numbered(np.array([7, 5, 7, 5])).tolist() == [1, 0, 1, 0]


def test_pairs_of_representatives_expand_to_each_posting_once():
    frame = pl.DataFrame({"posting_id": list("abcde"), "title": ["x", "x", "x", "y", "y"]})
    pair, left, right = collapse(read_catalog(frame)).expanded(np.array([0]), np.array([1]))
    assert pair.tolist() == [0, 0, 0]
    assert list(zip(left, right, strict=True)) == [(0, 3), (1, 4), (2, 3)]


def rows_of(draw_title, draw_hash):
    return [
        {"posting_id": f"p{row}", "title": TITLES[title], "image_phash": (*HASHES, None)[photo]}
        for row, (title, photo) in enumerate(zip(draw_title, draw_hash, strict=True))
    ]


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_the_order_of_rows_changes_nothing(data):
    size = data.draw(st.integers(2, 12))
    titles = data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    photos = data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    rows = rows_of(titles, photos)
    turned = data.draw(st.permutations(rows))
    matcher = Matcher([Tfidf(), PHash()], k=2)
    one, other = (matcher.match(read_catalog(pl.DataFrame(each))) for each in (rows, turned))
    assert one.pairs.equals(other.pairs)
    assert one.near_misses.equals(other.near_misses)
    grouped = [
        dict(zip(each.catalog.ids, each.clusters.tolist(), strict=True)) for each in (one, other)
    ]
    assert grouped[0] == grouped[1]


def test_equal_likeness_at_the_last_place_of_a_list_is_decided_by_the_id():
    titles = [f"Casing hp seri {chr(97 + row % 26)}{chr(97 + row // 26)}" for row in range(150)]
    frame = pl.DataFrame({"posting_id": [f"p{row:03}" for row in range(150)], "title": titles})
    matcher = Matcher([Tfidf()], k=20)
    one, other = (
        matcher.match(read_catalog(each))
        for each in (frame, frame.sample(150, shuffle=True, seed=3))
    )
    np.testing.assert_array_equal(one.candidates.left, other.candidates.left)
    np.testing.assert_array_equal(one.scores, other.scores)
    again = dict(zip(other.catalog.ids, other.clusters.tolist(), strict=True))
    assert [again[each] for each in one.catalog.ids] == one.clusters.tolist()


def test_three_thousand_identical_titles_are_one_cluster_and_files_stay_small(tmp_path):
    path = tmp_path / "same.csv"
    ids = [f"p{row:04}" for row in range(3000)]
    titles = ["Casing iPhone 12 hitam doff"] * 2999 + ["Panci presto 5 liter"]
    pl.DataFrame({"posting_id": ids, "title": titles}).write_csv(path)
    begun = time.perf_counter()
    told = CliRunner().invoke(app, ["match", str(path), "--out", str(tmp_path / "out"), "--quiet"])
    assert told.exit_code == 0, told.output
    assert time.perf_counter() - begun < 20
    with open(tmp_path / "out" / "groups.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["group_id"] for row in rows] == ["0"] * 2999 + ["1"]
    assert {row["identical_to"] for row in rows} == {"", "p0000"}
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert record["results"]["distinct_postings"] == 2
    assert record["results"]["matched_pairs"] == 2999 * 2998 // 2
    assert record["encoders"]["tfidf"]["postings"] == 3000
    assert sum(each.stat().st_size for each in (tmp_path / "out").iterdir()) < 400_000
    assert not (tmp_path / "out" / "submission.csv").exists()
    out = str(tmp_path / "out")
    told = CliRunner().invoke(app, ["explain", out, "p0007", "p0012", "--quiet"])
    assert "p0007 is identical to p0000" in told.output
    assert "nothing distinguishes them" in told.output
    told = CliRunner().invoke(app, ["explain", out, "p0007", "p2999", "--quiet"])
    assert "p0007 is identical to p0000" in told.output
    assert "never became a candidate" in told.output


def test_matches_tell_of_identical_postings():
    frame = pl.DataFrame(
        {
            "posting_id": list("abcd"),
            "title": ["Susu Bebelo 400 gram", "susu bebelo 400g", "BEBELO susu 0,4kg", "Lampu"],
            "label_group": list("xxxy"),
        }
    )
    matches = Matcher([Tfidf()]).match(read_catalog(frame))
    assert matches.explain("a", "b")["reason"].to_list()[0].startswith("identical")
    assert matches.explain("b", "c").equals(matches.explain("a", "c"))
    assert matches.pairs.select("left_id", "right_id", "left_postings").rows() == [("a", "c", 2)]
    assert matches.submission["matches"].to_list() == ["a b c", "b a c", "c a b", "d"]
    figures = score(matches)
    assert figures["pair_recall"].value == 1
    assert figures["posting_f1"].value == 1


def test_links_are_of_all_postings():
    titles = ["Susu Bebelo 400 gram", "susu bebelo 400g", "Lampu LED 12 watt"]
    ours = pl.DataFrame({"posting_id": ["1", "2", "3"], "title": titles})
    theirs = pl.DataFrame({"posting_id": ["7", "8"], "title": ["BEBELO susu 0,4kg"] * 2})
    catalogs = read_catalog(ours), read_catalog(theirs)
    links = Matcher([Tfidf()], decide="one-to-one").match(*catalogs).links
    assert links.select("left_id", "right_id").rows() == [("1", "7"), ("2", "8")]
    links = Matcher([Tfidf()], decide="clusters").match(*catalogs).links
    assert sorted(links.select("left_id", "right_id").rows()) == [
        ("1", "7"), ("1", "8"), ("2", "7"), ("2", "8"),
    ]  # fmt: skip
    # Identical offers of one shop alone are no match across shops.
    alone = Matcher([Tfidf()], decide="clusters").match(
        read_catalog(ours), read_catalog(theirs.with_columns(title=pl.lit("Panci presto")))
    )
    assert alone.cluster_count == 0
