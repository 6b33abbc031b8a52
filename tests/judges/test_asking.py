import numpy as np

from samesku.judges.asking import Pool, choose


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
