"""By what a store scores and decides: the model, what may differ, the threshold."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import Learned, shipped_model
from samesku.store.schema import meta

_NAME = "setting"


@dataclass(frozen=True)
class Setting:
    """How postings are matched.

    Attributes
    ----------
    model : str
        Its folder, empty for the one that ships.
    base : str
        The one that it was adapted from, else the same.
    same : tuple of str
        Kinds of attributes that may differ within one product.
    threshold : float, optional
        In use; None: the model's own.
    fixed : bool
        Whether the threshold was asked for. One that was not follows the catalogue, as in `match`,
        whenever everything is scored anew.
    """

    model: str = ""
    base: str = ""
    same: tuple[str, ...] = ()
    threshold: float | None = None
    fixed: bool = False

    def load(self) -> Learned:
        """Read the model.

        Raises
        ------
        ValueError
            It cannot be read, or there is no such kind of attribute.
        """
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
