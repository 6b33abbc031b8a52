import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from samesku.cli import app

WRITTEN = [
    "attributes.parquet",
    "groups.csv", "near_misses.parquet", "pairs.parquet", "run.json", "scored.parquet",
]  # fmt: skip
OFFERS = """posting_id,title,label_group
a,Susu Bebelo 400 gram,1
b,BEBELO susu 0.4kg,1
c,Lampu LED 12 watt,2
d,Lampu LED 12w,2
e,Sepatu,3
"""


@pytest.fixture
def offers(tmp_path):
    path = tmp_path / "offers.csv"
    path.write_text(OFFERS)
    return path


@pytest.fixture
def match(tmp_path, offers):
    """Run `samesku match` on the offers into the folder `out`."""

    def run(*options, source=offers, out=tmp_path / "out", cache=("--no-cache",)):
        return CliRunner().invoke(app, ["match", str(source), "--out", str(out), *cache, *options])

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_results_are_written_and_summed_up(match, tmp_path):
    result = match()
    assert result.exit_code == 0, result.output
    assert names(tmp_path / "out") == WRITTEN
    groups = pl.read_csv(tmp_path / "out" / "groups.csv").group_by("group_id").agg("posting_id")
    assert sorted(map(sorted, groups["posting_id"].to_list())) == [["a", "b"], ["c", "d"], ["e"]]
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["results"]["clusters"] == 2
    assert record["catalogue"]["postings"] == 5
    assert "matched pairs" in result.stdout
    assert "Read 5 postings" in result.stderr


def test_the_file_of_the_competition_is_written_on_request(match, tmp_path):
    assert match("--submission").exit_code == 0
    assert names(tmp_path / "out") == [*WRITTEN, "submission.csv"]
    submission = pl.read_csv(tmp_path / "out" / "submission.csv")
    assert submission.rows() == [("a", "a b"), ("b", "b a"), ("c", "c d"), ("d", "d c"), ("e", "e")]


def test_the_columns_of_the_competition_ask_for_its_file(match, tmp_path):
    columns = "posting_id,image,image_phash,title,label_group"
    (tmp_path / "train.csv").write_text(f"{columns}\na,a.jpg,94974f937d4c2433,Susu,1\n")
    result = match("--quiet", source=tmp_path / "train.csv")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "submission.csv").read_text() == "posting_id,matches\na,a\n"


def test_quiet_says_nothing(match):
    result = match("--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_memory_that_is_too_little_is_refused_with_what_is_needed(match):
    assert match("--memory", "1GB").exit_code == 0
    refused = match("--memory", "100MB")
    assert refused.exit_code == 3
    assert "5 postings need about" in refused.stderr
    assert match("--memory", "much").exit_code in (2, 3)


def test_two_runs_give_the_same_bytes(match, tmp_path):
    cache = ("--cache", str(tmp_path / "cache"))
    for out, settings in (("one", cache), ("two", cache), ("three", ("--no-cache",))):
        assert match(out=tmp_path / out, cache=settings).exit_code == 0
    for name in set(WRITTEN) - {"run.json"}:
        first = (tmp_path / "one" / name).read_bytes()
        assert (tmp_path / "two" / name).read_bytes() == first
        assert (tmp_path / "three" / name).read_bytes() == first


def test_photos_and_columns_are_found_by_the_options(match, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    (tmp_path / "shots").mkdir()
    for name in ("x.png", "y.png"):
        Image.fromarray(pixels).resize((90, 90)).save(tmp_path / "shots" / name)
    (tmp_path / "shots" / "broken.png").write_bytes(b"hello")
    table = pl.DataFrame(
        {
            "sku": ["1", "2", "3", "4"],
            "name": ["tea", "shoe", "lamp", "bag"],
            "image": ["x.png", "y.png", "broken.png", "no.png"],
        }
    )
    table.write_csv(tmp_path / "shop.csv")
    result = match(
        "--photos", str(tmp_path / "shots"), "--columns", "posting_id=sku,", "--columns",
        "title=name, image=image", "--submission", "--fusion", "union",
        source=tmp_path / "shop.csv",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "photo of 3 not used" in result.stderr
    assert "1 x photo named but absent (row 5; e.g. 'no.png')" in result.stderr
    submission = pl.read_csv(tmp_path / "out" / "submission.csv", infer_schema=False)
    assert submission["matches"].to_list() == ["1 2", "2 1", "3", "4"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--columns", "nonsense"], "--columns takes OURS=THEIRS between commas, not 'nonsense'"),
        (["--columns", "title="], "--columns takes OURS=THEIRS"),
        (["--columns", "title=a,title=b"], "--columns names 'title' twice"),
        (["--columns", "title=words"], "column 'words', mapped to 'title', is not in the file"),
        (["--encoder", "onnx:nowhere.onnx"], "nowhere.onnx is missing"),
        (["--encoder", "onnx:"], "name what it is: onnx:FILE"),
        (["--encoder", "word2vec"], "there is no encoder 'word2vec'"),
        (["--threshold", "0"], "--threshold is a score above 0 and up to 1, not 0.0"),
        (["--threshold", "nan"], "not nan"),
        (["--neighbours", "0"], "--neighbours"),
        (["--fusion", "magic"], "'union-all'"),
    ],
)
def test_options_that_cannot_be_are_told_in_words(match, tmp_path, options, said):
    result = match(*options)
    assert result.exit_code in (2, 3)
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


def test_a_catalogue_that_cannot_be_used_writes_nothing(match, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("posting_id,title\na,tea\na,rice\n,soap\n")
    result = match(source=bad)
    assert result.exit_code == 3
    assert "1 x missing posting_id (row 4)" in result.stderr
    assert "2 x posting_id that occurs more than once (rows 2, 3; e.g. 'a')" in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_is_told_before_the_work(match, tmp_path, offers):
    result = match(out=offers)
    assert result.exit_code == 3
    assert "offers.csv is a file; name a folder for the output" in result.stderr
    assert offers.read_text() == OFFERS


def test_a_cache_that_cannot_be_written_is_a_note(match, tmp_path, offers):
    result = match(cache=("--cache", str(offers)))
    assert result.exit_code == 0, result.output
    assert result.stderr.count("Note: cache not written") == 1
    assert names(tmp_path / "out") == WRITTEN


# No file may grow beyond 300 bytes, which is how a full disk looks to a program. In a process of
# its own: the limit would hold for what pytest itself writes, too.
ON_A_TINY_DISK = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))
from samesku.cli import app
app()
"""


@pytest.mark.skipif(os.name != "posix", reason="file sizes are limited the POSIX way")
def test_a_full_disk_is_told_and_leaves_the_old_results(tmp_path, offers):
    out = tmp_path / "out"
    out.mkdir()
    (out / "pairs.parquet").write_text("old")
    done = subprocess.run(
        [sys.executable, "-B", "-c", ON_A_TINY_DISK, "match", str(offers),
         "--out", str(out), "--cache", str(tmp_path / "cache")],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("Note: cache not written") == 1
    assert "pairs.parquet cannot be written: File too large" in done.stderr
    assert names(out) == ["pairs.parquet"]
    assert (out / "pairs.parquet").read_text() == "old"
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


# However many cores there are, the photos take seconds.
ON_ONE_CORE = """
import os
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from samesku.cli import app
app()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")
def test_ctrl_c_while_photos_are_read_is_one_line_and_leaves_nothing(tmp_path):
    (tmp_path / "images").mkdir()
    Image.new("RGB", (2000, 2000), "red").save(tmp_path / "images" / "0.png")
    content = (tmp_path / "images" / "0.png").read_bytes()
    count = 200
    for number in range(count):  # bytes after a PNG's end make each another photo
        photo = tmp_path / "images" / f"{number}.png"
        photo.write_bytes(content + number.to_bytes(2, "big"))
    table = pl.DataFrame({"posting_id": [f"p{number}" for number in range(count)]})
    table = table.with_columns(
        title=pl.col("posting_id"),
        image=pl.col("posting_id").str.strip_prefix("p") + ".png",
    )
    table.write_csv(tmp_path / "offers.csv")
    run = subprocess.Popen(
        [sys.executable, "-c", ON_ONE_CORE, "match",
         str(tmp_path / "offers.csv"), "--out", str(tmp_path / "out"), "--no-cache"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert run.stderr.readline().startswith("Read 200 postings")
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        stdout, stderr = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == 130, stderr
    assert stdout == ""
    assert stderr.splitlines() == [
        "Stopped. Nothing half-written was left; what was encoded is kept."
    ]
    assert not list((tmp_path / "out").glob("*"))


def test_a_catalogue_in_another_encoding_is_read_and_reported_so(match, tmp_path):
    source = tmp_path / "offers.csv"
    source.write_bytes("posting_id,title\na,红色 茶壶\nb,红色 茶壶\n".encode("gbk"))
    result = match("--encoding", "gbk", source=source)
    assert result.exit_code == 0, result.output
    assert "红色 茶壶" in (tmp_path / "out" / "groups.csv").read_text(encoding="utf-8")
    told = CliRunner().invoke(app, ["explain", str(tmp_path / "out"), "a", "b"])
    assert "红色 茶壶" in told.output
    wrong = match("--encoding", "klingon", source=source)
    assert wrong.exit_code == 3
    assert "unknown encoding: klingon" in wrong.output
    assert "row 2" in match("--encoding", "ascii", source=source).output


def test_photos_outside_the_photo_folder_are_read_when_asked(match, tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    source = tmp_path / "shop" / "offers.csv"
    source.parent.mkdir()
    source.write_text(f"posting_id,title,image\na,tea,../a.png\nb,pot,{tmp_path / 'a.png'}\n")
    for options, photos in (((), 0), (("--allow-outside",), 2)):
        result = match(*options, source=source)
        assert result.exit_code == 0, result.output
        record = json.loads((tmp_path / "out" / "run.json").read_text())
        assert record["catalogue"]["photos"] == photos
        assert ("photo outside the photo folder" in result.output) == (not photos)


def test_answers_are_pinned_told_and_written_down(match, tmp_path):
    given = tmp_path / "answers.csv"
    given.write_text("left_id,right_id,verdict\na,b,different\nc,d,same\ne,c,same\ne,d,different\n")
    result = match("--answers", str(given))
    assert result.exit_code == 0, result.output
    assert "2 same, 2 different" in result.output
    assert "contradict each other: c = d, e = c, e != d (row 3, 4, 5)" in result.output.replace(
        "rows", "row"
    )
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["answers"]["pins"] == [["a", "b", "different", "people"]]
    groups = pl.read_csv(tmp_path / "out" / "groups.csv")
    of = dict(zip(groups["posting_id"], groups["group_id"], strict=True))
    assert of["a"] != of["b"]
    told = CliRunner().invoke(app, ["explain", str(tmp_path / "out"), "a", "b"])
    assert "answered: different" in told.output


def test_answers_about_nothing_in_the_catalogue_are_bad_input(match, tmp_path):
    given = tmp_path / "answers.csv"
    given.write_text("left_id,right_id,verdict\na,zz,different\n")
    result = match("--answers", str(given))
    assert result.exit_code == 3
    assert "'zz'" in result.output
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_json_is_one_object_and_nothing_else(match, tmp_path):
    summary = json.loads(match("--json").stdout)
    assert summary["results"]["clusters"] == 2
    assert str(tmp_path / "out" / "run.json") in summary["written"]
    assert match().stdout.startswith("Read")


def test_the_old_name_of_the_threshold_still_works(match, tmp_path):
    match("--line", "0.9")
    assert json.loads((tmp_path / "out" / "run.json").read_text())["threshold"] == 0.9
    assert "--line" not in match("--help").stdout


def test_results_do_not_replace_the_catalogue(match, tmp_path):
    catalogue = tmp_path / "groups.csv"
    catalogue.write_text(OFFERS)
    shown = match(source=catalogue, out=tmp_path)
    assert shown.exit_code == 3
    assert f"{catalogue} was read and stays" in shown.output
    assert (catalogue.read_text(), (tmp_path / "run.json").exists()) == (OFFERS, False)


def test_options_of_every_time_stand_in_a_file(match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("samesku.toml").write_text("[match]\nthreshold = 0.7\nneighbours = 30\n")
    assert match().exit_code == 0
    record = json.loads(Path("out/run.json").read_text())
    assert (record["threshold"], record["source"]["neighbours"]) == (0.7, 30)
    match("--threshold", "0.8")
    assert json.loads(Path("out/run.json").read_text())["threshold"] == 0.8
    Path("samesku.toml").write_text("[match]\ntreshold = 0.7\n")
    told = match()
    assert told.exit_code == 2
    assert "no option 'treshold'; it has" in told.stderr
    assert " threshold" in told.stderr.partition("it has")[2]
    Path("samesku.toml").write_text("[match]\nthreshold = true\n")
    assert "'threshold' takes a value, not true" in match().stderr
    Path("samesku.toml").write_text("[match]\nneighbours = 'many'\n")
    assert "Invalid value for 'neighbours' of [match] in samesku.toml: " in match().stderr
    Path("samesku.toml").write_text("[match]\nout = ''\n")
    assert "samesku.toml: 'out' is empty" in match().stderr


@pytest.mark.parametrize("given", [("--out", ""), ("-o", ""), ("--out=",)])
def test_an_empty_place_for_the_output_is_none(offers, tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, ["match", str(offers), *given])
    assert (shown.exit_code, "--out is empty" in shown.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == [offers]


@pytest.mark.parametrize(
    "given",
    [
        "within = 'title'\nsame = 'colour,size'\ncolumns = 'label_group=label, ours'",
        "within = ['title']\nsame = ['colour', 'size']\ncolumns = {label_group = 'label, ours'}",
    ],
)
def test_the_file_takes_one_value_and_several(match, tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    Path("samesku.toml").write_text(f"[match]\n{given}\n", encoding="utf-8-sig")
    Path("wide.csv").write_text(OFFERS.replace("label_group", '"label, ours"'))
    shown = match(source="wide.csv")
    assert shown.exit_code == 0, shown.output
    source = json.loads(Path("out/run.json").read_text())["source"]
    assert source["columns"] == {"label_group": "label, ours"}
    assert (source["within"], source["same"]) == (["title"], ["colour", "size"])


def test_only_within_a_column_and_an_encoder_beside_the_others(match, tmp_path):
    assert match("-e", "+photo", "--within", "posting_id").exit_code == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["results"]["candidates"] == 0
    assert {"tfidf", "phash", "photo"} <= record["encoders"].keys()
    assert match("--within", "shelf").exit_code == 3
