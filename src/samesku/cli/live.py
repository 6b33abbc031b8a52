"""The commands of the live index: `index` and `serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from samesku.cli.app import app
from samesku.cli.console import friendly
from samesku.cli.options import (
    AllowOutsideOption,
    CatalogueArgument,
    ColumnsOption,
    EncodingOption,
    JsonOption,
    PhotosOption,
    QuietOption,
)

StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="SAMESKU_STORE",
        help="File of the store, made where there is none; or postgresql+psycopg://user@host/name.",
        show_default=False,
    ),
]


@app.command(epilog="Example: samesku index offers.csv --store offers.db")
@friendly
def index(
    catalogue: CatalogueArgument,
    store: StoreOption,
    photos: PhotosOption = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    allow_outside: AllowOutsideOption = False,
    settle: Annotated[
        bool, typer.Option("--settle", help="Then cluster everything anew, as `match` does.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put the postings of a catalogue in a store that keeps their clusters.

    Postings that are there are changed, new ones join the clusters. A folder that `match` wrote
    stands for the catalogue of that run.
    """
    from samesku.cli import indexing as command
    from samesku.cli.match import Settings

    settings = Settings(
        catalogue, photos, columns, quiet=quiet, encoding=encoding, allow_outside=allow_outside
    )
    command.run(settings, store=store, settle=settle)


@app.command(epilog="Example: samesku serve --store offers.db --photos photos/")
@friendly
def serve(
    store: StoreOption,
    host: Annotated[str, typer.Option("--host", help="Address to answer on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8000,
    photos: PhotosOption = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", help="Folder of runs, models and copies that the role admin may name."
        ),
    ] = None,
    make_token: Annotated[
        str | None,
        typer.Option("--make-token", help="Make a token for this name, print it once, and end."),
    ] = None,
    role: Annotated[
        Literal["read", "review", "write", "admin"],
        typer.Option("--role", help="What the new token may do."),
    ] = "read",
    revoke_token: Annotated[
        str | None,
        typer.Option("--revoke-token", help="Void the token of this name, and end."),
    ] = None,
    max_bytes: Annotated[
        int, typer.Option("--max-bytes", help="Largest request.", min=1_000)
    ] = 10_000_000,
    rate: Annotated[
        float, typer.Option("--rate", help="Requests a second of one client.", min=1)
    ] = 200.0,
    quiet: QuietOption = False,
) -> None:
    """Answer over HTTP what a store knows, take changes, and show a page to decide on pairs.

    The pages: /docs lists all requests, /review shows pairs in doubt. Without tokens only this
    machine is answered.
    """
    from samesku.cli import serving as command

    if make_token is not None:
        command.make_token(store, make_token, role)
    elif revoke_token is not None:
        command.revoke_token(store, revoke_token)
    else:
        command.run(
            store, host=host, port=port, photos=photos, folder=folder, max_bytes=max_bytes,
            rate=rate, quiet=quiet,
        )  # fmt: skip
