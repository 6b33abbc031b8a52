"""What two postings have in common: named numbers, whole columns at a time."""

from __future__ import annotations

import numpy as np

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.scoring.features.brands import brand_features
from samesku.scoring.features.codes import code_features
from samesku.scoring.features.descriptions import description_features
from samesku.scoring.features.neighbourhood import neighbourhood_features
from samesku.scoring.features.prices import price_features
from samesku.scoring.features.second_look import second_look
from samesku.scoring.features.strings import string_features
from samesku.scoring.features.surroundings import surroundings
from samesku.scoring.features.table import Column, Features, both_ways
from samesku.scoring.features.title_words import TitleWords, title_words
from samesku.scoring.features.words import word_features

__all__ = ["Features", "TitleWords", "glance", "pair_features", "second_look", "title_words"]


def glance(catalog: Catalog, candidates: Candidates) -> Features:
    """Describe pairs by their similarities, and how they stand among both postings' neighbours.

    Cheap, and enough to put most candidates aside.

    Parameters
    ----------
    catalog : Catalog
    candidates : Candidates
        As :func:`samesku.candidates.candidates.join_candidates` makes them, with their sources.

    Returns
    -------
    Features
        One row per pair, in the candidates' order. Numbers that differ between the two ends come
        as the smaller and the larger of both.
    """
    columns: dict[str, Column] = {}
    for place, source in enumerate(candidates.sources):
        columns |= surroundings(source.encoder, source, candidates, place)
    columns |= _popularity(catalog, candidates)
    return Features.of(columns)


def pair_features(
    catalog: Catalog,
    candidates: Candidates,
    words: TitleWords | None = None,
    *,
    text: str | None = None,
    glanced: Features | None = None,
) -> Features:
    """Describe pairs by all that their titles, photos, prices, brands and descriptions share.

    Parameters
    ----------
    catalog : Catalog
    candidates : Candidates
        As for :func:`glance`.
    words : TitleWords, optional
        Those of the catalogue's normal titles, where they were read before.
    text : str, optional
        The encoder whose neighbours are a title's surroundings; default: the first that reads
        titles.
    glanced : Features, optional
        What :func:`glance` said of these pairs, where it was asked before.

    Returns
    -------
    Features
        Those of :func:`glance` first; NaN where a column or a photo is missing.
    """
    titles = catalog.normal_titles
    words = title_words(titles) if words is None else words
    left, right = candidates.left, candidates.right
    columns = word_features(titles, left, right, words=words)
    columns |= string_features(titles, left, right, words=words)
    columns |= code_features(titles, left, right, words=words)
    texts = [each for each in candidates.sources if each.modality == "text"]
    for source in [each for each in texts if text in (None, each.encoder)][:1]:
        columns |= neighbourhood_features(words, source.neighbors, left, right)
    if "description" in catalog.frame.columns:
        columns |= description_features(catalog, left, right)
    if "brand" in catalog.frame.columns:
        columns |= brand_features(catalog, left, right)
    if "price" in catalog.frame.columns:
        columns |= price_features(catalog, left, right)
    glanced = glance(catalog, candidates) if glanced is None else glanced
    return glanced.beside(Features.of(columns))


def _popularity(catalog: Catalog, candidates: Candidates) -> dict[str, Column]:
    """How many postings have the same title, and how many show a photo with the same hash."""
    _, title, uses = np.unique(
        np.array(catalog.normal_titles), return_inverse=True, return_counts=True
    )
    used = uses[title].astype(np.float64)
    used[[not each for each in catalog.normal_titles]] = np.nan
    columns = both_ways("title_used_by", used[candidates.left], used[candidates.right])
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
            columns |= both_ways("photo_shared_by", left, right)
    return columns
