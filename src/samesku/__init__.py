"""samesku tells which offers in a marketplace are the same product."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samesku.catalog.catalog import Catalog, read_catalog
    from samesku.catalog.problems import CatalogError, Problem
    from samesku.evaluation import evaluate
    from samesku.matcher import Matcher
    from samesku.results.matches import Matches
    from samesku.runtime.cache import Cache
    from samesku.scoring.fusion import Concat, Threshold, Union, UnionAll

__all__ = [
    "Cache",
    "Catalog",
    "CatalogError",
    "Concat",
    "Matcher",
    "Matches",
    "Problem",
    "Threshold",
    "Union",
    "UnionAll",
    "evaluate",
    "read_catalog",
]

_ROOMS = {
    "runtime.cache": ["Cache"],
    "catalog.catalog": ["Catalog", "read_catalog"],
    "scoring.fusion": ["Concat", "Threshold", "Union", "UnionAll"],
    "evaluation": ["evaluate"],
    "matcher": ["Matcher"],
    "results.matches": ["Matches"],
    "catalog.problems": ["CatalogError", "Problem"],
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `samesku --help` need not wait for all."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'samesku' has no attribute {name!r}")
    value = getattr(import_module(f"samesku.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
