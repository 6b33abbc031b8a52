"""`evaluate` and `score`: the figures, on what they were measured, and that they add up."""

import json
from dataclasses import asdict

import numpy as np
import polars as pl
import pytest

from samesku import Concat, Matcher, Union, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.evaluation import Split, evaluate, score
from samesku.progress import Progress

KINDS = ["kemeja", "lampu", "tas", "susu", "sepatu", "panci", "jam", "botol", "masker", "kabel"]
MAKES = ["arjuna", "bima", "cakra", "dewata", "elang"]
WORDS = ["original", "murah", "promo", "ready", "cod", "terbaru", "grosir", "import"]


def marketplace(seed=0, unlabelled=5):
    """Fifty products of one to four offers each, sellers' words between the telling ones."""
    rng = np.random.default_rng(seed)
    rows = []
    for product in range(50):
        kind, make = KINDS[product % 10], MAKES[product // 10]
        for _ in range(rng.integers(1, 5)):
            extra = rng.choice(WORDS, 2, replace=False)
            title = " ".join(rng.permutation([kind, make, f"{100 + product}ml", *extra]))
            rows.append((f"p{len(rows)}", title, str(product), f"{product:016x}"))
    for place in rng.choice(len(rows), unlabelled, replace=False):
        rows[place] = (*rows[place][:2], None, rows[place][3])
    columns = ["posting_id", "title", "label_group", "image_phash"]
    return read_catalog(pl.DataFrame(rows, schema=columns, orient="row"))


@pytest.fixture(scope="module")
def catalog():
    return marketplace()


@pytest.fixture(scope="module")
def evaluation(catalog):
    return evaluate(catalog, Matcher([Tfidf()], k=20), fusions=[Union(), Concat()], folds=3)


def competition_f1(matches):
    """The competition's metric over the labelled postings, in plain Python."""
    labels = dict(matches.catalog.frame.select("posting_id", "label_group").rows())
    scores = []
    for posting, listed in matches.submission.rows():
        if labels[posting] is None:
            continue
        found = {other for other in listed.split(" ") if labels[other] is not None}
        truth = {other for other, label in labels.items() if label == labels[posting]}
        scores.append(2 * len(found & truth) / (len(found) + len(truth)))
    return sum(scores) / len(scores)


def test_score_is_the_competitions_metric_of_the_submission(catalog):
    matches = Matcher([Tfidf()]).match(catalog)
    for moved in (matches, matches.rethreshold(0.3), matches.rethreshold(0.8)):
        assert score(moved)["posting_f1"].value == pytest.approx(competition_f1(moved))


def test_pair_and_bcubed_figures_by_hand(catalog):
    matches = Matcher([Tfidf()]).match(catalog).rethreshold(0.35)
    labels, groups = catalog.labels, matches.groups
    known = np.flatnonzero(labels >= 0)
    same_label = labels[known][:, None] == labels[known]
    same_group = groups[known][:, None] == groups[known]
    right = same_label & same_group
    own = np.eye(len(known), dtype=bool)
    precision = right[~own].sum() / same_group[~own].sum()
    recall = right[~own].sum() / same_label[~own].sum()
    figures = {name: figure.value for name, figure in score(matches).items()}
    assert figures["pair_precision"] == pytest.approx(precision)
    assert figures["pair_recall"] == pytest.approx(recall)
    assert figures["pair_f1"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert figures["bcubed_precision"] == pytest.approx((right.sum(1) / same_group.sum(1)).mean())
    assert figures["bcubed_recall"] == pytest.approx((right.sum(1) / same_label.sum(1)).mean())


def losses(figures):
    names = ("pair_recall", "lost_not_candidate", "lost_below_line", "lost_by_grouping")
    return [figures[name].value for name in names]


def test_recall_and_losses_add_up(catalog, evaluation):
    for figures in (
        *(result.figures for result in evaluation.results),
        score(Matcher([Tfidf()], k=1, line=0.7).match(catalog)),
    ):
        shares = losses(figures)
        assert sum(shares) == pytest.approx(1)
        assert min(shares) >= 0


def test_each_loss_is_told_where_it_happens(catalog):
    matches = Matcher([Tfidf()]).match(catalog)
    everything_below = matches.rethreshold(1.0)
    assert losses(score(everything_below))[2] > 0.5
    strangers = pl.DataFrame(
        {"posting_id": ["a", "b"], "title": ["teh hijau", "green tea"], "label_group": ["1", "1"]}
    )
    assert losses(score(Matcher([Tfidf()]).match(read_catalog(strangers)))) == [0, 1, 0, 0]


@pytest.mark.parametrize("pool", ["whole catalogue", "own fold"])
def test_pools_and_queries(catalog, evaluation, pool):
    results = [result for result in evaluation.results if result.pool == pool]
    assert [result.fusion for result in results] == ["union", "concat"]
    folds = [split["scored"] for split in evaluation.record["splits"]]
    for result in results:
        assert result.queries == sum(folds) == len(catalog) - 5
        assert result.pool_size == ((len(catalog),) if pool == "whole catalogue" else tuple(folds))


def test_figures_lie_within_their_intervals(evaluation):
    for result in evaluation.results:
        for name, figure in result.figures.items():
            assert 0 <= figure.low <= figure.value <= figure.high <= 1, name
    assert evaluation.results[0].figures["posting_f1"].value > 0.8


def test_the_same_every_time(catalog, evaluation):
    again = evaluate(catalog, Matcher([Tfidf()], k=20), fusions=[Union(), Concat()], folds=3)
    assert again.results == evaluation.results
    assert again.record["chosen"] == evaluation.record["chosen"]


def test_untuned_lines_are_the_defaults_and_agree_with_score(catalog):
    matcher = Matcher([Tfidf()], fusion="union")
    evaluation = evaluate(catalog, matcher, tuned=False)
    assert evaluation.record["thresholds"] == "defaults"
    default = Union().lines(matcher.candidates(catalog))["tfidf"]
    for chosen in evaluation.record["chosen"]:
        assert chosen["lines"] == {"tfidf": asdict(default)}
    whole = evaluation.results[0]
    assert whole.fusion == "union"
    expected = score(matcher.match(catalog))
    for name, figure in whole.figures.items():
        assert figure.value == pytest.approx(expected[name].value), name


def test_own_folds_are_catalogues_of_their_own(catalog):
    known = np.flatnonzero(catalog.labels >= 0)
    half = catalog.labels[known] % 2 == 0
    splits = [Split("even", known[~half], known[half])]
    matcher = Matcher([Tfidf()])
    evaluation = evaluate(catalog, matcher, splits=splits, tuned=False)
    own = evaluation.results[1]
    expected = score(matcher.match(catalog.take(known[half])))
    assert own.pool_size == (half.sum(),)
    for name, figure in own.figures.items():
        assert figure.value == pytest.approx(expected[name].value), name


def test_writes_the_record(catalog, evaluation, tmp_path):
    path = evaluation.write(tmp_path / "new")
    assert path == tmp_path / "new" / "evaluation.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["catalogue"]["postings"] == len(catalog)
    assert record["thresholds"] == "chosen on each split's other postings"
    assert [split["name"] for split in record["splits"]] == ["fold 1", "fold 2", "fold 3"]
    leaked = "scored_that_share_a_label_photo_or_hash_with_train"
    assert all(split[leaked] == 0 for split in record["splits"])
    assert len(record["chosen"]) == 6
    figure = record["results"][0]["figures"]["posting_f1"]
    assert figure["low"] <= figure["value"] <= figure["high"]


def test_undefined_figures_are_written_as_json(tmp_path):
    frame = pl.DataFrame({"posting_id": ["a", "b"], "title": ["x y", "z w"]})
    catalog = read_catalog(frame.with_columns(label_group=pl.Series(["1", "2"])))
    path = evaluate(catalog, Matcher([Tfidf()]), folds=2).write(tmp_path)

    def refuse(text):
        raise AssertionError(text)

    json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_progress_hears_of_every_fusion(catalog):
    progress = Progress()
    matcher = Matcher([Tfidf(), PHash()], k=5, progress=progress)
    evaluate(catalog, matcher, fusions=[Union()], folds=2, tuned=False)
    assert "score union" in progress.seconds
    assert "find neighbours (phash)" in progress.seconds


def test_without_labels_there_is_no_score():
    catalog = read_catalog(pl.DataFrame({"posting_id": ["a", "b"], "title": ["x", "y"]}))
    with pytest.raises(ValueError, match="no labels"):
        evaluate(catalog, Matcher([Tfidf()]))
    with pytest.raises(ValueError, match="no labels"):
        score(Matcher([Tfidf()]).match(catalog))
