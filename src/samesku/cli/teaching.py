"""The commands that learn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from samesku.cli.app import app
from samesku.cli.console import friendly
from samesku.cli.options import (
    CacheOption,
    CatalogueArgument,
    ColumnsOption,
    EncoderOption,
    MethodOption,
    NoCacheOption,
    PhotosOption,
    QuietOption,
)


@app.command(epilog="Example: samesku train labelled.csv --out my-model/")
@friendly
def train(
    catalogue: CatalogueArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the model.", show_default=False)
    ],
    seed: Annotated[int, typer.Option("--seed", help="Of folds and trees.")] = 0,
    encoder: EncoderOption = None,
    photos: PhotosOption = None,
    columns: ColumnsOption = None,
    neighbours: Annotated[
        int, typer.Option("--neighbours", "-k", help="Candidates per posting and encoder.", min=20)
    ] = 50,
    search: MethodOption = "auto",
    cache: CacheOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train the learned fusion on a catalogue with label_group.

    Writes a model folder that `samesku match --model` uses, with its figures by cross-fitting.
    """
    from samesku.cli import train as command
    from samesku.cli.match import Settings

    command.run(
        Settings(
            catalogue, photos, columns, encoder or [], neighbours, search, cache, no_cache, quiet
        ),
        out=out,
        seed=seed,
    )
