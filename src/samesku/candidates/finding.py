"""The pairs of encoded postings that may match, by neighbours searched now or kept in a cache."""

from collections.abc import Sequence

from samesku.candidates.candidates import Candidates, Source, join_candidates
from samesku.candidates.neighbors import Allowed, Method, Neighbors, allowed_neighbors
from samesku.encoders.base import Encoder
from samesku.encoders.encode import Encoded
from samesku.runtime.arrays import Ints
from samesku.runtime.cache import Cache, content_key
from samesku.runtime.progress import Progress


def find_candidates(
    encoders: Sequence[Encoder],
    encoded: Encoded,
    owners: Ints | None,
    allowed: Allowed,
    *,
    k: int,
    method: Method,
    cache: Cache,
    progress: Progress,
) -> Candidates:
    """Pairs that may match: those of one source or of two, of any where no `owners` are."""
    allowed, whose = ("all", b"") if owners is None else (allowed, owners.tobytes())
    settings = str(k), method, allowed, whose
    sources = []
    for encoder, vectors, key in zip(encoders, encoded.vectors, encoded.keys, strict=True):
        key = content_key("neighbors-3", key, *settings)
        with progress.stage(f"candidates ({encoder.name})", vectors.size) as advance:
            stored = cache.load("neighbors", key)
            if stored is not None and stored.keys() == {"query", "candidate", "similarity"}:
                found = Neighbors(**stored, size=vectors.size)
            else:
                found = allowed_neighbors(
                    vectors, owners, allowed, k=k, method=method, advance=advance
                )
                cache.store("neighbors", key, found.arrays)
        sources.append(Source(encoder.name, encoder.modality, vectors, found))
    with progress.stage("candidates"):
        return join_candidates(sources).shelved
