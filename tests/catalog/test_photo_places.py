import os
from pathlib import Path

import polars as pl
import pytest

from samesku import read_catalog

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture
def shop(tmp_path):
    """A table offers.csv written for given photo names, beside folders of photos."""

    def write(names, *photos):
        for photo in photos:
            (tmp_path / photo).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / photo).touch()
        ids = [f"p{row}" for row in range(len(names))]
        table = pl.DataFrame({"posting_id": ids, "title": ids, "image": names})
        table.write_csv(tmp_path / "offers.csv")
        return tmp_path / "offers.csv"

    return write


def rows(catalog, kind):
    return [problem.rows for problem in catalog.problems if problem.kind == kind]


@pytest.mark.parametrize("folder", ["offers_images", "images", "photos", "."])
def test_photos_are_found_beside_the_table(shop, tmp_path, folder):
    catalog = read_catalog(shop(["a.jpg", "no.jpg", None], f"{folder}/a.jpg"))
    assert catalog.photos == (tmp_path / folder / "a.jpg", None, None)
    assert rows(catalog, "photo_absent") == [(3,)]
    assert str(tmp_path / folder) in str(catalog.problems[0])


def test_a_folder_without_the_named_photos_is_passed_over(shop, tmp_path):
    catalog = read_catalog(shop(["a.jpg"], "images/logo.png", "photos/a.jpg"))
    assert catalog.photos == (tmp_path / "photos" / "a.jpg",)


def test_the_folder_named_by_the_user_is_the_only_one(shop, tmp_path):
    path = shop(["a.jpg"], "images/a.jpg", "elsewhere/b.jpg")
    catalog = read_catalog(path, photos=tmp_path / "elsewhere")
    assert catalog.photos == (None,)
    assert rows(catalog, "photo_absent") == [(2,)]


@pytest.mark.parametrize("name", ["offers.csv", "nothing"])
def test_a_photo_folder_that_is_none_is_refused(shop, tmp_path, name):
    with pytest.raises(FileNotFoundError, match=f"{name}: no such photo folder"):
        read_catalog(shop(["a.jpg"]), photos=tmp_path / name)


def test_a_photo_folder_without_image_column_is_told(tmp_path):
    table = pl.DataFrame({"posting_id": ["a"], "title": ["tea"], "Bild_1": ["a.jpg"]})
    catalog = read_catalog(table, photos=tmp_path)
    assert [problem.kind for problem in catalog.problems] == ["other_spelling", "photos_unused"]
    assert "map it: --columns image=Bild_1" in str(catalog.problems[0])


def test_one_absent_photo_of_many_postings_is_one_example(shop):
    catalog = read_catalog(shop(["gone.jpg", "gone.jpg", "gone.jpg", "lost.jpg"]))
    (problem,) = catalog.problems
    assert problem.examples == ("gone.jpg", "lost.jpg")
    assert "--photos names another folder" in problem.fix


def test_urls_are_told_apart_from_absent_photos(shop):
    names = ["https://shop.example/a.jpg", "FILE:///etc/hosts", "a.jpg"]
    catalog = read_catalog(shop(names, "images/a.jpg"))
    assert rows(catalog, "photo_url") == [(2, 3)]
    assert rows(catalog, "photo_absent") == []
    assert [photo is not None for photo in catalog.photos] == [False, False, True]


def test_photos_outside_the_photo_folder_are_read_where_that_is_allowed(shop, tmp_path):
    inside, outside = tmp_path / "images" / "a.jpg", tmp_path / "other" / "b.jpg"
    names = [str(outside), "../other/b.jpg", "link/b.jpg", "link.jpg", "sub/c.jpg", str(inside)]
    path = shop([*names, " a.jpg "], "images/a.jpg", "images/sub/c.jpg", "other/b.jpg")
    (tmp_path / "images" / "link").symlink_to(tmp_path / "other")
    (tmp_path / "images" / "link.jpg").symlink_to(outside)
    catalog = read_catalog(path)
    assert catalog.photos == (*[None] * 4, tmp_path / "images/sub/c.jpg", inside, inside)
    assert rows(catalog, "photo_outside") == [(2, 3, 4, 5)]
    assert "--allow-outside" in str(catalog.problems[0])
    asked = read_catalog(path, allow_outside=True)
    assert all(photo.samefile(outside) for photo in asked.photos[:4])
    assert not asked.problems
    assert read_catalog(path, photos=tmp_path).photos[0] == outside


def test_a_photo_folder_behind_a_link_is_the_folder_itself(shop, tmp_path):
    path = shop(["a.jpg"], "far/a.jpg")
    (tmp_path / "images").symlink_to(tmp_path / "far")
    assert read_catalog(path).photos == (tmp_path / "images" / "a.jpg",)


def test_paths_of_windows_and_other_case_are_found_and_told():
    catalog = read_catalog(CASES / "16-html-paths" / "win.csv")
    photos = CASES / "16-html-paths" / "photos"
    assert catalog.photos == (*[photos / "IMG_0001.JPG"] * 4, *[photos / "img2.jpg"] * 2)
    assert rows(catalog, "photo_spelling") == [(2, 3, 4, 6)]


def test_of_a_cell_with_several_photos_the_first_is_used(shop, tmp_path):
    lists = ["a.jpg|b.jpg", "sub/a.jpg; b.jpg", "['a.jpg', 'b.jpg']", '["a.jpg","b.jpg"]']
    names = [
        *lists,
        '["a.jpg"]',
        "sub, red/a.jpg",
        "https://shop.example/a.jpg,b.jpg",
        "no.jpg|a.jpg",
    ]
    catalog = read_catalog(
        shop(names, "images/a.jpg", "images/b.jpg", "images/sub/a.jpg", "images/sub, red/a.jpg")
    )
    images = tmp_path / "images"
    first = images / "a.jpg"
    assert catalog.photos == (
        first, images / "sub/a.jpg", first, first, first, images / "sub, red/a.jpg", None, None
    )  # fmt: skip
    assert rows(catalog, "photo_list") == [(2, 3, 4, 5)]
    assert rows(catalog, "photo_spelling") == [(6,)]
    assert rows(catalog, "photo_url") == [(8,)]
    assert rows(catalog, "photo_absent") == [(9,)]


def test_names_that_differ_only_in_case_are_not_guessed(shop):
    catalog = read_catalog(shop(["A.JPG", "b.jpg"], "images/a.jpg", "images/a.JPG", "images/b.jpg"))
    assert catalog.photos[0] is None
    assert rows(catalog, "photo_absent") == [(2,)]


def test_a_photo_of_another_folder_is_not_taken_for_one_of_this(shop, tmp_path):
    catalog = read_catalog(shop(["shop1/1.jpg", "shop2/1.jpg"], "shop1/1.jpg"),
                           photos=tmp_path / "shop1")  # fmt: skip
    assert catalog.photos == (tmp_path / "shop1" / "1.jpg", None)


def test_a_frame_looks_for_its_photos_where_the_process_stands(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").touch()
    monkeypatch.chdir(tmp_path)
    table = pl.DataFrame({"posting_id": ["a"], "title": ["tea"], "image": ["a.jpg"]})
    photo = read_catalog(table).photos[0]
    assert photo.resolve() == (tmp_path / "a.jpg").resolve()


ODD_NAMES = ["x" * 5000, "x/" * 3000, "te\0a.jpg", "..", "/", "C:\\a.jpg", "~/a.jpg", "?*"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_absent_photos(shop, name):
    catalog = read_catalog(shop([name, "a.jpg"], "images/a.jpg"))
    assert rows(catalog, "photo_absent") == [(2,)]
    assert catalog.photos[1] is not None
    assert rows(read_catalog(shop([name])), "photo_absent") == [(2,)]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")
def test_a_folder_that_links_to_itself_ends(shop, tmp_path):
    path = shop(["loop/loop/a.jpg", "a.jpg"], "images/a.jpg")
    (tmp_path / "images" / "loop").symlink_to(tmp_path / "images")
    (tmp_path / "images" / "round").symlink_to(tmp_path / "images" / "round")
    assert read_catalog(path).photos[1] == tmp_path / "images" / "a.jpg"
    assert read_catalog(shop(["round/a.jpg", "a.jpg"])).photos[0] is None
