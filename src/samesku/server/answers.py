"""Decisions in and out as a file of answers."""

import csv
import io
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from samesku.catalog.answers import REQUIRED as COLUMNS
from samesku.store.index import Index
from samesku.store.results import StoreError

MOST = 5_000


def answer_routes(app: FastAPI, index: Index, check: Callable[..., str]) -> None:
    """Add the requests that give and take files of answers."""

    @app.get("/answers.csv", tags=["review"], dependencies=[Depends(check)])
    def answers() -> Response:
        """All decisions as CSV: left_id, right_id, verdict, and who made them."""
        held = io.StringIO()
        writer = csv.writer(held)
        writer.writerow([*COLUMNS, "actor"])
        writer.writerows(
            [pin["left_id"], pin["right_id"], pin["verdict"], pin["actor"]] for pin in index.pins()
        )
        return Response(held.getvalue(), media_type="text/csv; charset=utf-8")

    @app.post("/answers", tags=["review"])
    async def take(request: Request, who: Annotated[str, Depends(check)]) -> dict[str, Any]:
        """Take a file of answers, the body of the request; rows that cannot be taken are listed."""
        content = await request.body()
        return await run_in_threadpool(_take, index, content, who)


def _take(index: Index, content: bytes, who: str) -> dict[str, Any]:
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise StoreError("the file is no CSV in UTF-8") from error
    if rows and not set(COLUMNS) <= rows[0].keys():
        raise StoreError(f"the file lacks one of the columns {', '.join(COLUMNS)}")
    if len(rows) > MOST:
        raise StoreError(f"{len(rows):,} answers; at most {MOST:,} in a request")
    refused = []
    for place, row in enumerate(rows, start=2):
        try:
            index.pin(*(row[name] or "" for name in COLUMNS), actor=who)
        except StoreError as error:
            if error.kind in ("unusable", "full"):
                raise
            refused.append({"row": place, "reason": str(error)})
    return {"taken": len(rows) - len(refused), "refused": refused}
