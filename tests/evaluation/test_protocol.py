"""`evaluate` and `score`: the figures, on what they were measured, and that they add up."""

import json
from dataclasses import asdict, replace

import numpy as np
import polars as pl
import pytest

from samesku import Concat, Matcher, Union, read_catalog
from samesku.encoders import Tfidf
from samesku.evaluation import Split, evaluate, score
from samesku.results.record import training_record
from samesku.scoring.learned import Learned
from samesku.training.classifier.fitting import fit_classifier
from samesku.training.classifier.labelled import Labelled

KINDS = ["kemeja", "lampu", "tas", "susu", "sepatu", "panci", "jam", "botol", "masker", "kabel"]
MAKES = ["arjuna", "bima", "cakra", "dewata", "elang"]
WORDS = ["original", "murah", "promo", "ready", "cod", "terbaru", "grosir", "import"]


def marketplace(seed=0, unlabelled=5, most=4):
    """Fifty products of one to `most` offers each, sellers' words between the telling ones."""
    rng = np.random.default_rng(seed)
    rows = []
    for product in range(50):
        kind, make = KINDS[product % 10], MAKES[product // 10]
        for _ in range(rng.integers(1, most + 1)):
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
    return evaluate(catalog, Matcher([Tfidf()], k=20), fusions=["union", "concat"], folds=3)


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
    labels, groups = catalog.labels, matches.clusters
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
    names = ("pair_recall", "lost_not_candidate", "lost_below_threshold", "lost_by_clustering")
    return [figures[name].value for name in names]


def test_recall_and_losses_add_up(catalog, evaluation):
    for figures in (
        *(result.figures for result in evaluation.results),
        score(Matcher([Tfidf()], k=1, threshold=0.7).match(catalog)),
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


def test_the_same_every_time(catalog, evaluation):
    again = evaluate(catalog, Matcher([Tfidf()], k=20), fusions=[Union(), Concat()], folds=3)
    assert again.results == evaluation.results
    assert again.record["chosen"] == evaluation.record["chosen"]


def test_untuned_lines_are_the_defaults_and_agree_with_score(catalog):
    matcher = Matcher([Tfidf()], fusion="union")
    evaluation = evaluate(catalog, matcher, tuned=False)
    assert evaluation.record["thresholds"] == "defaults"
    default = Union().thresholds(matcher.candidates(catalog))["tfidf"]
    for chosen in evaluation.record["chosen"]:
        assert chosen["thresholds"] == {"tfidf": asdict(default)}
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


def test_differences_are_to_the_first_in_the_same_pool(evaluation):
    first, second = evaluation.results[:2], evaluation.results[2:]
    assert [result.differences for result in first] == [{}, {}]
    for one, other in zip(first, second, strict=True):
        assert one.pool == other.pool
        assert list(other.differences) == ["posting_f1", "pair_f1", "bcubed_f1"]
        for name, gain in other.differences.items():
            told = other.figures[name].value - one.figures[name].value
            assert gain.value == pytest.approx(told)
            assert gain.low <= gain.value <= gain.high


def test_a_fusion_compared_with_itself_does_not_differ(catalog):
    again = evaluate(catalog, Matcher([Tfidf()]), fusions=[Union()], models={"twin": Union()})
    untuned = evaluate(
        catalog, Matcher([Tfidf()]), fusions=[Union()], models={"twin": Union()}, tuned=False
    )
    twin = untuned.results[2]
    assert (twin.fusion, twin.pool) == ("twin", "whole catalogue")
    assert {(gain.value, gain.low, gain.high) for gain in twin.differences.values()} == {(0, 0, 0)}
    # What stands among the models is never tuned.
    assert again.results[2].figures == twin.figures


def test_a_name_stands_for_one(catalog):
    with pytest.raises(ValueError, match="a name each, not union, union"):
        evaluate(catalog, Matcher([Tfidf()]), fusions="union", models={"union": Union()})


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ((["union"],), {}, "matcher is a samesku.Matcher, not"),
        ((Matcher([Tfidf()]),), {"models": ["my-model"]}, "models is a mapping"),
        ((Matcher([Tfidf()]),), {"splits": []}, "splits are one or more"),
    ],
)
def test_what_cannot_be_evaluated_is_told(catalog, given, options, said):
    with pytest.raises((TypeError, ValueError), match=said):
        evaluate(catalog, *given, **options)


@pytest.fixture(scope="module")
def halves():
    """The products of a marketplace in two halves, and a model that one of them trained."""
    market = marketplace(seed=1, unlabelled=0, most=6)
    odd = market.labels % 2 == 1
    known, other = market.take(np.flatnonzero(odd)), market.take(np.flatnonzero(~odd))
    candidates = Matcher([Tfidf()]).candidates(known)
    model, _ = fit_classifier([Labelled.of(known, candidates)])
    return known, other, replace(model, card={"trained_on": training_record(known)})


def told_of(evaluation):
    (model,) = evaluation.record["models"]
    return model


def test_a_model_is_scored_as_it_is_and_tells_what_it_has_seen(halves):
    known, other, model = halves
    matcher = Matcher([Tfidf()])
    fresh = evaluate(other, matcher, fusions=[Union()], models={"mine": Learned(model)}, folds=2)
    assert [result.fusion for result in fresh.results] == ["union", "union", "mine", "mine"]
    assert told_of(fresh)["scored_seen"] == 0
    assert fresh.record["notes"] == []
    expected = score(Matcher([Tfidf()], Learned(model)).match(other))
    assert fresh.results[2].figures == expected
    chosen = [each for each in fresh.record["chosen"] if each["fusion"] == "mine"]
    assert [each["threshold"] for each in chosen] == [model.threshold] * 2
    seen = evaluate(known, matcher, fusions=[Union()], models={"mine": Learned(model)}, folds=2)
    assert told_of(seen)["scored_seen"] == len(known)
    (note,) = seen.record["notes"]
    assert f"about {len(known)} of the {len(known)} scored postings trained it" in note
    assert told_of(seen)["trained_on"] == training_record(known)


def test_only_scored_postings_count_as_seen(halves):
    known, other, model = halves
    both = read_catalog(pl.concat([known.frame, other.frame]))
    size = len(known)
    split = [Split("validation", np.arange(size), np.arange(size, len(both)))]
    honest = evaluate(
        both, Matcher([Tfidf()]), fusions=[], models={"mine": Learned(model)}, splits=split
    )
    assert told_of(honest)["scored_seen"] == 0


def test_a_split_that_leaks_is_told_where_it_chose_thresholds(catalog):
    known = np.flatnonzero(catalog.labels >= 0)
    mixed = [Split("mixed", known[::2], known[1::2])]
    told = "scored_that_share_a_label_photo_or_hash_with_train"
    matcher = Matcher([Tfidf()])
    leaking = evaluate(catalog, matcher, fusions=[Union()], splits=mixed).record
    leaked = leaking["splits"][0][told]
    shared = np.isin(catalog.labels[known[1::2]], catalog.labels[known[::2]])
    assert leaked >= shared.sum() > 0
    (note,) = leaking["notes"]
    assert note.startswith(f"mixed: {leaked} of its {len(known[1::2])} scored postings share")
    fixed = evaluate(catalog, matcher, fusions=[Union()], splits=mixed, tuned=False)
    assert fixed.record["notes"] == []


def test_a_card_that_tells_nothing_is_doubted(halves):
    _, other, model = halves
    silent = Learned(replace(model, card={}))
    evaluation = evaluate(other, Matcher([Tfidf()], silent), folds=2, tuned=False)
    shown = {"name": "learned", "same": [], "trained_on": None, "scored_seen": None}
    assert told_of(evaluation) == shown
    (note,) = evaluation.record["notes"]
    assert note.startswith("learned: its card does not say which postings trained it")


def test_probabilities_are_held_against_the_truth(halves, evaluation):
    assert all(result.reliability is None for result in evaluation.results)
    _, other, model = halves
    judged = evaluate(other, Matcher([Tfidf()], Learned(model)), folds=2, tuned=False).results
    pairs = len(Matcher([Tfidf()]).candidates(other))
    whole, own = (result.reliability for result in judged)
    # Each fold asks for its own pairs and for those that reach out of it.
    assert pairs < whole.pairs <= 2 * pairs
    assert own.pairs < pairs
    assert 0 <= whole.error < 0.2


def test_writes_the_record(catalog, evaluation, tmp_path):
    source = {"path": str((tmp_path / "evaluation.json").resolve())}
    with pytest.raises(FileExistsError, match="was read and stays"):
        replace(evaluation, record={**evaluation.record, "source": source}).write(tmp_path)
    path = evaluation.write(tmp_path / "new")[0]
    assert path == tmp_path / "new" / "evaluation.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["catalogue"]["postings"] == len(catalog)
    assert record["thresholds"] == "chosen on each split's other postings"
    assert [split["name"] for split in record["splits"]] == ["fold 1", "fold 2", "fold 3"]
    leaked = "scored_that_share_a_label_photo_or_hash_with_train"
    assert all(split[leaked] == 0 for split in record["splits"])
    assert len(record["chosen"]) == 6
    assert record["compared_with"] == "union"
    gain = record["results"][2]["differences"]["posting_f1"]
    assert gain["low"] <= gain["value"] <= gain["high"]
    figure = record["results"][0]["figures"]["posting_f1"]
    assert figure["low"] <= figure["value"] <= figure["high"]


def test_undefined_figures_are_written_as_json(tmp_path):
    frame = pl.DataFrame({"posting_id": ["a", "b"], "title": ["x y", "z w"]})
    catalog = read_catalog(frame.with_columns(label_group=pl.Series(["1", "2"])))
    path = evaluate(catalog, Matcher([Tfidf()]), fusions=[Union()], folds=2).write(tmp_path)[0]

    def refuse(text):
        raise AssertionError(text)

    json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_without_labels_there_is_no_score():
    catalog = read_catalog(pl.DataFrame({"posting_id": ["a", "b"], "title": ["x", "y"]}))
    with pytest.raises(ValueError, match="no labels"):
        evaluate(catalog, Matcher([Tfidf()]))
    with pytest.raises(ValueError, match="no labels"):
        score(Matcher([Tfidf()]).match(catalog))


def test_an_evaluation_shows_its_main_figure(evaluation):
    assert repr(evaluation) == "Evaluation(F1 per posting: union 1.000, concat 1.000)"
