"""A service of a store with a few postings."""

from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from samesku.server import create_app
from samesku.server.tokens import Tokens


@pytest.fixture
def place(tmp_path):
    return tmp_path / "store.db"


@contextmanager
def _service(place):
    with TestClient(create_app(place, max_bytes=200_000), raise_server_exceptions=False) as client:
        for name, title in (
            ("a", "Susu Bebelo 400 gram"),
            ("b", "BEBELO susu 0,4kg"),
            ("c", "Lampu LED Philips 12 watt"),
        ):
            answer = client.post("/postings", json={"posting_id": name, "title": title})
            assert answer.status_code == 200
        yield client


@pytest.fixture
def client(place):
    with _service(place) as client:
        yield client


@pytest.fixture(scope="module")
def lasting_client(tmp_path_factory):
    """One for all tests that change nothing that others look at."""
    with _service(tmp_path_factory.mktemp("lasting") / "store.db") as client:
        yield client


@pytest.fixture
def tokens(place):
    tokens = Tokens(str(place))
    yield tokens
    tokens.close()
