"""Photo encoders that a model does not know, read as the hash that it does."""

import numpy as np
import pytest

from samesku.candidates.candidates import DENSITY_NEIGHBORS, Source, join_candidates
from samesku.candidates.neighbors import density, nearest
from samesku.encoders import Vectors
from samesku.encoders.signature import SAME_PHOTO
from samesku.scoring.fusion import default_threshold
from samesku.scoring.untrained_photos import known_pairs, photos_as_hash

KNOWN = {"tfidf": "text", "phash": "photo"}
HASH = default_threshold("phash", "photo").value
SIZE = 5


def source(name, rows, *, owners=None, modality="photo", floor=0.0):
    rows = np.asarray(rows)
    owners = np.arange(len(rows)) if owners is None else np.array(owners)
    vectors = Vectors(rows, owners, SIZE)
    return Source(name, modality, vectors, nearest(vectors, k=20, floor=floor))


def at_cosine(cosine):
    """A row that has this cosine with the first axis."""
    return [cosine, (1 - cosine**2) ** 0.5]


def hashes():
    """1 differs from 0 in four bits, 2 in all, 4 in half; 3 has none."""
    rows = np.uint8([[0] * 8, [15, *[0] * 7], [255] * 8, [170] * 8])
    return source("phash", rows, owners=[0, 1, 2, 4])


def looks(name="signature", cosines=(1.0, 0.2, 0.97, 1.0, 0.3)):
    return source(name, np.float32([at_cosine(cosine) for cosine in cosines]))


def titles():
    return source("tfidf", np.float32([at_cosine(1)] * SIZE), modality="text")


def judged(candidates, left, right):
    """The pair's similarity by hash."""
    place = np.flatnonzero((candidates.left == left) & (candidates.right == right))
    return float(candidates.similarity[place[0], candidates.encoders.index("phash")])


@pytest.fixture
def candidates():
    return join_candidates([titles(), hashes(), looks()])


def test_what_the_signature_takes_for_one_photo_is_one_for_the_hash(candidates):
    lent = photos_as_hash(candidates, KNOWN)
    assert judged(candidates, 0, 2) == 0
    share = (0.97 - SAME_PHOTO) / (1 - SAME_PHOTO)
    assert judged(lent, 0, 2) == pytest.approx(HASH + share * (1 - HASH), abs=1e-4)
    # Also where there is no hash at all.
    assert np.isnan(judged(candidates, 0, 3))
    assert judged(lent, 0, 3) == pytest.approx(1, abs=1e-4)


def test_from_its_line_to_one_it_covers_the_range_of_the_hash():
    cosines = (1.0, SAME_PHOTO + 1e-4, SAME_PHOTO - 1e-3, 1.0, 0.0)
    lent = photos_as_hash(join_candidates([titles(), hashes(), looks(cosines=cosines)]), KNOWN)
    assert judged(lent, 0, 1) == pytest.approx(max(1 - 4 / 64, HASH), abs=2e-3)
    assert judged(lent, 0, 2) == 0
    assert judged(lent, 0, 3) == pytest.approx(1, abs=1e-4)


def test_below_its_line_it_says_nothing(candidates):
    lent = photos_as_hash(candidates, KNOWN)
    assert judged(lent, 0, 1) == judged(candidates, 0, 1) == 1 - 4 / 64
    assert judged(lent, 0, 4) == judged(candidates, 0, 4) == 0.5
    assert np.isnan(judged(lent, 3, 4))


def test_all_else_stays_as_it_was(candidates):
    lent = photos_as_hash(candidates, KNOWN)
    others = [candidates.encoders.index(name) for name in ("tfidf", "signature")]
    for name in ("similarity", "density"):
        before, after = (getattr(each, name)[:, others] for each in (candidates, lent))
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(lent.left, candidates.left)
    assert [each.encoder for each in lent.sources] == ["tfidf", "phash", "signature"]
    # What was given is not written into.
    assert judged(candidates, 0, 2) == 0


def test_neighbours_and_densities_are_those_of_both(candidates):
    lent = photos_as_hash(candidates, KNOWN)
    found = lent.sources[1].neighbors
    known = dict(zip(zip(found.query, found.candidate, strict=True), found.similarity, strict=True))
    for query, candidate in ((0, 2), (2, 0), (0, 3)):
        low, high = min(query, candidate), max(query, candidate)
        assert known[query, candidate] == pytest.approx(judged(lent, low, high), abs=1e-6)
    assert known[0, 1] == 1 - 4 / 64
    expected = density(found, DENSITY_NEIGHBORS)
    np.testing.assert_array_equal(lent.density[:, 1], expected)
    assert lent.density[2, 1] > candidates.density[2, 1]


def test_a_network_that_nobody_knows_lends_from_the_line_of_photos():
    line = default_threshold("onnx:photo", "photo").value
    cosines = (1.0, 0.2, (1 + line) / 2, 1.0, line - 0.01)
    lent = photos_as_hash(
        join_candidates([titles(), hashes(), looks("onnx:photo", cosines)]), KNOWN
    )
    assert judged(lent, 0, 2) == pytest.approx((1 + HASH) / 2, abs=1e-3)
    assert judged(lent, 0, 4) == 0.5


def test_of_several_the_surest_counts():
    less = (1.0, 0.2, SAME_PHOTO + 0.01, 0.1, 0.3)
    lent = photos_as_hash(
        join_candidates([titles(), hashes(), looks("onnx:photo", less), looks()]), KNOWN
    )
    alone = photos_as_hash(join_candidates([titles(), hashes(), looks()]), KNOWN)
    for pair in ((0, 1), (0, 2), (0, 3), (0, 4)):
        np.testing.assert_array_equal(judged(lent, *pair), judged(alone, *pair))


@pytest.mark.parametrize(
    ("sources", "known"),
    [
        ([titles, hashes], KNOWN),
        ([titles, hashes, looks], {**KNOWN, "signature": "photo"}),
        ([titles, looks], KNOWN),
        ([titles, hashes, looks], {"tfidf": "text"}),
        ([titles], KNOWN),
    ],
    ids=["no other", "one it knows", "no hash", "a model without hashes", "titles only"],
)
def test_where_there_is_nothing_to_lend_the_candidates_are_the_same(sources, known):
    candidates = join_candidates([make() for make in sources])
    assert photos_as_hash(candidates, known) is candidates


def test_no_pairs(candidates):
    nothing = candidates.take(np.empty(0, dtype=np.int64))
    assert len(photos_as_hash(nothing, KNOWN)) == 0


def test_pairs_that_only_a_stranger_is_near_to_are_not_heard():
    # All five are neighbours by looks; titles find the first pair alone.
    alike = source("tfidf", np.float32([at_cosine(1)] * 2), owners=[0, 1], modality="text")
    joined = join_candidates([alike, looks()])
    heard = known_pairs(joined, {"tfidf": "text"})
    pairs = list(zip(joined.left[heard].tolist(), joined.right[heard].tolist(), strict=True))
    assert len(joined) > 4
    # The others are of one photo by the stranger's line: 0, 2 and 3, and 1 and 4.
    assert pairs == [(0, 1), (0, 2), (0, 3), (1, 4), (2, 3)]


def test_all_that_known_encoders_found_is_heard(candidates):
    assert known_pairs(candidates, {*KNOWN, "signature"}).all()
