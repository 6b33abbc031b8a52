import pytest

from samesku.store import Index
from samesku.store.drawn import is_drawn


@pytest.fixture(scope="module")
def many(offers):
    """900 postings of 300 products."""
    table = offers(300, seed=8)
    names = ["posting_id", "title", "image_phash"]
    return [row | {"posting_id": str(row["posting_id"])} for row in table.select(names).to_dicts()]


@pytest.fixture
def filled(tmp_path, many):
    with Index(tmp_path / "store.db") as index:
        index.upsert_many(many)
        yield index


def answer(index, verdict, count):
    """Answer random pairs and pairs in doubt by a rule; how many of each were answered."""
    for pairs in (index.drawn(count), index.in_doubt(count, audited=False)):
        for pair in pairs:
            index.pin(pair.left_id, pair.right_id, verdict(pair))


def test_a_model_that_the_audit_calls_better_is_taken_and_survives(filled, tmp_path):
    before = filled.stats()
    level = sorted(each.probability for each in filled.drawn(500))[-40]
    answer(filled, lambda pair: "same" if pair.probability >= max(level, 0.9) else "different", 150)
    told = filled.adapt(tmp_path)
    assert told["adopted"], told
    assert told["right_after"] > told["right_before"]
    assert filled.stats()["model"] != before["model"]
    assert filled.replay() == filled.state()
    with Index(filled.place) as again:
        assert again.stats()["model"] == filled.stats()["model"]
    # What was adapted is adapted anew from where it came from.
    assert "adapted already" not in filled.adapt(tmp_path)["reason"]


def test_answers_that_contradict_the_audit_change_nothing(filled, tmp_path):
    threshold = filled.stats()["threshold"]
    for pair in filled.drawn(100):
        filled.pin(
            pair.left_id, pair.right_id, "same" if pair.probability >= threshold else "different"
        )
    for pair in filled.in_doubt(60, audited=False):
        filled.pin(
            pair.left_id, pair.right_id, "different" if pair.probability >= threshold else "same"
        )
    told = filled.adapt(tmp_path)
    assert not told["adopted"]
    assert filled.stats()["model"] == "shipped"


def test_few_answers_are_told_and_change_nothing(filled, tmp_path):
    for pair in filled.drawn(3):
        filled.pin(pair.left_id, pair.right_id, "same")
    assert "20 are needed" in filled.adapt(tmp_path)["reason"]
    assert not list(tmp_path.glob("adapted*"))


def test_pairs_of_the_audit_are_the_drawn_ones(filled):
    state = filled._state
    pairs = filled.drawn(5)
    assert all(
        is_drawn(*sorted(state.distinct_of[each] for each in (pair.left_id, pair.right_id)))
        for pair in pairs
    )
