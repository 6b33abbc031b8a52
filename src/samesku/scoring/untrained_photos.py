"""Photo encoders that a model was not trained on, read as the perceptual hash that it was."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from samesku.candidates.candidates import DENSITY_NEIGHBORS, Candidates
from samesku.candidates.neighbors import Neighbors, density, merge_neighbors
from samesku.encoders.base import Modality
from samesku.runtime.arrays import Bools, Floats
from samesku.scoring.fusion import default_threshold


def photos_as_hash(candidates: Candidates, known: Collection[str]) -> Candidates:
    """Read the similarities of photo encoders that a model was not trained on as those of the hash.

    A pair whose photos are the same to one of them gets at least the similarity that the hash would
    have given: from each encoder's threshold to 1, the range from the hash's threshold to 1. So a
    cropped or mirrored photo, which changes every bit of a hash, still counts. Below its threshold
    an encoder changes nothing. Nothing changes at all where the hash is not there, or every photo
    encoder is among the `known` ones, which the model was trained on.
    """
    kinds = dict(zip(candidates.encoders, candidates.modalities, strict=True))
    if not (untrained := _untrained(kinds, known)):
        return candidates
    hashed = candidates.encoders.index("phash")
    similarity, densities = candidates.similarity.copy(), candidates.density.copy()
    for name in untrained:
        scaled = _as_hash(candidates.similarity[:, candidates.encoders.index(name)], name)
        similarity[:, hashed] = np.fmax(similarity[:, hashed], scaled)
    lists = {each.encoder: each.neighbors for each in candidates.sources}
    found = neighbors_as_hash(lists, kinds, known)["phash"]
    densities[:, hashed] = density(found, DENSITY_NEIGHBORS)
    sources = list(candidates.sources)
    sources[hashed] = replace(sources[hashed], neighbors=found)
    return replace(candidates, similarity=similarity, density=densities, sources=tuple(sources))


def neighbors_as_hash(
    lists: Mapping[str, Neighbors], kinds: Mapping[str, Modality], known: Collection[str]
) -> dict[str, Neighbors]:
    """The neighbours by each encoder; by the hash also those of the encoders not trained on."""
    merged = dict(lists)
    for name in _untrained(kinds, known):
        found = lists[name]
        found = replace(found, similarity=_as_hash(found.similarity, name))
        alike = found.take(~np.isnan(found.similarity))
        merged["phash"] = merge_neighbors(merged["phash"], alike)
    return merged


def _untrained(kinds: Mapping[str, Modality], known: Collection[str]) -> list[str]:
    """The photo encoders that a model was not trained on, where it was trained on the hash."""
    if "phash" not in kinds or "phash" not in known:
        return []
    return [name for name, kind in kinds.items() if kind == "photo" and name not in known]


def known_pairs(candidates: Candidates, known: Collection[str]) -> Bools:
    """The pairs of a kind that a model was trained on, bool ``(m,)``.

    Those that its encoders found, and those whose photos are the same to another photo encoder. The
    rest are near under an encoder that it was not trained on, and under none that it was.
    """
    found = np.zeros(len(candidates), dtype=bool)
    kinds = zip(candidates.encoders, candidates.modalities, strict=True)
    for place, (name, kind) in enumerate(kinds):
        if name in known:
            found |= candidates.found[:, place]
        elif kind == "photo":
            found |= candidates.similarity[:, place] >= default_threshold(name, kind).value
    return found


def _as_hash(similarity: Floats, encoder: str) -> Floats:
    """Similarities from the encoder's threshold on, on the scale of the hash; NaN below."""
    mine, hashed = (default_threshold(name, "photo").value for name in (encoder, "phash"))
    share = (similarity - mine) / (1 - mine)
    scaled = np.where(share >= 0, hashed + np.minimum(share, 1) * (1 - hashed), np.nan)
    return scaled.astype(np.float32)
