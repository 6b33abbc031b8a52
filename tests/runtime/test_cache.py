import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku import Cache
from samesku.runtime.cache import content_key, default_folder

ARRAYS = {"rows": np.arange(6, dtype=np.float32).reshape(2, 3), "owner": np.array([4, 9])}


def kept(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_what_is_stored_comes_back(tmp_path):
    Cache(tmp_path / "new").store("titles", "key", ARRAYS)
    again = Cache(tmp_path / "new").load("titles", "key")
    assert again.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(again[name], array)
        assert again[name].dtype == array.dtype
    assert Cache(tmp_path / "new").load("titles", "key", only="owner").keys() == {"owner"}
    assert Cache(tmp_path / "new").names("titles") == ["key"]


def test_rooms_and_keys_are_apart(tmp_path):
    cache = Cache(tmp_path)
    cache.store("titles", "key", ARRAYS)
    assert cache.load("photos", "key") is None
    assert cache.load("titles", "other") is None
    assert cache.names("photos") == []


def test_without_a_folder_nothing_is_kept():
    cache = Cache(None)
    cache.store("titles", "key", ARRAYS)
    assert cache.load("titles", "key") is None
    assert cache.names("titles") == []
    cache.prune()


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "flipped"])
def test_a_damaged_entry_is_dropped(tmp_path, damage):
    cache = Cache(tmp_path)
    cache.store("titles", "key", ARRAYS)
    path = tmp_path / "titles" / "key.npz"
    content = path.read_bytes()
    middle = len(content) // 3
    flipped = content[:middle] + bytes(255 - byte for byte in content[middle : middle + 40])
    path.write_bytes(
        {"empty": b"", "cut": content[:-30], "text": b"hello", "flipped": flipped}[damage]
    )
    assert cache.load("titles", "key") is None
    assert kept(tmp_path) == []
    cache.store("titles", "key", ARRAYS)
    assert cache.load("titles", "key") is not None


def test_pickled_content_is_never_loaded(tmp_path):
    place = tmp_path / "titles" / "key.npz"
    place.parent.mkdir()
    np.savez(place, rows=np.array([{"a": 1}], dtype=object))
    assert Cache(tmp_path).load("titles", "key") is None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_gives_the_same_arrays_or_none(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damage")
    Cache(folder).store("titles", "key", ARRAYS)
    path = folder / "titles" / "key.npz"
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    loaded = Cache(folder).load("titles", "key")
    if loaded is not None:
        assert all(np.array_equal(loaded[name], ARRAYS[name]) for name in loaded)


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path):
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file")
    assert cache.load("titles", "key") is None
    with pytest.warns(UserWarning, match="cache not written") as told:
        kept_any = [cache.store("titles", key, ARRAYS) for key in ("key", "other")]
    assert kept_any == [False, False]
    assert len(told) == 1
    assert cache.load("titles", "key") is None
    cache.prune()


def test_an_interrupted_write_leaves_the_old_entry(tmp_path):
    class Interrupts:
        def __array__(self, dtype=None, copy=None):
            raise KeyboardInterrupt

    cache = Cache(tmp_path)
    cache.store("titles", "key", ARRAYS)
    with pytest.raises(KeyboardInterrupt):
        cache.store("titles", "key", {"rows": np.ones(3), "owner": Interrupts()})
    assert kept(tmp_path) == ["titles/key.npz"]
    np.testing.assert_array_equal(cache.load("titles", "key")["rows"], ARRAYS["rows"])


def test_prune_drops_what_is_longest_unused(tmp_path):
    cache = Cache(tmp_path)
    for age, key in enumerate(["new", "used", "old"]):
        cache.store("titles", key, ARRAYS)
        os.utime(tmp_path / "titles" / f"{key}.npz", (1e9 - age, 1e9 - age))
    cache.prune()
    assert len(cache.names("titles")) == 3
    cache.load("titles", "used")
    size = (tmp_path / "titles" / "new.npz").stat().st_size
    Cache(tmp_path, limit=2 * size).prune()
    assert cache.names("titles") == ["new", "used"]
    Cache(tmp_path, limit=size).prune()
    assert cache.names("titles") == ["used"]


PARTS = st.lists(st.one_of(st.text(max_size=3), st.binary(max_size=3)), max_size=4)


@settings(deadline=None)
@given(PARTS, PARTS)
def test_keys_tell_parts_apart(first, second):
    same = [x.encode() if isinstance(x, str) else x for x in first] == [
        x.encode() if isinstance(x, str) else x for x in second
    ]
    assert (content_key(*first) == content_key(*second)) == same


def test_a_list_is_one_part_whose_borders_count():
    keys = [content_key(["ab", "c"]), content_key(["a", "bc"]), content_key(["ab"], ["c"])]
    assert len(set(keys)) == 3
    assert content_key(["ab", "c"]) == content_key(iter(["ab", "c"]))
    assert content_key("\ud800") != content_key("\ud801")


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("SAMESKU_CACHE", raising=False)
    assert default_folder() == tmp_path / "samesku"
    monkeypatch.setenv("SAMESKU_CACHE", str(tmp_path / "own"))
    assert default_folder() == tmp_path / "own"
