"""Photo encoders that a model never met lend it what they see, through one that it knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import DENSITY_NEIGHBORS, Candidates, Source
from samesku.candidates.neighbors import Neighbors, density, merge_neighbors
from samesku.encoders.base import Modality
from samesku.scoring.fusion import default_threshold

__all__ = ["heard_pairs", "lend_photos", "lent_neighbors"]


def lend_photos(candidates: Candidates, known: Collection[str]) -> Candidates:
    """Let photo encoders that a model does not know speak as the perceptual hash that it does.

    A pair whose photos one of them takes for the same gets at least the similarity that the hash
    would have given: from each encoder's threshold to 1, the range from the hash's threshold to 1.
    So a cropped or mirrored photo, which changes every bit of a hash, still counts, and below its
    threshold an encoder says nothing.

    Parameters
    ----------
    candidates : Candidates
    known : collection of str
        Names of the encoders that the model was trained on.

    Returns
    -------
    Candidates
        The same when the hash is not there, or the model knows every photo encoder.
    """
    kinds = dict(zip(candidates.encoders, candidates.modalities, strict=True))
    if not (strange := _strangers(kinds, known)):
        return candidates
    hashed = candidates.encoders.index("phash")
    similarity, densities = candidates.similarity.copy(), candidates.density.copy()
    source = candidates.sources[hashed]
    for name in strange:
        lent = _as_hash(candidates.similarity[:, candidates.encoders.index(name)], name)
        similarity[:, hashed] = np.fmax(similarity[:, hashed], lent)
    lists = {each.encoder: each.neighbors for each in candidates.sources}
    found = lent_neighbors(lists, kinds, known)["phash"]
    densities[:, hashed] = density(found, DENSITY_NEIGHBORS)
    sources = list(candidates.sources)
    sources[hashed] = Source(source.encoder, source.modality, source.vectors, found)
    return replace(candidates, similarity=similarity, density=densities, sources=tuple(sources))


def lent_neighbors(
    lists: Mapping[str, Neighbors], kinds: Mapping[str, Modality], known: Collection[str]
) -> dict[str, Neighbors]:
    """The neighbours by each encoder; by the hash also those that the strange ones lend it."""
    lent = dict(lists)
    for name in _strangers(kinds, known):
        lent["phash"] = merge_neighbors(lent["phash"], _lent(lists[name], name))
    return lent


def _strangers(kinds: Mapping[str, Modality], known: Collection[str]) -> list[str]:
    """The photo encoders that a model does not know, where it knows the hash to lend to."""
    if "phash" not in kinds or "phash" not in known:
        return []
    return [name for name, kind in kinds.items() if kind == "photo" and name not in known]


def heard_pairs(candidates: Candidates, known: Collection[str]) -> NDArray[np.bool_]:
    """The pairs that a model can judge, bool ``(m,)``.

    Those that the encoders it was trained with brought in, and those that another photo encoder
    takes for one photo. The rest are pairs of a kind that it never met: near under an encoder that
    it does not know, and near under none that it does.
    """
    heard = np.zeros(len(candidates), dtype=bool)
    kinds = zip(candidates.encoders, candidates.modalities, strict=True)
    for place, (name, kind) in enumerate(kinds):
        if name in known:
            heard |= candidates.found[:, place]
        elif kind == "photo":
            heard |= candidates.similarity[:, place] >= default_threshold(name, kind).value
    return heard


def _as_hash(similarity: NDArray[np.float32], encoder: str) -> NDArray[np.float32]:
    """Similarities from the encoder's threshold on, on the scale of the hash; NaN below."""
    mine, hashed = (default_threshold(name, "photo").value for name in (encoder, "phash"))
    share = (similarity - mine) / (1 - mine)
    scaled = np.where(share >= 0, hashed + np.minimum(share, 1) * (1 - hashed), np.nan)
    return scaled.astype(np.float32)


def _lent(found: Neighbors, encoder: str) -> Neighbors:
    scaled = _as_hash(found.similarity, encoder)
    there = ~np.isnan(scaled)
    return Neighbors(found.query[there], found.candidate[there], scaled[there], found.size)
