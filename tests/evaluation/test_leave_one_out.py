"""Scoring a catalogue of which the model has seen nothing."""

from contextlib import contextmanager

import polars as pl
import pytest

from samesku import Matcher, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.evaluation.leave_one_out import YARDSTICK, leave_one_out
from samesku.runtime.progress import Progress
from samesku.training.classifier import fitting


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "ROUNDS", 15)
        yield


@pytest.fixture(scope="module")
def catalogs(offers):
    return [read_catalog(offers(20, seed=seed)) for seed in range(4)]


class OneAtATime(Progress):
    """A stage within a stage is a bar within a bar, which a terminal may refuse to draw."""

    running = False

    @contextmanager
    def _shown(self, name, total):
        assert not self.running
        self.running = True
        yield lambda done: None
        self.running = False


@pytest.fixture(scope="module")
def matcher():
    return Matcher([Tfidf(), PHash()], "union", k=20, progress=OneAtATime())


@pytest.fixture(scope="module")
def figures(catalogs, matcher):
    return leave_one_out(catalogs, matcher)


def test_scores_every_way_on_every_catalogue(catalogs, figures):
    ways = {"default", "union", "concat", "union-all", YARDSTICK}
    assert set(figures["way"]) >= ways
    assert figures.filter(way="default").height == len(catalogs)
    assert figures.filter(way="default")["calibration_error"].is_not_null().all()
    assert figures.filter(way="union")["calibration_error"].is_null().all()
    shares = figures.select(pl.selectors.float()).drop_nulls()
    assert (shares.min_horizontal() >= 0).all()
    assert (shares.max_horizontal() <= 1).all()


def test_the_default_is_better_than_titles_alone(figures):
    mean = dict(figures.group_by("way").agg(pl.col("posting_f1").mean()).rows())
    assert mean["default"] > mean[YARDSTICK]


def test_labels_of_the_catalogue_left_out_choose_nothing(catalogs, matcher, figures):
    """With other labels its scores are the same: only the figures change."""
    frame = catalogs[0].frame
    number = pl.col("label_group").str.split(" ").list.last().cast(pl.Int64)
    turned = frame.with_columns(label_group="product " + (number % 9).cast(pl.String))
    again = leave_one_out([read_catalog(turned), *catalogs[1:]], matcher)
    first = [each.filter(way="default").row(0, named=True) for each in (figures, again)]
    assert first[0]["threshold"] == first[1]["threshold"]
    assert first[1]["posting_f1"] < first[0]["posting_f1"]


def test_fewer_than_four_catalogues_are_refused(catalogs, matcher):
    with pytest.raises(ValueError, match="four labelled catalogues"):
        leave_one_out(catalogs[:3], matcher)
