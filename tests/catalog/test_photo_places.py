import os

import polars as pl
import pytest

from samesku import read_catalog


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
    table = pl.DataFrame({"posting_id": ["a"], "title": ["tea"], "photo": ["a.jpg"]})
    catalog = read_catalog(table, photos=tmp_path)
    assert [problem.kind for problem in catalog.problems] == ["photos_unused"]
    assert "columns image=" in str(catalog.problems[0])


def test_urls_are_told_apart_from_absent_photos(shop):
    names = ["https://shop.example/a.jpg", "FILE:///etc/hosts", "a.jpg"]
    catalog = read_catalog(shop(names, "images/a.jpg"))
    assert rows(catalog, "photo_url") == [(2, 3)]
    assert rows(catalog, "photo_absent") == []
    assert [photo is not None for photo in catalog.photos] == [False, False, True]


def test_absolute_and_upward_paths_stand_as_they_are(shop, tmp_path):
    inside, outside = tmp_path / "images" / "a.jpg", tmp_path / "other" / "b.jpg"
    path = shop([str(outside), "../other/b.jpg", "sub/c.jpg", " a.jpg "],
                "images/a.jpg", "images/sub/c.jpg", "other/b.jpg")  # fmt: skip
    photos = read_catalog(path).photos
    assert photos[0] == outside
    assert photos[1].samefile(outside)
    assert photos[2] == tmp_path / "images" / "sub" / "c.jpg"
    assert photos[3] == inside


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
