"""Connections on which no request comes do not stay open."""

import socket
import threading
import time

import pytest
import uvicorn

from samesku.server import limits

ASKED = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def port(monkeypatch):
    """A service that answers when a client has waited longer than one may to send its request."""
    monkeypatch.setattr(limits, "PATIENCE", 0.2)

    async def app(scope, receive, send):
        time.sleep(0.5)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=limits.Connection, lifespan="off", log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [held]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield held.getsockname()[1]
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc", ASKED, ASKED + b"GET"])
def test_a_connection_is_closed_where_no_request_comes(port, sent):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(4)  # below the five seconds after which uvicorn closes what was answered
        client.sendall(sent)
        came = b"".join(iter(lambda: client.recv(1000), b""))
    assert came.startswith(b"HTTP/1.1 204") == sent.startswith(ASKED)
