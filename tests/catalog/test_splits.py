"""Splits that leak nothing: folds, given splits, and what leaks when it does."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku import CatalogError, read_catalog
from samesku.catalog.splits import leaks
from samesku.evaluation import Split, group_folds, read_split

TELLTALES = ("label_group", "image", "image_phash")


def catalog_of(rows):
    """Postings of ``(label_group, image, image_phash)``, each a small number or None."""
    labels, images, hashes = zip(*rows, strict=True)
    frame = pl.DataFrame(
        {
            "posting_id": [f"p{place}" for place in range(len(rows))],
            "title": ["title"] * len(rows),
            "label_group": [None if value is None else f"l{value}" for value in labels],
            "image": [None if value is None else f"{value}.jpg" for value in images],
            "image_phash": [None if value is None else f"{value:016x}" for value in hashes],
        },
        schema_overrides=dict.fromkeys(TELLTALES, pl.String),
    )
    return read_catalog(frame)


def labels_only(*labels):
    return catalog_of([(label, None, None) for label in labels])


maybe = st.none() | st.integers(0, 40)
postings = st.lists(
    st.tuples(st.none() | st.integers(0, 25), maybe, maybe), min_size=20, max_size=60
)


@settings(max_examples=25, deadline=None)
@given(postings, st.integers(2, 4), st.integers(0, 3))
def test_folds_share_no_label_photo_or_hash(rows, folds, seed):
    catalog = catalog_of(rows)
    try:
        splits = group_folds(catalog, folds, seed)
    except ValueError:
        return
    labelled = [place for place, row in enumerate(rows) if row[0] is not None]
    assert sorted(np.concatenate([split.test for split in splits]).tolist()) == labelled
    for split in splits:
        assert len(split.test)
        assert sorted([*split.train, *split.test]) == labelled
        for column in range(3):
            seen = {rows[place][column] for place in split.train} - {None}
            assert not seen & {rows[place][column] for place in split.test}
        assert leaks(catalog, split) == 0


def test_products_that_share_a_photo_through_others_stay_together():
    # Labels 0 and 1 meet in a hash of an unlabelled posting, which shares its photo with label 1.
    rows = [(0, 5, 7), (None, 6, 7), (1, 6, None), (2, 8, None), (3, None, 9), (3, None, 10)]
    for split in group_folds(catalog_of(rows), 2):
        assert (0 in split.test) == (2 in split.test)
        assert 1 not in split.test
        assert 1 not in split.train


def test_folds_are_of_about_one_size():
    labels = np.repeat(np.arange(60), np.random.default_rng(0).integers(1, 12, 60)).tolist()
    splits = group_folds(labels_only(*labels), 4)
    sizes = [len(split.test) for split in splits]
    assert max(sizes) - min(sizes) <= 2
    assert [split.name for split in splits] == ["fold 1", "fold 2", "fold 3", "fold 4"]


def test_the_seed_draws_the_folds():
    catalog = labels_only(*(label // 2 for label in range(60)))
    once, again, other = (group_folds(catalog, 3, seed) for seed in (1, 1, 2))
    for one, same in zip(once, again, strict=True):
        np.testing.assert_array_equal(one.test, same.test)
    assert any(one.test.tolist() != two.test.tolist() for one, two in zip(once, other, strict=True))


def test_folds_that_cannot_be_made_are_refused():
    with pytest.raises(ValueError, match="2 folds or more"):
        group_folds(labels_only(0, 1, 2), 1)
    with pytest.raises(ValueError, match="ask for fewer folds"):
        group_folds(labels_only(0, 0, 1, 1), 3)
    with pytest.raises(ValueError, match="no labels"):
        group_folds(labels_only(None, None))
    unlabelled = read_catalog(pl.DataFrame({"posting_id": ["a"], "title": ["b"]}))
    with pytest.raises(ValueError, match="no labels"):
        group_folds(unlabelled)


@settings(max_examples=25, deadline=None)
@given(postings, st.data())
def test_leaks_counts_what_is_connected_to_the_training_postings(rows, data):
    in_test = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    test = np.flatnonzero(in_test)
    split = Split("any", np.flatnonzero(~np.array(in_test)), test)
    near = {place: {place} for place in range(len(rows))}
    for a, b in combinations(range(len(rows)), 2):
        alike = any(
            rows[a][column] is not None and rows[a][column] == rows[b][column]
            for column in range(3)
        )
        if alike and near[a] is not near[b]:
            near[a] |= near[b]
            for member in near[b]:
                near[member] = near[a]
    expected = sum(bool(near[place] & set(split.train.tolist())) for place in test.tolist())
    assert leaks(catalog_of(rows), split) == expected


def written(folder, text):
    path = folder / "split.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_a_given_split(tmp_path):
    catalog = labels_only(0, 1, 2, None, 3, 4)
    path = written(
        tmp_path,
        "split,posting_id\ntest,p2\ntrain, p0 \nvalidation,p1\ntest,p3\ntest,p4\ntest,elsewhere\n",
    )
    splits = read_split(path, catalog)
    assert [split.name for split in splits] == ["test", "validation"]
    assert [split.test.tolist() for split in splits] == [[2, 4], [1]]
    assert all(split.train.tolist() == [0] for split in splits)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("posting_id,fold\np0,train\n", "no column 'split'"),
        ("id,split\np0,train\n", "no column 'posting_id'"),
        ("posting_id,split\np0,train\np0,test\n", "posting_id that occurs more than once"),
        ("posting_id,split\np0,fit\np1,test\n", "'fit', 'test'"),
        ("posting_id,split\np0,train\np1,train\n", "all of them are"),
        ("posting_id,split\nzz,train\np1,test\n", "no labelled posting"),
        ("posting_id,split\np3,train\np1,test\n", "no labelled posting"),
        ("", "empty"),
    ],
)
def test_a_split_that_cannot_be_used_is_refused(tmp_path, text, message):
    with pytest.raises(CatalogError, match=message):
        read_split(written(tmp_path, text), labels_only(0, 1, 2, None))


def test_a_split_of_an_unlabelled_catalogue_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no labels"):
        read_split(written(tmp_path, "posting_id,split\np0,train\n"), labels_only(None))


@pytest.mark.parametrize("line", ["p3,holdout", 'p2,""'])
def test_a_split_without_a_name_or_a_labelled_posting_is_left_out(tmp_path, line):
    path = written(tmp_path, f"posting_id,split\np0,train\np1,test\n{line}\n")
    assert [split.name for split in read_split(path, labels_only(0, 1, 2, None))] == ["test"]
