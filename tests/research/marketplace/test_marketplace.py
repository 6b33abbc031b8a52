"""The demo marketplace: a folder that reads like a real catalogue, and the same one every time.

What `samesku demo` ships is what the script draws.
"""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError
from sklearn.feature_extraction.text import TfidfVectorizer

from research.draw_demo import POSTINGS, SEED, SIDE, draw_demo
from research.marketplace import draw_marketplace
from samesku.demo import MARKETPLACE


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_marketplace(
        tmp_path_factory.mktemp("demo") / "market", postings=POSTINGS, seed=SEED, threads=2
    )


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_table_has_the_competitions_columns_and_unique_postings(
    market: Path,
) -> None:
    rows = table(market / "train.csv")
    wanted = ["posting_id", "image", "title", "label_group", "price", "brand", "source"]
    assert list(rows[0]) == wanted
    assert len({row["posting_id"] for row in rows}) == len(rows) == POSTINGS
    assert all(row["title"].strip() and int(row["price"]) > 0 and row["source"] for row in rows)
    assert {path.name for path in market.iterdir()} == {
        *("train.csv", "truth.csv", "train_images", "README.txt")
    }


def test_groups_are_small_and_about_a_tenth_of_the_postings_stand_alone(
    market: Path,
) -> None:
    sizes = Counter(Counter(row["label_group"] for row in table(market / "train.csv")).values())
    grouped = {size: number for size, number in sizes.items() if size > 1}
    mean = sum(size * number for size, number in grouped.items()) / sum(grouped.values())
    assert 0.04 < sizes[1] / POSTINGS < 0.16
    assert 2.4 < mean < 4.2
    assert sizes[2] > 0.4 * sum(grouped.values())


def test_the_truth_tells_which_photos_are_missing_and_broken(market: Path) -> None:
    truth = {row["posting_id"]: row for row in table(market / "truth.csv")}
    states: Counter[str] = Counter()
    for row in table(market / "train.csv"):
        photo = truth[row["posting_id"]]["photo"]
        path = market / "train_images" / row["image"]
        if not row["image"]:
            assert photo == "none named"
        elif photo.startswith("named"):
            assert not path.exists()
        elif photo.startswith("broken"):
            with (
                pytest.raises((OSError, UnidentifiedImageError)),
                Image.open(path) as image,
            ):
                image.load()
        else:
            with Image.open(path) as image:
                image.load()
                assert image.mode == "RGB"
                assert 80 <= min(image.size) <= max(image.size) <= 500
        states[photo.partition(":")[0].partition(",")[0]] += 1
    assert min(states["none named"], states["named"], states["broken"]) > 0
    assert states["catalogue photo"] > 0.4 * POSTINGS
    assert states["own shot"] > 0.2 * POSTINGS


def test_the_truth_and_the_labels_agree(market: Path) -> None:
    labels = {row["posting_id"]: row["label_group"] for row in table(market / "train.csv")}
    truth = table(market / "truth.csv")
    assert {row["posting_id"]: row["label_group"] for row in truth} == labels
    assert len({(row["label_group"], row["product"]) for row in truth}) == len(set(labels.values()))
    assert len({row["product"] for row in truth}) == len(set(labels.values()))


def test_members_of_a_family_differ_in_the_named_property_alone(market: Path) -> None:
    families: dict[str, dict[str, dict[str, str]]] = {}
    for row in table(market / "truth.csv"):
        families.setdefault(row["family"], {})[row["label_group"]] = row
    kinds = set()
    for members in families.values():
        rows = list(members.values())
        if len(rows) == 1:
            assert rows[0]["variant_of"] == ""
            continue
        kinds |= {row["differs_in"] for row in rows}
        assert len({row["differs_in"] for row in rows}) == 1
        assert len({row["value"] for row in rows}) == len(rows)
        assert len({row["variant_of"] for row in rows} | members.keys()) == len(members)
        rest = {row["product"].replace(row["value"], "", 1) for row in rows}
        assert len(rest) == 1
    assert {"size", "colour"} <= kinds


def test_titles_carry_the_noise_of_real_ones(market: Path) -> None:
    titles = [row["title"] for row in table(market / "train.csv")]
    assert any(re.search(r"\\x[0-9a-f]{2}", title) for title in titles)
    assert any(not title.isascii() for title in titles)
    assert 0.1 < np.mean([title.isupper() for title in titles]) < 0.5
    assert any("[" in title for title in titles)
    omitted = [row["title_omits"] for row in table(market / "truth.csv")]
    assert 0.2 < np.mean([bool(kinds) for kinds in omitted]) < 0.7


def test_words_alone_find_much_but_not_all(market: Path) -> None:
    rows = table(market / "train.csv")
    labels = np.array([row["label_group"] for row in rows])
    weights = TfidfVectorizer(binary=True).fit_transform([row["title"].lower() for row in rows])
    cosine = (weights @ weights.T).toarray()
    np.fill_diagonal(cosine, 1.0)
    same = labels[:, None] == labels[None]

    def score(threshold: float) -> float:
        found = cosine >= threshold
        hits = (found & same).sum(axis=1)
        return float(np.mean(2 * hits / (found.sum(axis=1) + same.sum(axis=1))))

    # A small pool flatters: 3,000 postings read lower.
    assert 0.6 < max(score(threshold) for threshold in (0.5, 0.55, 0.6)) < 0.88


def test_the_same_seed_writes_the_same_bytes_whatever_the_threads(
    tmp_path: Path,
) -> None:
    one = draw_marketplace(tmp_path / "one", postings=60, seed=5, threads=1)
    three = draw_marketplace(tmp_path / "three", postings=60, seed=5, threads=3)
    other = draw_marketplace(tmp_path / "other", postings=60, seed=6)
    assert digests(one) == digests(three)
    assert digests(one)["train.csv"] != digests(other)["train.csv"]


@pytest.mark.parametrize("postings", [2, 3, 20])
def test_small_marketplaces_are_whole(tmp_path: Path, postings: int) -> None:
    seen: list[tuple[int, int]] = []
    folder = draw_marketplace(
        tmp_path / "a" / "b",
        postings=postings,
        progress=lambda *step: seen.append(step),
    )
    rows = table(folder / "train.csv")
    assert len(rows) == postings
    assert max(Counter(row["label_group"] for row in rows).values()) >= 2
    assert seen == sorted(seen)
    assert seen[-1] == (postings, postings)


def test_the_readme_counts_what_lies_there(market: Path) -> None:
    text = (market / "README.txt").read_text(encoding="utf-8")
    truth = table(market / "truth.csv")
    products = len({row["label_group"] for row in truth})
    lookalikes = {row["label_group"] for row in truth if row["differs_in"]}
    assert f"{POSTINGS} postings of {products} invented products" in text
    assert f"{len(lookalikes)} products belong to families" in text
    assert "no such file" in text
    assert "broken" in text


def test_an_earlier_demo_is_replaced_and_an_empty_folder_filled(tmp_path: Path) -> None:
    folder = tmp_path / "market"
    folder.mkdir()
    draw_marketplace(folder, postings=20)
    draw_marketplace(folder, postings=4)
    assert len(table(folder / "train.csv")) == 4
    assert len(list((folder / "train_images").iterdir())) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["market"]


def test_what_a_demo_did_not_write_is_never_replaced(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="not an earlier demo; choose another folder"):
        draw_marketplace(work, postings=4)
    market = draw_marketplace(tmp_path / "market", postings=4)
    (market / "matches.csv").write_text("mine")
    with pytest.raises(FileExistsError, match=r"matches\.csv"):
        draw_marketplace(market, postings=4)
    with pytest.raises(FileExistsError, match="is a file"):
        draw_marketplace(work / "thesis.txt", postings=4)
    assert (work / "thesis.txt").read_text() == "mine"


def test_an_interrupted_drawing_leaves_the_earlier_demo_and_nothing_else(
    tmp_path: Path,
) -> None:
    market = draw_marketplace(tmp_path / "market", postings=6)
    before = digests(market)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_marketplace(market, postings=40, seed=1, progress=interrupt)
    assert digests(market) == before
    assert [path.name for path in tmp_path.iterdir()] == ["market"]


def test_impossible_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2 postings"):
        draw_marketplace(tmp_path / "m", postings=1)
    with pytest.raises(ValueError, match="threads"):
        draw_marketplace(tmp_path / "m", postings=4, threads=0)
    assert not (tmp_path / "m").exists()


def test_the_script_draws_what_ships(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(folder: Path, *, postings: int, seed: int) -> None:
        assert (postings, seed) == (POSTINGS, SEED)
        shutil.copytree(market, folder)

    monkeypatch.setattr("research.draw_demo.draw_marketplace", draw)
    drawn = draw_demo(tmp_path / "market")
    names = sorted(path.relative_to(drawn) for path in drawn.rglob("*") if path.is_file())
    assert names == sorted(
        path.relative_to(MARKETPLACE) for path in MARKETPLACE.rglob("*") if path.is_file()
    )
    for name in names:
        if name.suffix != ".jpg":
            assert (drawn / name).read_bytes() == (MARKETPLACE / name).read_bytes(), name
    # Another version of the JPEG library may differ in the last digit of a pixel.
    for name in [each for each in names if each.suffix == ".jpg"][::40]:
        one, other = (Image.open(folder / name).convert("RGB") for folder in (drawn, MARKETPLACE))
        assert one.size == other.size
        assert max(one.size) <= SIDE
        assert np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean() < 2


def test_the_package_stays_small() -> None:
    assert sum(path.stat().st_size for path in MARKETPLACE.rglob("*")) < 5_000_000
