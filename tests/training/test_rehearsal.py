"""Catalogues drawn from another to train on: whose postings, which titles, whose vectors."""

import numpy as np
import polars as pl
import pytest

from samesku import read_catalog
from samesku.candidates.candidates import Source, join_candidates
from samesku.candidates.neighbors import nearest
from samesku.candidates.similarity import pair_similarity
from samesku.encoders import PHash, Tfidf
from samesku.encoders.base import Vectors
from samesku.training.rehearsal import beside, rehearse

ENCODERS = [Tfidf(), PHash()]


@pytest.fixture(scope="module")
def drawn(market):
    catalog, candidates = market
    return rehearse(catalog, candidates, ENCODERS, np.arange(len(catalog)), seed=3)


def titles_of_products(rehearsal):
    table = pl.DataFrame({"product": rehearsal.labels, "title": rehearsal.catalog.titles})
    return table.group_by("product").agg(pl.col("title").n_unique(), pl.len())


def is_market(rehearsal):
    return (
        len(set(rehearsal.catalog.ids)) == len(rehearsal.catalog)
        and (titles_of_products(rehearsal)["title"] > 1).any()
    )


def test_there_are_markets_of_whole_products_and_assortments_of_one_title_each(market, drawn):
    catalog, _ = market
    sizes = np.bincount(catalog.labels)
    markets = [each for each in drawn if is_market(each)]
    assortments = [each for each in drawn if not is_market(each)]
    assert markets
    assert assortments
    for each in markets:
        products, counts = np.unique(each.labels, return_counts=True)
        assert counts.tolist() == sizes[products].tolist()
    for each in assortments:
        assert titles_of_products(each)["title"].max() == 1


def test_every_posting_keeps_its_product_and_a_title_of_it(market, drawn):
    catalog, _ = market
    product = dict(zip(catalog.ids, catalog.labels.tolist(), strict=True))
    known = set(zip(catalog.titles, catalog.labels.tolist(), strict=True))
    for each in drawn:
        assert [product[posting] for posting in each.catalog.ids] == each.labels.tolist()
        assert set(zip(each.catalog.titles, each.labels.tolist(), strict=True)) <= known


def test_only_the_given_postings_are_used(market):
    catalog, candidates = market
    rows = np.flatnonzero(catalog.labels % 2 == 0)
    allowed = {catalog.ids[row] for row in rows}
    for each in rehearse(catalog, candidates, ENCODERS, rows):
        assert set(each.catalog.ids) <= allowed
        assert (each.labels % 2 == 0).all()


def test_photos_are_as_alike_as_they_were(market, drawn):
    catalog, candidates = market
    place = {posting: row for row, posting in enumerate(catalog.ids)}
    photos = candidates.sources[1].vectors
    compared = 0
    for each in drawn:
        rows = np.array([place[posting] for posting in each.catalog.ids])
        there = ~np.isnan(each.candidates.similarity[:, 1])
        left, right = each.candidates.left[there], each.candidates.right[there]
        told = each.candidates.similarity[there, 1]
        np.testing.assert_allclose(told, pair_similarity(photos, rows[left], rows[right]))
        compared += len(told)
    assert compared


def test_titles_are_weighed_by_the_drawn_catalogue(drawn):
    for each in drawn:
        anew = Tfidf().encode_titles(each.catalog.normal_titles)
        there = ~np.isnan(each.candidates.similarity[:, 0])
        np.testing.assert_allclose(
            each.candidates.similarity[there, 0],
            pair_similarity(anew, each.candidates.left[there], each.candidates.right[there]),
            atol=1e-6,
        )


def test_dense_titles_are_taken_over_with_the_title(market):
    catalog, candidates = market
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(len(catalog), 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    dense = Vectors.of(rows, np.ones(len(catalog), dtype=bool))
    source = Source("network", "text", dense, nearest(dense, k=20, floor=-1))
    both = join_candidates([*candidates.sources, source])
    by_title = dict(zip(catalog.titles, rows, strict=True))
    for each in rehearse(catalog, both, ENCODERS, np.arange(len(catalog))):
        found = each.candidates.sources[2].vectors
        np.testing.assert_array_equal(found.rows, [by_title[t] for t in each.catalog.titles])


def test_the_same_seed_draws_the_same(market, drawn):
    catalog, candidates = market
    again = rehearse(catalog, candidates, ENCODERS, np.arange(len(catalog)), seed=3)
    assert [each.catalog.ids for each in again] == [each.catalog.ids for each in drawn]
    assert [each.catalog.titles for each in again] == [each.catalog.titles for each in drawn]


def test_catalogues_beside_have_products_of_their_own(market, unseen):
    first, second = beside([unseen, unseen], market[0])
    products = [set(np.unique(each.labels)) for each in (first, second)]
    assert not products[0] & products[1]
    assert not set(np.unique(market[0].labels)) & (products[0] | products[1])
    assert len(products[0]) == len(np.unique(unseen[0].labels))


def test_a_catalogue_beside_that_a_network_looks_at_comes_by_hashes_alone_too(market, unseen):
    catalog, candidates = unseen
    rows = np.random.default_rng(0).normal(size=(len(catalog), 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    dense = Vectors(rows, np.arange(len(catalog)), len(catalog))
    network = Source("network", "photo", dense, nearest(dense, k=20, floor=-1))
    both = join_candidates([*candidates.sources, network])
    seen, hashed = beside([(catalog, both)], market[0])
    assert seen.candidates.encoders == ("tfidf", "phash", "network")
    assert hashed.candidates.encoders == ("tfidf", "phash")
    assert len(hashed.candidates) == len(candidates) < len(seen.candidates)
    np.testing.assert_array_equal(seen.labels, hashed.labels)


def test_a_catalogue_beside_without_labels_is_refused(market, search):
    offers = pl.DataFrame({"posting_id": ["a", "b"], "title": ["tea 5 g", "tea 5 g"]})
    with pytest.raises(ValueError, match="no labels to train on"):
        beside([(read_catalog(offers), market[1])], market[0])
