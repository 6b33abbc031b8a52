"""Connections of clients, which may not wait for ever before they ask."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from samesku.server import limits


class Connection(H11Protocol):
    """A connection that is closed where the head of a request does not come in time.

    uvicorn waits for it without end, and refuses all others past a number of connections.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Look again later."""
        super().connection_made(transport)
        self.loop.call_later(limits.PATIENCE, self._close_if_idle, self.cycle)

    def _close_if_idle(self, last: RequestResponseCycle | None) -> None:
        """Close it if no request began since the `last` one."""
        if self.transport.is_closing():
            return
        if self.cycle is last and (last is None or last.response_complete):
            self.transport.close()
        else:
            self.loop.call_later(limits.PATIENCE, self._close_if_idle, self.cycle)
