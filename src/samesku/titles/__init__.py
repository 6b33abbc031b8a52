"""Titles: decode what sellers typed, unify how they write sizes and counts, split into words."""

from samesku.titles.clean import clean_title, clean_titles
from samesku.titles.quantities import Stated, quantities, quantity_tokens, stated
from samesku.titles.units import Quantity
from samesku.titles.words import normal_tokens, normalise_title, normalise_titles, tokens

__all__ = [
    "Quantity",
    "Stated",
    "clean_title",
    "clean_titles",
    "normal_tokens",
    "normalise_title",
    "normalise_titles",
    "quantities",
    "quantity_tokens",
    "stated",
    "tokens",
]
