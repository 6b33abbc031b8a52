import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku import Cache
from samesku.runtime.cache import _made_with, content_key, default_folder

ARRAYS = {"rows": np.arange(6, dtype=np.float32).reshape(2, 3), "owner": np.array([4, 9])}


def entry(folder, room="titles", key="key"):
    """The file of an entry."""
    (path,) = folder.glob(f"*/{room}/{key}.entry")
    return path


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
    path = entry(tmp_path)
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


def test_an_entry_in_the_place_of_another_is_damaged(tmp_path):
    cache = Cache(tmp_path)
    cache.store("titles", "key", ARRAYS)
    path = entry(tmp_path)
    path.rename(path.with_stem("other"))
    assert cache.load("titles", "other") is None


def test_entries_of_other_versions_are_not_read(tmp_path, monkeypatch):
    Cache(tmp_path).store("titles", "key", ARRAYS)
    monkeypatch.setattr("samesku.runtime.cache.version", lambda name: "0.0.9")
    _made_with.cache_clear()
    try:
        assert Cache(tmp_path).load("titles", "key") is None
        assert Cache(tmp_path).names("titles") == []
    finally:
        _made_with.cache_clear()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_changes_an_array(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damage")
    Cache(folder).store("titles", "key", ARRAYS)
    path = entry(folder)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content[: data.draw(st.integers(place + 1, len(content)))])
    found = Cache(folder).load("titles", "key")
    if found is not None:  # a date of the zip file
        assert found.keys() == ARRAYS.keys()
        assert all(np.array_equal(found[name], array) for name, array in ARRAYS.items())


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
    assert kept(tmp_path) == [entry(tmp_path).relative_to(tmp_path).as_posix()]
    np.testing.assert_array_equal(cache.load("titles", "key")["rows"], ARRAYS["rows"])


def test_prune_drops_what_is_longest_unused(tmp_path):
    cache = Cache(tmp_path)
    for age, key in enumerate(["new", "used", "old"]):
        cache.store("titles", key, ARRAYS)
        os.utime(entry(tmp_path, key=key), (1e9 - age, 1e9 - age))
    cache.prune()
    assert len(cache.names("titles")) == 3
    cache.load("titles", "used")
    size = entry(tmp_path, key="new").stat().st_size
    Cache(tmp_path, limit=2 * size).prune()
    assert cache.names("titles") == ["new", "used"]
    Cache(tmp_path, limit=size).prune()
    assert cache.names("titles") == ["used"]


def test_remains_of_killed_runs_are_swept(tmp_path):
    cache = Cache(tmp_path)
    cache.store("titles", "key", ARRAYS)
    remains = [entry(tmp_path).with_name(f".unfinished-{name}") for name in ("old", "new")]
    for place in remains:
        place.touch()
    os.utime(remains[0], (1e9, 1e9))
    cache.prune()
    assert [place.exists() for place in remains] == [False, True]


def test_a_read_only_cache_is_hit_and_left_alone(tmp_path, monkeypatch):
    Cache(tmp_path).store("titles", "key", ARRAYS)

    def refused(*args, **kwargs):
        raise OSError("read-only file system")

    monkeypatch.setattr("samesku.runtime.cache.os.utime", refused)
    assert Cache(tmp_path).load("titles", "key").keys() == ARRAYS.keys()


def test_entries_of_other_users_are_read_and_never_touched(tmp_path, monkeypatch):
    cache = Cache(tmp_path, limit=0)
    cache.store("titles", "good", ARRAYS)
    cache.store("titles", "bad", ARRAYS)
    entry(tmp_path, key="bad").write_bytes(b"damaged")
    monkeypatch.setattr(os, "geteuid", lambda: entry(tmp_path, key="bad").stat().st_uid + 1)
    assert cache.load("titles", "good") is not None
    assert cache.load("titles", "bad") is None
    assert not cache.store("titles", "bad", ARRAYS)
    cache.prune()
    assert cache.names("titles") == ["bad", "good"]
    assert entry(tmp_path, key="bad").read_bytes() == b"damaged"


def test_an_entry_that_may_not_be_opened_is_missing_and_stays(tmp_path, monkeypatch):
    cache = Cache(tmp_path)
    cache.store("titles", "key", ARRAYS)

    def refused(*args, **kwargs):
        raise PermissionError("mode 0600 of another user")

    monkeypatch.setattr("builtins.open", refused)
    assert cache.load("titles", "key") is None
    monkeypatch.undo()
    assert cache.load("titles", "key") is not None


@pytest.mark.skipif(os.name != "posix", reason="no umask")
def test_entries_have_the_mode_of_any_new_file(tmp_path):
    (tmp_path / "any").touch()
    Cache(tmp_path).store("titles", "key", ARRAYS)
    assert entry(tmp_path).stat().st_mode == (tmp_path / "any").stat().st_mode


def test_a_disk_that_fills_up_is_told_and_leaves_nothing(tmp_path):
    resource = pytest.importorskip("resource")
    cache, (soft, hard) = Cache(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.warns(UserWarning, match="cache not written"):
            assert not cache.store("titles", "key", {"rows": np.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert kept(tmp_path) == []


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    for name in ("SAMESKU_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", _homeless)
    assert default_folder() is None


def _homeless():
    raise RuntimeError("could not determine home directory")


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
