"""The verbs of the live index over HTTP."""

import gc
import io
import ipaddress
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from PIL import Image
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match
from starlette.types import Scope

from samesku.catalog.photos import PhotoError, opened_photo
from samesku.server.admin import admin_routes
from samesku.server.deciding import deciding_routes
from samesku.server.limits import Figures, Guard
from samesku.server.requests import REFUSALS, Key, Many, One, Search, body_of
from samesku.server.review import review_routes
from samesku.server.together import Searches
from samesku.server.tokens import ROLES, Tokens
from samesku.store.index import Index
from samesku.store.postings import named_photos
from samesku.store.results import Change, StoreError
from samesku.store.schema import refused

STATUS = {"invalid": 422, "missing": 404, "conflict": 409, "unusable": 503, "full": 507}
_KINDS = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png", b"RI": "image/webp", b"GI": "image/gif"}
# Seconds that who stops the service waits for what is still read at its start.
CLOSING = 30
LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]", "testserver")
Changes: TypeAlias = dict[str, list[Change]]
Number = Annotated[int, Query(ge=0, le=2**31 - 1)]


def create_app(
    store: str | Path,
    *,
    photos: Path | None = None,
    folder: Path | None = None,
    max_bytes: int = 10_000_000,
    rate: float = 200.0,
) -> FastAPI:
    """The service of a store.

    `photos` is the folder of those that postings name in `image`, `folder` that of runs, models and
    copies that requests of the role admin name. A request has up to `max_bytes`, a client sends up
    to `rate` a second.
    """
    # Two views of one store: who reads does not wait for a change that takes long.
    index, reads = Index(store, photos=photos), Index(store)
    tokens, figures = Tokens(str(store)), Figures()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        reading = threading.Thread(target=_read_before_asked, args=(index, reads), daemon=True)
        reading.start()
        yield
        reading.join(timeout=CLOSING)
        index.close()
        reads.close()
        tokens.close()

    app = FastAPI(
        title="samesku",
        description="Which postings of a living catalogue are the same product.",
        lifespan=lifespan,
        responses=REFUSALS,
    )
    app.router.route_class = _Route
    app.add_middleware(Guard, figures=figures, max_bytes=max_bytes, rate=rate)
    _errors(app, folder)
    read, write, review, admin = (
        _allowed(tokens, right) for right in ("read", "write", "review", "admin")
    )
    _plain_routes(app, reads, figures, read)
    _reading_routes(app, reads, photos, read)
    _writing_routes(app, index, write)
    deciding_routes(app, index, folder, review)
    admin_routes(app, index, folder, admin)
    review_routes(app, reads, review)
    return app


def _read_before_asked(index: Index, reads: Index) -> None:
    """Read the store, the model and the word lists, so that no request has to.

    What cannot be read is told to those who ask. What was read stays: looking for garbage in it
    would hold up all requests for 0.1 seconds and more, again and again.
    """
    with suppress(StoreError, sa.exc.DBAPIError):
        reads.search({"title": "anything"})
        index.check_ready()
    gc.freeze()


class _Route(APIRoute):
    """A route, of which ``%2Fphoto`` is no part: it is the end of a posting's id."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        asked = (scope.get("raw_path") or b"").lower()
        if self.path.endswith("/photo") and asked.endswith(b"%2fphoto"):
            return Match.NONE, {}
        return super().matches(scope)


def _errors(app: FastAPI, folder: Path | None) -> None:
    @app.exception_handler(StoreError)
    def of_store(request: Request, error: StoreError) -> JSONResponse:
        detail = str(error)
        if folder is not None:
            # What is in the folder is named as in requests, without where that lies.
            place = str(folder.resolve())
            detail = detail.replace(f"{place}/", "").replace(place, "the --folder")
        return JSONResponse({"detail": detail}, status_code=STATUS[error.kind])

    @app.exception_handler(sa.exc.DBAPIError)
    def of_database(request: Request, error: sa.exc.DBAPIError) -> JSONResponse:
        return of_store(request, refused(error))

    @app.exception_handler(RequestValidationError)
    def of_request(request: Request, error: RequestValidationError) -> JSONResponse:
        # Without what was sent, which may be long, or no text that can be sent back.
        def plain(text: object) -> str:
            return str(text).encode("ascii", "replace").decode()

        detail = [
            {"where": [plain(part)[:80] for part in each["loc"]], "what": plain(each["msg"])}
            for each in error.errors()[:20]
        ]
        return JSONResponse({"detail": detail}, status_code=422)


def _allowed(tokens: Tokens, right: str) -> Callable[..., str]:
    """The check of a right, which gives the name of who asks."""

    def check(request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not tokens.any:
            _check_local(request)
            return "local"
        known = tokens.who(token.strip()) if scheme.lower() == "bearer" else None
        if known is None:
            raise HTTPException(
                401, "send a token: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"}
            )
        name, role = known
        if right not in ROLES[role]:
            raise HTTPException(403, f"the role {role} may not {right}")
        request.state.who = name
        return name

    return check


def is_local(address: str, name: str) -> bool:
    """Whether an address, or what is so named, is this machine."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == name


def _check_local(request: Request) -> None:
    """Without tokens only this machine may ask, and not under another site's name."""
    local = is_local(request.client.host if request.client else "", "testclient")
    host = request.headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if not local or name not in LOCAL_NAMES:
        raise HTTPException(403, "without tokens the service answers this machine only; make one")


def _plain_routes(app: FastAPI, index: Index, figures: Figures, check: Callable[..., str]) -> None:
    @app.get("/health", tags=["service"])
    def health() -> dict[str, str]:
        """Whether the process lives."""
        return {"status": "alive"}

    @app.get("/ready", tags=["service"])
    def ready() -> dict[str, str]:
        """Whether the store can be read, and the model that it scores by."""
        index.check_ready()
        return {"status": "ready"}

    @app.get("/metrics", tags=["service"], response_class=Response)
    def metrics(who: Annotated[str, Depends(check)]) -> Response:
        """Figures for Prometheus."""
        stats = index.stats()
        result = generate_latest(figures.registry).decode()
        for name in ("postings", "clusters", "pins", "event"):
            result += f"# TYPE samesku_{name} gauge\nsamesku_{name} {stats[name]}\n"
        return Response(result, media_type=CONTENT_TYPE_LATEST)


def _for_browsers(content: bytes) -> Response:
    """A photo; one of a format that not every browser shows, such as TIFF, as JPEG."""
    kind = _KINDS.get(content[:2])
    if kind is None:
        made = io.BytesIO()
        with opened_photo(content) as photo:
            Image.fromarray(photo).save(made, "JPEG")
        content, kind = made.getvalue(), "image/jpeg"
    return Response(content, media_type=kind)


def _reading_routes(
    app: FastAPI, index: Index, photos: Path | None, check: Callable[..., str]
) -> None:
    who, searches = [Depends(check)], Searches(index)

    @app.post("/search", tags=["read"], dependencies=who)
    def search(body: Search) -> dict[str, Any]:
        """What a posting would match, likeliest first; changes nothing."""
        return {"found": searches.search(body.posting, body.limit)}

    # Before the next one, whose ids may hold slashes.
    @app.get("/postings/{posting_id:path}/photo", tags=["read"], dependencies=who)
    def photo(posting_id: str) -> Response:
        """The photo of a posting: what was put with it, or the file that it names."""
        content = index.photo(posting_id)
        if content is None and photos is not None:
            name = _asked(index, posting_id, "posting")["posting"].get("image")
            (content,) = named_photos(photos, [str(name)]) if name else (None,)
        if content is None:
            raise HTTPException(404, "there is no photo")
        try:
            return _for_browsers(content)
        except PhotoError as error:
            raise HTTPException(404, "the photo cannot be read") from error

    @app.get("/postings/{posting_id:path}", tags=["read"], dependencies=who)
    def posting(posting_id: str) -> dict[str, Any]:
        """A posting and its cluster."""
        return _asked(index, posting_id, "posting")

    @app.get("/clusters/{cluster}", tags=["read"], dependencies=who)
    def cluster(cluster: str) -> dict[str, Any]:
        """A cluster by an id it has or had."""
        return _asked(index, cluster, "cluster")

    @app.get("/clusters/{cluster}/history", tags=["read"], dependencies=who)
    def history(cluster: str) -> dict[str, Any]:
        """The events that touched a cluster."""
        return {"events": index.history(cluster)}

    @app.get("/why", tags=["read"], dependencies=who)
    def why(left: str, right: str) -> dict[str, Any]:
        """How likely two postings are the same, and what adds to it."""
        return index.why(left, right)

    @app.get("/events", tags=["read"], dependencies=who)
    def events(
        since: Number = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> dict[str, Any]:
        """The events after a number: ask again with `next`."""
        result = index.events(since, limit=limit)
        return {"events": result, "next": result[-1]["number"] if result else since}

    @app.get("/stats", tags=["read"], dependencies=who)
    def stats() -> dict[str, Any]:
        """How much the store holds."""
        return index.stats()


def _writing_routes(app: FastAPI, index: Index, check: Callable[..., str]) -> None:
    asker = Annotated[str, Depends(check)]

    @app.post("/postings", tags=["write"])
    def upsert(body: One, who: asker, key: Key = None) -> Change:
        """Put a posting in place of the one of its id, if there is one."""
        return index.upsert(body.model_extra or {}, key=key, actor=who)

    @app.post("/postings/batch", tags=["write"])
    def upsert_many(body: Many, who: asker, key: Key = None) -> Changes:
        """Put many postings; the malformed ones are refused, the others go in."""
        return {"changes": index.upsert_many(body.postings, key=key, actor=who)}

    @app.put("/postings/{posting_id:path}/photo", tags=["write"], openapi_extra=body_of("image/*"))
    async def photo(posting_id: str, request: Request, who: asker, key: Key = None) -> Change:
        """Put a photo, as the body of the request, to a posting."""
        content = await request.body()
        return await run_in_threadpool(index.put_photo, posting_id, content, key=key, actor=who)

    @app.delete("/postings/{posting_id:path}", tags=["write"])
    def delete(posting_id: str, who: asker, key: Key = None) -> Change:
        """Delete a posting: none of its content stays."""
        return index.delete(posting_id, key=key, actor=who)


def _asked(index: Index, name: str, kind: str) -> dict[str, Any]:
    try:
        result = index.get(name)
    except StoreError as error:
        if error.kind != "missing":
            raise
        result = {}
    if not result or ("posting" in result) != (kind == "posting"):
        raise HTTPException(404, f"there is no {kind} {name[:80]!r}")
    return result
