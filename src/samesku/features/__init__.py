"""What two postings have in common: named numbers, whole columns at a time."""

from __future__ import annotations

import numpy as np

from samesku.candidates import Candidates
from samesku.catalog import Catalog
from samesku.features.second_look import second_look
from samesku.features.strings import string_features
from samesku.features.surroundings import surroundings
from samesku.features.table import Column, Features, both_ways
from samesku.features.words import word_features

__all__ = ["Features", "pair_features", "second_look"]


def pair_features(catalog: Catalog, candidates: Candidates) -> Features:
    """Describe candidate pairs by what their titles and photos have in common.

    Parameters
    ----------
    catalog : Catalog
    candidates : Candidates
        As :func:`samesku.candidates.join_candidates` makes them, with their sources.

    Returns
    -------
    Features
        One row per pair, in the candidates' order. Numbers that differ between the two ends come
        as the smaller and the larger of both.
    """
    titles = catalog.normal_titles
    left, right = candidates.left, candidates.right
    columns: dict[str, Column] = {}
    for place, source in enumerate(candidates.sources):
        columns |= surroundings(source.encoder, source, candidates, place)
    columns |= word_features(titles, left, right)
    columns |= string_features(titles, left, right)
    columns |= _popularity(catalog, candidates)
    return Features.of(columns)


def _popularity(catalog: Catalog, candidates: Candidates) -> dict[str, Column]:
    """How many postings show a photo with the same hash."""
    for source in candidates.sources:
        if source.encoder == "phash":
            vectors = source.vectors
            _, look, count = np.unique(
                vectors.rows, axis=0, return_inverse=True, return_counts=True
            )
            shared = np.full(len(catalog), np.nan)
            if len(look):
                shared[vectors.owner] = count[look]
            left, right = shared[candidates.left], shared[candidates.right]
            return both_ways("photo_shared_by", left, right)
    return {}
