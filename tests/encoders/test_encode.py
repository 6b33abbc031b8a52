import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from samesku import Cache, read_catalog
from samesku.encoders import PHash, TextEncoder, Tfidf, Vectors
from samesku.encoders.encode import PhotoStore, ShardGone, encode
from samesku.runtime.progress import Progress


class CountingPHash(PHash):
    """The real encoder, which also counts the photos it embeds."""

    def __init__(self):
        self.embedded = 0

    def embed(self, looks):
        self.embedded += len(looks)
        return super().embed(looks)


class CountingText(Tfidf):
    """Dense vectors, as those of networks."""

    def __init__(self):
        super().__init__()
        self.encoded = 0

    def encode_titles(self, titles):
        self.encoded += 1
        vectors = super().encode_titles(titles)
        return Vectors(vectors.rows.toarray(), vectors.owner, vectors.size)


def draw(path, seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    Image.fromarray(pixels).resize((64, 64)).save(path)


def catalogue(folder, images, **columns):
    ids = [f"p{row}" for row in range(len(images))]
    titles = [f"tea {row}" for row in range(len(images))]
    table = {"posting_id": ids, "title": titles, "image": images, **columns}
    return read_catalog(pl.DataFrame(table), photos=folder)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        draw(folder / f"{number}.png", number)
    return folder


def run(catalog, cache, photo=None, text=None, progress=None):
    photo, text = photo or CountingPHash(), text or CountingText()
    encoded = encode(catalog, [text, photo], cache, progress or Progress())
    return encoded, photo.embedded, text.encoded


def test_a_second_run_encodes_nothing_and_gives_the_same(photos, tmp_path):
    catalog = catalogue(photos, ["0.png", "1.png", "2.png"])
    first, *counts = run(catalog, Cache(tmp_path / "cache"))
    assert counts == [3, 1]
    second, *counts = run(catalog, Cache(tmp_path / "cache"))
    assert counts == [0, 0]
    assert [each.key for each in second] == [each.key for each in first]
    text, photo = zip(first, second, strict=True)
    for pair in (text, photo):
        for name in ("rows", "owner"):
            np.testing.assert_array_equal(*(getattr(each.vectors, name) for each in pair))


def test_a_catalogue_that_grows_pays_for_what_is_new(photos, tmp_path):
    cache = Cache(tmp_path / "cache")
    run(catalogue(photos, ["0.png", "1.png"]), cache)
    encoded, photo, text = run(catalogue(photos, ["3.png", "0.png", "1.png"]), cache)
    assert (photo, text) == (1, 1)
    plain, _, _ = run(catalogue(photos, ["3.png", "0.png", "1.png"]), Cache(None))
    np.testing.assert_array_equal(encoded[1].vectors.rows, plain[1].vectors.rows)


def test_a_photo_of_another_content_under_the_same_name_is_seen_again(photos, tmp_path):
    catalog, cache = catalogue(photos, ["0.png", "1.png"]), Cache(tmp_path / "cache")
    first, *_ = run(catalog, cache)
    draw(photos / "1.png", 99)
    second, photo, text = run(catalog, cache)
    assert (photo, text) == (1, 0)
    assert first[0].key == second[0].key
    assert first[1].key != second[1].key


def test_equal_photos_are_embedded_once(photos):
    encoded, photo, _ = run(catalogue(photos, ["0.png"] * 50 + ["1.png"]), Cache(None))
    assert photo == 2
    assert len(encoded[1].vectors.rows) == 51
    assert len(np.unique(encoded[1].vectors.rows, axis=0)) == 2


@pytest.mark.parametrize("damage", ["cut", "folder is a file"])
def test_a_broken_cache_costs_time_only(photos, tmp_path, damage):
    catalog, folder = catalogue(photos, ["0.png", "1.png"]), tmp_path / "cache"
    good, *_ = run(catalog, Cache(folder))
    if damage == "cut":
        for path in folder.rglob("*.entry"):
            path.write_bytes(path.read_bytes()[:100])
        again, photo, text = run(catalog, Cache(folder))
    else:
        with pytest.warns(UserWarning, match="cache not written"):
            again, photo, text = run(catalog, Cache(photos / "0.png"))
    assert (photo, text) == (2, 1)
    np.testing.assert_array_equal(again[1].vectors.rows, good[1].vectors.rows)


def test_a_cache_that_another_run_prunes_costs_time_only(photos, tmp_path, monkeypatch):
    catalog = catalogue(photos, ["0.png", "1.png", "0.png"])
    good, *_ = run(catalog, Cache(None))
    cache, load = Cache(tmp_path / "cache"), Cache.load

    def pruned(self, room, key, *, only=None):
        if only is None:
            Cache(tmp_path / "cache", limit=0).prune()
        return load(self, room, key, only=only)

    run(catalog, cache)
    monkeypatch.setattr(Cache, "load", pruned)
    again, photo, _ = run(catalog, cache)
    assert photo == 2
    np.testing.assert_array_equal(again[1].vectors.rows, good[1].vectors.rows)


def test_bad_photos_are_named_and_good_ones_used(photos):
    (photos / "cut.png").write_bytes((photos / "0.png").read_bytes()[:60])
    (photos / "text.png").write_text("hello")
    (photos / "empty.png").touch()
    (photos / "folder.png").mkdir()
    names = ["cut.png", "0.png", "text.png", None, "empty.png", "folder.png", "1.png", "no.png"]
    progress = Progress()
    encoded, photo, _ = run(catalogue(photos, names), Cache(None), progress=progress)
    assert photo == 2
    assert encoded[1].vectors.owner.tolist() == [1, 6]
    assert [posting for posting, _ in progress.refused] == ["p0", "p2", "p4", "p5"]
    assert list(progress.refused.values())[2] == "empty file"
    assert all(path.startswith(str(photos)) for _, path in progress.refused)


def test_given_hashes_spare_the_photos(photos):
    hashes = ["94974f937d4c2433", None, "nan"]
    catalog = catalogue(photos, ["0.png", "1.png", None], image_phash=hashes)
    encoded, photo, _ = run(catalog, Cache(None))
    assert photo == 1
    assert encoded[1].vectors.owner.tolist() == [0, 1]
    assert encoded[1].vectors.rows[0].tobytes().hex() == hashes[0]


def test_without_rows_titles_or_photos_there_are_no_vectors(tmp_path):
    for images in ([], [None, None]):
        table = catalogue(tmp_path, images, title=[""] * len(images))
        encoded, photo, _ = run(table, Cache(None))
        assert photo == 0
        assert [each.vectors.size for each in encoded] == [len(images)] * 2
        assert not any(each.vectors.present.any() for each in encoded)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            lambda size: Vectors.of(np.full((size, 4), 1.0, np.float32), np.ones(size, bool)),
            "of length 1",
        ),
        (
            lambda size: Vectors.of(np.full((size, 4), np.nan, np.float32), np.ones(size, bool)),
            "2 of 2",
        ),
        (
            lambda size: Vectors.of(np.full((1, 4), 0.5, np.float32), np.ones(size, bool)),
            "1 vectors",
        ),
        (lambda size: np.full((size, 4), 0.5, np.float32), "not Vectors"),
    ],
)
def test_what_is_no_vectors_of_the_titles_is_refused(photos, tmp_path, rows, said):
    class Own(TextEncoder):
        name = fingerprint = "own"

        def encode_titles(self, titles):
            return rows(len(titles))

    for _ in range(2):  # nor is it kept
        with pytest.raises((TypeError, ValueError), match=said) as raised:
            encode(catalogue(photos, ["0.png"] * 2), [Own()], Cache(tmp_path), Progress())
        assert "'own'" in str(raised.value)


def hashed(hashes):
    ids = [f"p{row}" for row in range(len(hashes))]
    return read_catalog(
        pl.DataFrame({"posting_id": ids, "title": ["tea"] * len(ids), "image_phash": hashes})
    )


@pytest.mark.parametrize("blank", ["0000000000000000", "8000000000000000"])
def test_a_blank_photo_has_no_vector(blank):
    encoded = encode(hashed([blank, "94974f937d4c2433", blank]), [PHash()], Cache(None), Progress())
    assert encoded[0].vectors.owner.tolist() == [1]


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
