"""By what a store scores and decides: the model, what may differ, the threshold."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa

from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import Learned, shipped_model
from samesku.store.schema import meta

_NAME = "setting"


@dataclass(frozen=True)
class Setting:
    """How postings are matched."""

    # The folder of the model, empty for the one that ships; that which it was adapted from.
    model: str = ""
    base: str = ""
    # Kinds of attributes that may differ within one product.
    same: tuple[str, ...] = ()
    # None: the model's own. One that was not asked for follows the catalogue, as in `match`,
    # whenever everything is scored anew.
    threshold: float | None = None
    fixed: bool = False

    @classmethod
    def of(
        cls, model: str | Path | None, same: Collection[str], threshold: float | None
    ) -> Setting:
        """As it is asked for; ValueError where the threshold is no probability."""
        if threshold is not None and not 0 < threshold <= 1:
            raise ValueError(f"the threshold is a probability above 0 and up to 1, not {threshold}")
        place = "" if model is None else str(Path(model).resolve())
        return cls(place, place, tuple(sorted(set(same))), threshold, threshold is not None)

    def load(self) -> Learned:
        """Read the model; ValueError where it cannot be read, or `same` names no attribute."""
        model = PairClassifier.load(self.model) if self.model else shipped_model()
        return Learned(model, self.same)

    def write(self, connection: sa.Connection) -> None:
        """Put it in the store."""
        connection.execute(meta.delete().where(meta.c.name == _NAME))
        connection.execute(meta.insert().values(name=_NAME, value=json.dumps(asdict(self))))

    @classmethod
    def read(cls, connection: sa.Connection) -> Setting:
        """That of the store; the default where none was written."""
        text = connection.scalar(sa.select(meta.c.value).where(meta.c.name == _NAME))
        if text is None:
            return cls()
        values = json.loads(text)
        return cls(**{**values, "same": tuple(values["same"])})
