import numpy as np
import polars as pl

from samesku.evaluation.stages import pair_stages, true_pairs


def test_all_pairs_of_a_product_that_touch_a_query():
    labels = np.array([3, -1, 3, 7, 3, -1, 7])
    everyone = np.ones(7, dtype=bool)
    assert true_pairs(labels, everyone).rows() == [(0, 2), (0, 4), (2, 4), (3, 6)]
    only = np.arange(7) == 4
    assert true_pairs(labels, only).rows() == [(0, 4), (2, 4)]
    assert true_pairs(np.full(4, -1), np.ones(4, dtype=bool)).rows() == []


def test_each_true_pair_was_lost_at_one_stage():
    truth = pl.DataFrame({"left": [0, 0, 1, 1, 2], "right": [1, 2, 2, 3, 3]})
    pairs = pl.DataFrame(
        {
            "left": [0, 2, 1, 2],
            "right": [1, 0, 2, 3],  # in either order
            "score": [0.9, 0.3, 0.32, None],
            "matched": [True, False, False, True],
        },
        schema_overrides={"score": pl.Float32},
    )
    stages = pair_stages(truth, pairs, 0.32)["stage"].to_list()
    assert stages == ["matched", "scored low", "cut by clustering", "not a candidate", "matched"]
