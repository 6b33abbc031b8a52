"""Judged pairs as a graph."""

import numpy as np

from samesku.scoring.features.graph import FAINT, pair_graph


def graph_of(pairs, size):
    left, right, probability = zip(*pairs, strict=True) if pairs else ((), (), ())
    return pair_graph(
        np.array(left, dtype=np.int64),
        np.array(right, dtype=np.int64),
        np.array(probability, dtype=np.float32),
        size,
    )


def test_likely_pairs_are_edges_of_both_ends_and_every_posting_is_its_own():
    graph, kept = graph_of([(0, 1, 0.75), (0, 3, 0.5), (1, 3, FAINT / 2)], 4)
    assert kept.tolist() == [True, True, False]
    assert graph.dtype == np.float32
    assert graph.toarray().tolist() == [
        [1, 0.75, 0, 0.5],
        [0.75, 1, 0, 0],
        [0, 0, 1, 0],
        [0.5, 0, 0, 1],
    ]


def test_the_columns_of_each_row_ascend():
    graph, _ = graph_of([(0, 4, 0.5), (0, 2, 0.5), (1, 4, 0.5), (2, 4, 0.9)], 5)
    for row in range(5):
        columns = graph.indices[graph.indptr[row] : graph.indptr[row + 1]]
        assert (np.diff(columns) > 0).all()


def test_no_pairs():
    graph, kept = graph_of([], 3)
    assert kept.shape == (0,)
    assert graph.toarray().tolist() == np.eye(3).tolist()
