import json
import shutil

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.special import expit

from samesku import Matcher, Matches, read_catalog
from samesku.results.runs import read_run, run_of
from samesku.results.steps import steps


def test_a_match_is_read_back_as_it_was(folder, matches):
    run = read_run(folder)
    assert run.kind == "match"
    assert run.probabilistic
    assert run.name == "result"
    assert run.encoders == ["tfidf", "phash"]
    assert run.matched.height == matches.pairs.height
    assert np.array_equal(run.clusters, matches.clusters)
    both = run_of(matches)
    assert both.pairs.drop("reasons").equals(run.pairs.drop("reasons"))


def test_every_true_candidate_is_there_with_its_score(folder, matches):
    run = read_run(folder)
    # Candidates are of the distinct postings, in the order of their ids.
    pairs, rows = matches.candidates, matches.distinct.rows
    lefts, rights, labels = rows[pairs.left], rows[pairs.right], matches.catalog.labels
    same = labels[lefts] == labels[rights]
    assert same.any()
    for left, right, score in zip(lefts[same], rights[same], matches.scores[same], strict=True):
        assert run.pair(int(left), int(right))["score"] == pytest.approx(float(score))


def test_rows_are_found_by_ids(folder):
    run = read_run(folder)
    assert run.rows("h1", "h0") == (run.catalog.ids.index("h1"), run.catalog.ids.index("h0"))
    with pytest.raises(ValueError, match="there is no posting 'nope'"):
        run.rows("h0", "nope")
    with pytest.raises(ValueError, match="one posting"):
        run.rows("h0", "h0")


def test_links_are_rows_of_both_sides(linked):
    run = read_run(linked)
    assert run.kind == "link"
    assert run.lefts == 60
    assert (run.pairs["left"] < 60).all()
    assert (run.pairs["right"] >= 60).all()
    assert run.matched.height == run.record["results"]["links"]
    ends = [expit(steps(reasons)[-1].after) for reasons in run.matched["reasons"]]
    assert ends == pytest.approx(run.matched["score"].to_list(), abs=0.01)
    left, right = run.rows(run.catalog.ids[0], run.catalog.ids[60])
    assert (left, right) == (0, 60)
    assert run.rows(run.catalog.ids[60], run.catalog.ids[0]) == (0, 60)
    with pytest.raises(ValueError, match="there is no posting 'nope'"):
        run.rows(run.ids[0], "nope")
    with pytest.raises(ValueError, match="of one shop"):
        run.rows(*run.catalog.ids[:2])
    with pytest.raises(ValueError, match="two catalogues"):
        read_run(linked, catalogue=[linked])


def test_of_a_run_across_sources_no_pair_of_one_source_is_read(tmp_path):
    titles = ["Sony turntable PSLX350H", "Sony PSLX350H turntable", "turntable Sony PSLX350H"]
    offers = pl.DataFrame(
        {"posting_id": ["a", "b", "c"], "title": titles, "source": ["ours", "theirs", "theirs"]}
    )
    matches = Matcher(pairs="across").match(read_catalog(offers))
    matches.write(tmp_path)
    for run in (run_of(matches), read_run(tmp_path, catalogue=[offers])):
        assert run.clusters.tolist() == [0, 0, 0]
        assert sorted(run.matched.select("left", "right").rows()) == [(0, 1), (0, 2)]
        assert run.pair_count == 2
        with pytest.raises(ValueError, match="of one shop"):
            run.rows("b", "c")


def test_links_of_identical_postings_are_counted(tmp_path):
    shops = (tmp_path / "ours.csv", tmp_path / "theirs.csv")
    for shop, count in zip(shops, (1, 3), strict=True):
        rows = [f"{number},Sony turntable PSLX350H" for number in range(count)]
        shop.write_text("\n".join(["posting_id,title", *rows]) + "\n")
    ours, theirs = map(read_catalog, shops)
    matches = Matcher(decide="one-to-many").match(ours, theirs)
    matches.write(tmp_path / "links")
    run = read_run(tmp_path / "links")
    assert run.pair_count == matches.links.height == run.record["results"]["links"] == 3
    assert run.matched.height == 1


def test_of_an_evaluation_each_fusion_can_be_read(evaluated):
    last, first = read_run(evaluated), read_run(evaluated, fusion="union")
    assert (last.record["shown"], first.record["shown"]) == ("concat", "union")
    assert not last.probabilistic
    assert last.queries.sum() == first.queries.sum() == len(last.catalog)
    assert not last.pairs["score"].equals(first.pairs["score"])
    assert not last.pairs.select("left", "right").is_duplicated().any()
    with pytest.raises(ValueError, match="no 'other'; it has union, concat"):
        read_run(evaluated, fusion="other")


def test_the_groups_of_all_splits_are_read_each_once(evaluated):
    run = read_run(evaluated)
    members = run.members
    sets = [frozenset(rows) for rows in members.group_by("cluster").agg("row")["row"]]
    assert len(set(sets)) == len(sets) > 1
    assert min(map(len, sets)) >= 2
    matched = run.matched.select("left", "right").rows()
    assert all(any({left, right} <= each for each in sets) for left, right in matched)
    assert run.clusters.max() == len(run.catalog) - 1
    assert run.pairs.filter("matched")["reasons"].null_count() == 0


def test_a_catalogue_from_standard_input_is_to_be_named(folder, shop, tmp_path):
    copy = received(folder, tmp_path, path="-", digest="")
    with pytest.raises(FileNotFoundError, match="from standard input; say with --catalogue"):
        read_run(copy)
    assert read_run(copy, catalogue=[shop / "offers.csv"]).kind == "match"


def test_a_run_on_ray_is_told_apart(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    record = json.loads((folder / "run.json").read_text())
    (tmp_path / "run" / "run.json").write_text(json.dumps({**record, "engine": {"name": "ray"}}))
    with pytest.raises(ValueError, match="a run on Ray"):
        read_run(tmp_path / "run")


def test_what_is_no_run_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="neither run"):
        read_run(tmp_path)


def test_a_catalogue_that_moved_can_be_named(tmp_path, folder, shop):
    copy = received(folder, tmp_path, path=str(tmp_path / "gone.csv"))
    half = tmp_path / "half.csv"
    half.write_text("".join((shop / "offers.csv").read_text().splitlines(keepends=True)[:20]))
    with pytest.raises(FileNotFoundError, match="say with --catalogue"):
        read_run(copy)
    assert len(read_run(copy, catalogue=[shop / "offers.csv"]).catalog) == 171
    with pytest.raises(ValueError, match="another catalogue"):
        read_run(copy, catalogue=[half])


def received(folder, tmp_path, **source):
    """A run folder whose record names other things."""
    copy = shutil.copytree(folder, tmp_path / "received")
    record = json.loads((copy / "run.json").read_text())
    record["source"] |= source
    (copy / "run.json").write_text(json.dumps(record))
    return copy


def test_a_received_run_makes_no_report_read_another_catalogue(tmp_path, folder, shop):
    private = tmp_path / "private.csv"
    private.write_text((shop / "offers.csv").read_text().replace("hitam", "secret"))
    copy = received(folder, tmp_path, path=str(private))
    with pytest.raises(ValueError, match=r"private\.csv is not, or no more, what the run read"):
        read_run(copy)
    assert read_run(copy, catalogue=[shop / "offers.csv"]).catalog.titles
    assert read_run(copy, catalogue=[private]).catalog.titles


def test_a_received_run_makes_no_report_read_photos_elsewhere(tmp_path, folder, shop):
    private = shutil.copytree(shop / "images", tmp_path / "private")
    copy = received(folder, tmp_path, photos=str(private))
    catalog = read_run(copy).catalog
    assert {photo.parent for photo in catalog.photos if photo} == {shop / "images"}
    assert "photos_elsewhere" in [problem.kind for problem in catalog.problems]
    for asked in ({"photos": private}, {"allow_outside": True}):
        photos = read_run(copy, **asked).catalog.photos
        assert {photo.parent for photo in photos if photo} == {private}


def test_two_shops_that_were_moved_are_both_named(linked, shop, tmp_path):
    copy = shutil.copytree(linked, tmp_path / "links")
    record = json.loads((copy / "run.json").read_text())
    for side in ("left", "right"):
        record.setdefault("source", {})[side] = {"path": str(tmp_path / "gone.csv")}
    (copy / "run.json").write_text(json.dumps(record))
    with pytest.raises(FileNotFoundError, match="say with --catalogue"):
        read_run(copy)
    run = read_run(copy, catalogue=[shop / "ours.csv", shop / "theirs.csv"])
    assert run.matched.equals(read_run(linked).matched)
    assert run.shops == ("ours.csv", "theirs.csv")
    with pytest.raises(FileNotFoundError, match=r"^the catalogue, .*gone\.csv, is not there"):
        read_run(copy, catalogue=[tmp_path / "gone.csv", shop / "theirs.csv"])


def test_files_of_two_runs_are_not_taken_for_one(folder, matches, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    matches.rethreshold(0.99).write(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "groups.csv", copy)
    with pytest.raises(ValueError, match=r"groups\.csv is damaged, or of another run"):
        read_run(copy)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("pairs.parquet", None, "is not there; make the run anew"),
        ("pairs.parquet", b"PAR1", "is damaged"),
        ("scored.parquet", b"", "is damaged"),
        ("groups.csv", None, "is not there"),
        ("groups.csv", b"", "is damaged"),
        ("groups.csv", b"a,b\n1,2\n", "is damaged"),
        ("run.json", b"{", "is no JSON"),
        ("run.json", b"[]", "does not hold"),
        ("run.json", b"{}", "has no threshold"),
        ("run.json", b'{"threshold": 0.5, "source": 3}', r"is damaged.* its source cannot be '3'"),
        ("run.json", b'{"threshold": 0.5, "source": {"path": 3}}', r"its source\.path cannot"),
        ("run.json", b'{"threshold": 0.5, "notes": [3]}', "its notes cannot"),
        ("run.json", b'{"threshold": NaN}', "has no threshold"),
        ("run.json", b"[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_missing_or_damaged_in_a_run_is_told(folder, tmp_path, name, content, said):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / name).unlink()
    if content is not None:
        (copy / name).write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        read_run(copy)


CSV = "sku,nazwa,photo\n" + "".join(f"{at},Sony turntable PSLX350H {at % 3},\n" for at in range(6))
COLUMNS = {"posting_id": "sku", "title": "nazwa", "image": "photo"}


@pytest.fixture
def tables(tmp_path):
    """Two tables of the same offers under names of their own."""
    files = tmp_path / "ours.csv", tmp_path / "theirs.csv"
    for file in files:
        file.write_text(CSV)
    return files


def alike(one, other):
    return one.pairs.equals(other.pairs) and np.array_equal(one.clusters, other.clusters)


def test_what_python_matched_is_read_back_from_any_folder(tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    catalog = read_catalog("ours.csv", columns=COLUMNS, encoding="latin-1", photos="elsewhere")
    matches = Matcher("tfidf", same="colour", k=30).match(catalog)
    matches.write("out")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert alike(Matches.load("../out"), matches)
    assert alike(Matches.load("../out", "../theirs.csv"), matches)
    source = read_run(tmp_path / "out").source
    assert source["photos"] == str(tmp_path / "elsewhere")
    assert (source["encoding"], source["columns"]) == ("latin-1", COLUMNS)
    assert (source["encoders"], source["same"], source["neighbours"]) == (["tfidf"], ["colour"], 30)


@pytest.mark.parametrize("settings", [{}, {"pairs": "all"}, {"decide": "one-to-many"}])
def test_two_catalogues_that_python_matched_are_read_back(tables, tmp_path, settings):
    sides = [read_catalog(each, columns=COLUMNS) for each in tables]
    matches = Matcher(**settings).match(*sides)
    matches.write(tmp_path / "out")
    for given in (None, tables, sides):
        assert alike(Matches.load(tmp_path / "out", given), matches)
    with pytest.raises(ValueError, match="1 are given"):
        Matches.load(tmp_path / "out", tables[0])


@pytest.mark.parametrize("kind", [pl.read_csv, pd.read_csv])
def test_what_came_from_no_file_is_read_back_with_it(tables, tmp_path, kind):
    table = kind(tables[0])
    catalog = read_catalog(table, columns=COLUMNS)
    matches = Matcher().match(catalog)
    matches.write(tmp_path / "out")
    for given in (table, catalog):
        assert alike(Matches.load(tmp_path / "out", given), matches)
    with pytest.raises(FileNotFoundError, match="give the file, table or Catalog"):
        Matches.load(tmp_path / "out")
    part = catalog.take([0, 1, 3])
    Matcher().match(part).write(tmp_path / "part")
    assert len(Matches.load(tmp_path / "part", part).clusters) == 3
