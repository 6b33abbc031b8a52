"""Attributes of pairs: agreement, clashes, what one side alone states."""

import numpy as np
import pytest

from samesku.scoring.features.attributes import attribute_features, attribute_rows
from samesku.titles.attributes import KINDS, Attributes


def compared(one, other, **options):
    """The features of two postings, given by kind what each states."""
    values = {kind: [tuple(side.get(kind, ())) for side in (one, other)] for kind in KINDS}
    columns = attribute_features(
        attribute_rows(Attributes(values)), np.array([0]), np.array([1]), **options
    )
    return {name: float(column[0]) for name, column in columns.items()}


@pytest.mark.parametrize(
    ("one", "other", "clashes"),
    [
        (["8 gb"], ["8 gb"], 0),
        (["8 gb"], ["16 gb"], 1),
        (["512 gb", "8 gb"], ["16 gb", "512 gb"], 1),
        (["512 gb", "8 gb"], ["512 gb"], 0),
        (["ram: 8 gb"], ["512 gb"], np.nan),
        (["ram: 8 gb", "512 gb"], ["ram: 16 gb", "256 gb"], 2),
        ([], ["16 gb"], np.nan),
    ],
)
def test_values_clash_where_each_side_has_one_that_the_other_lacks(one, other, clashes):
    for pair in ((one, other), (other, one)):
        told = compared({"memory": pair[0]}, {"memory": pair[1]})
        np.testing.assert_equal(told["clash_memory"], clashes)
        assert told["clashes"] == np.nan_to_num(clashes)


def test_one_gtin_of_several_in_common_is_enough():
    one, other, third = "4006381333931", "4006381333948", "4006381333955"
    told = compared({"gtin": [one, other]}, {"gtin": [other, third]})
    assert (told["clash_gtin"], told["attributes_agree"]) == (0, 1)
    assert compared({"gtin": [one, other]}, {"gtin": [third]})["clash_gtin"] == 1


def test_model_numbers_agree_or_say_nothing():
    one, other = {"gtin": ["mpn: gsr12v35"]}, {"gtin": ["mpn: gsr18v55"]}
    told = compared(one, one)
    assert (told["clash_gtin"], told["attributes_agree"], told["attributes_alone"]) == (0, 1, 0)
    told = compared({**one, "size": ["m"]}, {**one, "size": ["l"]})  # of one model
    assert np.isnan(told["clash_gtin"])
    assert (told["clash_size"], told["attributes_agree"]) == (1, 0)
    told = compared(one, other)
    assert np.isnan(told["clash_gtin"])
    assert (told["attributes_agree"], told["attributes_alone"]) == (0, 0)


def test_what_one_side_alone_states_is_counted():
    told = compared({"count": ["24"], "colour": ["red"]}, {"colour": ["red"]})
    assert (told["alone_count"], told["alone_accessory"]) == (1, 0)
    assert (told["attributes_agree"], told["attributes_alone"], told["clashes"]) == (1, 1, 0)


def test_what_may_differ_does_not_clash():
    one, other = {"colour": ["red"], "size": ["xl"]}, {"colour": ["blue"], "size": ["s"]}
    told = compared(one, other, same=["colour"])
    assert (told["clash_size"], told["clashes"], told["attributes_agree"]) == (1, 1, 0)
    assert np.isnan(told["clash_colour"])


def test_no_pair_and_nothing_stated():
    rows = attribute_rows(Attributes({kind: [(), ()] for kind in KINDS}))
    none = np.empty(0, dtype=np.int64)
    assert all(len(each) == 0 for each in attribute_features(rows, none, none).values())
    told = compared({}, {})
    assert (told["clashes"], told["attributes_agree"]) == (0, 0)
