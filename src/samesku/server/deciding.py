"""What people decide: about pairs and clusters, in and out as a file; the model learns of it."""

import csv
import io
import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from samesku.catalog.answers import MACHINE, PEOPLE, answer_texts
from samesku.catalog.answers import REQUIRED as COLUMNS
from samesku.catalog.problems import CatalogError
from samesku.catalog.tables import parse_table
from samesku.server.requests import Accept, Decision, Key, Merge, Split, Undo, body_of
from samesku.store.index import Index
from samesku.store.results import Change, StoreError

log = logging.getLogger("samesku.server")

# Answers in a file.
MOST = 5_000
# Answers after which adapting is tried again, and postings up to which that is done unasked.
EVERY, UP_TO = 25, 100_000


class Learner:
    """Tries to adapt the model of a store after every 25 answers, one try at a time."""

    def __init__(self, index: Index, folder: Path | None) -> None:
        self._index, self._folder = index, folder
        self._answers = 0
        self._busy = threading.Lock()

    def answered(self, count: int = 1) -> None:
        """Count answers; this never waits for what is tried."""
        before = self._answers // EVERY
        self._answers += count
        if self._folder is None or self._answers // EVERY == before:
            return
        if not self._busy.acquire(blocking=False):
            return
        threading.Thread(target=self._try, args=(self._folder,), daemon=True).start()

    def _try(self, folder: Path) -> None:
        try:
            if self._index.stats()["postings"] <= UP_TO:
                log.info(json.dumps({"adapting": self._index.adapt(folder, actor="adapting")}))
        except (StoreError, ValueError, OSError) as error:
            log.warning(json.dumps({"adapting": {"adopted": False, "reason": str(error)}}))
        finally:
            self._busy.release()


def deciding_routes(
    app: FastAPI, index: Index, folder: Path | None, check: Callable[..., str]
) -> None:
    """Add them; `folder` holds the models that are adapted to answers."""
    asker = Annotated[str, Depends(check)]
    learner = Learner(index, folder)

    @app.post("/pins", tags=["review"])
    def pin(body: Decision, who: asker, key: Key = None) -> Change:
        """Decide about two postings; outranks the model from now on."""
        change = index.pin(body.left_id, body.right_id, body.verdict, key=key, actor=who)
        learner.answered()
        return change

    @app.get("/pins", tags=["review"], dependencies=[Depends(check)])
    def pins() -> dict[str, Any]:
        """All decisions, and who made them."""
        return {"pins": index.pins()}

    @app.get("/audit", tags=["review"], dependencies=[Depends(check)])
    def audit() -> dict[str, Any]:
        """Precision and recall of the scores by answers to random pairs, with 95% intervals."""
        return {"audit": index.audit()}

    @app.post("/merge", tags=["review"])
    def merge(body: Merge, who: asker, key: Key = None) -> Change:
        """Make clusters one; the oldest id stays."""
        return index.merge(body.clusters, without=body.without, key=key, actor=who)

    @app.post("/split", tags=["review"])
    def split(body: Split, who: asker, key: Key = None) -> Change:
        """Part postings from the rest of a cluster."""
        return index.split(body.cluster, body.postings, key=key, actor=who)

    @app.post("/accept", tags=["review"])
    def accept(body: Accept, who: asker, key: Key = None) -> Change:
        """Decide that a cluster is one product; postings of `without` leave it."""
        return index.accept(body.cluster, without=body.without, key=key, actor=who)

    @app.post("/undo", tags=["review"])
    def undo(body: Undo, who: asker, key: Key = None) -> Change:
        """Take back an event, by a new one."""
        return index.undo(body.event, key=key, actor=who)

    @app.get("/answers.csv", tags=["review"], dependencies=[Depends(check)])
    def answers() -> Response:
        """All decisions as CSV: left_id, right_id, verdict, and who made them."""
        held = io.StringIO()
        writer = csv.writer(held)
        writer.writerow([*COLUMNS, "by"])
        writer.writerows(
            [pin["left_id"], pin["right_id"], pin["verdict"], pin["actor"]] for pin in index.pins()
        )
        return Response(held.getvalue(), media_type="text/csv; charset=utf-8")

    @app.post("/answers", tags=["review"], openapi_extra=body_of("text/csv"))
    async def take(request: Request, who: asker) -> dict[str, Any]:
        """Take a file of answers, the body of the request; rows that cannot be taken are listed."""
        content = await request.body()
        result = await run_in_threadpool(_take, index, content, who)
        learner.answered(result["taken"])
        return result


def _take(index: Index, content: bytes, who: str) -> dict[str, Any]:
    """Take answers, read as `match --answers` reads them; questions without an answer are left."""
    try:
        frame, _ = parse_table(content, Path("the file"))
    except CatalogError as error:
        raise StoreError(str(error)) from error
    if not set(COLUMNS) <= set(frame.columns):
        raise StoreError(f"the file lacks one of the columns {', '.join(COLUMNS)}")
    if frame.height > MOST:
        raise StoreError(f"{frame.height:,} answers; at most {MOST:,} in a request")
    taken, refused = 0, []
    rows = answer_texts(frame).select(*COLUMNS, "by").rows()
    for place, (left, right, verdict, by) in enumerate(rows, start=2):
        if not verdict:
            continue
        try:
            if by.startswith(MACHINE):
                raise StoreError("answers of models decide nothing here")
            index.pin(left, right, verdict, actor=who if by == PEOPLE else by)
            taken += 1
        except StoreError as error:
            if error.kind in ("unusable", "full"):
                raise
            refused.append({"row": place, "reason": str(error)})
    return {"taken": taken, "refused": refused}
