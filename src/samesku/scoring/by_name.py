"""The fusions by the names that users call them."""

from __future__ import annotations

from samesku.scoring.fusion import Concat, Fusion, Union, UnionAll

__all__ = ["FUSIONS", "fusion_by_name"]

FUSIONS = {"union": Union, "concat": Concat, "union-all": UnionAll}


def fusion_by_name(name: str) -> Fusion:
    """The fusion that users call `name`, with its default thresholds or the shipped model.

    Raises
    ------
    ValueError
        There is none of that name; says which there are.
    """
    if name == "learned":
        # Only who asks for it waits for the trees to load.
        from samesku.scoring.learned import Learned, shipped_model

        return Learned(shipped_model())
    if name not in FUSIONS:
        known = ", ".join([*FUSIONS, "learned"])
        raise ValueError(f"there is no fusion {name!r}; choose one of {known}")
    fusion: Fusion = FUSIONS[name]()
    return fusion
