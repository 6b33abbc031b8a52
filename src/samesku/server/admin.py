"""What only who looks after a store asks for: everything anew, another model, runs, copies."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header

from samesku.server.requests import Load, Rescore, Snapshot
from samesku.store.index import Index
from samesku.store.results import StoreError

Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]
_NAME = re.compile(r"\w[\w.-]{0,199}", re.ASCII)


def admin_routes(
    app: FastAPI, index: Index, folder: Path | None, check: Callable[..., str]
) -> None:
    """Add them; `folder` holds the runs, models and copies that they name."""

    @app.post("/settle", tags=["admin"])
    def settle(who: Annotated[str, Depends(check)], key: Key = None) -> dict[str, Any]:
        """Score and cluster everything anew, as a batch run does."""
        return index.settle(key=key, actor=who).as_dict()

    @app.post("/rescore", tags=["admin"])
    def rescore(body: Rescore, who: Annotated[str, Depends(check)]) -> dict[str, Any]:
        """Score everything by another model, or otherwise, from now on; decisions stand."""
        model = None if body.model is None else _within(folder, body.model)
        try:
            made = index.rescore(model, same=body.same, threshold=body.threshold, actor=who)
        except StoreError:
            raise
        except (ValueError, OSError) as error:
            raise StoreError(str(error).replace(str(model), str(body.model))) from error
        return made.as_dict()

    @app.post("/adapt", tags=["admin"])
    def adapt(who: Annotated[str, Depends(check)]) -> dict[str, Any]:
        """Adapt the model to people's answers, and take it where the audit says that it pays."""
        return index.adapt(_given(folder), actor=who)

    @app.post("/load", tags=["admin"])
    def load(body: Load, who: Annotated[str, Depends(check)]) -> dict[str, Any]:
        """Take a batch run: postings and answers, its model, threshold and `same`."""
        place = _within(folder, body.run)
        try:
            changes = index.load(place, actor=who)
        except StoreError:
            raise
        except (ValueError, OSError) as error:
            raise StoreError(f"the catalogue of {body.run} cannot be read any more") from error
        return {"changes": [each.as_dict() for each in changes]}

    @app.post("/snapshot", tags=["admin"], dependencies=[Depends(check)])
    def snapshot(body: Snapshot) -> dict[str, Any]:
        """Write a copy of the store into the folder, while others go on writing."""
        place = index.snapshot(_within(folder, body.name))
        return {"name": place.name, "bytes": place.stat().st_size}


def _within(folder: Path | None, name: str) -> Path:
    """What a name stands for in the folder; nothing outside can be named.

    Raises
    ------
    StoreError
        There is no folder, or the name is none.
    """
    folder = _given(folder)
    if not _NAME.fullmatch(name):
        raise StoreError("a name is up to 200 letters, digits, dots and dashes, in the --folder")
    place = folder.resolve() / name
    if place.resolve().parent != folder.resolve():
        raise StoreError(f"{name} leads out of the --folder")
    return place


def _given(folder: Path | None) -> Path:
    if folder is None:
        raise StoreError("the service was started without --folder, which holds what is named")
    return folder
