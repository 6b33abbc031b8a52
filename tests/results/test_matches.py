"""`Matches`: pairs, groups, submission, files, and moving the line."""

import csv
import json
from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku import Matcher, Matches, Threshold, Union, UnionAll, read_catalog
from samesku.candidates.candidates import Candidates
from samesku.candidates.collapse import Collapsed
from samesku.catalog.answers import Answers
from samesku.encoders import Tfidf
from samesku.results import pair_tables
from samesku.scoring.explanations import FAMILIES, Explanations
from samesku.scoring.features.words import title_words

THRESHOLDS = {"words": Threshold(0.5), "looks": Threshold(0.5)}


def catalog_of(size, titles=None):
    titles = [f'Título №{place}, "baru" ' for place in range(size)] if titles is None else titles
    return read_catalog(
        pl.DataFrame(
            {"posting_id": [f"p{place}" for place in range(size)], "title": titles},
            schema={"posting_id": pl.String, "title": pl.String},
        )
    )


def matches_of(pairs, size, *, fusion=None, titles=None, **options):
    """Matches of judged pairs ``(left, right, words, looks)``; the score is the larger one."""
    pairs = sorted(pairs)
    similarity = np.array([pair[2:] for pair in pairs], dtype=np.float32).reshape(-1, 2)
    candidates = Candidates(
        np.array([pair[0] for pair in pairs], dtype=np.int64),
        np.array([pair[1] for pair in pairs], dtype=np.int64),
        similarity,
        ~np.isnan(similarity),
        np.zeros((size, 2), dtype=np.float32),
        ("words", "looks"),
        ("text", "photo"),
        ("sparse", "dense"),
    )
    catalog = catalog_of(size, titles)
    fusion = Union(THRESHOLDS) if fusion is None else fusion
    rows = np.arange(size)
    distinct = Collapsed(catalog, rows, rows, rows, rows)
    scores = fusion.score(candidates, catalog)
    return Matches(catalog, distinct, candidates, scores, fusion, **options)


@st.composite
def judged(draw):
    size = draw(st.integers(1, 9))
    every = [(0, 0), *combinations(range(size), 2)]
    pairs = draw(st.sets(st.sampled_from(every))) - {(0, 0)}
    share = st.integers(0, 100).map(lambda value: value / 100)
    return [(*pair, draw(share), draw(share | st.just(np.nan))) for pair in pairs], size


def matched_ids(matches):
    rows = matches.submission.iter_rows()
    return {posting: listed.split(" ") for posting, listed in rows}


@settings(max_examples=40, deadline=None)
@given(judged())
def test_submission_pairs_and_groups_say_the_same(catalogue):
    matches = matches_of(*catalogue)
    listed = matched_ids(matches)
    ids = matches.catalog.ids
    assert matches.submission["posting_id"].to_list() == ids
    for posting, others in listed.items():
        assert others[0] == posting
        assert len(set(others)) == len(others)
        assert all(posting in listed[other] for other in others)
    by_group = {
        posting: {other for other, name in zip(ids, matches.clusters, strict=True) if name == own}
        for posting, own in zip(ids, matches.clusters, strict=True)
    }
    assert {posting: set(others) for posting, others in listed.items()} == by_group
    pairs = set(matches.pairs.select("left_id", "right_id").iter_rows())
    assert pairs == {(a, b) for a, b in combinations(ids, 2) if b in by_group[a]}
    table = matches.cluster_table
    assert sorted(table["posting_id"].to_list()) == ids
    for group_id, size, posting, title, other in table.iter_rows():
        assert other is None
        assert by_group[posting] == set(table.filter(group_id=group_id)["posting_id"])
        assert size == len(by_group[posting])
        assert title == matches.catalog.titles[ids.index(posting)]
    sizes = np.bincount(matches.clusters)
    assert matches.cluster_count == np.count_nonzero(sizes > 1)


@settings(max_examples=30, deadline=None)
@given(judged())
def test_pairs_carry_the_scores_they_were_judged_by(catalogue):
    matches = matches_of(*catalogue)
    left, right = matches.candidates.left, matches.candidates.right
    scored_pairs = {
        (f"p{a}", f"p{b}"): (score, *similarity)
        for a, b, score, similarity in zip(
            left.tolist(),
            right.tolist(),
            matches.scores.tolist(),
            matches.candidates.similarity.tolist(),
            strict=True,
        )
    }
    for a, b, *values in matches.pairs.select(
        "left_id", "right_id", "score", "words", "looks"
    ).iter_rows():
        expected = scored_pairs.get((a, b), (None, None, None))
        assert values == [None if value != value else value for value in expected]
    scores = matches.pairs["score"].to_list()
    known = [score for score in scores if score is not None]
    assert known == sorted(known, reverse=True)
    assert scores[len(known) :] == [None] * (len(scores) - len(known))


@settings(max_examples=30, deadline=None)
@given(judged())
def test_near_misses_are_judged_pairs_that_stay_apart(catalogue):
    matches = matches_of(*catalogue)
    missed = matches.near_misses
    matched = set(matches.pairs.select("left_id", "right_id").iter_rows())
    assert not matched & set(missed.select("left_id", "right_id").iter_rows())
    assert missed.columns == matches.pairs.columns
    assert missed["score"].to_list() == sorted(missed["score"].to_list(), reverse=True)
    apart = sum(
        (f"p{a}", f"p{b}") not in matched and score >= 0.5
        for a, b, score in zip(
            matches.candidates.left, matches.candidates.right, matches.scores, strict=True
        )
    )
    assert missed.filter(pl.col("score") >= 0.5).height == apart


def test_the_surest_matches_come_first_in_a_submission():
    matches = matches_of(
        [(0, 1, 0.6, 0), (0, 2, 0.9, 0), (1, 2, 0.7, 0), (0, 3, 0.9, 0), (2, 3, 0.8, 0)], 5
    )
    assert matched_ids(matches)["p0"] == ["p0", "p2", "p3", "p1"]
    assert matched_ids(matches)["p4"] == ["p4"]


def test_reasons_name_the_lists_of_a_pair():
    lines = {**THRESHOLDS, "combined": Threshold(0.55)}
    fusion = UnionAll().with_thresholds(lines)
    nan = np.nan
    matches = matches_of(
        [(0, 1, 0.7, 0.2), (2, 3, 0.3, 0.8), (4, 5, 0.9, 0.9), (6, 7, 0.6, nan)], 8, fusion=fusion
    )
    reasons = dict(matches.pairs.select("left_id", "reasons").iter_rows())
    assert reasons == {
        "p0": "text match",
        "p2": "photo match",
        "p4": "text and photo and combined match",
        "p6": "text match",
    }


def test_a_pair_that_only_its_group_matches_says_so():
    matches = matches_of(
        [(0, 1, 0.9, 0), (1, 2, 0.9, 0), (3, 4, 0.9, 0), (4, 5, 0.9, 0), (3, 5, 0.2, 0)], 6
    )
    rows = {
        row[:2]: row[2:]
        for row in matches.pairs.select("left_id", "right_id", "score", "reasons").iter_rows()
    }
    assert rows["p0", "p2"] == (None, "same cluster as others that match")
    assert rows["p3", "p5"] == (pytest.approx(0.2), "same cluster as others that match")


@settings(max_examples=25, deadline=None)
@given(judged(), st.lists(st.integers(1, 100), min_size=2, max_size=4))
def test_a_higher_line_accepts_fewer_pairs_and_lets_go_of_postings(catalogue, lines):
    matches = matches_of(*catalogue)
    alone = []
    for line in sorted(lines):
        moved = matches.rethreshold(line / 100)
        assert moved.threshold == line / 100
        linked = moved.scores >= moved.threshold
        ends = np.union1d(moved.candidates.left[linked], moved.candidates.right[linked])
        # Nobody without an accepted pair is in a group: these only grow in number.
        sizes = np.bincount(moved.clusters)[moved.clusters]
        outside = np.setdiff1d(np.arange(len(sizes)), ends)
        assert (sizes[outside] == 1).all()
        alone.append(set(outside.tolist()))
    assert all(lower <= higher for lower, higher in pairwise(alone))


def test_rethreshold_judges_nothing_again():
    matches = matches_of([(0, 1, 0.9, 0), (2, 3, 0.6, 0)], 4, run={"python": "3"})
    strict = matches.rethreshold(0.8)
    assert strict.scores is matches.scores
    assert strict.candidates is matches.candidates
    assert strict.clusters.tolist() == [0, 0, 1, 2]
    assert matches.clusters.tolist() == [0, 0, 1, 1]
    assert strict.rethreshold(0.5).clusters.tolist() == matches.clusters.tolist()
    assert (matches.summary["threshold"], strict.summary["threshold"]) == (0.5, 0.8)
    assert strict.summary["python"] == "3"


@pytest.mark.parametrize("line", [0, -0.1, 1.01, float("nan")])
def test_a_line_outside_the_scores_is_refused(line):
    with pytest.raises(ValueError, match="above 0 and up to 1"):
        matches_of([(0, 1, 0.9, 0)], 2).rethreshold(line)


def test_the_least_sure_pairs_with_their_titles():
    pairs = [(0, 1, 0.9, 0), (2, 3, 0.55, 0), (4, 5, 0.7, 0), (6, 7, 0.3, 0)]
    titles = ["a", "b", "c ", None, "E", "f", "g", "h"]
    lowest = matches_of(pairs, 8, titles=titles).least_sure(2)
    assert lowest.columns == [
        "score",
        "left_id",
        "right_id",
        "left_title",
        "right_title",
        "reasons",
    ]
    assert lowest.select("left_id", "right_id", "left_title", "right_title").rows() == [
        ("p2", "p3", "c ", None),
        ("p4", "p5", "E", "f"),
    ]
    assert matches_of([], 3).least_sure().height == 0


def test_the_least_sure_pairs_are_accepted_ones():
    pairs = [(0, 1, 0.9, 0), (1, 2, 0.9, 0), (0, 2, 0.1, 0)]
    assert matches_of(pairs, 3).least_sure()["score"].min() >= 0.5


@pytest.fixture
def explained():
    """Four judged pairs, of which the first two are explained."""
    pairs = [(0, 1, 0.9, 0.95), (1, 2, 0.8, 0.3), (0, 2, 0.7, np.nan), (3, 4, 0.1, 0.45)]
    titles = ["susu 400g", "susu 400 gram", "susu", "lampu", "lampu led"]
    parts = np.zeros((2, len(FAMILIES)), dtype=np.float32)
    parts[0, [FAMILIES.index("photo"), FAMILIES.index("numbers")]] = 1.5, 2.5
    parts[1, FAMILIES.index("titles")] = 0.75
    words = title_words(catalog_of(5, titles).normal_titles)
    # Pairs are in order of their postings: 0-1, 0-2, 1-2, 3-4.
    explanations = Explanations(np.array([0, 2]), parts, -2.0, words)
    return matches_of(pairs, 5, titles=titles, explanations=explanations)


def test_explains_a_pair_in_either_order(explained):
    table = explained.explain("p0", "p1")
    assert table.rows()[:2] == [("same 400g", 2.5), ("photos alike 0.95", 1.5)]
    assert table.row(-1) == ("start", -2.0)
    assert table["log_odds"].sum() == pytest.approx(2)
    assert explained.explain("p1", "p0").equals(table)
    assert explained.explain("p2", "p1").row(0) == ("titles alike 0.80", 0.75)


def test_pairs_that_are_not_explained_tell_their_lists(explained):
    reasons = {
        row[:2]: row[2] for row in explained.pairs.select("left_id", "right_id", "reasons").rows()
    }
    assert reasons == {
        ("p0", "p1"): "same 400g +2.50; photos alike 0.95 +1.50; start -2.00",
        ("p1", "p2"): "titles alike 0.80 +0.75; start -2.00",
        ("p0", "p2"): "text match",
    }
    assert explained.near_misses["reasons"].to_list() == ["below the threshold"]
    assert explained.rethreshold(0.75).pairs["reasons"][0] == reasons["p0", "p1"]


def test_what_cannot_be_explained_is_told(explained):
    with pytest.raises(ValueError, match="no explanation of this pair: the two share"):
        explained.explain("p3", "p4")
    with pytest.raises(ValueError, match="'p0' is one posting"):
        explained.explain("p0", "p0")
    with pytest.raises(ValueError, match="no posting 'p9'"):
        explained.explain("p0", "p9")


def test_only_the_learned_fusion_explains():
    with pytest.raises(ValueError, match=r"union has no explanations; use learned"):
        matches_of([(0, 1, 0.9, 0)], 2).explain("p0", "p1")


def test_writes_every_table_and_the_record(tmp_path):
    titles = ['Tas "ransel", hitam', "=1+1", "Línea\nnueva", " spasi ", None]
    matches = matches_of(
        [(0, 1, 0.9, np.nan), (2, 3, 0.45, 0.2)], 5, titles=titles, run={"python": "3.11"}
    )
    folder = tmp_path / "new" / "out"
    written = matches.write(folder, submission=True)
    names = ["submission.csv", "pairs.parquet", "near_misses.parquet", "scored.parquet"]
    names += ["groups.csv", "run.json"]
    assert [path.name for path in written] == names
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)

    with open(folder / "submission.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[:2] == [["posting_id", "matches"], ["p0", "p0 p1"]]
    assert len(rows) == 6
    with open(folder / "groups.csv", newline="", encoding="utf-8") as file:
        groups = list(csv.DictReader(file))
    assert list(groups[0]) == ["group_id", "group_size", "posting_id", "title", "identical_to"]
    as_text = [titles[0], "'=1+1", *titles[2:]]
    assert {row["posting_id"]: row["title"] for row in groups} == {
        f"p{place}": title or "" for place, title in enumerate(as_text)
    }
    assert [int(row["group_size"]) for row in groups] == [2, 2, 1, 1, 1]

    pairs = pl.read_parquet(folder / "pairs.parquet")
    assert pairs.equals(matches.pairs)
    told = ["left_id", "right_id", "score", "words", "looks", "reasons"]
    assert pairs.columns == [*told, "left_postings", "right_postings"]
    assert pairs.rows()[0][:2] == ("p0", "p1")
    assert pairs["looks"].to_list() == [None]
    missed = pl.read_parquet(folder / "near_misses.parquet")
    assert missed.select("left_id", "right_id").rows() == [("p2", "p3")]
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["results"] == {
        "distinct_postings": 5,
        "candidates": 2,
        "matched_pairs": 1,
        "clusters": 1,
        "postings_alone": 3,
        "largest_cluster": 2,
    }
    assert (record["fusion"], record["threshold"], record["python"]) == ("union", 0.5, "3.11")
    assert set(record["thresholds"]) == {"words", "looks"}


def test_writing_again_replaces_and_a_failure_leaves_what_was_there(tmp_path):
    matches_of([(0, 1, 0.9, 0)], 2).write(tmp_path, submission=True)
    (tmp_path / "mine.txt").write_text("kept")
    matches_of([(0, 1, 0.1, 0)], 2).write(tmp_path, submission=True)
    assert (tmp_path / "submission.csv").read_text().splitlines() == [
        "posting_id,matches",
        "p0,p0",
        "p1,p1",
    ]
    before = (tmp_path / "submission.csv").read_text()
    unwritable = matches_of([(0, 1, 0.9, 0)], 2, run={"odd": object()})
    with pytest.raises(TypeError):
        unwritable.write(tmp_path, submission=True)
    assert (tmp_path / "submission.csv").read_text() == before
    assert (tmp_path / "mine.txt").read_text() == "kept"
    assert len(list(tmp_path.iterdir())) == 7


def test_a_pair_is_explained_where_none_was_likely():
    titles = ["mop do podłogi Vileda Turbo", "mop parowy Vileda Steam"]
    matches = Matcher().match(catalog_of(2, titles))
    assert matches.explanations is None
    assert matches.explain("p0", "p1")["log_odds"].sum() == pytest.approx(
        np.log(matches.scores[0] / (1 - matches.scores[0])), abs=0.01
    )


def test_the_explanation_of_an_answered_pair_begins_with_the_answer(tmp_path):
    titles = ["susu bebelo 400 gram", "BEBELO susu 0,4kg", "lampu led 12 watt"]
    path, answered = tmp_path / "offers.csv", {"left_id": ["p0", "p0"], "right_id": ["p1", "p2"]}
    catalog_of(3, titles).frame.write_csv(path)
    table = pl.DataFrame({**answered, "verdict": ["different", "same"]})
    matches = Matcher().match(read_catalog(path), answers=Answers.of(table))
    matches.write(tmp_path / "run")
    for each in (matches, Matches.load(tmp_path / "run")):
        assert each.explain("p0", "p1").row(0) == ("answered: different", -np.inf)
        assert each.explain("p2", "p0").row(0) == ("answered: same", np.inf)
    assert matches.explain("p0", "p1").height > 2
    assert matches.plot_explanation("p0", "p1").svg()


def test_what_cannot_be_shown_is_told(explained, tmp_path):
    with pytest.raises(ValueError, match="how many pairs to show, not -1"):
        explained.least_sure(-1)
    with pytest.raises(ValueError, match=r"ends in \.svg"):
        explained.plot_scores().save(tmp_path / "scores.png")


def test_nobody_matches():
    matches = matches_of([], 3)
    assert matches.pairs.height == matches.near_misses.height == matches.cluster_count == 0
    assert matched_ids(matches) == {"p0": ["p0"], "p1": ["p1"], "p2": ["p2"]}
    assert "3 postings, 0 matched pairs, 0 clusters" in repr(matches)


def test_what_was_written_is_read_back(tmp_path):
    rows = [
        "susu bebelo 400 gram",
        "BEBELO susu 0,4kg",
        "susu bebelo 400 gram",
        "lampu led 12 watt",
    ]
    path = tmp_path / "offers.csv"
    pl.DataFrame({"posting_id": ["a", "b", "c", "d"], "title": rows}).write_csv(path)
    matches = Matcher([Tfidf()]).match(read_catalog(path))
    matches.write(tmp_path / "run")
    again = Matches.load(tmp_path / "run")
    assert again.clusters.tolist() == matches.clusters.tolist()
    assert again.pairs.equals(matches.pairs)
    assert again.threshold == matches.threshold
    assert again.explain("a", "b")["log_odds"].sum() == pytest.approx(
        matches.explain("a", "b")["log_odds"].sum(), abs=0.05
    )
    strict, before = again.rethreshold(0.99), matches.rethreshold(0.99)
    assert strict.clusters.tolist() == before.clusters.tolist()
    with pytest.raises(ValueError, match="match again to explain"):
        again.explain("a", "d")


@pytest.mark.parametrize("shared", [True, False])
def test_links_are_read_back(tmp_path, shared):
    titles = ["susu bebelo 400 gram", "lampu led 12 watt", "tas ransel"]
    for side, spell, more in (("left", str, " anak"), ("right", str.upper, "")):
        ids = [f"{'' if shared else side}{place}" for place in range(3)]
        titled = [*map(spell, titles[:2]), titles[2] + more]
        table = pl.DataFrame({"posting_id": ids, "title": titled})
        table.write_csv(tmp_path / f"{side}.csv")
    out = tmp_path / "out"
    paths = [tmp_path / "left.csv", tmp_path / "right.csv"]
    Matcher([Tfidf()], threshold=0.1).match(*map(read_catalog, paths)).write(out)
    again, written = Matches.load(out), pl.read_csv(out / "links.csv", infer_schema=False)
    assert again.links.height == written.height == 3
    ends = again.pairs.select("left_id", "right_id").row(0)
    assert again.explain(*ends).rows() == [("identical in all that is looked at", np.inf)]
    assert again.links["left_id"].to_list() == written["left_id"].to_list()
    assert again.links["right_id"].to_list() == written["right_id"].to_list()
    assert again.rethreshold(1.0).links.height == 2
    moved = [path.rename(path.with_name(f"moved-{path.name}")) for path in paths]
    assert Matches.load(out, moved).links.equals(again.links)
    with pytest.raises(FileNotFoundError, match=r"left\.csv"):
        Matches.load(out)


def test_tables_written_in_parts_are_those_in_memory(monkeypatch, tmp_path):
    pairs = [
        (a, b, (0.9 if a // 4 == b // 4 else 0.4) + (a + b) % 3 / 100, np.nan)
        for a, b in combinations(range(24), 2)
    ]
    matches = matches_of(pairs, 24)
    monkeypatch.setattr(pair_tables, "PAIRS_AT_ONCE", 7)
    matches.write(tmp_path)
    for name in ("pairs", "near_misses", "scored"):
        table = getattr(matches, name)
        assert table.height > 7
        assert pl.read_parquet(tmp_path / f"{name}.parquet").equals(table)
    assert not list(tmp_path.glob("*.parquet.*"))
