"""`samesku serve`."""

from __future__ import annotations

import ipaddress
import logging
from pathlib import Path

from samesku.cli.console import UsageError, console, say

__all__ = ["make_token", "revoke_token", "run"]


def run(
    store: str,
    *,
    host: str,
    port: int,
    photos: Path | None,
    folder: Path | None,
    max_bytes: int,
    rate: float,
    quiet: bool,
) -> None:
    """Serve until interrupted."""
    # Only who serves waits for the web framework.
    try:
        import uvicorn

        from samesku.server import create_app
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the service needs FastAPI and uvicorn: pip install 'samesku[serve]'"
        ) from error
    from samesku.server.tokens import Tokens

    if photos is not None and not photos.is_dir():
        raise UsageError(f"--photos {photos} is no folder")
    if folder is not None and not folder.is_dir():
        raise UsageError(f"--folder {folder} is no folder")
    tokens = Tokens(store)
    protected = tokens.any
    tokens.close()
    if not protected and not _is_local(host):
        raise UsageError(
            f"--host {host} would answer other machines, and the store has no token: make one "
            f"with samesku serve --store {store} --make-token NAME --role admin"
        )
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(message)s")
    app = create_app(store, photos=photos, folder=folder, max_bytes=max_bytes, rate=rate)
    who = "with tokens" if protected else "this machine only, as there are no tokens"
    say(f"http://{host}:{port}/review and /docs ({who})", quiet=quiet)
    uvicorn.run(
        app, host=host, port=port, log_level="warning", access_log=False,
        timeout_keep_alive=20, limit_concurrency=200, server_header=False,
    )  # fmt: skip


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def make_token(store: str, name: str, role: str) -> None:
    """Make a token and print it."""
    from samesku.server.tokens import Tokens

    tokens = Tokens(store)
    token = tokens.make(name, role)
    tokens.close()
    say(f"Token of {name}, role {role}; it is shown only now:")
    console.print(token)


def revoke_token(store: str, name: str) -> None:
    """Take a token away."""
    from samesku.server.tokens import Tokens

    tokens = Tokens(store)
    tokens.revoke(name)
    tokens.close()
    say(f"The token of {name} is void")
