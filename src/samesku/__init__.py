"""samesku tells which offers in a marketplace are the same product."""

from samesku.cache import Cache
from samesku.catalog import Catalog, read_catalog
from samesku.fusion import Concat, Line, Union, UnionAll
from samesku.matcher import Matcher
from samesku.matches import Matches
from samesku.problems import CatalogError, Problem

__all__ = [
    "Cache",
    "Catalog",
    "CatalogError",
    "Concat",
    "Line",
    "Matcher",
    "Matches",
    "Problem",
    "Union",
    "UnionAll",
    "read_catalog",
]
