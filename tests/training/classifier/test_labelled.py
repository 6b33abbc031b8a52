"""Labelled catalogues to train on: several small ones in a table."""

import numpy as np
import polars as pl
import pytest

from samesku import Matcher, read_catalog
from samesku.training.classifier.labelled import describe_labelled


def small(offers, seed):
    made = offers(40, seed=seed)
    return made.with_columns(
        posting_id=pl.format("{}-{}", pl.lit("zxy"[seed]), "posting_id"),
        label_group=pl.format("{}-{}", pl.lit(str(seed)), "label_group"),
    )


def rows_by_pair(labelled):
    """What is known of each pair, by the ids of its ends.

    Without attributes, and what follows from their clashes: GTINs are drawn for a table.
    """
    ids, pairs = labelled.catalog.ids, labelled.candidates
    named = [
        name
        for name in labelled.features.names
        if not name.startswith(("clash", "alone", "attributes", "tolerated", "tfidf_", "phash_"))
    ]
    ends = zip(pairs.left, pairs.right, strict=True)
    return {
        tuple(sorted((ids[left], ids[right]))): (*values, *similarity, same)
        for (left, right), values, similarity, same in zip(
            ends, labelled.features.select(named), pairs.similarity, labelled.true, strict=True
        )
    }


def test_small_catalogues_in_a_table_are_described_each_by_itself(offers):
    parts = [small(offers, seed) for seed in range(3)]
    matcher = Matcher(["tfidf", "phash"], "union")
    whole = pl.concat(
        part.with_columns(catalogue=pl.lit(str(at))) for at, part in enumerate(parts)
    ).sample(fraction=1, shuffle=True, seed=1)
    (distinct,), (together,) = describe_labelled(matcher, [read_catalog(whole)])
    assert together.parts == 3
    assert len(distinct.place) == len(whole)
    assert (together.candidates.left < together.candidates.right).all()
    known = rows_by_pair(together)
    _, alone = describe_labelled(matcher, [read_catalog(part) for part in parts], same=())
    expected = {pair: row for each in alone for pair, row in rows_by_pair(each).items()}
    assert known.keys() > expected.keys()  # those of one GTIN, too
    assert (together.features.select(["clash_gtin"]) > 0).any()
    for pair, row in expected.items():
        np.testing.assert_array_equal(known[pair], row)
    density = dict(zip(together.catalog.ids, together.candidates.density, strict=True))
    for each in alone:
        for posting, value in zip(each.catalog.ids, each.candidates.density, strict=True):
            np.testing.assert_array_equal(density[posting], value)


def test_postings_without_a_label_do_not_share_a_gtin(offers):
    catalogue = pl.concat(small(offers, seed) for seed in range(3)).with_columns(
        catalogue=pl.lit("one"),
        label_group=pl.when(pl.int_range(pl.len()) % 2 == 0).then("label_group"),
    )
    _, (one,) = describe_labelled(Matcher(["tfidf"], "union"), [read_catalog(catalogue)])
    unknown = (one.labels[one.candidates.left] < 0) & (one.labels[one.candidates.right] < 0)
    clashes = one.features.take(np.flatnonzero(unknown)).select(["clash_gtin"])
    assert (clashes > 0).sum() > 20
    assert (clashes == 0).sum() < 3


def test_a_model_is_fitted_on_small_catalogues(offers):
    whole = pl.concat(
        small(offers, seed).with_columns(catalogue=pl.lit(str(seed))) for seed in range(3)
    )
    model = Matcher(["tfidf", "phash"]).fit(read_catalog(whole)).fusion.model
    assert model.same == ()
    with pytest.raises(ValueError, match="training needs 50 of each"):
        Matcher(["tfidf", "phash"]).fit(read_catalog(whole.head(12)))
