"""`tune`: thresholds from labelled postings, and from those alone."""

import numpy as np
import polars as pl
import pytest

from samesku import Threshold, Union, read_catalog
from samesku.candidates.candidates import Candidates
from samesku.evaluation.tuning import tune
from samesku.scoring.by_name import FUSIONS, fusion_by_name

COUNT = 40


def pairs_catalog(labels):
    frame = pl.DataFrame(
        {
            "posting_id": [f"p{place}" for place in range(len(labels))],
            "title": ["title"] * len(labels),
            "label_group": labels,
        },
        schema_overrides={"label_group": pl.String},
    )
    return read_catalog(frame)


def judged(similarity, left=None, right=None):
    """Pairs (0, 1), (2, 3), ... under one text encoder that no default line is made for."""
    similarity = np.array(similarity, dtype=np.float32)[:, None]
    left = np.arange(0, 2 * len(similarity), 2) if left is None else left
    right = left + 1 if right is None else right
    size = int(right.max()) + 1
    return Candidates(
        left,
        right,
        similarity,
        np.ones_like(similarity, dtype=bool),
        np.zeros((size, 1), dtype=np.float32),
        ("words",),
        ("text",),
        ("sparse",),
    )


def mixed(middle, seed=0):
    """Right pairs of similarities above `middle` in turn with wrong ones below, and labels."""
    rng = np.random.default_rng(seed)
    is_right = np.arange(COUNT) % 2 == 0
    away = rng.uniform(0.02, 0.2, COUNT)
    labels = [
        f"l{pair if right or not end else pair + 1000}"
        for pair, right in enumerate(is_right.tolist())
        for end in (0, 1)
    ]
    return judged(np.where(is_right, middle + away, middle - away)), labels


def wrong_decisions(fusion, candidates, catalog):
    right = catalog.labels[candidates.left] == catalog.labels[candidates.right]
    return np.count_nonzero((fusion.score(candidates, catalog) >= 0.5) != right)


EVERYONE = np.arange(2 * COUNT)


@pytest.mark.parametrize("start", [0.5, 0.58, 0.7, 0.78])
def test_the_line_moves_between_right_and_wrong_pairs(start):
    candidates, labels = mixed(0.64)
    catalog = pairs_catalog(labels)
    before = Union({"words": Threshold(start, at_least=0.3)})
    after = tune(before, candidates, catalog, EVERYONE)
    assert wrong_decisions(before, candidates, catalog) > 0
    assert wrong_decisions(after, candidates, catalog) == 0
    line = after.thresholds(candidates)["words"]
    assert 0.61 < line.value < 0.67
    assert line.at_least == 0.3


@pytest.mark.parametrize("name", FUSIONS)
def test_tuning_moves_the_lines_of_every_fusion(name):
    candidates, labels = mixed(0.7)
    catalog = pairs_catalog(labels)
    start = fusion_by_name(name)
    after = tune(start, candidates, catalog, EVERYONE)
    assert wrong_decisions(start, candidates, catalog) > 0
    assert wrong_decisions(after, candidates, catalog) == 0
    assert start.thresholds(candidates) == fusion_by_name(name).thresholds(candidates)


def test_the_line_crosses_a_gap_in_the_similarities():
    catalog = pairs_catalog([f"l{place // 2}" for place in range(20)])
    candidates = judged([0.6] * 10)
    after = tune(Union({"words": Threshold(0.8)}), candidates, catalog, np.arange(20))
    assert wrong_decisions(after, candidates, catalog) == 0


def test_which_scored_postings_match_each_other_chooses_nothing():
    # Training pairs want a line at 0.7, the others one at 0.5; some of both meet.
    train, train_labels = mixed(0.7)
    test, _ = mixed(0.5, seed=1)
    places = np.arange(0, COUNT, 4)
    left = np.concatenate([train.left, 2 * COUNT + test.left, places])
    right = np.concatenate([train.right, 2 * COUNT + test.right, places + 2 * COUNT])
    similarity = np.concatenate([train.similarity[:, 0], test.similarity[:, 0], 0.75 + 0 * places])
    order = np.lexsort((right, left))
    candidates = judged(similarity[order], left[order], right[order])
    rng = np.random.default_rng(2)
    lines = []
    for test_labels in (
        [f"t{place // 2}" for place in range(2 * COUNT)],
        [f"t{place}" for place in range(2 * COUNT)],
        [f"t{place}" for place in rng.integers(0, 9, 2 * COUNT)],
    ):
        catalog = pairs_catalog([*train_labels, *test_labels])
        after = tune(Union({"words": Threshold(0.6)}), candidates, catalog, EVERYONE)
        lines.append(after.thresholds(candidates)["words"].value)
    assert lines[0] > 0.61
    assert lines == [lines[0]] * 3


def test_the_line_stays_where_labels_say_nothing_of_it():
    candidates = judged([1.0] * 5)
    catalog = pairs_catalog([f"l{place // 2}" for place in range(10)])
    start = Union({"words": Threshold(0.8)})
    assert tune(start, candidates, catalog, np.arange(10)) == start


def test_without_labels_there_is_nothing_to_choose_by():
    catalog = read_catalog(pl.DataFrame({"posting_id": ["a", "b"], "title": ["x", "y"]}))
    with pytest.raises(ValueError, match="no labels"):
        tune(Union(), judged([0.5]), catalog, np.arange(2))


def test_no_candidates_leave_the_fusion_as_it_was():
    empty = judged([0.5]).take(np.empty(0, dtype=np.int64))
    start = Union({"words": Threshold(0.8)})
    assert tune(start, empty, pairs_catalog(["a", "a"]), np.arange(2)) == start
