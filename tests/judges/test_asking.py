import numpy as np

from samesku import Matcher, read_catalog
from samesku.judges.asking import Pool, choose, decisive_pairs
from tests.cli import test_asking


def pool(score, clusters, left, right, counts=None, asked=()):
    clusters = np.array(clusters)
    counts = np.ones(len(clusters), int) if counts is None else np.array(counts)
    marked = np.zeros(len(left), bool)
    marked[list(asked)] = True
    return Pool(np.array(left), np.array(right), np.array(score, float), clusters, counts, marked)


def test_unsure_pairs_on_which_more_hangs_count_more():
    told = pool([0.5, 0.5, 0.95, 0.001], [0, 0, 1, 1, 2, 3], [0, 4, 4, 0], [2, 5, 0, 5]).gain
    assert told[0] > told[1] > told[2] > told[3] == 0
    single = pool([0.5], [0, 1], [0], [1]).gain
    several = pool([0.5], [0, 1], [0], [1], counts=[3, 1]).gain
    assert several > single


def test_what_was_answered_is_not_asked_and_few_of_any_two_clusters_are():
    left, right = np.triu_indices(20, 1)
    many = pool(np.full(len(left), 0.5), np.arange(20) // 10, left, right, asked=range(100))
    places, _ = choose(many, 50, audit_share=0)
    assert len(np.unique(places)) == len(places) <= 6
    assert places.min() >= 100


def test_random_questions_stand_for_all_pairs_and_are_spread():
    left, right = np.triu_indices(60, 1)
    rng = np.random.default_rng(0)
    many = pool(rng.random(len(left)), np.arange(60) // 2, left, right)
    places, audit = choose(many, 100, seed=1)
    assert np.count_nonzero(audit) == 20
    assert np.count_nonzero(audit[:50]) >= 8
    of_clusters = many.together[places][audit > 0]
    assert 0 < of_clusters[10:].sum() < 10
    assert audit[many.together[places]].sum() == np.count_nonzero(many.together)
    assert choose(many, 100, seed=1)[0].tolist() == places.tolist()


def test_a_few_pairs_of_each_kind_that_decides_them_are_asked():
    left, right = np.triu_indices(60, 1)
    unlikely = pool(np.full(len(left), 0.001), np.arange(60) // 2, left, right, asked=range(10))
    kinds = {"memory": np.arange(200), "size": np.arange(900, 1700, 50), "colour": np.arange(10)}
    places, audit = choose(unlikely, 100, audit_share=0, decisive=kinds)
    assert [np.isin(places, of).sum() for of in kinds.values()] == [4, 4, 0]
    assert len(places) == 8
    assert not audit.any()
    assert len(choose(unlikely, 40, audit_share=0, decisive=kinds)[0]) == 4
    assert not len(choose(unlikely, 100, audit_share=0)[0])


def test_pairs_that_match_only_if_a_kind_may_differ():
    catalog = read_catalog(test_asking.offers(("64GB", "128GB")))
    matches = Matcher().match(catalog)
    pairs, labels, found = matches.candidates, catalog.labels, decisive_pairs(matches)
    places = found.pop("memory")
    assert len(places) > 20
    assert (matches.scores[places] < matches.threshold).all()
    assert labels[pairs.left[places]].tolist() == labels[pairs.right[places]].tolist()
    assert not any(map(len, found.values()))
    tolerant = Matcher(same="memory").match(catalog)
    assert "memory" not in decisive_pairs(tolerant)
    assert (tolerant.scores[places] >= matches.threshold).all()
    assert decisive_pairs(Matcher(fusion="union").match(catalog)) == {}
