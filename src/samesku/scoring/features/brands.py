"""Whether two postings are of one brand, also where only one of them has the column filled."""

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import chain

import numpy as np
import scipy.sparse as sp

from samesku.candidates.similarity import Ends
from samesku.catalog.catalog import Catalog
from samesku.scoring.features.table import Column, both_ways, either_known
from samesku.scoring.presence import common_cells, presence
from samesku.titles import clean_title, normal_title, normal_tokens
from samesku.titles.lexicon import spellings


def branded_words(catalog: Catalog) -> tuple[list[Sequence[str]], list[list[str]]]:
    """The words of each brand, and of each title."""
    names = catalog.frame["brand"].cast(str).fill_null("").to_list()
    words = {name: brand_words(name) for name in set(names)}
    return [words[name] for name in names], list(map(normal_tokens, catalog.normal_titles))


@lru_cache(maxsize=1_000)
def brand_words(name: str) -> Sequence[str]:
    """The words of a brand; none of one that is unknown."""
    clean = clean_title(name)
    return () if not clean or clean in _no_brands() else tuple(normal_tokens(normal_title(name)))


@cache
def _no_brands() -> frozenset[str]:
    """What sellers write when there is no brand."""
    return frozenset(map(clean_title, chain(*spellings("offers.toml")["no_brand"].values())))


def brand_rows(brands: Sequence[Sequence[str]], titles: Sequence[Sequence[str]]) -> sp.csr_matrix:
    """Which words each brand holds, then which each brand and title, ``(2 * n, words)``."""
    texts = [(*brand, *title) for brand, title in zip(brands, titles, strict=True)]
    return presence([*brands, *texts], {})


def brand_features(words: sp.csr_matrix, left: Ends, right: Ends) -> dict[str, Column]:
    """How much of one brand's words the other's brand and title have.

    `brand_same` is the share of the shorter brand's words that the longer has, NaN where one is
    unknown; `brand_named_min` and `_max`, the share of a brand's words that the other posting has
    in its brand or title, NaN where no brand is known, the one known where one is.
    """
    size = words.shape[0] // 2
    count = np.diff(words.indptr)[:size].astype(np.float32)
    count[count == 0] = np.nan
    shared, forth, back = (
        common_cells(words, *ends).counts
        for ends in ((left, right), (left, right + size), (right, left + size))
    )
    forth, back = forth / count[left], back / count[right]
    return {
        "brand_same": shared / np.minimum(count[left], count[right]),
        **both_ways("brand_named", *either_known(forth, back)),
    }
