"""What speaks for and against each pair, told relative to the two shops at hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates, Source
from samesku.candidates.neighbors import nearest
from samesku.linking.rivals import leads
from samesku.linking.sides import Sides
from samesku.scoring.features.brands import brand_features
from samesku.scoring.features.codes import code_features
from samesku.scoring.features.prices import log_prices, price_features
from samesku.scoring.features.strings import string_features
from samesku.scoring.features.surroundings import surroundings
from samesku.scoring.features.table import Column, Features, both_ways
from samesku.scoring.features.words import word_features

__all__ = ["FALLING", "FIRST_VIEW", "other_view", "price_view", "title_view"]

# The searches of which the shipped judge has seen examples; all others are the second view.
FIRST_VIEW = ("tfidf", "phash")
# What is told of each search, and of the words, in the first view.
_SEARCH = ("", "_z", "_gap", "_rank", "_own_lead", "_own_five", "_lead")
_WORDS = (
    "word_cosine",
    "shared_mass_of_all",
    "covered_min",
    "covered_max",
    "rarest_shared_held_by",
    "shared_numbers",
    "unshared_numbers_min",
    "unshared_numbers_max",
    "shared_codes",
    "unshared_codes_min",
    "unshared_codes_max",
    "quantities_agree",
    "quantities_clash",
    "edit_ratio",
    "edit_ratio_sorted",
    "edit_ratio_shared",
    "edit_ratio_part",
    "code_found_min",
    "code_found_max",
    "code_prefix",
    "code_alike",
)
# Numbers of which it matters how far they are above those of the rivals.
CONTESTED = ("word_cosine", "shared_mass_of_all", "edit_ratio_shared", "code_found_max")
# What is in the names of numbers that are the smaller the likelier the pair is.
FALLING = ("_rank_", "_clash", "unshared_", "_held_by")
# Ranks beyond this are all the same: they depend on how many neighbours were asked for.
DEEPEST = 20
# Nearest postings of the own shop whose similarity a link is measured by, and the least counted.
SIBLINGS = 5
LEAST_SIBLING = 0.1


def title_view(sides: Sides, candidates: Candidates) -> Features:
    """Describe pairs by their titles and photo hashes: what the shipped judge reads.

    Similarities stand beside those of the rivals (the other pairs of both postings) and of the
    siblings (the nearest postings of the own shop, which are other products mostly): a link is
    nearer than either, whatever the goods and however few of them the other shop has.

    Parameters
    ----------
    sides : Sides
    candidates : Candidates
        Across the sides.

    Returns
    -------
    Features
        The same names in every pair of shops but for those of a search that was not made.
    """
    titles = sides.both.normal_titles
    words = sides.title_words
    left, right = candidates.left, candidates.right
    told = word_features(titles, left, right, words=words)
    told |= string_features(titles, left, right, words=words)
    told |= code_features(titles, left, right, words=words)
    # Undoes the rarity: in how many postings the rarest shared word is, on a scale of logarithms.
    scale = np.log(1 + len(titles)) + 1
    rare = told["rarest_shared"]
    told["rarest_shared_held_by"] = np.where(rare > 0, scale - rare, np.nan)
    columns = {name: told[name] for name in _WORDS}
    for name in CONTESTED:
        columns |= both_ways(f"{name}_lead", *leads(left, right, told[name]))
    for place, source in enumerate(candidates.sources):
        if source.encoder in FIRST_VIEW:
            columns |= _search(source, sides, candidates, place)
    return Features.of(columns)


def other_view(sides: Sides, candidates: Candidates) -> Features:
    """Describe pairs by all but their titles, hashes and prices.

    Whole texts where there are descriptions, further encoders, brands: what means something else
    in every pair of shops, so that its weight is learned on the spot.
    """
    columns: dict[str, Column] = {}
    for place, source in enumerate(candidates.sources):
        if source.encoder not in FIRST_VIEW and len(source.neighbors):
            columns |= _search(source, sides, candidates, place)
    columns |= brand_features(sides.both, candidates.left, candidates.right)
    return Features.of(columns)


def price_view(sides: Sides, candidates: Candidates, sure: NDArray[np.integer]) -> Features:
    """Describe pairs by their prices, the usual difference of the two shops taken off.

    Parameters
    ----------
    sides : Sides
    candidates : Candidates
    sure : integer
        Places of the sure links: the median ratio of their prices is how the shops, or their
        currencies, differ. All is NaN where no sure link has two prices.
    """
    logs = log_prices(sides.both)
    apart = logs[candidates.right[sure]] - logs[candidates.left[sure]]
    usual = np.nan if np.isnan(apart).all() else float(np.nanmedian(apart))
    level = np.where(sides.is_left, 0.0, usual)
    return Features.of(price_features(sides.both, candidates.left, candidates.right, level=level))


def _search(source: Source, sides: Sides, candidates: Candidates, place: int) -> dict[str, Column]:
    """Similarity under one encoder beside that of rivals and siblings."""
    role = source.encoder
    left, right = candidates.left, candidates.right
    columns = surroundings(role, source, candidates, place)
    for end in ("min", "max"):
        columns[f"{role}_rank_{end}"] = np.minimum(columns[f"{role}_rank_{end}"], DEEPEST)
    similarity = columns[role]
    columns |= both_ways(f"{role}_lead", *leads(left, right, similarity))
    first, mean = _siblings(source, sides)
    columns |= both_ways(f"{role}_own_lead", similarity - first[left], similarity - first[right])
    columns |= both_ways(f"{role}_own_five", similarity - mean[left], similarity - mean[right])
    wanted = {role} | {f"{role}{name}_{end}" for name in _SEARCH for end in ("min", "max")}
    return {name: column for name, column in columns.items() if name in wanted}


def _siblings(source: Source, sides: Sides) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Similarity to the nearest posting of the own shop, and the mean of the nearest five."""
    first, total = np.zeros((2, source.vectors.size))
    for half in (sides.is_left, ~sides.is_left):
        found = nearest(source.vectors.select(half), k=SIBLINGS, floor=LEAST_SIBLING)
        top = found.rank == 0
        first[found.query[top]] = found.similarity[top]
        total += np.bincount(found.query, found.similarity, source.vectors.size)
    return first, total / SIBLINGS
