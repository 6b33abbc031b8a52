import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku import Cache
from samesku.encoders.encode import PhotoStore, ShardGone


def rows(*numbers):
    """One row per number: two views of three values."""
    return np.array(numbers, dtype=np.float32)[:, None, None] * np.ones((1, 2, 3), np.float32)


def key(number):
    return number.to_bytes(16, "little")


@pytest.fixture(params=["disk", "memory"])
def cache(request, tmp_path):
    return Cache(tmp_path if request.param == "disk" else None)


def test_rows_come_in_the_order_asked_for(cache):
    store = PhotoStore(cache, "photos/x")
    store.add([key(1), key(2)], rows(1, 2))
    store.add([key(3)], rows(3))
    asked = [3, 1, 2, 1]
    got = store.rows([key(number) for number in asked])
    np.testing.assert_array_equal(got, rows(*asked))
    assert got.dtype == np.float32
    assert key(2) in store
    assert key(9) not in store
    assert store.rows([]) is None


def test_another_run_finds_what_is_on_disk(tmp_path):
    PhotoStore(Cache(tmp_path), "photos/x").add([key(1), key(2)], rows(1, 2))
    again = PhotoStore(Cache(tmp_path), "photos/x")
    np.testing.assert_array_equal(again.rows([key(2)]), rows(2))
    assert key(1) not in PhotoStore(Cache(tmp_path), "photos/y")


def test_a_damaged_shard_is_as_if_never_kept(tmp_path):
    PhotoStore(Cache(tmp_path), "x").add([key(1)], rows(1))
    PhotoStore(Cache(tmp_path), "x").add([key(2)], rows(2))
    first, _ = sorted(tmp_path.glob("*/x/*"))
    first.write_bytes(first.read_bytes()[:50])
    again = PhotoStore(Cache(tmp_path), "x")
    assert sum(key(number) in again for number in (1, 2)) == 1


def test_a_shard_that_vanishes_during_the_run_is_forgotten(tmp_path):
    store = PhotoStore(Cache(tmp_path), "x")
    store.add([key(1)], rows(1))
    store.add([key(2)], rows(2))
    for shard in tmp_path.glob("*/x/*"):
        shard.unlink()
    for number in (1, 2):
        with pytest.raises(ShardGone):
            store.rows([key(number)])
        assert key(number) not in store
    store.add([key(1), key(2)], rows(1, 2))
    np.testing.assert_array_equal(store.rows([key(2), key(1)]), rows(2, 1))
    assert list(tmp_path.glob("*/x/*")) == []


def test_a_cache_that_cannot_be_written_keeps_the_rows_in_memory(tmp_path):
    (tmp_path / "file").touch()
    store = PhotoStore(Cache(tmp_path / "file"), "x")
    with pytest.warns(UserWarning, match="cache not written"):
        store.add([key(1)], rows(1))
    store.add([key(2)], rows(2))
    np.testing.assert_array_equal(store.rows([key(2), key(1)]), rows(2, 1))


def test_a_cache_that_fails_half_way_still_gives_what_is_there(tmp_path):
    cache = Cache(tmp_path / "cache")
    store = PhotoStore(cache, "x")
    store.add([key(1)], rows(1))
    (room,) = tmp_path.glob("cache/*/x")
    room.rename(tmp_path / "aside")
    room.touch()
    with pytest.warns(UserWarning, match="cache not written"):
        store.add([key(2)], rows(2))
    room.unlink()
    (tmp_path / "aside").rename(room)
    np.testing.assert_array_equal(store.rows([key(1), key(2)]), rows(1, 2))


SHARDS = st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=5, unique=True), max_size=5)


@settings(deadline=None, max_examples=30)
@given(SHARDS, st.booleans())
def test_every_key_keeps_its_row(tmp_path_factory, shards, on_disk):
    store = PhotoStore(Cache(tmp_path_factory.mktemp("s") if on_disk else None), "x")
    for shard in shards:
        store.add([key(number) for number in shard], rows(*shard))
    held = sorted({number for shard in shards for number in shard})
    if held:
        np.testing.assert_array_equal(store.rows([key(number) for number in held]), rows(*held))
