"""What two postings have in common: named numbers, whole columns at a time.

Each family is a module: what it reads of a whole catalogue, and a function that takes this and the
rows of pairs, `left` and `right`, integer ``(m,)``, and gives columns ``(m,)`` by name.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from samesku.candidates.candidates import Candidates, Source
from samesku.catalog.catalog import Catalog
from samesku.runtime.arrays import AnyInts, Doubles
from samesku.scoring.features.attributes import (
    AttributeRows,
    Counted,
    attribute_features,
    attribute_rows,
    clashing,
)
from samesku.scoring.features.brands import brand_features, brand_rows, branded_words
from samesku.scoring.features.codes import CodedTitles, code_features
from samesku.scoring.features.descriptions import (
    DescribedWords,
    described_texts,
    described_words,
    description_features,
)
from samesku.scoring.features.neighbourhood import Neighbourhoods, neighbourhood_features
from samesku.scoring.features.prices import Prices, price_features
from samesku.scoring.features.similarities import Ranks, similarity_features
from samesku.scoring.features.table import WHOLE, Column, Features, both_ways
from samesku.scoring.features.words import (
    TitleWords,
    WordMarks,
    string_features,
    title_words,
    word_features,
)
from samesku.scoring.presence import Cells, common_cells


@dataclass(frozen=True, eq=False)
class CatalogRows:
    """What the pair features read of a catalogue, prepared once for any number of pairs."""

    catalog: Catalog
    sources: Sequence[Source]  # those of the candidates that are described
    # No pair is across parts; rarities and prices are those within the part of each posting.
    parts: Sequence[slice] = WHOLE

    @classmethod
    def of_part(cls, catalog: Catalog, sources: Sequence[Source], **whole: object) -> CatalogRows:
        """Those of a part of a catalogue; `whole`: the attributes that follow from all of it."""
        rows = cls(catalog, sources)
        vars(rows).update(whole)
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
        return CodedTitles.of(self.words, self.parts)

    def read_titles(self) -> None:
        """Read the words and codes of all titles, which several threads may ask for then."""
        _ = self.marks, self.codes, self.words.texts

    @cached_property
    def ranks(self) -> dict[frozenset[str], list[Ranks]]:
        """How neighbours stand to each other, for each source, by what may differ: `ranked`."""
        return {}

    def ranked(self, same: Collection[str]) -> list[Ranks]:
        """How neighbours stand to each other, for each source, where these kinds may differ."""
        kinds = frozenset(same)
        if kinds not in self.ranks:
            found = [source.neighbors for source in self.sources]
            self.ranks[kinds] = [
                Ranks.of(each, clashing(self.attributes, each.query, each.candidate, same=kinds))
                for each in found
            ]
        return self.ranks[kinds]

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
    def counted(self) -> Counted | None:
        """The attributes of the candidates where they were compared before."""
        return None

    @cached_property
    def descriptions(self) -> DescribedWords | None:
        """None where the catalogue has no column of them."""
        described = "description" in self.catalog.frame.columns
        if not described:
            return None
        return described_words(*described_texts(self.catalog), self.parts)

    @cached_property
    def brands(self) -> sp.csr_matrix | None:
        """The words of the brands; None where the catalogue has no column of them."""
        branded = "brand" in self.catalog.frame.columns
        return brand_rows(*branded_words(self.catalog)) if branded else None

    @cached_property
    def prices(self) -> Prices | None:
        """None where the catalogue has no column of them."""
        if "price" not in self.catalog.frame.columns:
            return None
        return Prices.of(self.catalog, self.parts)

    @cached_property
    def size(self) -> int:
        """How many postings there are."""
        return len(self.catalog)

    @cached_property
    def uses(self) -> AnyInts:
        """How many postings have the same title, ``(n,)``."""
        titles = np.array(self.catalog.normal_titles, dtype=object)
        _, title, uses = np.unique(titles, return_inverse=True, return_counts=True)
        return np.asarray(uses[title])

    @cached_property
    def title_uses(self) -> Doubles:
        """The same, float64 ``(n,)``; NaN without a title."""
        titled = np.array([bool(title) for title in self.catalog.normal_titles], dtype=bool)
        return np.where(titled, self.uses, np.nan)


def pair_features(
    rows: CatalogRows,
    candidates: Candidates,
    *,
    same: Collection[str] = (),
    around: bool = True,
) -> Features:
    """Describe pairs by all that their titles, attributes, photos, prices and brands share.

    One row per pair, in the order of the candidates, which have their sources; NaN where a column
    or a photo is missing. Numbers that differ between the two ends come as the smaller and the
    larger of both; `postings` is the decimal logarithm of how many the catalogue has. Attributes
    of the kinds in `same` may differ within one product. Half of the work are those of
    :func:`around_features`, which `around` leaves out where it is false.
    """
    words = rows.words
    left, right = candidates.left, candidates.right
    cells = common_cells(words.held, left, right)
    columns = _by_kinds(rows, candidates, same)
    # Likeness means less in a large catalogue: more look alike by chance.
    columns["postings"] = np.full(len(left), np.log10(rows.size), dtype=np.float32)
    columns |= both_ways("title_used_by", rows.title_uses[left], rows.title_uses[right])
    columns |= word_features(words, rows.marks, cells, left, right)
    columns |= string_features(words, left, right)
    columns |= code_features(rows.codes, left, right)
    if around:
        columns |= around_features(rows, candidates, cells)
    if rows.descriptions is not None:
        columns |= description_features(rows.descriptions, left, right)
    if rows.brands is not None:
        columns |= brand_features(rows.brands, left, right)
    if rows.prices is not None:
        columns |= price_features(rows.prices, left, right)
    return Features.of(columns)


def around_features(
    rows: CatalogRows, candidates: Candidates, cells: Cells | None = None
) -> dict[str, Column]:
    """How the titles of pairs use the words that are said around them; none without titles.

    `cells` are the pairs' common words, where they were looked up before.
    """
    if rows.around is None:
        return {}
    left, right = candidates.left, candidates.right
    cells = common_cells(rows.words.held, left, right) if cells is None else cells
    return neighbourhood_features(rows.around, rows.words, cells, left, right)


def tolerating(
    described: Features, candidates: Candidates, rows: CatalogRows, same: Collection[str]
) -> Features:
    """The features of pairs where these kinds of attributes may differ, of those where none may."""
    return described.replaced(_by_kinds(rows, candidates, same))


def _by_kinds(
    rows: CatalogRows, candidates: Candidates, same: Collection[str]
) -> dict[str, Column]:
    """The features that depend on which kinds of attributes may differ."""
    counted = rows.counted
    if counted is not None and len(counted[0]) != len(candidates):  # only some are described
        counted = None
    columns = attribute_features(
        rows.attributes, candidates.left, candidates.right, same=same, counted=counted
    )
    for place, (source, ranks) in enumerate(
        zip(candidates.sources, rows.ranked(same), strict=True)
    ):
        similarity = candidates.similarity[:, place]
        columns |= similarity_features(source.encoder, similarity, candidates, ranks)
    return columns
