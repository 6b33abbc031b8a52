"""What stands before every request: its size, rate and time, whose it is, logs and figures."""

import asyncio
import json
import logging
import time
from collections import OrderedDict

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

log = logging.getLogger("samesku.server")

# Seconds that a client may take to send its request, and to begin with it.
PATIENCE = 20.0
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS")
# Clients whose rate is remembered.
REMEMBERED = 10_000


class Connection(H11Protocol):
    """A connection that is closed where the head of a request does not come in time.

    uvicorn waits for it without end, and refuses all others past a number of connections.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Look again later."""
        super().connection_made(transport)
        self.loop.call_later(PATIENCE, self._close_if_idle, self.cycle)

    def _close_if_idle(self, last: RequestResponseCycle | None) -> None:
        """Close it if no request began since the `last` one."""
        if self.transport.is_closing():
            return
        if self.cycle is last and (last is None or last.response_complete):
            self.transport.close()
        else:
            self.loop.call_later(PATIENCE, self._close_if_idle, self.cycle)


class Figures:
    """Requests counted and timed, for Prometheus."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "samesku_requests_total",
            "Requests by route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "samesku_request_seconds",
            "Time to answer.",
            ["method", "route"],
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 30),
        )


class Guard:
    """Refuses what is too large, too slow, too often, or sent by a page of another site.

    A client may make `rate` requests a second, ten times as many in a burst.
    """

    def __init__(self, app: ASGIApp, figures: Figures, max_bytes: int, rate: float) -> None:
        self.app, self.figures = app, figures
        self.max_bytes, self.rate = max_bytes, rate
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def recorded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += [
                    (b"x-content-type-options", b"nosniff"),
                    (b"x-frame-options", b"DENY"),
                    (b"referrer-policy", b"no-referrer"),
                    (b"cache-control", b"no-store"),
                ]
            await send(message)

        try:
            body = self._refused(scope) or await self._body(scope, receive)
            if isinstance(body, JSONResponse):
                await body(scope, receive, recorded)
            else:
                await self.app(scope, _again(body, receive), recorded)
        finally:
            self._tell(scope, status, time.perf_counter() - started)

    def _refused(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != headers.get("host"):
            return _answer(403, "requests from pages of other sites are refused")
        if scope["path"] in ("/health", "/ready"):
            return None
        client = (scope.get("client") or ("?",))[0]
        now = time.monotonic()
        left, last = self._left.pop(client, (self.rate * 10, now))
        left = min(self.rate * 10, left + (now - last) * self.rate)
        self._left[client] = (max(left - 1, 0), now)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return None if left >= 1 else _answer(429, "too many requests; wait a second")

    async def _body(self, scope: Scope, receive: Receive) -> bytes | JSONResponse:
        """The whole body, before anything is done with it."""
        length = Headers(scope=scope).get("content-length", "0")
        too_large = _answer(413, f"the request is larger than {self.max_bytes:,} bytes")
        if not length.isdecimal() or int(length[:20]) > self.max_bytes:
            return too_large
        body = bytearray()
        try:
            async with asyncio.timeout(PATIENCE):
                async for part in Request(scope, receive).stream():
                    body += part
                    if len(body) > self.max_bytes:
                        return too_large
        except ClientDisconnect:
            return _answer(400, "the connection ended before the request had come")
        except TimeoutError:
            return _answer(408, f"the request took longer than {PATIENCE:.0f} seconds to come")
        return bytes(body)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        """Figures, and a line of the log: the route, never a posting's text."""
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.figures.requests.labels(method, route, status).inc()
        self.figures.seconds.labels(method, route).observe(seconds)
        line = {
            "time": round(time.time(), 3),
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(1000 * seconds, 1),
            "who": scope.get("state", {}).get("who", ""),
        }
        log.info(json.dumps(line))


def _again(body: bytes, receive: Receive) -> Receive:
    read: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return read.pop() if read else await receive()

    return again


def _answer(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status_code=status)
