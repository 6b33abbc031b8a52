"""`Features`: named columns about pairs."""

import numpy as np
import pytest

from samesku.scoring.features.table import Features, both_ways


def table():
    return Features.of({"a": np.array([1, 2, 3]), "b": np.array([0.5, np.nan, 0.25])})


def test_holds_columns_of_any_kind_as_float32_by_name():
    features = Features.of({"yes": np.array([True, False]), "count": np.array([3, 4])})
    assert features.names == ("yes", "count")
    assert features.values.dtype == np.float32
    assert features.values.tolist() == [[1, 3], [0, 4]]


def test_selects_by_name_in_the_order_asked():
    np.testing.assert_array_equal(table().select(["b", "a"])[:, 1], [1, 2, 3])
    np.testing.assert_array_equal(table().select(["b"])[:, 0], [0.5, np.nan, 0.25])
    np.testing.assert_array_equal(table().select(("a", "b")), table().values)


def test_names_a_column_that_is_not_there_and_tells_what_to_do():
    with pytest.raises(ValueError, match=r"2 features .*'c'.*encoders"):
        table().select(["a", "d", "c"])


def test_columns_that_may_miss_are_nan_where_they_are_not_there():
    values = table().select(["price_gap", "b", "phash", "a"], may_miss=("price_", "phash"))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values[:, [0, 2]], np.full((3, 2), np.nan))
    np.testing.assert_array_equal(values[:, 3], [1, 2, 3])
    # Those that are there are read.
    np.testing.assert_array_equal(table().select(["b"], may_miss=("b",))[:, 0], [0.5, np.nan, 0.25])


def test_other_columns_may_not_miss():
    with pytest.raises(ValueError, match=r"1 features .*'word_cosine'"):
        table().select(["price_gap", "word_cosine"], may_miss=("price_",))


def test_gives_some_pairs():
    taken = table().take(np.array([2, 0]))
    assert taken.names == ("a", "b")
    assert taken.values.tolist() == [[3, 0.25], [1, 0.5]]
    assert table().take(np.array([], dtype=int)).values.shape == (0, 2)


def test_a_column_of_a_known_name_takes_its_place():
    changed = table().replaced({"a": np.array([7, 8, 9])})
    assert changed.names == table().names
    assert changed.select(["a"]).ravel().tolist() == [7, 8, 9]
    np.testing.assert_array_equal(changed.select(["b"]), table().select(["b"]))


def test_both_ways_forgets_which_end_was_which():
    columns = both_ways("n", np.array([1.0, 5, np.nan]), np.array([4.0, 2, 1]))
    np.testing.assert_array_equal(columns["n_min"], [1, 2, np.nan])
    np.testing.assert_array_equal(columns["n_max"], [4, 5, np.nan])
