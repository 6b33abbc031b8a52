"""What two postings have in common: named numbers, whole columns at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.scoring.features.attributes import AttributeRows, attribute_features, attribute_rows
from samesku.scoring.features.brands import brand_features
from samesku.scoring.features.codes import code_features
from samesku.scoring.features.descriptions import (
    DescribedWords,
    described_words,
    description_features,
)
from samesku.scoring.features.neighbourhood import neighbourhood_features
from samesku.scoring.features.prices import price_features
from samesku.scoring.features.strings import string_features
from samesku.scoring.features.surroundings import surroundings
from samesku.scoring.features.table import Column, Features, both_ways
from samesku.scoring.features.title_words import TitleWords, title_words
from samesku.scoring.features.words import word_features

__all__ = [
    "CatalogRows",
    "Features",
    "TitleWords",
    "pair_features",
    "title_words",
    "tolerating",
]


@dataclass(frozen=True, eq=False)
class CatalogRows:
    """What the pair features read of a catalogue, prepared once for any number of pairs.

    Attributes
    ----------
    words : TitleWords
    attributes : AttributeRows
    descriptions : DescribedWords or None
        None where the catalogue has no column of them.
    title_uses : float64 (n,)
        How many postings have the same title; NaN without one.
    """

    words: TitleWords
    attributes: AttributeRows
    descriptions: DescribedWords | None
    title_uses: NDArray[np.float64]

    @classmethod
    def of(cls, catalog: Catalog) -> CatalogRows:
        """Read the titles, attributes and descriptions of a catalogue."""
        described = "description" in catalog.frame.columns
        return cls(
            title_words(catalog.normal_titles),
            attribute_rows(catalog.attributes),
            described_words(catalog) if described else None,
            _title_uses(catalog),
        )


def pair_features(
    catalog: Catalog,
    candidates: Candidates,
    rows: CatalogRows | None = None,
    *,
    same: Collection[str] = (),
) -> Features:
    """Describe pairs by all that their titles, attributes, photos, prices and brands share.

    Parameters
    ----------
    catalog : Catalog
    candidates : Candidates
        As :func:`samesku.candidates.candidates.join_candidates` makes them, with their sources.
    rows : CatalogRows, optional
        Those of the catalogue, where they were prepared before.
    same : collection of str
        Kinds of attributes that may differ within one product
        (:func:`samesku.scoring.features.attributes.attribute_features`).

    Returns
    -------
    Features
        One row per pair, in the candidates' order; NaN where a column or a photo is missing.
        Numbers that differ between the two ends come as the smaller and the larger of both.
    """
    rows = CatalogRows.of(catalog) if rows is None else rows
    words = rows.words
    left, right = candidates.left, candidates.right
    columns: dict[str, Column] = {}
    for place, source in enumerate(candidates.sources):
        columns |= surroundings(source.encoder, source, candidates, place)
    columns |= both_ways("title_used_by", rows.title_uses[left], rows.title_uses[right])
    columns |= word_features(words.titles, left, right, words=words)
    columns |= string_features(words.titles, left, right, words=words)
    columns |= code_features(words.titles, left, right, words=words)
    columns |= attribute_features(rows.attributes, left, right, same=same)
    texts = [each for each in candidates.sources if each.modality == "text"]
    for source in texts[:1]:
        columns |= neighbourhood_features(words, source.neighbors, left, right)
    if rows.descriptions is not None:
        columns |= description_features(catalog, left, right, words=rows.descriptions)
    if "brand" in catalog.frame.columns:
        columns |= brand_features(catalog, left, right)
    if "price" in catalog.frame.columns:
        columns |= price_features(catalog, left, right)
    return Features.of(columns)


def tolerating(
    described: Features, candidates: Candidates, rows: CatalogRows, same: Collection[str]
) -> Features:
    """The features of pairs where these kinds of attributes may differ, of those where none may."""
    left, right = candidates.left, candidates.right
    return described.with_columns(attribute_features(rows.attributes, left, right, same=same))


def _title_uses(catalog: Catalog) -> NDArray[np.float64]:
    _, title, uses = np.unique(
        np.array(catalog.normal_titles, dtype=object), return_inverse=True, return_counts=True
    )
    used = uses[title].astype(np.float64)
    used[[not each for each in catalog.normal_titles]] = np.nan
    return used
