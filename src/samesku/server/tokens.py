"""Who may do what: tokens with roles, of which only hashes are kept."""

import re
from hashlib import sha256
from secrets import token_urlsafe

import sqlalchemy as sa

from samesku.store.results import StoreError
from samesku.store.schema import begin_writing, open_engine, tokens

# What each role may do.
ROLES = {
    "read": {"read"},
    "review": {"read", "review"},
    "write": {"read", "write"},
    "admin": {"read", "review", "write", "admin"},
}
_NAME = re.compile(r"[\w.@-]{1,80}")


class Tokens:
    def __init__(self, place: str) -> None:
        self._engine = open_engine(place)

    def close(self) -> None:
        self._engine.dispose()

    def make(self, name: str, role: str) -> str:
        """A new token for a name that has none: shown once, and kept nowhere."""
        if role not in ROLES:
            raise StoreError(f"a role is one of {', '.join(ROLES)}, not {role[:40]!r}")
        if not _NAME.fullmatch(name):
            raise StoreError("a name is up to 80 letters, digits, dots, dashes and @")
        token = f"samesku_{token_urlsafe(32)}"
        with begin_writing(self._engine) as connection:
            if connection.scalar(sa.select(tokens.c.role).where(tokens.c.name == name)) is not None:
                raise StoreError(
                    f"{name} has a token already: revoke that first, or take another name",
                    "conflict",
                )
            connection.execute(tokens.insert().values(name=name, role=role, digest=_digest(token)))
        return token

    def revoke(self, name: str) -> None:
        with begin_writing(self._engine) as connection:
            if not connection.execute(tokens.delete().where(tokens.c.name == name)).rowcount:
                raise StoreError(f"there is no token of {name[:80]!r}", "missing")

    @property
    def any(self) -> bool:
        """Whether there are some, so that one is required."""
        with self._engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(tokens)) != 0

    def who(self, token: str) -> tuple[str, str] | None:
        """The name and role of a token; None for one that is not known.

        The token is found by its hash, so the time that this takes reveals nothing of others.
        """
        with self._engine.connect() as connection:
            asked = sa.select(tokens.c.name, tokens.c.role).where(tokens.c.digest == _digest(token))
            row = connection.execute(asked).one_or_none()
        return None if row is None else (row.name, row.role)


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
