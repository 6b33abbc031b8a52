import gc
import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from samesku import Matcher, read_catalog
from samesku.cli import app
from samesku.clustering.agglomerative import agglomerate
from samesku.encoders import PHash, Tfidf
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import SHIPPED, Learned, shipped_model
from samesku.store import Index, content, draft, searching
from samesku.store.results import StoreError


def reopened(place):
    """The state that a store has on disk."""
    with Index(place) as index:
        return index.state()


def together(index, one, other):
    return index.get(one)["cluster"] == index.get(other)["cluster"]


def test_a_change_tells_what_was_done(index):
    first = index.upsert({"posting_id": "a", "title": "Susu Bebelo 400 gram"})
    second = index.upsert({"posting_id": "b", "title": "BEBELO susu 0,4kg"})
    (posting,) = first.postings
    assert (posting.done, first.event) == ("minted", 1)
    assert (second.postings[0].done, second.postings[0].cluster) == ("joined", posting.cluster)
    assert second.affected[0].added == ["b"]
    (decided,) = second.pairs
    assert {decided.left_id, decided.right_id} == {"a", "b"}
    assert decided.probability >= index.stats()["threshold"]
    assert "titles alike" in decided.explanation


def test_a_change_of_a_posting_moves_it(pair):
    cluster = pair.get("a")["cluster"]
    change = pair.upsert({"posting_id": "b", "title": "LAMPU led philips 12watt"})
    assert change.postings[0].cluster == pair.get("c")["cluster"]
    assert pair.get(cluster)["postings"] == [{"posting_id": "a", "title": "Susu Bebelo 400 gram"}]
    again = pair.upsert({"posting_id": "b", "title": "LAMPU led philips 12watt"})
    assert again.postings[0].done == "unchanged"


def test_search_changes_nothing(pair):
    before = pair.state()
    found = pair.search({"title": "susu bebelo 400 g"})
    assert {found[0].right_id, found[1].right_id} == {"a", "b"}
    assert found[0].probability > 0.4
    assert found[0].explanation
    assert pair.search({"title": "Susu Bebelo 400 gram"})[0].explanation == "identical"
    assert pair.state() == before == reopened(pair.place)


def test_postings_of_one_article_number_find_each_other(index):
    german = {"posting_id": "a", "title": "Kaffeevollautomat silber", "ean": "4006381333931"}
    index.upsert(german)
    index.upsert({**german, "posting_id": "b", "title": "Staubsauger", "ean": "4006381333948"})
    english = {"posting_id": "c", "title": "Espresso machine", "ean": "4006381333931"}
    with Index(index.place) as again:
        assert [each.right_id for each in again.search(english)] == ["a"]
        again.upsert(english)
        assert together(again, "a", "c")
        again.delete("a")
        assert again.search({"title": "Macchina", "ean": "4006381333931"})[0].right_id == "c"


def test_a_posting_does_not_find_itself(pair):
    posting = {"posting_id": 0, "title": "Susu Bebelo 400 gram"}
    pair.upsert(posting)
    own = pair.search(posting)
    assert [(each.left_id, each.right_id) for each in own] == [("0", "a"), ("0", "b")]


def test_searches_in_one_go_are_answered_as_alone(index, rows, monkeypatch):
    def described(at, title):
        posting = {**rows[at], "posting_id": str(at), "title": title, "price": 900 + 7 * at * at}
        posting |= {"currency": "EUR Kč USD kr".split()[at % 4]} if at % 5 else {}
        said = {"description": f"{rows[at - 1]['title']} garansi", "brand": title.split()[0]}
        return posting | (said if at % 2 else {})

    codes = ("WH-1000XM5", "wh 1000 xm5", "WH1000XM4", "1000XM5 55210", "55210")
    titles = [f"{row['title']} {codes[at % 5]}" for at, row in enumerate(rows)]
    index.upsert_many(described(at, title) for at, title in enumerate(titles[:48]))
    sought = [described(at, f"{title} bekas") for at, title in enumerate(titles[:12])]
    sought += [sought[0] | {"posting_id": "x"}, {"title": titles[3]}, {"title": ""}, rows[80]]
    alone = [index.search(each) for each in sought]
    assert sum(map(len, alone)) > 100
    assert index.search_many(sought) == alone
    monkeypatch.setattr(searching, "AT_ONCE", 3)
    monkeypatch.setattr(content, "KEPT", 3)
    assert index.search_many(sought) == alone  # many more than are kept in memory
    assert index.search_many([]) == []


def test_what_is_rare_is_counted_in_all_that_the_store_holds_before_it_is_found_by_it(
    pair, monkeypatch
):
    pair.upsert({"posting_id": "x", "title": "persediaanlengkapsekali zqxwvutsrqpo"})
    pair.upsert_many(
        {"title": f"persediaanlengkapsekali {each}", "posting_id": each} for each in "pqr"
    )
    monkeypatch.setattr("samesku.store.state.ROWS", 1)
    with Index(pair.place) as opened:
        assert [each.right_id for each in opened.search({"title": "zqxwvutsrqpa"})] == ["x"]


def test_of_many_that_hang_together_only_the_nearest_are_clustered_anew(
    tmp_path, rows, clusters, monkeypatch
):
    sizes, found = [], []

    def counted(left, right, score, size, **options):
        sizes.append(size)
        return agglomerate(left, right, score, size, **options)

    monkeypatch.setattr(draft, "agglomerate", counted)
    for region in (8, 1_000):
        monkeypatch.setattr(draft, "REGION", region)
        with Index(tmp_path / f"{region}.db") as index:
            # So low that postings of several products match.
            index.rescore(threshold=0.05)
            sizes.clear()
            for row in rows[:60]:
                index.upsert(row)
            found.append((max(sizes), clusters(index)))
    (some, near), (most, all_of_them) = found
    assert some < most
    assert near == all_of_them


def test_any_order_gives_the_clusters_of_the_batch_run(tmp_path, rows, clusters):
    some = rows[:40]
    catalog = read_catalog(pl.DataFrame(some))
    groups = Matcher([Tfidf(), PHash()]).match(catalog).clusters.tolist()
    batch = {}
    for posting, group in zip(catalog.ids, groups, strict=True):
        batch.setdefault(group, []).append(posting)
    for seed in (1, 2):
        with Index(tmp_path / f"{seed}.db") as index:
            for at in np.random.default_rng(seed).permutation(len(some)):
                index.upsert(some[at])
            alive = clusters(index)
            ids = index.state()["clusters"]
            index.settle()
            assert clusters(index) == sorted(sorted(each) for each in batch.values())
            # One by one most clusters are right before, and these keep their ids.
            kept = [each for each in alive if each in clusters(index)]
            assert len(kept) > 0.8 * len(alive)
            settled = index.state()["clusters"]
            assert all(settled[name] == each for name, each in ids.items() if each in kept)


def test_crowds_that_come_and_go_count_as_in_the_batch_run(index, tmp_path, crowded, clusters):
    crowded(-6.0, 1.6).save(tmp_path / "model")
    learned = Learned(PairClassifier.load(tmp_path / "model"))
    matcher = Matcher([Tfidf(), PHash()], learned, threshold=0.95)
    index.rescore(tmp_path / "model", threshold=0.95)

    def are_one(one, other):
        ids = sorted(index.state()["distinct"])
        catalog = read_catalog(pl.DataFrame([index.get(each)["posting"] for each in ids]))
        answers = pl.DataFrame(index.pins(), ["left_id", "right_id", "verdict"], strict=False)
        batch = matcher.match(catalog, answers=answers if len(answers) else None).cluster_table
        groups = batch.group_by("group_id").agg("posting_id")["posting_id"]
        assert clusters(index) == sorted(map(sorted, groups.to_list()))
        return together(index, one, other)

    def crowd_says(title):
        index.upsert_many([{"posting_id": f"c{copy}", "title": title} for copy in range(20)])

    index.upsert({"posting_id": "a", "title": "Susu Bebelo 400 gram"})
    index.upsert({"posting_id": "b", "title": "BEBELO susu 0,4kg"})
    assert are_one("a", "b")
    # Each copy of what may be the same as both is one likely partner more.
    crowd_says("Susu Bebelo 400 gram vanila")
    assert not are_one("a", "b")
    decided = [index.pin(other, "c0", "different").event for other in "ab"]
    assert are_one("a", "b")
    for event in decided:
        index.undo(event)
    assert not are_one("a", "b")
    crowd_says("Lampu LED")
    assert are_one("a", "b")
    # So few partners are less than is usual: a pair in doubt becomes a match.
    index.upsert({"posting_id": "x", "title": "Kanon speaker X100 black"})
    index.upsert({"posting_id": "y", "title": "Kanon X100 speaker 2024"})
    assert are_one("x", "y")
    assert index.why("x", "y")["probability"] < 0.95
    crowd_says("Kanon speaker original black")  # may be the same as x, hardly as y
    assert not are_one("x", "y")
    crowd_says("Lampu LED")
    assert are_one("x", "y")


def test_many_at_once_are_as_one_by_one_and_malformed_ones_are_refused(index, rows, clusters):
    given = [*rows[:20], {"posting_id": "x"}, {"title": "no id"}, "text", *rows[20:]]
    given[20] = {"posting_id": "x", "title": "a", "price": [1]}
    (change,) = index.upsert_many(given)
    assert [(each.place, each.posting_id) for each in change.refused] == [
        (20, "x"), (21, None), (22, None),
    ]  # fmt: skip
    assert "price" in change.refused[0].reason
    assert index.stats()["postings"] == len(rows)
    before = clusters(index)
    index.settle()
    moved = [each for each in before if each not in clusters(index)]
    assert len(moved) < 0.2 * len(before)


def test_more_than_the_store_holds_are_scored_as_a_batch(index, offers, clusters):
    table = offers(150, seed=3).select("posting_id", "title", "image_phash")
    rows = [row | {"posting_id": str(row["posting_id"])} for row in table.to_dicts()]
    index.upsert_many(rows)
    before = clusters(index)
    index.settle()
    assert clusters(index) == before


def test_pins_outrank_the_model(pair):
    index = pair
    change = index.pin("a", "b", "different", actor="ann")
    assert not together(index, "a", "b")
    assert "split" in {each.done for each in change.postings}
    index.pin("a", "c", "same")
    assert together(index, "a", "c")
    index.settle()
    index.rescore(SHIPPED)
    assert together(index, "a", "c")
    assert not together(index, "a", "b")
    index.delete("a")
    index.upsert({"posting_id": "a", "title": "Susu Bebelo 400 gram"})
    assert together(index, "a", "c")
    assert not together(index, "a", "b")
    assert index.pins()[0]["actor"] == "ann"


def test_identical_postings_can_be_parted(index):
    for each in "ab":
        index.upsert({"posting_id": each, "title": "Susu Bebelo 400 gram"})
    assert together(index, "a", "b")
    index.pin("a", "b", "different")
    assert not together(index, "a", "b")
    index.settle()
    assert not together(index, "a", "b")


def test_decisions_that_contradict_are_refused(pair):
    pair.pin("a", "b", "same")
    pair.pin("b", "c", "same")
    with pytest.raises(StoreError, match="earlier decisions") as caught:
        pair.pin("a", "c", "different")
    assert caught.value.kind == "conflict"
    pair.pin("b", "c", "different")
    with pytest.raises(StoreError, match="different"):
        pair.pin("a", "c", "same")
    pair.pin("a", "c", "unsure")
    pair.pin("a", "b", "different")
    changed = pair.stats()["event"]
    pair.pin("b", "c", "same")
    pair.pin("a", "c", "different")
    with pytest.raises(StoreError, match="different"):
        pair.undo(changed)
    assert not together(pair, "a", "c")


def test_decisions_about_a_posting_that_is_away_are_not_contradicted(pair):
    pair.pin("a", "b", "same")
    pair.pin("b", "c", "different")
    pair.delete("b")
    with pytest.raises(StoreError, match="'b' and 'c' were decided to be different"):
        pair.merge([pair.get("a")["cluster"], pair.get("c")["cluster"]])
    pair.upsert({"posting_id": "b", "title": "BEBELO susu 0,4kg"})
    assert together(pair, "a", "b")
    assert not together(pair, "b", "c")
    pair.pin("b", "c", "same")
    pair.pin("a", "c", "same")
    pair.delete("b")
    with pytest.raises(StoreError, match="on other pairs"):
        pair.split(pair.get("a")["cluster"], ["a"])


def test_after_a_merge_the_older_id_stays_and_the_other_redirects_to_it(pair):
    old, new = pair.get("a")["cluster"], pair.get("c")["cluster"]
    change = pair.merge([new, old])
    assert {each.done for each in change.postings} == {"merged"}
    assert pair.get(new)["cluster"] == old
    assert len(pair.get(new)["postings"]) == 3
    assert [each.into for each in change.affected] == [None, old]
    assert pair.history(new)[-1]["verb"] == "merge"


def test_what_an_undo_removed_stays_away(index):
    first = index.upsert({"posting_id": "a", "title": "Susu Bebelo 400 gram"})
    removed = index.undo(first.event)
    with pytest.raises(StoreError, match="cannot be undone"):
        index.undo(removed.event)
    assert not index.state()["distinct"]


def test_what_was_deleted_since_and_came_back_is_not_undone(pair):
    pair.upsert({"posting_id": "d", "title": "Lampu LED Philips 12 watt"})
    changed = pair.upsert({"posting_id": "a", "title": "Lampu LED Philips 12 watt"})
    pair.delete("a")
    pair.upsert({"posting_id": "a", "title": "Lampu LED Philips 12 watt"})
    with pytest.raises(StoreError, match="deleted since"):
        pair.undo(changed.event)
    assert together(pair, "a", "d")


def test_a_merge_can_leave_one_out(pair):
    pair.merge([pair.get("a")["cluster"], pair.get("c")["cluster"]], without=["b"])
    assert together(pair, "a", "c")


def test_a_cluster_is_accepted_but_for_one_that_leaves(pair):
    pair.upsert({"posting_id": "d", "title": "Bebelo susu 400g"})
    cluster = pair.get("a")["cluster"]
    assert pair.get("a")["members"] == 3
    change = pair.accept(cluster, without=["b"], actor="ann")
    assert pair.get("a")["cluster"] == pair.get("d")["cluster"] == cluster
    assert pair.get("b")["cluster"] != cluster
    said = {(pin["left_id"], pin["right_id"]): pin["verdict"] for pin in pair.pins()}
    # b says the same as d, so that it is set apart from that as well.
    assert said == {("a", "d"): "same", ("a", "b"): "different", ("b", "d"): "different"}
    with pytest.raises(StoreError, match="not in cluster"):
        pair.accept(cluster, without=["c"])
    with pytest.raises(StoreError, match="leaves some"):
        pair.accept(cluster, without=["a", "d"])
    pair.undo(change.event)
    assert pair.pins() == []
    assert pair.get("b")["cluster"] == cluster


def test_pairs_in_doubt_come_nearest_first_and_follow_changes(index, rows):
    def expected():
        state, threshold = index._state, index.stats()["threshold"]
        one, other, scores = state.memory.scored_pairs()
        names = [
            sorted(min(state.members[number]) for number in numbers)
            for numbers in zip(one.tolist(), other.tolist(), strict=True)
        ]
        told = zip(map(tuple, names), scores.tolist(), strict=True)
        return sorted(
            (round(abs(score - threshold), 6), pair)
            for pair, score in told
            if pair not in state.pins
        )

    def told(count):
        threshold = index.stats()["threshold"]
        return [
            (round(abs(each.probability - threshold), 6), (each.left_id, each.right_id))
            for each in index.in_doubt(count)
        ]

    index.upsert_many(rows[:60])
    assert told(10_000)
    assert sorted(told(10_000)) == expected()
    assert [each for each, _ in told(5)] == [each for each, _ in expected()[:5]]
    for row in rows[60:75]:
        index.upsert(row)
    index.delete(rows[3]["posting_id"])
    nearest = told(1)[0][1]
    index.pin(*nearest, "unsure")
    assert sorted(told(10_000)) == expected()
    index.settle()
    assert sorted(told(10_000)) == expected()
    assert nearest not in [names for _, names in told(10_000)]


def test_when_a_merge_is_undone_each_part_has_its_former_id(index):
    for at in range(10):
        title = "Martillo de carpintero 500 g" if at < 4 else "Manguera de jardin 20 m azul"
        index.upsert({"posting_id": f"p{at}", "title": title})
    hammers, hoses = index.get("p0")["cluster"], index.get("p9")["cluster"]
    before = index.state()["clusters"]
    merged = index.merge([hammers, hoses])
    undone = index.undo(merged.event)
    assert index.state()["clusters"] == before
    assert index.get(hoses)["cluster"] == hoses
    assert index.state()["redirects"] == {}
    assert sorted(each.posting_id for each in undone.postings) == [f"p{at}" for at in range(10)]
    assert {each.posting_id: each.done for each in undone.postings}["p9"] == "split"
    assert index.replay() == index.state() == reopened(index.place)
    index.undo(undone.event)
    assert index.get(hoses)["cluster"] == hammers
    assert index.replay() == index.state()
    # So it is where a posting whose coming joined two clusters is taken back.
    index.undo(index.stats()["event"])
    assert index.state()["clusters"] == before


def test_a_split_parts_postings(pair):
    cluster = pair.get("a")["cluster"]
    pair.split(cluster, ["b"])
    assert not together(pair, "a", "b")
    assert pair.get(cluster)["asked"] == cluster
    with pytest.raises(StoreError, match="leaves some"):
        pair.split(pair.get("b")["cluster"], ["b"])


def test_undo_is_an_event_of_its_own(pair):
    before = pair.state()["clusters"]
    pinned = pair.pin("a", "b", "different")
    undone = pair.undo(pinned.event)
    assert undone.event == pinned.event + 1
    assert sorted(pair.state()["clusters"].values()) == sorted(before.values())
    assert pair.pins() == []
    changed = pair.upsert({"posting_id": "a", "title": "Lampu LED Philips 12 watt"})
    pair.undo(changed.event)
    assert pair.get("a")["posting"]["title"] == "Susu Bebelo 400 gram"
    new = pair.upsert({"posting_id": "d", "title": "Kopi 1 kg"})
    pair.undo(new.event)
    with pytest.raises(StoreError, match="no cluster"):
        pair.get("d")
    with pytest.raises(StoreError, match="since"):
        pair.undo(new.event)
    gone = pair.delete("a")
    with pytest.raises(StoreError, match="cannot be undone"):
        pair.undo(gone.event)


def test_a_request_made_twice_changes_nothing_the_second_time(pair):
    first = pair.upsert({"posting_id": "d", "title": "Kopi 1 kg"}, key="k1")
    before = pair.state()
    second = pair.upsert({"posting_id": "d", "title": "something else"}, key="k1")
    assert second.repeated
    assert second.postings == first.postings
    assert pair.state() == before
    with pytest.raises(StoreError, match="used before"):
        pair.delete("d", key="k1")


@pytest.mark.parametrize("whole", [True, False])
def test_a_batch_made_twice_is_the_same_whatever_the_store_holds_by_then(
    file, rows, monkeypatch, whole
):
    monkeypatch.setattr("samesku.store.index.BATCH_FROM", 5)
    monkeypatch.setattr("samesku.store.index.AT_ONCE", 3)
    monkeypatch.setattr("samesku.store.index.BATCH_SHARE", 0.2 if whole else 0.4)
    with Index(file) as index:
        index.upsert_many(rows[:40])
        first = index.upsert_many(rows[40:50], key="k")
        assert (len(first) == 1) == whole
        index.upsert({**rows[40], "title": "something else"})
        if whole:
            index.upsert_many(rows[50:])
        else:
            for row in rows[:30]:
                index.delete(row["posting_id"])
        event = index.stats()["event"]
        second = index.upsert_many(rows[40:50], key="k")
        assert [each.postings for each in second] == [each.postings for each in first]
        assert all(each.repeated for each in second)
        assert index.stats()["event"] == event
        assert index.get(rows[40]["posting_id"])["posting"]["title"] == "something else"
        # Under the key of a request of which all was refused.
        index.upsert_many([{"title": "without an id"}], key="refused")
        assert index.upsert_many(rows[:2], key="refused")[0].repeated


@pytest.fixture
def careless():
    """SQLite as many systems build it: what is deleted stays in its pages."""

    def set_up(connection, _record):
        connection.execute("PRAGMA secure_delete=OFF")

    # Comes before what the store itself sets up.
    sa.event.listen(sa.Engine, "connect", set_up)
    yield
    sa.event.remove(sa.Engine, "connect", set_up)


@pytest.mark.usefixtures("careless")
def test_a_deleted_posting_leaves_no_text_and_no_photo(file, rows):
    words = ("Kopi", "Zanzibar")
    with Index(file) as index:
        index.upsert_many(rows[:10])
        index.upsert({"posting_id": "d", "title": "Kopi Zanzibar 1 kg"}, key="k")
        index.upsert({"posting_id": "e", "title": "zanzibar kopi 1kg"})
        index.upsert({"posting_id": "d", "title": "Kopi Zanzibar 1000 g"})
        index.delete("d")
        index.delete("e")
    for part in file.parent.iterdir():
        content = part.read_bytes().lower()
        assert not any(word.lower().encode() in content for word in words), part
    with sqlite3.connect(file) as connection:
        (text,) = connection.execute(
            "select group_concat(answer || effects) from events"
        ).fetchone()
    assert "zanzibar" not in text.lower()


def test_replaying_the_log_gives_the_same_state(pair, rows):
    pair.upsert_many(rows[:30])
    pair.pin("a", "b", "different")
    pair.merge([pair.get("a")["cluster"], pair.get("c")["cluster"]])
    pair.undo(pair.stats()["event"])
    pair.delete(rows[0]["posting_id"])
    pair.settle()
    assert pair.replay() == pair.state()
    assert reopened(pair.place) == pair.state()
    assert pair.replay(until=2)["clusters"] != pair.state()["clusters"]


def test_two_open_indexes_see_each_other(place, rows, clusters):
    with Index(place) as one, Index(place) as other:
        for at, row in enumerate(rows[:40]):
            (one, other)[at % 2].upsert(row)
        one.delete(rows[3]["posting_id"])
        other.upsert(rows[50])
        assert one.state() == other.state() == reopened(place)
        one.settle()
        assert other.state() == one.state()


def test_events_are_read_by_a_cursor(pair):
    first = pair.events(limit=2)
    rest = pair.events(since=first[-1]["number"])
    assert [each["number"] for each in first + rest] == [1, 2, 3]
    assert rest[0]["postings"][0]["posting_id"] == "c"


def test_why_tells_reasons_that_sum_to_the_probability(pair):
    told = pair.why("a", "b")
    assert told["together"]
    assert told["probability"] > 0.4
    assert {"reason", "log_odds"} == told["reasons"][0].keys()
    with pytest.raises(StoreError, match="no posting"):
        pair.why("a", "nobody")


def test_a_pair_alone_is_scored_as_among_all(index, rows):
    index.upsert_many(rows)
    index.settle()
    pairs = index.in_doubt(20)
    assert len(pairs) == 20
    for each in pairs:
        told = index.why(each.left_id, each.right_id)
        assert told["probability"] == pytest.approx(told["decided_with"], abs=0.02)


def test_snapshot_and_restore(pair, tmp_path):
    if "://" in pair.place:
        with pytest.raises(StoreError, match="pg_dump"):
            pair.snapshot(tmp_path / "copy.db")
        return
    copy = pair.snapshot(tmp_path / "copy.db")
    state = pair.state()
    pair.delete("a")
    Index.restore(copy, tmp_path / "back.db")
    assert reopened(tmp_path / "back.db") == state
    with pytest.raises(StoreError, match="already"):
        pair.snapshot(copy)
    with pytest.raises(StoreError, match="already"):
        Index.restore(copy, pair.place)
    (tmp_path / "offers.csv").write_text("posting_id,title\na,b\n")
    for none in (tmp_path / "offers.csv", tmp_path / "empty.db"):
        none.touch()
        with pytest.raises(StoreError, match="no copy of a store"):
            Index.restore(none, tmp_path / "other.db")
    assert not (tmp_path / "other.db").exists()


def test_nothing_is_acknowledged_into_a_file_that_is_gone(file, rows):
    with Index(file) as index:
        index.upsert(rows[0])
        copy = index.snapshot(file.with_name("copy.db"))
        for part in (file, *file.parent.glob(f"{file.name}-*")):
            part.unlink()
        for _ in range(2):
            with pytest.raises(StoreError, match="removed or replaced"):
                index.upsert(rows[1])
            if not file.exists():
                Index.restore(copy, file)
        with pytest.raises(StoreError, match="removed or replaced"):
            index.check_ready()
    with Index(file) as index:
        assert index.upsert(rows[1]).event == 2


def test_what_a_person_would_pass_is_taken(index, clusters):
    index.upsert_many([{"posting_id": at, "title": f"Kopi nomor {at}"} for at in (1, 5)])
    assert index.get(5)["posting"]["posting_id"] == "5"
    assert index.why(1, 5)["left_id"] == "1"
    index.pin(1, 5, "same")
    cluster = index.get(1)["cluster"]
    assert {each.posting_id for each in index.split(cluster, "5").postings} == {"1", "5"}
    with pytest.raises(StoreError, match="two clusters"):
        index.merge(cluster)
    index.rescore(same="colour", threshold="0.7")
    assert (index.stats()["same"], index.stats()["threshold"]) == (["colour"], 0.7)
    index.delete(np.int64(5))
    assert clusters(index) == [["1"]]
    (change,) = index.upsert_many([{"posting_id": 7, "title": [1]}])
    assert change.refused[0].posting_id == "7"


@pytest.mark.parametrize(
    "form", [pl.DataFrame, pd.DataFrame, lambda rows: read_catalog(pl.DataFrame(rows))]
)
def test_a_table_is_taken_row_by_row(index, form):
    prices = {"a": "1.299", "b": "2,50"}
    rows = [{"posting_id": name, "title": "Kopi", "price": text} for name, text in prices.items()]
    (change,) = index.upsert_many(form(rows))
    assert [each.posting_id for each in change.postings] == ["a", "b"]
    # A column shows its decimal mark.
    assert index.get("a")["posting"]["price"] == 1299
    for none in ("offers.csv", rows[0]):
        with pytest.raises(StoreError, match="read_catalog"):
            index.upsert_many(none)


def test_the_same_posting_again_is_no_event(index):
    row = {"posting_id": "a", "title": "Kopi 1 kg"}
    first = index.upsert(row)
    again = index.upsert(row)
    assert (again.postings[0].done, again.event) == ("unchanged", first.event)
    index.upsert_many([row, {**row, "title": "Teh 1 kg"}, row])
    assert len(index.events()) == 1
    other = index.upsert_many([row, {**row, "title": "Teh 1 kg"}])
    assert (other[0].event, index.get("a")["posting"]["title"]) == (2, "Teh 1 kg")


def test_a_search_tells_the_cluster(pair):
    found = {each.right_id: each.cluster for each in pair.search({"title": "susu bebelo 400 g"})}
    assert found["a"] == pair.get("a")["cluster"]


def test_a_closed_index_answers_nothing(file, rows):
    with Index(file) as index:
        index.upsert(rows[0])
    for asked in (index.stats, index.pins, lambda: index.upsert(rows[1]), lambda: index.photo("a")):
        with pytest.raises(StoreError, match="closed"):
            asked()
    index.close()


def test_a_failure_in_the_middle_leaves_the_store_as_it_was(pair, monkeypatch):
    before = pair.state()
    monkeypatch.setattr("samesku.store.index.save", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pair.upsert({"posting_id": "d", "title": "susu bebelo 400 gr"})
    monkeypatch.undo()
    assert pair.state() == before
    pair.upsert({"posting_id": "d", "title": "susu bebelo 400 gr"})
    assert together(pair, "d", "a")


def test_what_is_no_store_is_refused(tmp_path, file):
    with pytest.raises(StoreError, match=r"//ann:\*\*\*@localhost:1/x: .*opened: conn") as shown:
        Index("postgres://ann:secret/or@localhost:1/x")
    assert "secret" not in str(shown.value)
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        Index(tmp_path / "text.db")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("create table t (x)")
    with pytest.raises(StoreError, match="not a store"):
        Index(tmp_path / "other.db")
    with pytest.raises(StoreError, match="no folder"):
        Index(tmp_path / "nowhere" / "s.db")
    Index(file).close()
    with sqlite3.connect(file) as newer:
        newer.execute("update meta set value = '99' where name = 'version'")
    with pytest.raises(StoreError, match="newer"):
        Index(file)


@pytest.fixture
def matched(tmp_path, rows):
    """Matches the postings by the command, with options, and names the folder it wrote."""

    def matched(*options):
        pl.DataFrame(rows).write_csv(tmp_path / "offers.csv")
        folder = tmp_path / "run"
        words = ["match", tmp_path / "offers.csv", "--out", folder, "--no-cache", *options]
        ran = CliRunner().invoke(app, list(map(str, words)))
        assert ran.exit_code == 0, ran.output
        return folder

    return matched


def clusters_of(run):
    groups = pl.read_csv(run / "groups.csv").group_by("group_id").agg("posting_id")
    return sorted(sorted(each) for each in groups["posting_id"].to_list())


def test_a_batch_run_is_loaded(index, tmp_path, matched, clusters):
    run = matched()
    index.load(run)
    assert clusters(index) == clusters_of(run)
    index.settle()
    assert clusters(index) == clusters_of(run)
    with pytest.raises(StoreError, match="no run"):
        index.load(tmp_path)
    (tmp_path / "offers.csv").write_text("posting_id,title\n1,another file\n", "utf-8")
    with pytest.raises(StoreError, match="no more, what the run read"):
        index.load(run)


def test_a_batch_run_of_python_is_loaded(index, tmp_path, rows, clusters):
    pl.DataFrame(rows).write_csv(tmp_path / "offers.csv")
    matcher, run = Matcher(["tfidf", "phash"]), tmp_path / "run"
    matcher.match(read_catalog(tmp_path / "offers.csv")).write(run)
    index.load(run)
    assert clusters(index) == clusters_of(run)
    matcher.match(read_catalog(pl.DataFrame(rows))).write(run)
    with pytest.raises(StoreError, match="table in memory"):
        index.load(run)


def test_a_batch_run_brings_its_threshold_and_what_may_differ(index, matched, clusters):
    run = matched("--same", "colour", "--threshold", 0.7)
    index.load(run)
    assert (index.stats()["threshold"], index.stats()["same"]) == (0.7, ["colour"])
    assert clusters(index) == clusters_of(run)


def test_a_batch_run_brings_its_answers(index, tmp_path, rows, matched):
    one, other = rows[0]["posting_id"], rows[-1]["posting_id"]
    answers = {"left_id": [one], "right_id": [other], "verdict": ["same"]}
    pl.DataFrame(answers).write_csv(tmp_path / "answers.csv")
    index.load(matched("--answers", tmp_path / "answers.csv"))
    assert together(index, one, other)
    assert [pin["verdict"] for pin in index.pins()] == ["same"]


def test_what_a_store_does_not_take_of_a_run_is_told_or_refused(index, matched, tmp_path):
    run = matched()
    record = json.loads((run / "run.json").read_text())
    taken = record | {"adapted": {"moved": 0.1, "threshold": 0.5, "threshold_before": 0.4}}
    (run / "run.json").write_text(json.dumps(taken))
    assert "adapted" in index.load(run)[0].notes[0]
    for limit, message in (
        ({"decide": "one-to-one"}, "--decide"),
        ({"source": record["source"] | {"pairs": "across"}}, "--pairs"),
        ({"source": record["source"] | {"within": ["category"]}}, "--within"),
        ({"engine": {"name": "ray"}}, "run on Ray"),
        ({"source": {"left": record["source"], "right": record["source"]}}, "samesku link"),
    ):
        (run / "run.json").write_text(json.dumps(record | limit))
        with pytest.raises(StoreError, match=message):
            index.load(run)


def test_a_run_of_another_fusion_is_refused(index, matched):
    with pytest.raises(StoreError, match="by union"):
        index.load(matched("--fusion", "union"))


def test_what_may_differ_is_kept(place):
    titles = {"a": "Nike Revolution shirt black", "b": "Nike Revolution shirt white"}
    with Index(place) as index:
        for name, title in titles.items():
            index.upsert({"posting_id": name, "title": title})
        apart = index.why("a", "b")["probability"]
        index.rescore(same=["colour"])
        assert index.why("a", "b")["probability"] > 3 * apart
    with Index(place) as index:
        assert index.stats()["same"] == ["colour"]
        index.rescore()
        assert index.why("a", "b")["probability"] == pytest.approx(apart)
        with pytest.raises(ValueError, match="taste"):
            index.rescore(same=["taste"])
        with pytest.raises(ValueError, match="threshold"):
            index.rescore(threshold=1.5)


def test_a_threshold_that_nobody_gave_follows_the_catalogue(index, tmp_path, rows):
    replace(shipped_model(), threshold=0.9).save(tmp_path / "model")
    rows = [row | {"posting_id": f"{row['posting_id']}-{copy}"} for row in rows for copy in "abc"]
    index.upsert_many(rows)
    index.rescore(tmp_path / "model")
    fusion = Learned(PairClassifier.load(tmp_path / "model"))
    matches = Matcher([Tfidf(), PHash()], fusion).match(read_catalog(pl.DataFrame(rows)))
    assert index.stats()["threshold"] == matches.threshold < 0.9
    index.rescore(tmp_path / "model", threshold=0.8)
    assert index.stats()["threshold"] == 0.8


def test_searches_and_changes_of_one_process_compute_in_turn(index, monkeypatch):
    index.upsert_many([{"posting_id": f"p{at}", "title": f"kopi {at} 200 g"} for at in range(5)])
    within, most, score_pairs = [], [], searching.score_pairs

    def counted(*given, **more):
        within.append(None)
        time.sleep(0.02)
        most.append(len(within))
        scored = score_pairs(*given, **more)
        within.pop()
        return scored

    for module in (searching, draft):
        monkeypatch.setattr(module, "score_pairs", counted)
    with Index(index.place) as reads, ThreadPoolExecutor() as pool:
        doing = [
            pool.submit(work, {"posting_id": f"q{at}", "title": f"kopi tubruk {at} 200 g"})
            for at in range(4)
            for work in (reads.search, index.upsert)
        ]
        assert all(each.result() for each in doing)
    assert set(most) == {1}  # a search of what came meanwhile scores nothing


def test_a_state_that_is_read_anew_is_passed_over_by_a_collector_that_passes_over_the_former(pair):
    gc.freeze()
    try:
        with Index(pair.place) as reads:
            reads.stats()
            before = gc.get_freeze_count()
            pair.settle()
            reads.stats()
            assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
