"""A store with some postings of a small marketplace.

Where SAMESKU_TEST_POSTGRES is the address of a database, every test runs on that server as well, in
a database of its process.
"""

import os

import pytest
import sqlalchemy as sa

from samesku.store import Index

POSTGRES = os.environ.get("SAMESKU_TEST_POSTGRES")


@pytest.fixture(scope="session")
def database():
    """The address of a database of this process."""
    name = f"samesku_{os.getpid()}"
    server = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(sa.text(f"drop database {name} with (force)"))
    server.dispose()


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES else [])])
def place(request, tmp_path):
    if request.param == "sqlite":
        return tmp_path / "store.db"
    address = request.getfixturevalue("database")
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("drop schema public cascade"))
        connection.execute(sa.text("create schema public"))
    engine.dispose()
    return address


@pytest.fixture
def file(tmp_path):
    """Where a store in a file is made."""
    return tmp_path / "store.db"


@pytest.fixture
def index(place):
    with Index(place) as index:
        yield index


@pytest.fixture(scope="session")
def rows(offers):
    """96 postings of 24 products, in an order of their own."""
    table = offers(24, seed=5).drop("label_group").with_row_index("row")
    return [
        {
            "posting_id": f"p{row['row']:03}",
            "title": row["title"],
            "image_phash": row["image_phash"],
        }
        for row in table.to_dicts()
    ]


def _clusters(index):
    return sorted(index.state()["clusters"].values())


@pytest.fixture
def clusters():
    """The postings of each cluster of an index, without their ids."""
    return _clusters


@pytest.fixture
def pair(index):
    """Two postings of one product, in one cluster, and a third of another."""
    index.upsert({"posting_id": "a", "title": "Susu Bebelo 400 gram"})
    index.upsert({"posting_id": "b", "title": "BEBELO susu 0,4kg"})
    index.upsert({"posting_id": "c", "title": "Lampu LED Philips 12 watt"})
    return index
