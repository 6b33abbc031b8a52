"""The fusions by the names that users call them."""

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

from samesku.encoders.base import Encoder
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.fusion import Concat, Fusion, Union, UnionAll
from samesku.scoring.learned import Learned, shipped_model

FUSIONS: dict[str, Callable[[], Fusion]] = {"union": Union, "concat": Concat, "union-all": UnionAll}


def fusion_by_name(name: str) -> Fusion:
    """The fusion that users call `name`, with its default thresholds or the shipped model.

    Raises ValueError where there is none of that name, which says which there are.
    """
    if name == "learned":
        return Learned(shipped_model())
    if name not in FUSIONS:
        known = ", ".join([*FUSIONS, "learned"])
        raise ValueError(f"there is no fusion {name!r}; choose one of {known}, or a model's folder")
    return FUSIONS[name]()


def fusion_of(given: Fusion | str | Path) -> Fusion:
    """A fusion as it is, by its name, or with the model of a folder; else TypeError, ValueError."""
    if isinstance(given, Fusion):
        return given
    if not isinstance(given, str | Path):
        raise TypeError(f"a fusion is a name, a folder or a Fusion as Union(), not {given!r}")
    return trained_fusion(given) if is_model(given) else fusion_by_name(str(given))


def is_model(given: object) -> TypeGuard[str | Path]:
    """Whether this is a folder with a trained model."""
    return isinstance(given, str | Path) and Path(given, "model.json").is_file()


def trained_fusion(folder: str | Path) -> Fusion:
    """The learned fusion with the model of a folder."""
    return Learned(PairClassifier.load(folder))


def check_titles_read(fusion: Fusion, encoders: Collection[Encoder]) -> None:
    """Raise ValueError where a model reads titles by other encoders: their pairs would score 0."""
    known = fusion.model.encoders if isinstance(fusion, Learned) else {}
    titles = [each.name for each in encoders if known and each.modality == "text"]
    if unread := [name for name in titles if name not in known]:
        read = [name for name, kind in known.items() if kind == "text"]
        raise ValueError(
            f"the model does not read titles by {', '.join(unread)}, but by "
            f"{', '.join(read) or 'none'}: train a model with it, or choose the fusion union-all"
        )


def tolerating(fusion: Fusion, same: Collection[str]) -> Fusion:
    """The learned fusion told which kinds of attributes may differ."""
    if not isinstance(fusion, Learned):
        raise ValueError(f"same is read by the learned fusion only, not by {fusion.name}")
    return replace(fusion, same=tuple(same))
