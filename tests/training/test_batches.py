"""Batches: every posting once, products together, hard negatives beside them, reproducible."""

import numpy as np
import polars as pl
import pytest

from samesku import read_catalog
from samesku.training.batches import mine, product_batches
from samesku.training.settings import TrainingSettings


def dealt(labels, epoch=0, hard_negatives=(), **settings):
    return product_batches(np.asarray(labels), hard_negatives, TrainingSettings(**settings), epoch)


def test_every_posting_is_in_one_batch():
    labels = np.repeat(np.arange(24), 4)
    batches = dealt(labels, batch=16)
    assert [len(batch) for batch in batches] == [16] * 6
    assert sorted(np.concatenate(batches)) == list(range(96))


def test_postings_of_a_product_come_together():
    labels = np.repeat(np.arange(24), 4)
    for batch in dealt(labels, batch=16, per_group=4):
        assert (np.bincount(labels[batch])[np.unique(labels[batch])] == 4).all()
    for batch in dealt(labels, batch=16, per_group=2):
        assert np.bincount(labels[batch]).max() >= 2


def test_epochs_and_seeds_differ_and_come_again():
    labels = np.repeat(np.arange(12), 3)

    def flat(seed, epoch):
        return np.concatenate(dealt(labels, batch=6, seed=seed, epoch=epoch)).tolist()

    assert flat(0, 1) == flat(0, 1)
    assert flat(0, 0) != flat(0, 1)
    assert flat(0, 0) != flat(1, 0)


def test_hard_negatives_share_a_batch():
    labels = np.repeat(np.arange(40), 2)
    pairs = [[product ^ 1] for product in range(40)]

    def together(hard):
        batches = dealt(labels, hard_negatives=pairs, batch=8, hard=hard)
        return np.mean([np.isin(labels[batch] ^ 1, labels[batch]).mean() for batch in batches])

    assert together(0.0) < 0.3
    assert together(1.0) > 0.7


def test_a_small_rest_is_left_out_but_never_everything():
    assert [len(batch) for batch in dealt([0, 0, 1, 1, 2], batch=4)] == [4]
    assert [len(batch) for batch in dealt([0, 0, 1], batch=32)] == [3]


def test_the_matcher_finds_hard_negatives():
    titles = ["susu bebelac 400g", "bebelac susu 400g", "susu bebelac 800g", "bebelac 800g susu"]
    titles += ["lampu philips 5 watt", "philips lampu 5 watt"]
    table = pl.DataFrame({"posting_id": list("abcdef"), "title": titles})
    alike = mine(read_catalog(table), np.array([0, 0, 1, 1, 2, 2]), photos=False)
    assert alike == [[1], [0], []]


def test_the_most_similar_product_comes_first():
    titles = ["susu bebelac coklat 400g", "susu bebelac coklat 800g", "susu bebelac vanila 1kg isi"]
    table = pl.DataFrame({"posting_id": list("abc"), "title": titles})
    alike = mine(read_catalog(table), np.arange(3), photos=False)
    assert alike[0][0] == 1


@pytest.mark.parametrize("per_group", [1, 3])
def test_products_of_any_size_are_dealt(per_group):
    labels = np.array([0] * 7 + [1] + [2] * 2 + [3] * 4)
    batches = dealt(labels, batch=7, per_group=per_group, epoch=3)
    assert sorted(np.concatenate(batches)) == list(range(14))
