"""Titles: decode what sellers typed, unify how they write sizes and counts, split into words."""

from samesku.titles.clean import clean_title
from samesku.titles.lexicon import normal_title
from samesku.titles.quantities import Stated, stated
from samesku.titles.units import Quantity
from samesku.titles.words import normal_tokens, normalise_raw, normalise_title

__all__ = [
    "Quantity",
    "Stated",
    "clean_title",
    "normal_title",
    "normal_tokens",
    "normalise_raw",
    "normalise_title",
    "stated",
]
