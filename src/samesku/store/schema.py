"""The tables of a store and how it is opened: SQLite in WAL mode, or PostgreSQL."""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as listen

from samesku.runtime.files import claimed
from samesku.store.results import StoreError

VERSION = 14
# Seconds that a writer waits for another one.
PATIENCE = 30
# Keys that one statement asks for.
ASKED = 500
# A number that only writers of a store ask PostgreSQL to lock.
_LOCK = 7_361_935

tables = sa.MetaData()
meta = sa.Table(
    "meta", tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)  # fmt: skip
# Distinct postings: one row for identical ones, with what is read of their content; both go with
# the last posting that has it.
distinct = sa.Table(
    "distinct_postings", tables,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("content_key", sa.Text, nullable=False, unique=True),
    sa.Column("title_key", sa.BigInteger, nullable=False),
    sa.Column("terms", sa.LargeBinary, nullable=False),
    sa.Column("phash", sa.LargeBinary),
    sa.Column("article_numbers", sa.Text),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("pairs", sa.LargeBinary, nullable=False),
)  # fmt: skip
postings = sa.Table(
    "postings", tables,
    sa.Column("posting_id", sa.Text, primary_key=True),
    sa.Column("distinct_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("cluster", sa.Text, nullable=False, index=True),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("photo", sa.LargeBinary),
)  # fmt: skip
clusters = sa.Table(
    "clusters", tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("redirect", sa.Text),
)  # fmt: skip
pins = sa.Table(
    "pins", tables,
    sa.Column("left_id", sa.Text, primary_key=True),
    sa.Column("right_id", sa.Text, primary_key=True),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("event", sa.Integer, nullable=False),
)  # fmt: skip
events = sa.Table(
    "events", tables,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("request_key", sa.Text, unique=True),
    sa.Column("effects", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
)  # fmt: skip
touched = sa.Table(
    "touched", tables,
    sa.Column("cluster", sa.Text, primary_key=True),
    sa.Column("event", sa.Integer, primary_key=True),
)  # fmt: skip
# Who may use the service; of a token only its hash is kept.
tokens = sa.Table(
    "tokens", tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
)  # fmt: skip
# What a posting was before a change, to undo it; goes when the posting is deleted.
versions = sa.Table(
    "versions", tables,
    sa.Column("event", sa.Integer, primary_key=True),
    sa.Column("posting_id", sa.Text, primary_key=True, index=True),
    sa.Column("payload", sa.Text, nullable=False),
)  # fmt: skip


def open_engine(place: str | Path) -> sa.Engine:
    """Open a store, a file or the address of a database, and make it where there is none."""
    text = str(place)
    try:
        engine = _engine(text)
        _prepare(engine, text)
    except (sa.exc.DBAPIError, ImportError, sa.exc.ArgumentError) as error:
        why = getattr(error, "orig", error)
        shown = without_password(text)
        raise StoreError(f"{shown}: the store cannot be opened: {why}", "unusable") from error
    return engine


def without_password(place: str | Path) -> str:
    """The place of a store, to be shown."""
    return re.sub(r"(://[^/@:]*:).*@", r"\1***@", str(place))


def _engine(text: str) -> sa.Engine:
    if "://" in text:
        address = re.sub("^postgres(ql)?://", "postgresql+psycopg://", text)
        # A reader sees one moment of all tables.
        return sa.create_engine(address, pool_pre_ping=True, isolation_level="REPEATABLE READ")
    path = Path(text)
    if not path.resolve().parent.is_dir():
        raise StoreError(f"{path.parent} is no folder; make it, or name another", "unusable")
    if path.is_dir():
        raise StoreError(f"{path} is a folder; a store is a file", "unusable")
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": PATIENCE})
    opened: dict[str, tuple[int, int] | None] = {}

    @listen.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        opened.setdefault("as", _file_number(path))

    @listen.listens_for(engine, "do_connect")
    @listen.listens_for(engine, "checkout")
    def _check_file(*_: Any) -> None:
        # What is written into a file that was removed is lost when the process ends.
        if opened and opened["as"] != _file_number(path):
            opened["as"] = (-1, -1)  # a later file may get the number of the one that is gone
            raise StoreError(
                f"{path} was removed or replaced since it was opened; open it anew (start the "
                "service again)",
                "unusable",
            )

    @listen.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _file_number(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None where it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _prepare(engine: sa.Engine, text: str) -> None:
    asked = sa.select(meta.c.value).where(meta.c.name == "version")
    names = set(sa.inspect(engine).get_table_names())
    if names and not {"meta", "distinct_postings"} <= names:
        raise StoreError(
            f"{without_password(text)} is a database, but not a store of samesku", "unusable"
        )
    if not names:
        with begin_writing(engine) as connection:
            tables.create_all(connection)
            if connection.scalar(asked) is None:
                connection.execute(meta.insert().values(name="version", value=str(VERSION)))
    with engine.connect() as connection:
        found = int(connection.scalar(asked) or 0)
    if found != VERSION:
        newer = "newer; update samesku" if found > VERSION else "older; restore it with its own"
        raise StoreError(
            f"{without_password(text)} is a store of version {found}, not {VERSION}: it is {newer}",
            "unusable",
        )


def check_is_store(path: Path) -> None:
    """Raise StoreError for a file that is no store; nothing is written beside it."""
    try:
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.execute("select count(*) from meta, distinct_postings").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{path} is no copy of a store ({error})", "unusable") from error


def look_up(
    connection: sa.Connection, key: sa.Column[Any], value: sa.Column[Any], keys: Sequence[Any]
) -> dict[Any, Any]:
    """What stands in one column beside the keys that another one holds."""
    found: dict[Any, Any] = {}
    for start in range(0, len(keys), ASKED):
        asked = {"keys": keys[start : start + ASKED]}
        found |= dict(connection.execute(_beside(key, value), asked).all())
    return found


@cache
def _beside(key: sa.Column[Any], value: sa.Column[Any]) -> sa.Select[Any]:
    return sa.select(key, value).where(key.in_(sa.bindparam("keys", expanding=True)))


def refused(error: sa.exc.DBAPIError) -> StoreError:
    """The error of a database as one of the store; nothing was changed."""
    message = str(error.orig)
    if "full" in message or "No space" in message:
        return StoreError(
            f"no room on the disk of the store ({message}): make some, then send this again", "full"
        )
    if "locked" in message:
        return StoreError(
            f"another writer holds the store for longer than {PATIENCE} seconds ({message}): send "
            "this again later",
            "unusable",
        )
    return StoreError(f"the store cannot be used: {message}", "unusable")


@contextmanager
def begin_writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction of the one writer that there is at a time; readers do not wait for it."""
    options: dict[str, Any] = {"writing": True}
    if postgres := engine.dialect.name == "postgresql":
        # What a writer reads is as of when it got the lock, not of when it began to wait.
        options["isolation_level"] = "READ COMMITTED"
    with engine.connect().execution_options(**options) as connection:
        try:
            with nullcontext() if postgres else _turn(Path(f"{engine.url.database}-turn")):
                transaction = connection.begin()
            if postgres:
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        except sa.exc.OperationalError as error:
            raise refused(error) from error
        with transaction:
            yield connection


@contextmanager
def _turn(place: Path) -> Iterator[None]:
    """The turn of the next writer, for which others wait in line where files have locks.

    SQLite only tries again and again: who writes without a pause would often be first once more.
    """
    with suppress(OSError):  # nor can such a store be written
        place.touch()
    claim = claimed(place, wait=True)
    try:
        yield
    finally:
        if claim is not None:
            os.close(claim)


def empty_log(engine: sa.Engine) -> None:
    """Empty SQLite's write-ahead log, where a deleted text may still be read.

    While another connection reads, this waits for the next deletion or for the store to be closed.
    """
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA busy_timeout=100")
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.cursor().execute(f"PRAGMA busy_timeout={1000 * PATIENCE}")
        finally:
            raw.close()
