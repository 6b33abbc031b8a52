"""What only who looks after a store asks for: everything anew, another model, runs, copies."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI

from samesku.server.requests import Key, Load, Rescore, Snapshot
from samesku.store.index import Index
from samesku.store.results import Change, StoreError

_NAME = re.compile(r"\w[\w.-]{0,199}", re.ASCII)


def admin_routes(
    app: FastAPI, index: Index, folder: Path | None, check: Callable[..., str]
) -> None:
    """Add them; `folder` holds the runs, models and copies that they name."""
    asker = Annotated[str, Depends(check)]

    @app.post("/settle", tags=["admin"])
    def settle(who: asker, key: Key = None) -> Change:
        """Score and cluster everything anew, as a batch run does."""
        return index.settle(key=key, actor=who)

    @app.post("/rescore", tags=["admin"])
    def rescore(body: Rescore, who: asker) -> Change:
        """Score everything by another model, or otherwise, from now on; decisions stand."""
        model = None if body.model is None else _within(folder, body.model)
        try:
            return index.rescore(model, same=body.same, threshold=body.threshold, actor=who)
        except StoreError:
            raise
        except (ValueError, OSError) as error:
            raise StoreError(str(error)) from error

    @app.post("/adapt", tags=["admin"])
    def adapt(who: asker) -> dict[str, Any]:
        """Adapt the model to people's answers, and take it where the audit says that it pays."""
        return index.adapt(_given(folder), actor=who)

    @app.post("/load", tags=["admin"])
    def load(body: Load, who: asker) -> dict[str, list[Change]]:
        """Take a batch run: postings and answers, its model, threshold and `same`."""
        try:
            return {"changes": index.load(_within(folder, body.run), actor=who)}
        except StoreError:
            raise
        except (ValueError, OSError) as error:
            raise StoreError(f"the catalogue of {body.run} cannot be read any more") from error

    @app.post("/snapshot", tags=["admin"], dependencies=[Depends(check)])
    def snapshot(body: Snapshot) -> dict[str, Any]:
        """Write a copy of the store into the folder, while others go on writing."""
        place = index.snapshot(_within(folder, body.name))
        return {"name": place.name, "bytes": place.stat().st_size}


def _within(folder: Path | None, name: str) -> Path:
    """What a name stands for in the folder; nothing outside can be named."""
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
