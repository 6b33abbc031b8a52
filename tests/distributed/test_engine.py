"""The engine ray gives the clusters of the local engine, whatever befalls it.

All tests that need Ray are in this file, so that it is started once.
"""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from PIL import Image
from scipy.sparse.csgraph import connected_components
from typer.testing import CliRunner

from samesku import Matcher, read_catalog
from samesku.catalog.problems import CatalogError
from samesku.cli import app
from samesku.distributed import clustering, components, scoring
from samesku.distributed.engine import RayEngine
from samesku.distributed.shelf import Shelf, columns_of, table_of
from samesku.distributed.tasks import Stages
from samesku.distributed.totals import Totals
from samesku.encoders import Tfidf
from samesku.runtime.files import claimed
from samesku.runtime.progress import Progress
from samesku.scoring.learned import Learned

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture(scope="module")
def catalogue(offers, tmp_path_factory):
    path = tmp_path_factory.mktemp("offers") / "offers.csv"
    offers.write_csv(path)
    return path


@pytest.fixture(scope="module")
def matches(catalogue):
    return Matcher().match(read_catalog(catalogue))


@pytest.fixture(scope="module")
def groups(matches, tmp_path_factory):
    """What the local engine writes."""
    out = tmp_path_factory.mktemp("local")
    matches.write(out)
    return (out / "groups.csv").read_bytes()


def written(catalogue, folder, out=None, **options):
    out = out or folder / "out"
    record = RayEngine(Matcher(), str(folder / "work"), **options).match(str(catalogue), str(out))
    return (out / "groups.csv").read_bytes(), record


def test_workers_run_the_environment_that_is_there(cluster):
    assert not {"py_executable", "working_dir"} & cluster.get_runtime_context().runtime_env.keys()


@pytest.mark.parametrize("shards", [1, 4])
def test_clusters_and_scores_are_those_of_the_local_engine(
    catalogue, matches, groups, tmp_path, monkeypatch, shards
):
    monkeypatch.setattr(components, "AT_ONCE", 0)
    found, record = written(catalogue, tmp_path, shards=shards)
    assert found == groups
    assert record["engine"]["shards"] == shards
    assert record["engine"]["rounds"] > 0
    clusters = pl.read_parquet(tmp_path / "out" / record["clusters"])
    assert clusters.height == record["catalogue"]["postings"] == groups.count(b"\n") - 1
    explained = pl.read_parquet(tmp_path / "out" / record["matches"])
    assert explained["reasons"].null_count() < explained.height
    # The unlikely pairs, too: they hold clusters apart.
    scored = pl.read_parquet(tmp_path / "work" / "scored" / "*")["score"].sort().to_numpy()
    known = np.sort(matches.scores[matches.scores > 0])
    assert known[0] < 0.02
    np.testing.assert_array_equal(scored, known)


def test_titles_are_approximated_and_crowds_count_as_in_the_local_engine(
    catalogue, crowded, tmp_path
):
    matcher = Matcher(method="approximate", fusion=Learned(crowded(-2.0, 1.5)))
    known = matcher.match(read_catalog(catalogue))
    assert replace(known, crowding=(0.0, 0.0)).pair_count > known.pair_count > 100
    known.write(tmp_path / "local")
    engine = RayEngine(matcher, str(tmp_path / "work"), shards=3)
    record = engine.match(str(catalogue), str(tmp_path / "out"))
    local, ray = (tmp_path / each / "groups.csv" for each in ("local", "out"))
    assert ray.read_bytes() == local.read_bytes()
    assert record["crowding"] == [-2.0, 1.5]
    scores = pl.read_parquet(tmp_path / "out" / record["matches"])["score"].sort()
    matched = known.pairs["score"].drop_nulls()
    assert scores.to_list() == pytest.approx(matched.filter(matched >= 0.02).sort().to_list())
    how = {"tfidf": "approximate", "phash": "approximate", "signature": "exact"}
    assert record["engine"]["search"] == how


def test_one_title_everywhere_leaves_tiles_without_a_pair(tmp_path):
    ids = [f"{number:04}" for number in range(400)]
    hashes = [f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(400)]
    frame = pl.DataFrame({"posting_id": ids, "title": ["red mug 400 ml"] * 400})
    path = tmp_path / "mugs.csv"
    frame.with_columns(image_phash=pl.Series(hashes)).write_csv(path)
    known = Matcher().match(read_catalog(path))
    known.write(tmp_path / "local")
    found, record = written(path, tmp_path, shards=3)
    assert found == (tmp_path / "local" / "groups.csv").read_bytes()
    assert record["results"]["candidates"] == len(known.candidates)


MUGS = [f"acme red mug 400 ml{' new' * number}" for number in range(3)]


@pytest.mark.parametrize(
    "titles",
    [
        [],
        MUGS[:1],
        MUGS[:1] * 7,
        ["", "!!!", *MUGS[:2]],
        [*(f"{kind} {kind[::-1]}" for kind in "lamp kettle charger shirt tea".split()), *MUGS],
    ],
    ids=["no posting", "one posting", "identical ones", "titles without a word", "few matches"],
)
def test_shards_may_be_left_with_nothing(tmp_path, titles):
    path = tmp_path / "few.csv"
    ids = [f"{number * 7919 % 1000:03}" for number in range(len(titles))]
    schema = {"posting_id": pl.String, "title": pl.String}
    pl.DataFrame({"posting_id": ids, "title": titles}, schema=schema).write_csv(path)
    Matcher().match(read_catalog(path)).write(tmp_path / "local")
    found, _ = written(path, tmp_path, shards=3)
    assert found == (tmp_path / "local" / "groups.csv").read_bytes()


def test_the_threshold_is_left_where_the_local_engine_leaves_it(catalogue, groups, tmp_path):
    high = Learned(replace(Matcher().fusion.model, threshold=0.95))
    known = Matcher(fusion=high).match(read_catalog(catalogue))
    known.write(tmp_path / "local")
    engine = RayEngine(Matcher(fusion=high), str(tmp_path / "work"), shards=3)
    record = engine.match(str(catalogue), str(tmp_path / "out"))
    assert record["threshold"] == known.threshold < 0.95
    local, ray = (tmp_path / each / "groups.csv" for each in ("local", "out"))
    assert ray.read_bytes() == local.read_bytes()
    stays = RayEngine(Matcher(threshold=0.95), str(tmp_path / "work"), shards=3)
    assert stays.match(str(catalogue), str(tmp_path / "out"))["threshold"] == 0.95


def test_a_folder_of_tables_is_one_catalogue(offers, groups, tmp_path):
    folder = tmp_path / "offers"
    folder.mkdir()
    for part in range(3):
        some = offers.slice(part * 120, 120 if part < 2 else None)
        some.write_parquet(folder / f"{part}.parquet")
    found, record = written(folder, tmp_path, shards=2)
    assert found == groups
    assert len(record["catalogue"]["files"]) == 3


def test_a_lost_worker_costs_its_task_only(catalogue, groups, tmp_path, monkeypatch):
    score, mark = scoring.score_tile, str(tmp_path / "died")

    def dying(shelf, *arguments):
        if not os.path.exists(mark):
            open(mark, "w").close()
            os._exit(1)
        return score(shelf, *arguments)

    monkeypatch.setattr(scoring, "score_tile", dying)
    found, _ = written(catalogue, tmp_path, shards=2)
    assert os.path.exists(mark)
    assert found == groups


def test_a_run_that_was_stopped_goes_on_where_it_was(catalogue, groups, tmp_path, monkeypatch):
    def stopping(shelf, *arguments):
        raise RuntimeError("the power is cut")

    with monkeypatch.context() as patched:
        patched.setattr(scoring, "score_tile", stopping)
        with pytest.raises(RuntimeError, match="power"):
            written(catalogue, tmp_path, shards=2)
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("*.done")}
    assert (tmp_path / "work" / "look around" / "DONE").exists()
    assert not (tmp_path / "out" / "groups.csv").exists()
    found, _ = written(catalogue, tmp_path, shards=2)
    assert found == groups
    assert {path: path.stat().st_mtime_ns for path in done} == done


def test_a_photo_that_changed_is_seen_anew(tmp_path):
    path, noise = tmp_path / "mugs.csv", np.random.default_rng(0)
    names = [f"{name}.png" for name in "ab"]
    table = {"posting_id": ["a", "b"], "title": MUGS[:2], "image": names}
    pl.DataFrame(table).write_csv(path)
    first, second = noise.integers(0, 255, (2, 32, 32, 3)).astype(np.uint8)
    seen = []
    for photos in ((first, first), (first, second)):
        for name, photo in zip(names, photos, strict=True):
            Image.fromarray(photo).save(tmp_path / name)
        _, record = written(path, tmp_path, shards=1)
        match = pl.read_parquet(tmp_path / "out" / record["matches"])
        seen.append(match["phash"].item())
    assert seen[0] == 1 > seen[1]
    done = tmp_path / "work" / "encode" / "0.done"
    before = done.stat().st_mtime_ns
    written(path, tmp_path, shards=1)
    assert done.stat().st_mtime_ns == before


def test_two_runs_do_not_work_in_one_folder(catalogue, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    claim = claimed(work)
    with pytest.raises(ValueError, match="another run works in"):
        written(catalogue, tmp_path)
    os.close(claim)
    assert not list(work.iterdir())


def test_a_run_that_was_stopped_leaves_nothing_to_one_with_other_settings(
    catalogue, groups, tmp_path, monkeypatch
):
    score = scoring.score_tile

    def stopping(shelf, *arguments):
        score(shelf, *arguments)
        raise RuntimeError("the power is cut")

    written(catalogue, tmp_path, shards=2)
    with monkeypatch.context() as patched:
        patched.setattr(scoring, "score_tile", stopping)
        other = RayEngine(Matcher(same=["size", "amount"]), str(tmp_path / "work"), shards=2)
        with pytest.raises(RuntimeError, match="power"):
            other.match(str(catalogue), str(tmp_path / "out"))
    matcher = Matcher(threshold=0.7)
    matcher.match(read_catalog(catalogue)).write(tmp_path / "local")
    shutil.rmtree(next((tmp_path / "out").glob("clusters-*")))
    RayEngine(matcher, str(tmp_path / "work"), shards=2).match(
        str(catalogue), str(tmp_path / "out")
    )
    found, expected = (tmp_path / each / "groups.csv" for each in ("out", "local"))
    assert found.read_bytes() == expected.read_bytes()


def test_ids_carry_over_from_the_run_before(offers, catalogue, tmp_path):
    out = tmp_path / "out"
    _, first = written(catalogue, tmp_path / "a", out, shards=2)
    before = pl.read_parquet(out / first["clusters"])
    fewer = tmp_path / "fewer.csv"
    offers.slice(5).write_csv(fewer)
    _, second = written(fewer, tmp_path / "b", out, shards=3)
    after = pl.read_parquet(out / second["clusters"])
    assert not (out / first["clusters"]).exists()
    both = before.join(after, on="posting_id")
    kept = both.filter(pl.col("cluster_id") == pl.col("cluster_id_right"))
    assert kept.height > 0.9 * both.height
    assert after.group_by("cluster_id").agg(pl.col("group_id").n_unique())["group_id"].max() == 1


def test_what_is_wrong_in_all_files_is_told_together(tmp_path):
    folder = tmp_path / "offers"
    folder.mkdir()
    pl.DataFrame({"posting_id": ["a", "a"], "title": ["x", "y"]}).write_parquet(
        folder / "one.parquet"
    )
    pl.DataFrame({"id": ["a"], "title": ["x"]}).write_parquet(folder / "two.parquet")
    with pytest.raises(CatalogError) as told:
        written(folder, tmp_path)
    assert "one.parquet" in str(told.value)
    assert "occurs more than once" in str(told.value)
    assert "two.parquet" in str(told.value)
    assert "no column 'posting_id'" in str(told.value)


def test_a_mapped_column_may_be_missing_in_some_files(tmp_path):
    folder = tmp_path / "offers"
    folder.mkdir()
    for name, column in (("one", "hinta"), ("two", "weight")):
        table = {"posting_id": [name], "title": ["red mug"], column: [5.0]}
        pl.DataFrame(table).write_parquet(folder / f"{name}.parquet")

    def match(**columns):
        engine = RayEngine(Matcher(), str(tmp_path / "work"))
        return engine.match(str(folder), str(tmp_path / "out"), columns=columns)["catalogue"]

    found = match(price="hinta")
    assert found["columns"] == ["posting_id", "title", "price", "weight"]
    assert found["problems"] == ["there is no column 'hinta': price is missing"]
    for ours in ("price", "title"):
        with pytest.raises(CatalogError, match=f"'x', mapped to '{ours}', is in no file") as shown:
            match(**{ours: "x"})
        assert len(shown.value.problems) == 1


def test_an_id_in_two_files_is_told_with_both(tmp_path):
    folder = tmp_path / "offers"
    folder.mkdir()
    for name in ("one", "two"):
        rows = {"posting_id": [None, "a", name], "title": [" ", "red mug", "mug"]}
        pl.DataFrame(rows).write_parquet(folder / f"{name}.parquet")
    with pytest.raises(CatalogError, match=r"a in .*one\.parquet row 3; a in .*two\.parquet row 3"):
        written(folder, tmp_path, shards=2)


def test_components_that_are_too_large_are_split_and_told(catalogue, tmp_path, monkeypatch):
    monkeypatch.setattr(clustering, "MOST", 3)
    _, record = written(catalogue, tmp_path, shards=2)
    assert record["split"]
    assert all(each["threshold"] > record["threshold"] for each in record["split"])
    assert json.loads((tmp_path / "out" / "run.json").read_text())["split"] == record["split"]


def test_memory_bounds_the_shards_and_too_little_is_refused(catalogue, groups, tmp_path):
    with pytest.raises(ValueError, match="a worker needs 450MB"):
        RayEngine(Matcher(), str(tmp_path), memory="400MB")
    with pytest.raises(ValueError, match=r"two of 1 shards needs about .*take more shards"):
        written(catalogue, tmp_path, memory="452MB", shards=1)
    found, record = written(catalogue, tmp_path, memory="452MB", shards=3)
    assert found == groups
    assert record["stages"]["score"]["peak_mb"] > 0


def test_what_only_the_local_engine_knows_is_refused(tmp_path):
    for matcher in (Matcher(pairs="across"), Matcher(within="brand")):
        with pytest.raises(ValueError, match="local engine"):
            RayEngine(matcher, str(tmp_path))


def test_what_the_local_engine_refuses_is_refused_before_any_work(tmp_path):
    class Length(Tfidf):
        name = "length"

    with pytest.raises(ValueError, match="does not read titles by length"):
        RayEngine(Matcher(["tfidf", Length()]), str(tmp_path / "work"))
    engine = RayEngine(Matcher(), str(tmp_path / "work"))
    with pytest.raises(FileExistsError, match="is read and stays"):
        engine.match(str(tmp_path / "groups.csv"), str(tmp_path))


def test_the_command_writes_what_the_local_one_does(catalogue, groups, tmp_path):
    out, work = str(tmp_path / "out"), str(tmp_path / "work")
    options = ["--engine", "ray", "--work", work, "--shards", "2", "--no-cache", "--json"]
    done = CliRunner().invoke(app, ["match", str(catalogue), "--out", out, *options])
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "out" / "groups.csv").read_bytes() == groups
    assert json.loads(done.stdout)["engine"]["shards"] == 2


def test_folders_may_be_uris(offers, groups, tmp_path):
    folder = tmp_path / "offers"
    folder.mkdir()
    offers.write_parquet(folder / "all.parquet")
    work, out = ((tmp_path / name).as_uri() for name in ("work", "out"))
    RayEngine(Matcher(), work, shards=2).match(folder.as_uri(), out)
    assert (tmp_path / "out" / "groups.csv").read_bytes() == groups


def test_parts_without_a_category_in_common_are_not_compared(offers, tmp_path):
    kinds = offers["title"].str.extract("(mug|lamp|kettle|case|charger|shirt|tea|notebook)")
    catalogue = tmp_path / "offers.csv"
    offers.with_columns(kind=kinds.str.replace("tea", "shirt")).write_csv(catalogue)
    local = tmp_path / "local"
    Matcher().match(read_catalog(catalogue)).write(local)
    _, record = written(catalogue, tmp_path, shards=4, route="kind")
    routing = record["engine"]["routing"]
    assert routing["column"] == "kind"
    assert record["engine"]["tiles"] + routing["left_out"] == 10
    assert 0 < routing["left_out"] <= 6
    # A posting without a kind is in the first part, which is compared with all.
    recall = routing["recall"]["tfidf"]
    assert 0.3 < recall["neighbours"] <= recall["nearest"] <= 1
    assert recall["nearest"] > 0.9
    together = [
        pl.read_csv(folder / "groups.csv", infer_schema=False)
        .group_by("group_id").agg(pl.col("posting_id").sort()).get_column("posting_id").to_list()
        for folder in (local, tmp_path / "out")
    ]  # fmt: skip
    same = {tuple(each) for each in together[0]} & {tuple(each) for each in together[1]}
    assert len(same) > 0.95 * len(together[0])


def test_a_route_by_no_column_is_refused(catalogue, tmp_path):
    with pytest.raises(ValueError, match="no column 'kind' to route by: it has posting_id"):
        written(catalogue, tmp_path, shards=2, route="kind")


@pytest.mark.parametrize("kind", ["chain", "random"])
def test_components_are_those_of_scipy(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(components, "AT_ONCE", 0)
    size = 600
    draw = np.random.default_rng(3)
    if kind == "chain":
        order = draw.permutation(size)
        ends = np.sort(np.stack([order[:-1], order[1:]], axis=1), axis=1)
    else:
        ends = np.sort(draw.integers(0, size, (250, 2)), axis=1)
        ends = ends[ends[:, 0] < ends[:, 1]]
    shelf = Shelf(str(tmp_path))
    totals = Totals([0, 300, size], [("", "")] * 2)
    for number, tile in enumerate(["0-0", "0-1", "1-1"]):
        left, right = ends[(ends >= 300).sum(axis=1) == number].T
        shelf.write(f"scored/{tile}", table_of(left=left, right=right, score=np.ones(len(left))))
    rounds = components.find_components(Stages(shelf, Progress()), shelf, totals, 0.5)
    assert 0 < rounds < 30
    labels = pa.concat_tables(shelf.read(f"labels/{shard}") for shard in (0, 1))
    number, label = columns_of(labels, "number", "label")
    graph = sp.coo_matrix((np.ones(len(ends)), ends.T), shape=(size, size))
    known = connected_components(graph, directed=False)[1][number]
    assert set(number.tolist()) == set(ends.ravel().tolist())
    pairs = np.unique(np.stack([known, label], axis=1), axis=0)
    assert len(pairs) == len(np.unique(known)) == len(np.unique(label))
