"""`Vectors`: rows and the postings that own them."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from samesku.encoders import PHash, PhotoEncoder, TextEncoder, Vectors

ROWS = {
    "dense": np.eye(4, dtype=np.float32),
    "sparse": sp.csr_matrix(np.eye(4, dtype=np.float32)),
    "bits": np.arange(32, dtype=np.uint8).reshape(4, 8),
}


def plain(rows):
    return np.asarray(rows.todense() if sp.issparse(rows) else rows)


def test_one_row_for_each_posting_that_has_the_modality():
    present = np.array([False, True, True, False, True, True])
    vectors = Vectors.of(ROWS["dense"], present)
    assert vectors.owner.tolist() == [1, 2, 4, 5]
    assert vectors.size == 6
    np.testing.assert_array_equal(vectors.present, present)


@pytest.mark.parametrize("kind", ROWS)
@given(
    owner=st.lists(st.integers(0, 5), min_size=4, max_size=4).map(sorted),
    keep=st.lists(st.booleans(), min_size=6, max_size=6),
    probe=st.none() | st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_selects_rows_of_postings_and_leaves_positions(kind, owner, keep, probe):
    given_probe = None if probe is None else np.array(probe)
    vectors = Vectors(ROWS[kind], np.array(owner), 6, given_probe)
    kept = [row for row, posting in enumerate(owner) if keep[posting]]
    chosen = vectors.select(np.array(keep))
    np.testing.assert_array_equal(plain(chosen.rows), plain(ROWS[kind])[kept])
    assert chosen.owner.tolist() == [owner[row] for row in kept]
    assert (chosen.size, chosen.kind) == (6, kind)
    assert (chosen.probe is None) == (probe is None)
    if probe is not None:
        assert chosen.probe.tolist() == [probe[row] for row in kept]


def test_findable_rows_are_those_that_are_no_probes():
    owner, probe = np.array([0, 0, 1, 3]), np.array([False, True, True, False])
    findable = Vectors(ROWS["dense"], owner, 5, probe).findable
    assert findable.owner.tolist() == [0, 3]
    np.testing.assert_array_equal(findable.rows, ROWS["dense"][[0, 3]])
    everyone = Vectors(ROWS["dense"], owner, 5)
    assert everyone.findable.owner.tolist() == owner.tolist()


def test_an_encoder_says_what_it_is():
    class Lengths(TextEncoder):
        name = "lengths"
        fingerprint = "lengths-1"

        def encode_titles(self, titles):
            rows = np.float32([[len(title), 1] for title in titles])
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            return Vectors.of(rows, np.ones(len(titles), dtype=bool))

    class Unfinished(PhotoEncoder):
        pass

    assert Lengths().modality == "text"
    assert PHash().modality == "photo"
    assert PHash().probes.tolist() == [False]
    with pytest.raises(TypeError, match="abstract"):
        Unfinished()
