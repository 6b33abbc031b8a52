import numpy as np

from samesku.store.drawn import audit, is_drawn


def test_the_interval_holds_the_truth_in_most_draws():
    random, held = np.random.default_rng(0), 0
    for _ in range(400):
        scores = random.random(200)
        same = random.random(200) < np.where(scores >= 0.5, 0.9, 0.1)
        told = audit(list(zip(scores.tolist(), same.tolist(), strict=True)), 0.5)
        _, low, high = told["precision"]
        held += low <= 0.9 <= high
    assert held / 400 > 0.92


def test_it_tells_how_many_answers_are_still_needed():
    some = [(0.9, True)] * 40 + [(0.9, False)] * 10 + [(0.1, False)] * 50
    told = audit(some, 0.5)
    assert told["precision"][0] == 0.8
    assert told["recall"][0] == 1.0
    assert told["more"] > 500
    assert audit(some * 40, 0.5)["more"] == 0
    assert audit([], 0.5) is None


def test_only_answers_to_random_pairs_count(index, rows):
    index.upsert_many(rows)
    assert index.audit() is None
    (drawn,) = index.drawn(1)
    others = index.in_doubt(10_000, audited=False)
    assert (drawn.left_id, drawn.right_id) not in {(each.left_id, each.right_id) for each in others}
    index.pin(others[0].left_id, others[0].right_id, "different")
    assert index.audit() is None
    index.pin(drawn.left_id, drawn.right_id, "same")
    assert index.audit()["answers"] == 1
    (following,) = index.drawn(1)
    assert following != drawn


def test_one_pair_in_eight_is_for_the_audit():
    assert 90 < sum(is_drawn(1, other) for other in range(1000)) < 160
