"""Model codes: which word is one, and how two compare."""

import numpy as np
import pytest

from samesku.scoring.features.codes import CodedTitles, code_features
from samesku.scoring.features.words import title_words
from samesku.titles import clean_title, normalise_title


def read(*titles):
    return title_words([normalise_title(clean_title(title)) for title in titles])


def one(a, b, *others):
    features = code_features(CodedTitles.of(read(a, b, *others)), np.array([0]), np.array([1]))
    return {name: column[0] for name, column in features.items()}


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Sony Turntable - PSLX350H", "pslx350h"),
        ("Sony PS-LX350H belt drive", "pslx350h"),
        ("Bose Wave 29297 black", "29297"),
        ("Susu bebelac 400 gram isi 12", ""),
        ("Flashdisk 64GB", ""),
    ],
)
def test_what_is_a_code(title, code):
    assert CodedTitles.of(read(title)).codes.tolist() == [code]


def test_of_several_the_rarest_counts():
    words = read("tv 1080p kdl40v", "tv 1080p kdl46v", "tv 1080p")
    assert CodedTitles.of(words).codes.tolist() == ["kdl40v", "kdl46v", "1080p"]


def test_a_code_is_found_glued_and_with_signs():
    assert one("Turntable PSLX350H", "Sony PS LX350H deck")["code_found_max"] == 1
    assert one("Turntable PSLX350H", "the sonypslx350h")["code_found_max"] == 1
    assert one("Turntable PSLX350H", "Denon deck")["code_found_max"] < 0.5


def test_codes_that_differ_in_the_colour_begin_alike():
    features = one("Camera DSCW120B", "Camera DSCW120")
    assert features["code_prefix"] == 1
    assert 0.8 < features["code_alike"] < 1
    assert one("Camera DSCW120B", "Camera KX350")["code_prefix"] == 0


def test_without_codes_nothing_is_known():
    assert all(np.isnan(value) for value in one("camera", "kamera").values())
    assert np.isnan(one("camera DSCW120", "kamera")["code_alike"])
