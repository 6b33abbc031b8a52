"""A service of a store with a few postings."""

import pytest
from fastapi.testclient import TestClient

from samesku.server import create_app
from samesku.server.tokens import Tokens


@pytest.fixture
def place(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def client(place):
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
def tokens(place):
    tokens = Tokens(str(place))
    yield tokens
    tokens.close()
