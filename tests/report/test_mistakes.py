"""What goes wrong is told by kinds, and by what each encoder looks at."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from samesku import read_catalog
from samesku.report.book import Book
from samesku.report.mistakes import what_went_wrong
from samesku.results.runs import Run, read_run

SAME_PHOTO = "same photo, other product"


def kinds_of(encoders):
    """The kinds of one wrong match whose photos are alike and whose titles are not."""
    table = {"posting_id": ["a", "b"], "title": ["pisau dapur tajam", "pengupas buah stainless"],
             "label_group": ["1", "2"]}  # fmt: skip
    similarity = {name: [1.0 if kind == "photo" else 0.1] for name, kind in encoders.items()}
    pairs = pl.DataFrame(
        {"left": [0], "right": [1], "score": [0.7], "matched": [True], "reasons": ["titles +1.00"]}
        | similarity
    )
    record = {"encoders": {name: {"modality": kind} for name, kind in encoders.items()}}
    run = Run(
        Path(), record, read_catalog(pl.DataFrame(table)), pairs, np.zeros(2, int), 0.5,
        np.arange(2), np.ones(2, bool),
    )  # fmt: skip
    told, _, _ = what_went_wrong(run, Book(run))
    return [kind for _, kind, _, _ in told["kinds"]["merge"]]


@pytest.mark.parametrize("name", ["phash", "signature", "my-own-network"])
def test_photo_encoders_speak_of_photos_and_text_encoders_of_titles(name):
    assert kinds_of({"tfidf": "text", name: "photo"}) == [SAME_PHOTO]
    assert kinds_of({"tfidf": "text", name: "text"}) != [SAME_PHOTO]


def test_every_record_tells_what_its_encoders_look_at(folder, evaluated, linked):
    for written in (folder, evaluated, linked):
        run = read_run(written)
        told = {name: run.record["encoders"][name]["modality"] for name in run.encoders}
        assert told == {"tfidf": "text", "phash": "photo"}
