"""What a run says of itself."""

import json
import platform
from importlib.metadata import version

import numpy as np
import polars as pl
from PIL import Image

from samesku import Matcher, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.results.record import catalog_record, environment, seen_in_training, training_record
from samesku.runtime.progress import Progress


def shop(folder):
    """Four offers: one photo is fine, one is broken, one is not there, one title is empty."""
    pixels = np.random.default_rng(0).integers(0, 255, (60, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "good.png")
    (folder / "broken.png").write_bytes(b"not a photo")
    frame = pl.DataFrame(
        {
            "posting_id": ["a", "b", "c", "d"],
            "title": ["Tas ransel", "tas ransel", "", "Lampu"],
            "image": ["good.png", "broken.png", "gone.png", None],
            "colour": ["red", None, "blue", "red"],
        }
    )
    return read_catalog(frame, photos=folder)


def test_a_run_tells_what_it_read_and_looked_at(tmp_path):
    progress = Progress()
    progress.note("all is well")
    record = Matcher([Tfidf(), PHash()], progress=progress).match(shop(tmp_path)).run
    assert record["catalogue"]["postings"] == 4
    assert record["encoders"] == {
        "tfidf": {"modality": "text", "postings": 3, "candidates": 1},
        "phash": {"modality": "photo", "postings": 1, "candidates": 0},
    }
    (refused,) = record["photos_refused"]
    assert refused["posting_id"] == "b"
    assert refused["path"].endswith("broken.png")
    assert refused["reason"]
    assert record["notes"] == ["all is well"]
    assert list(record["seconds"]) == list(progress.seconds)
    assert "cluster" in record["seconds"]
    assert json.loads(json.dumps(record)) == record


def test_a_catalogue_is_told_with_its_problems(tmp_path):
    catalog = shop(tmp_path)
    record = catalog_record(catalog)
    assert (record["name"], record["postings"], record["photos"]) == (catalog.name, 4, 2)
    assert record["columns"] == ["posting_id", "title", "image", "colour"]
    problems = {problem["kind"]: problem for problem in record["problems"]}
    assert set(problems) == {"empty_title", "photo_absent"}
    assert problems["empty_title"]["rows"] == problems["photo_absent"]["rows"] == [4]
    assert all(problem["message"] and problem["fix"] for problem in problems.values())


def test_versions_that_a_result_depends_on():
    said = environment()
    assert said["samesku"] == version("samesku")
    assert said["python"] == platform.python_version()
    assert said["packages"]["numpy"] == np.__version__
    assert {"scipy", "polars", "pillow"} <= set(said["packages"])


def offers(numbers, labelled=True):
    """One offer per number."""
    columns = {
        "posting_id": [f"p{number}" for number in numbers],
        "title": [f"offer {number}" for number in numbers],
    }
    labels = {"label_group": [str(number // 2) for number in numbers]} if labelled else {}
    return read_catalog(pl.DataFrame({**columns, **labels}))


def card(catalog):
    return json.loads(json.dumps({"trained_on": training_record(catalog)}))


def test_a_card_knows_the_postings_that_trained_it():
    few = card(offers(range(10)))
    assert seen_in_training(few, offers(range(10))) == 10
    assert seen_in_training(few, offers(range(7, 60), labelled=False)) == 3
    assert seen_in_training(few, offers(range(10, 60))) == 0
    assert seen_in_training(few, offers([])) == 0


def test_of_many_it_knows_about_how_many():
    many = card(offers(range(8000)))
    assert len(many["trained_on"]["sample"]) < 4000
    assert seen_in_training(many, offers(range(8000))) == 8000
    assert 1400 < seen_in_training(many, offers(range(6000, 10_000))) < 2600
    assert seen_in_training(many, offers(range(8000, 16_000))) == 0


def test_another_title_is_another_posting_and_another_label_is_not():
    seen = card(offers(range(10)))
    frame = offers(range(10)).frame
    retitled = read_catalog(frame.with_columns(title=pl.lit("another shop's offer")))
    relabelled = read_catalog(frame.with_columns(label_group=pl.col("posting_id")))
    assert seen_in_training(seen, retitled) == 0
    assert seen_in_training(seen, relabelled) == 10


def test_only_labelled_postings_train():
    frame = offers(range(10)).frame
    half = frame.with_columns(label_group=pl.when(pl.int_range(10) < 4).then(pl.col("label_group")))
    known = card(read_catalog(half))
    assert known["trained_on"]["labelled_postings"] == 4
    assert seen_in_training(known, offers(range(4, 10))) == 0
    assert card(offers(range(10), labelled=False))["trained_on"]["labelled_postings"] == 0


def test_a_card_without_a_sample_does_not_tell():
    for silent in ({}, {"trained_on": None}, {"trained_on": {"catalogue": "train.csv"}}):
        assert seen_in_training(silent, offers(range(10))) is None
