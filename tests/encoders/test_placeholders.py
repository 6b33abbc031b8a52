from pathlib import Path

import numpy as np
import polars as pl
import pytest

from samesku import Cache, Matcher, read_catalog
from samesku.encoders import PHash
from samesku.encoders.encode import encode
from samesku.runtime.progress import Progress

CASES = Path(__file__).parents[1] / "cases" / "10-blank-photos"
CARD, OTHER = "94974f937d4c2433", "af3f9460c2838f0f"
UNLIKE = ["garden hose green", "espresso cups", "bicycle bell brass", "yoga mat", "wall clock oak"]


def seen(titles, hashes, progress=None):
    """The postings whose hash is compared."""
    ids = [f"p{row:03}" for row in range(len(titles))]
    table = pl.DataFrame({"posting_id": ids, "title": titles, "image_phash": hashes})
    encoded = encode(read_catalog(table), [PHash()], Cache(None), progress or Progress())
    return encoded[0].vectors.owner.tolist()


@pytest.mark.parametrize("count", [3, 4, 5])
def test_a_photo_under_titles_without_a_common_word_is_a_placeholder_and_told(count):
    progress = Progress()
    titles = [*UNLIKE[:count], "tea pot", "tea pot blue"]
    assert seen(titles, [CARD] * count + [OTHER] * 2, progress) == [count, count + 1]
    assert [note for note in progress.notes if f"{count} postings (p000" in note]


def test_a_photo_that_sellers_word_differently_stays():
    titles = ["sling bag a6", "natalie sling bag bordir", "sale tas wanita slempang a6 natalie"]
    assert seen(titles, [CARD] * 3) == [0, 1, 2]


def test_two_unlike_titles_and_untitled_postings_prove_nothing():
    assert seen(UNLIKE[:2], [CARD] * 2) == [0, 1]
    assert seen(["", "", "", *UNLIKE[:2]], [CARD] * 5) == [0, 1, 2, 3, 4]


def test_untitled_postings_lose_a_photo_that_is_a_placeholder_elsewhere():
    assert seen([*UNLIKE, "", ""], [CARD] * 7) == []


def test_the_word_of_a_shop_makes_no_common_word():
    models = ["alfa red", "beta blue", "gamma green", "delta black"]
    others = [f"case model{row} colour{row}" for row in range(30)]
    titles = [f"case {model}" for model in models] + others
    hashes = [CARD] * 4 + [f"{row + 16:02x}5f937d4c2433aa" for row in range(30)]
    assert seen(titles, hashes) == list(range(4, 34))
    assert seen(titles[:4], hashes[:4]) == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["min.csv", "titles.csv"])
def test_unlike_things_under_a_no_picture_card_stay_alone(name):
    matches = Matcher().match(read_catalog(CASES / name))
    assert np.bincount(matches.clusters).max() == 1
    assert any("placeholder" in note for note in matches.summary["notes"])


def test_a_no_picture_card_links_nothing():
    left, right = read_catalog(CASES / "la.csv"), read_catalog(CASES / "lb.csv")
    assert set(Matcher().match(left, right).links["left_id"]) <= {"a3"}
