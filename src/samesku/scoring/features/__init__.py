"""What two postings have in common: named numbers, whole columns at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates, Source
from samesku.catalog.catalog import Catalog
from samesku.scoring.features.attributes import AttributeRows, attribute_features, attribute_rows
from samesku.scoring.features.brands import brand_features, brand_rows
from samesku.scoring.features.codes import CodedTitles, code_features
from samesku.scoring.features.descriptions import (
    DescribedWords,
    described_words,
    description_features,
)
from samesku.scoring.features.neighbourhood import Neighbourhoods, neighbourhood_features
from samesku.scoring.features.prices import Prices, log_prices, price_features
from samesku.scoring.features.similarities import Ranks, similarity_features
from samesku.scoring.features.strings import string_features
from samesku.scoring.features.table import Column, Features, both_ways
from samesku.scoring.features.title_words import TitleWords, title_words
from samesku.scoring.features.words import WordMarks, word_features
from samesku.scoring.presence import common_cells, rarity_of

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
    catalog : Catalog
    sources : sequence of Source
        Those of the candidates that are described.
    """

    catalog: Catalog
    sources: Sequence[Source]

    @classmethod
    def of_part(
        cls,
        catalog: Catalog,
        sources: Sequence[Source],
        words: tuple[list[list[str]], list[str], sp.csr_matrix, NDArray[np.integer]],
        around: Callable[[TitleWords], Neighbourhoods] | None,
        uses: NDArray[np.integer],
        size: int,
        **known: object,
    ) -> CatalogRows:
        """Those of a part of a catalogue, by the numbers of the whole.

        Parameters
        ----------
        catalog : Catalog
            The part.
        sources : sequence of Source
        words : tuple
            The words of each title; the name of each column; which ones each title holds; how many
            postings of the whole hold each.
        around : callable, optional
            Gives the words around each posting.
        uses : integer (n,)
            How many postings of the whole have the same title.
        size : int
            Postings of the whole.
        **known : object
            Other attributes that differ from those of the part taken by itself.
        """
        rows, titles = cls(catalog, sources), catalog.normal_titles
        lists, names, held, frequency = words
        spoken = TitleWords(titles, lists, names, held, rarity_of(frequency, size), catalog.stated)
        titled = np.array([bool(title) for title in titles], dtype=bool)
        vars(rows).update(
            known,
            words=spoken,
            around=None if around is None else around(spoken),
            title_uses=np.where(titled, uses.astype(np.float64), np.nan),
            size=size,
        )
        return rows

    @cached_property
    def words(self) -> TitleWords:
        """The words of the titles."""
        return title_words(self.catalog.normal_titles, self.catalog.stated)

    @cached_property
    def marks(self) -> WordMarks:
        """Which words are numbers and codes, and the quantities of the titles."""
        return WordMarks.of(self.words)

    @cached_property
    def codes(self) -> CodedTitles:
        """The model codes of the titles."""
        return CodedTitles.of(self.words)

    @cached_property
    def ranks(self) -> list[Ranks]:
        """How the neighbours of each posting stand to each other, for each source."""
        return [Ranks.of(source.neighbors) for source in self.sources]

    @cached_property
    def around(self) -> Neighbourhoods | None:
        """The words around each posting, by its first text encoder."""
        texts = [source for source in self.sources if source.modality == "text"]
        return Neighbourhoods.of(self.words, texts[0].neighbors) if texts else None

    @cached_property
    def attributes(self) -> AttributeRows:
        """What the postings state."""
        return attribute_rows(self.catalog.attributes)

    @cached_property
    def descriptions(self) -> DescribedWords | None:
        """None where the catalogue has no column of them."""
        described = "description" in self.catalog.frame.columns
        return described_words(self.catalog) if described else None

    @cached_property
    def brands(self) -> tuple[Column, Column] | None:
        """The words of the brands; None where the catalogue has no column of them."""
        return brand_rows(self.catalog) if "brand" in self.catalog.frame.columns else None

    @cached_property
    def prices(self) -> Prices | None:
        """None where the catalogue has no column of them."""
        priced = "price" in self.catalog.frame.columns
        return Prices.of(log_prices(self.catalog)) if priced else None

    @cached_property
    def size(self) -> int:
        """How many postings there are."""
        return len(self.catalog)

    @cached_property
    def title_uses(self) -> NDArray[np.float64]:
        """How many postings have the same title, float64 ``(n,)``; NaN without one."""
        return _title_uses(self.catalog)


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
        Numbers that differ between the two ends come as the smaller and the larger of both;
        `postings` is the decimal logarithm of how many the catalogue has.
    """
    rows = CatalogRows(catalog, candidates.sources) if rows is None else rows
    words = rows.words
    left, right = candidates.left, candidates.right
    cells = common_cells(words.held, left, right)
    columns: dict[str, Column] = {}
    for place, (source, ranks) in enumerate(zip(candidates.sources, rows.ranks, strict=True)):
        similarity = candidates.similarity[:, place]
        columns |= similarity_features(source.encoder, similarity, candidates, ranks)
    # Likeness means less in a large catalogue: more look alike by chance.
    columns["postings"] = np.full(len(left), np.log10(rows.size), dtype=np.float32)
    columns |= both_ways("title_used_by", rows.title_uses[left], rows.title_uses[right])
    columns |= word_features(words, rows.marks, cells, left, right)
    columns |= string_features(words, left, right)
    columns |= code_features(rows.codes, left, right)
    columns |= attribute_features(rows.attributes, left, right, same=same)
    if rows.around is not None:
        columns |= neighbourhood_features(rows.around, words, cells, left, right)
    if rows.descriptions is not None:
        columns |= description_features(rows.descriptions, left, right)
    if rows.brands is not None:
        columns |= brand_features(rows.brands, left, right)
    if rows.prices is not None:
        columns |= price_features(rows.prices, left, right)
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
