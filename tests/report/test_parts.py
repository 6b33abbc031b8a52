"""Book, browsing, glance, thumbnails, charts, nearness: what the page is made of."""

import base64
import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from scipy.special import expit

from samesku import Matcher, read_catalog
from samesku.report.book import THUMBNAIL, Book, sampled, thumbnails
from samesku.report.browse import near_matches, shown_clusters
from samesku.report.sections import at_a_glance, in_short, readable_photos, script_of
from samesku.report.whynot import nearness, search_again, verdict
from samesku.results.curve import Point, targets
from samesku.results.runs import Run, read_run, run_of


@pytest.fixture
def run(folder):
    return read_run(folder)


def test_clusters_are_told_with_certainty_spread_pairs_and_products(run):
    book = Book(run)
    told = shown_clusters(run, book)
    held = book.content()
    assert told["clustersWanted"] == len(told["clusters"]) == int((run.sizes > 1).sum())
    certainties = [group[2] for group in told["clusters"]]
    assert certainties == sorted(certainties)
    for members, size, certainty, spread, pairs, number, products, missing in told["clusters"]:
        rows = [run.catalog.ids.index(held["postings"][member][0]) for member in members]
        assert len(set(run.clusters[rows])) == 1
        assert size == len(members) == run.sizes[run.clusters[rows[0]]]
        assert number == size * (size - 1) // 2 >= len(pairs)
        prices = run.catalog.frame["price"][rows].to_list()
        if None not in prices:
            assert spread == round(1000 * (max(prices) / min(prices) - 1))
        scores = [held["pairs"][pair][2] for pair in pairs]
        if number == len(pairs):  # the mean is of all pairs, shown or not
            assert certainty == pytest.approx(np.mean([s for s in scores if s is not None]), abs=1)
        known = run.labels[rows]
        assert products == len(set(known))
        assert missing == np.isin(run.labels, known).sum() - size


def test_prices_of_two_currencies_are_compared_in_euros_and_shown_with_them():
    prices = ["100 €", "2500 Kč", "3000 Kč"]
    titles = ["Sony turntable PSLX350H", "Sony PSLX350H turntable", "Sony turntable PS-LX350H"]
    offers = read_catalog(
        pl.DataFrame({"posting_id": ["1", "2", "3"], "title": titles, "price": prices})
    )
    run = run_of(Matcher(threshold=0.05).match(offers))
    book = Book(run)
    ((_, _, _, spread, *_),) = shown_clusters(run, book)["clusters"]
    shown = {each[0]: (each[5], each[8]) for each in book.content()["postings"]}
    assert shown == {"1": (100, "EUR"), "2": (2500, "CZK"), "3": (3000, "CZK")}
    assert spread == 200


def test_the_steps_of_each_pair_end_at_its_probability(run):
    book = Book(run)
    shown_clusters(run, book)
    pairs = [pair for pair in book.content()["pairs"] if pair[2] is not None]
    assert len(pairs) > 30
    for _, _, score, parts in pairs:
        if parts and all(len(part) == 2 for part in parts):
            assert expit(sum(part[1] for part in parts) / 100) == pytest.approx(
                score / 1000, abs=0.01
            )


def test_near_matches_come_nearest_first(run, matches):
    book = Book(run)
    near, count = near_matches(run, book)
    assert len(near) == count == matches.near_misses.height
    scores = [book.content()["pairs"][place][2] for place in near[:1] + near[-1:]]
    assert scores
    assert scores == sorted(scores, reverse=True)


def test_a_photo_is_inside_once_and_small(run, shop):
    book = Book(run)
    shown_clusters(run, book)
    held = book.content()
    assert 10 < len(held["photos"]) == held["photosWanted"]
    assert len(set(held["photos"])) == len(held["photos"])
    image = Image.open(io.BytesIO(base64.b64decode(held["photos"][0].split(",")[1])))
    assert max(image.size) <= THUMBNAIL


@pytest.mark.filterwarnings("ignore:Tag data")
def test_photos_that_cannot_be_read_are_left_out(tmp_path):
    sound, broken, png = (tmp_path / name for name in ("a.jpg", "b.jpg", "c.png"))
    Image.new("RGB", (900, 300), "red").save(sound)
    broken.write_bytes(sound.read_bytes()[:200])
    Image.new("RGBA", (30, 20), (0, 0, 255, 128)).save(png)
    damaged = Path(__file__).parents[1] / "cases" / "09-photos" / "damaged_exif.jpg"
    assert thumbnails([damaged])
    made = thumbnails([sound, broken, png])
    assert list(made) == [sound, png]
    assert all(uri.startswith("data:image/webp;base64,") for uri in made.values())


def test_a_sample_is_in_order_and_the_same_again():
    assert sampled(range(5), 9) == [0, 1, 2, 3, 4]
    drawn = sampled(range(1000), 10)
    assert drawn == sorted(drawn) == sampled(range(1000), 10)
    assert len(set(drawn)) == 10


def test_a_catalogue_is_counted(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).touch()
    offers = pl.DataFrame(
        {
            "posting_id": list("abcde"),
            "title": ["kopi", "kopi", "", "กาแฟ", None],
            "image_phash": ["0" * 16, "0" * 16, "1" * 16, None, None],
            "image": ["a.jpg", "b.jpg", "gone.jpg", None, None],
        }
    )
    pairs = pl.DataFrame(schema={"score": pl.Float32})
    run = Run(
        Path(), {"photos_refused": [{"posting_id": "b"}]}, read_catalog(offers, photos=tmp_path),
        pairs, np.array([0, 0, 1, 2, 3]), 0.5, np.arange(5), np.ones(5, bool),
    )  # fmt: skip
    seen = at_a_glance(run)
    assert [seen[name] for name in ("postings", "photos", "broken")] == [5, 2, 1]
    assert (seen["absent"], seen["unnamed"]) == (1, 2)
    assert readable_photos(run).tolist() == [True] + [False] * 4
    assert [seen[name] for name in ("same_photo", "same_title", "empty_titles")] == [2, 2, 2]
    assert (seen["median"], seen["script"]) == (4, "Latin")
    assert [text for *_, text in seen["scripts"].texts] == ["2", "2", "1"]


@pytest.mark.parametrize(("kept", "advised"), [(250, True), (8, False)])
def test_a_threshold_that_loses_most_matches_is_not_advised(run, kept, advised):
    own, other = Point(0.5, 273, 90, 0.9), Point(0.95, kept, 9, 0.96)
    seen = {"broken": 0, "absent": None, "photos": 0}
    short = in_short(run, [], [own, other], targets([own, other], 0.5), seen, 0)
    assert ("threshold" in short["steps"]) is advised
    # Also where the photo folder is the wrong one, so that none at all was found.
    assert ("photos" in in_short(run, [], [own], [], seen | {"absent": 9}, 0)["steps"]) is True


@pytest.mark.parametrize(
    ("title", "script"),
    [("Кофе 5g abc", "Cyrillic"), ("咖啡 x", "Han"), ("😀 12", "none"), ("ａｂｃ", "Latin")],
)
def test_the_script_most_letters_are_of(title, script):
    assert script_of(title) == script


def test_what_kept_a_pair_from_being_a_candidate(run, tmp_path):
    from samesku.runtime.progress import Progress

    collapsed, candidates = search_again(run, tmp_path, Progress())
    left, right = collapsed.place[list(run.rows("h8", "h0"))]
    near = {encoder: why for encoder, _, why in nearness(candidates, left, right)}
    assert near["tfidf"] == "one of the two has nothing for it to look at"
    left, right = collapsed.place[list(run.rows("h7", "h4"))]
    assert "below its floor of 0.15" in nearness(candidates, left, right)[0][2]


def test_the_verdict_names_the_stage(run):
    threshold = run.threshold
    rows = (int(run.matched["left"][0]), int(run.matched["right"][0]))
    said = verdict(run, rows, {"score": 0.9, "matched": True})
    assert said.startswith("Matched: the pair scored 0.900")
    assert "others of its cluster match" in verdict(run, rows, {"score": None, "matched": True})
    assert "below the threshold" in verdict(run, rows, {"score": threshold - 0.1, "matched": False})
    assert "the clustering cut it" in verdict(run, rows, {"score": 0.9, "matched": False})
