import pytest

from samesku.runtime.extras import need_extra


def test_what_is_there_is_let_pass():
    need_extra("x", "train", "numpy")


def test_the_first_missing_package_and_its_extra_are_named():
    words = r"x needs the extra train \(no_such is missing\): uv add 'samesku\[train\]'"
    with pytest.raises(ModuleNotFoundError, match=words):
        need_extra("x", "train", "numpy", "no_such", "nor_this")
