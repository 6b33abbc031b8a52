from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest
from scipy.special import logit

from samesku import Matcher, Matches, read_catalog
from samesku.candidates.candidates import Candidates
from samesku.catalog.answers import Answers
from samesku.judges.adapting import adapt, threshold_by_answers
from samesku.judges.asking import audited, questions, unpinned
from samesku.judges.fitting import Seen
from samesku.metrics import cluster_tally, posting_f1
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.explanations import FAMILIES
from samesku.scoring.learned import Learned, shipped_model
from samesku.scoring.trees import probability
from tests.cli import test_asking


def offers():
    return test_asking.offers(("black", "white", "red"))


@pytest.fixture(scope="module")
def matches():
    return Matcher(fusion=timid()).match(read_catalog(offers()))


@cache
def timid():
    """The shipped model with so low probabilities that it misses half of the pairs of a product."""
    fusion = Learned(replace(shipped_model(), threshold_rule="fixed"))
    matches = Matcher(fusion=fusion).match(read_catalog(offers()))
    labels, pairs = matches.distinct.catalog.labels, matches.candidates
    true = matches.scores[labels[pairs.left] == labels[pairs.right]]
    slope, offset = fusion.model.calibration
    offset += logit(fusion.threshold) - logit(np.median(true))
    return Learned(replace(fusion.model, calibration=(slope, offset)))


def answered(matches, count, wrong=0.0, seed=0, table=None):
    asked = questions(matches, count, seed=seed)
    table = offers() if table is None else table
    label = dict(table.select("posting_id", "label_group").iter_rows())
    rng = np.random.default_rng(seed)
    told = [
        "same" if (label[one] == label[other]) ^ (rng.random() < wrong) else "different"
        for one, other in asked.select("left_id", "right_id").iter_rows()
    ]
    return Answers.of(asked.with_columns(verdict=pl.Series(told)))


def learned(matches, answers):
    pinned = Matcher(fusion=timid()).match(matches.catalog, answers=answers)
    return adapt(pinned, answers)


@pytest.fixture(scope="module")
def answers(matches):
    return answered(matches, 80)


@pytest.fixture(scope="module")
def adapted(matches, answers):
    return learned(matches, answers)


def f1(matches):
    return posting_f1(cluster_tally(matches.clusters, matches.catalog.labels)).mean()


def test_the_adapted_model_is_better_where_nobody_answered(matches, adapted):
    assert f1(unpinned(adapted.matches)) > f1(matches) + 0.01
    assert adapted.record["differences"]["colour"]["same"] > 0


def test_some_wrong_answers_do_not_make_it_worse(matches):
    adapted = learned(matches, answered(matches, 100, wrong=0.2))
    assert f1(unpinned(adapted.matches)) > f1(matches) - 0.005


def test_a_model_that_misses_much_beside_a_few_people_does_not_make_it_worse(matches):
    everything, rng = answered(matches, 150), np.random.default_rng(0)
    people = np.arange(len(everything)) < 30
    said = everything.same & (people | (rng.random(len(everything)) < 0.6))
    told = everything.frame.with_columns(
        verdict=pl.Series(np.where(said, "same", "different")),
        by=pl.Series(np.where(people, "people", "model:m")),
    )
    adapted = learned(matches, Answers.of(told))
    assert len(adapted.matches.pins) <= 30
    assert f1(adapted.matches) > f1(matches) + 0.01


def test_an_answer_of_a_model_moves_its_pair_by_how_reliable_it_is(matches):
    left, right = (matches.catalog.ids[each[0]] for each in
                   (matches.candidates.left, matches.candidates.right))  # fmt: skip
    before, moved = matches.scores[0], {}
    for verdict in ("same", "different"):
        table = {"left_id": [left], "right_id": [right], "verdict": [verdict], "by": ["model:m"]}
        answers = Answers.of(pl.DataFrame(table))
        for measured in ((), ((20, 20), (20, 20)), ((40, 0), (0, 40))):
            made = adapt(matches, answers, measured=measured).matches
            moved[verdict, measured] = made.scores[0]
            # One answer is too few to learn from.
            assert made.threshold == matches.threshold
            assert made.scores[1:].tolist() == matches.scores[1:].tolist()
            why = made.explain(left, right)
            assert why["reason"][0] == f"a model answered {verdict}"
            assert probability(why["log_odds"].sum()) == pytest.approx(made.scores[0], abs=1e-4)
    chance, sure = ((20, 20), (20, 20)), ((40, 0), (0, 40))
    assert before < moved["same", chance] < moved["same", ()] < moved["same", sure] < 1
    assert before > moved["different", chance] > moved["different", sure] > 0


def test_a_model_that_says_the_same_of_everything_moves_little(matches):
    told = answered(matches, 150).frame.with_columns(verdict=pl.lit("same"), by=pl.lit("model:m"))
    far = [(f"p{n}-0", f"p{n + 1}-1", "same", "model:m", 0.0) for n in range(59)]
    told = pl.concat([told, pl.DataFrame(far, schema=told.schema, orient="row")])
    adapted = learned(matches, Answers.of(told))
    assert f1(adapted.matches) > f1(matches) - 0.005


def test_what_answers_call_the_same_may_differ_from_now_on(tmp_path):
    table = test_asking.offers()
    before = Matcher().match(read_catalog(table))
    answers = answered(before, 60, table=table)
    with pytest.raises(ValueError, match=r"not pinned: give them to Matcher\.match"):
        adapt(before, answers)
    adapted = adapt(Matcher().match(before.catalog, answers=answers), answers)
    assert adapted.record["same"] == ["memory"]
    assert "memory may differ from now on" in adapted.summary
    assert f1(unpinned(adapted.matches)) > f1(before) + 0.2
    adapted.model.save(tmp_path)
    assert Learned(PairClassifier.load(tmp_path), ["size"]).same == ("size", "memory")


def test_identical_offers_of_two_shops_stay_sure():
    ids = [f"{row:02}" for row in range(30)]
    prices = [100.0 + row for row in range(30)]
    shop = pl.DataFrame({"posting_id": ids, "title": "Susu Bebelo 400 gram", "price": prices})
    told = [(f"left:{a}", f"right:{b}", "different") for a, b in pairwise(ids)]
    told[0] = ("left:00", "right:00", "same")
    answers = Answers.of(pl.DataFrame(told, ["left_id", "right_id", "verdict"], orient="row"))
    matches = Matcher().match(read_catalog(shop), read_catalog(shop), answers=answers)
    adapted = adapt(matches, answers)
    rule = adapted.model.threshold, adapted.model.threshold_rule
    assert rule == (shipped_model().threshold, "expected")  # links have one of their own
    assert adapted.matches.threshold == matches.threshold < shipped_model().threshold
    for each in (unpinned(matches), adapted.matches):
        assert (
            each.links.filter(pl.col("left_id") == pl.col("right_id"), probability=1).height == 30
        )


def test_what_answers_call_different_may_not_differ(matches, answers):
    every = answers.frame.with_columns(verdict=pl.lit("different"))
    assert learned(matches, Answers.of(every)).record["same"] == []


def test_reasons_still_sum_to_the_log_odds(adapted):
    matches = unpinned(adapted.matches)
    assert matches.fusion.model.adaptation is not None
    explanations = matches.explanations
    told = explanations.parts.sum(axis=1, dtype=np.float64) + explanations.start
    assert probability(told) == pytest.approx(matches.scores[explanations.places], abs=1e-4)


def test_a_model_is_read_back_as_it_was_written(adapted, tmp_path):
    adapted.model.save(tmp_path)
    again = Learned(PairClassifier.load(tmp_path))
    scores = again.score(adapted.matches.candidates, adapted.matches.distinct.catalog)
    assert scores.tolist() == unpinned(adapted.matches).scores.tolist()
    assert again.threshold == adapted.matches.threshold


class Undecided:
    """Trees by which all pairs are equally likely."""

    start, first = 0.0, None

    def log_odds(self, values):
        return np.zeros(len(values))

    def predict(self, values, complete):
        return self.log_odds(values), np.zeros((len(values), len(FAMILIES)), np.float32)

    def contributions(self, values, parts):
        return parts


def adapted_to_crowds(product):
    """40 pairs of offers and 6 crowds of 6, of which half are answered: before and after.

    Offers are alike within a pair or a crowd alone, and all equally. `product` says which product
    an offer is, by the number of its pair or crowd, how many that are, and its place in it.
    """
    rng, rows, told = np.random.default_rng(0), [], []
    for number, size in enumerate([2] * 40 + [6] * 6):
        words = ["".join(rng.choice([*"abdegiklmnoprstu"], 8)) for _ in range(3 + size)]
        labels = [f"{number} {product(number, size, place)}" for place in range(size)]
        ids = [f"{number:02}-{place}" for place in range(size)]
        titles = [" ".join([*words[:3], own]) for own in words[3:]]
        rows += zip(ids, titles, labels, strict=True)
        if number % 2:
            told += [
                (ids[a], ids[b], "same" if labels[a] == labels[b] else "different")
                for a, b in combinations(range(size), 2)
            ]
    catalog = read_catalog(pl.DataFrame(rows, ["posting_id", "title", "label_group"], orient="row"))
    even = PairClassifier(Undecided(), ("clash_size",), {"tfidf": "text"}, (1.0, 0.4), 0.5, {})
    matcher = Matcher(["tfidf"], Learned(even))
    answers = Answers.of(pl.DataFrame(told, ["left_id", "right_id", "verdict"], orient="row"))
    return matcher.match(catalog), adapt(matcher.match(catalog, answers=answers), answers).matches


def test_crowds_of_wrong_pairs_teach_to_part_them_and_true_pairs_stay():
    before, adapted = adapted_to_crowds(lambda number, size, place: place if size > 2 else 0)
    assert f1(before) < 0.8
    assert adapted.crowding[0] < -1
    assert f1(unpinned(adapted)) == 1
    assert f1(replace(unpinned(adapted), crowding=(0.0, 0.0))) < 0.8


def test_crowds_whose_pairs_are_right_as_often_as_others_teach_nothing():
    # Two of three pairs are right within crowds, where one offer is another product, and beyond.
    before, adapted = adapted_to_crowds(
        lambda number, size, place: place == 5 if size > 2 else place * (number // 2 % 3 == 0)
    )
    assert abs(adapted.crowding[0]) < 0.1
    assert unpinned(adapted).clusters.tolist() == before.clusters.tolist()


def test_clusters_are_fewer_where_crowds_are_not_one_product(adapted, tmp_path):
    model = adapted.model
    assert adapted.matches.crowding == model.adaptation.crowding
    never = replace(model.adaptation, crowding=(-9.0, 0.0))
    replace(model, adaptation=never).save(tmp_path / "model")
    fusion = Learned(PairClassifier.load(tmp_path / "model"))
    matches = Matcher(fusion=fusion).match(adapted.matches.catalog)
    assert not matches.cluster_count
    matches.write(tmp_path / "run")
    again = Matches.load(tmp_path / "run", matches.catalog)
    assert not again.rethreshold(0.3).cluster_count


def test_an_adapted_model_is_not_adapted_twice(adapted, answers):
    with pytest.raises(ValueError, match="adapted already"):
        adapt(adapted.matches, answers)


def test_what_cannot_be_adapted_is_told(adapted, answers, tmp_path):
    with pytest.raises(ValueError, match="above 0 and up to 1, not 2"):
        adapt(adapted.matches, answers, threshold=2)
    adapted.matches.write(tmp_path)
    with pytest.raises(ValueError, match="match again"):
        adapt(Matches.load(tmp_path, adapted.matches.catalog), answers)


def test_the_interval_of_the_audit_holds_the_truth(matches):
    labels, groups = matches.catalog.labels, matches.clusters
    left, right = np.triu_indices(len(labels), 1)
    together, same = groups[left] == groups[right], labels[left] == labels[right]
    precision, recall = together[same].sum() / together.sum(), same[together].sum() / same.sum()
    held = [0, 0]
    for seed in range(10):
        told = audited(matches, answered(matches, 300, seed=seed))
        for place, (interval, truth) in enumerate(
            ((told.precision, precision), (told.recall, recall))
        ):
            held[place] += interval.low - 0.03 <= truth <= interval.high + 0.03
        assert told.more >= 0
    assert min(held) >= 8


def test_no_more_random_answers_are_wanted_than_there_are_pairs(matches):
    people, model = answered(matches, 40), pl.lit("model:m").alias("by")
    few = audited(matches, people)
    assert 0 <= few.more <= questions(matches, 100_000, audit_share=1.0).height - 40
    judged = Answers.of(answered(matches, 300).frame.drop("audit").with_columns(model))
    assert audited(matches, people.joined(judged)).more == few.more


def triples(products, score):
    """Products of three offers each, all pairs of one with the given score."""
    first = 3 * np.arange(products)
    left = np.stack([first, first, first + 1], axis=1).ravel()
    right = np.stack([first + 1, first + 2, first + 2], axis=1).ravel()
    ones, density = np.ones((len(left), 1)), np.ones((3 * products, 1))
    pairs = Candidates(left, right, ones, ones > 0, density, ("tfidf",), ("text",), ("sparse",))
    return pairs, np.full(len(left), score, dtype=np.float32)


@pytest.mark.parametrize(("score", "same", "beyond"), [(0.3, 1, False), (0.6, 0, True)])
def test_answers_move_the_threshold_to_the_other_side_of_the_pairs(score, same, beyond):
    pairs, scores = triples(60, score)
    places = np.arange(0, 180, 4)
    seen = Seen.of(np.full(len(places), float(same)))
    found = threshold_by_answers(pairs, scores, np.ones(180, int), places, seen, 0.45)
    assert found > 0.6 if beyond else found < 0.3 + 1e-6


def test_answers_that_bear_out_the_probabilities_leave_it():
    pairs, scores = triples(60, 0.9)
    places = np.arange(0, 180, 4)
    seen = Seen.of(np.ones(len(places)))
    assert threshold_by_answers(pairs, scores, np.ones(180, int), places, seen, 0.45) == 0.45
