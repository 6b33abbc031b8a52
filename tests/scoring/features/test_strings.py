"""Edit ratios of titles."""

import numpy as np
import pytest
from rapidfuzz import fuzz

from samesku.scoring.features.strings import string_features
from samesku.scoring.features.title_words import title_words
from samesku.titles import normalise_title


def one(a, b):
    words = title_words([normalise_title(a), normalise_title(b)])
    features = string_features(words, np.array([0]), np.array([1]))
    return {name: column[0] for name, column in features.items()}


def test_equal_titles_are_wholly_alike():
    features = one("susu bebelo", "susu bebelo")
    assert [value for name, value in features.items() if name.startswith("edit")] == [100] * 2
    assert features["letters_min"] == features["letters_max"] == 11


def test_whole_and_sorted_words():
    features = one("susu bebelo", "bebelo susu")
    assert features["edit_ratio"] == pytest.approx(fuzz.ratio("susu bebelo", "bebelo susu"))
    assert features["edit_ratio_sorted"] == 100
    features = one("susu bebelo", "promo bebelo susu murah")
    assert features["edit_ratio"] < features["edit_ratio_sorted"] < 100
    assert (features["letters_min"], features["letters_max"]) == (11, 23)


def test_the_spelling_of_quantities_does_not_matter():
    assert one("susu 400 gram", "susu 0,4 kg")["edit_ratio"] == 100
