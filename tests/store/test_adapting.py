from contextlib import suppress

import pytest

from samesku.store import Index
from samesku.store.results import StoreError


@pytest.fixture(scope="module")
def many(offers):
    """Postings of 60 products."""
    names = ["posting_id", "title", "image_phash"]
    table = offers(60, seed=8).select(names)
    return [row | {"posting_id": str(row["posting_id"])} for row in table.to_dicts()]


@pytest.fixture(scope="module")
def colours():
    """Postings of 80 products that are sold in three colours."""
    brands, things = ("Kanon", "Vexa", "Lumio"), ("tablet", "phone", "player", "kettle")
    return [
        {
            "posting_id": f"{product}-{turn}",
            "title": f"{brands[product % 3]} {things[product % 4]} X{100 + 7 * product} {colour}",
        }
        for product in range(80)
        for turn, colour in enumerate(("black", "black new", "white", "grey original"))
    ]


@pytest.fixture
def filled(tmp_path, many):
    with Index(tmp_path / "store.db") as index:
        index.upsert_many(many)
        yield index


def answer(index, pairs, is_same):
    """Answer pairs by a rule, but for those that contradict earlier answers."""
    for pair in pairs:
        with suppress(StoreError):
            index.pin(pair.left_id, pair.right_id, "same" if is_same(pair) else "different")


def test_a_model_that_is_better_by_the_audit_is_adopted(tmp_path, colours):
    def is_same(pair):
        return pair.left_id.split("-")[0] == pair.right_id.split("-")[0]

    with Index(tmp_path / "store.db") as index:
        index.upsert_many(colours)
        answer(index, index.in_doubt(80, audited=False), is_same)
        answer(index, index.drawn(60), is_same)
        result = index.adapt(tmp_path)
        assert result["adopted"], result
        assert result["right_after"] > result["right_before"]
        model = index.stats()["model"]
        assert "adapted-" in model
        assert index.replay() == index.state()
    with Index(index.place) as again:
        assert again.stats()["model"] == model


def test_a_model_that_is_worse_by_the_audit_is_not_adopted(filled, tmp_path):
    threshold = filled.stats()["threshold"]
    answer(filled, filled.drawn(60), lambda pair: pair.probability >= threshold)
    answer(filled, filled.in_doubt(60, audited=False), lambda pair: pair.probability < threshold)
    assert not filled.adapt(tmp_path)["adopted"]
    assert filled.stats()["model"] == "shipped"


def test_few_answers_change_nothing(filled, tmp_path):
    answer(filled, filled.drawn(3), lambda pair: False)
    assert "20 are needed" in filled.adapt(tmp_path)["reason"]
    assert not list(tmp_path.glob("adapted*"))


def test_a_store_that_was_rescored_meanwhile_keeps_that(tmp_path, filled, monkeypatch):
    def adapting_while_another_rescores(catalog, base, answers, threshold):
        with Index(filled.place) as other:
            other.rescore(same=["colour"])
        return base.model, {"adopted": True}

    monkeypatch.setattr("samesku.store.adapting.try_adapting", adapting_while_another_rescores)
    result = filled.adapt(tmp_path)
    assert not result["adopted"]
    assert "meanwhile" in result["reason"]
    assert filled.stats()["same"] == ["colour"]
    assert filled.stats()["model"] == "shipped"
