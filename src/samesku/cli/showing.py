"""The commands that show: a run as a page, a pair explained, the demo; and a public data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from samesku.cli.app import app
from samesku.cli.console import friendly
from samesku.cli.options import (
    AllowOutsideOption,
    CacheOption,
    FusionName,
    JsonOption,
    PhotosOption,
    QuietOption,
)

RunArgument = Annotated[
    Path,
    typer.Argument(
        help="Folder that `match`, `link` or `evaluate --out` wrote.", show_default=False
    ),
]
MovedOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--catalogue",
        help="The catalogue of the run, if it is not where it was; of a link the left one and, "
        "once more, the right one.",
    ),
]


@app.command(epilog="Example: samesku report result/ --compare result-before/")
@friendly
def report(
    run: RunArgument,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The page; default: report.html in RUN.")
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option("--compare", help="Another run of the catalogue, to compare with."),
    ] = None,
    fusion: Annotated[
        str | None,
        typer.Option("--fusion", help="Of an evaluation: whose errors to show; default: the last."),
    ] = None,
    catalogue: MovedOption = None,
    photos: PhotosOption = None,
    allow_outside: AllowOutsideOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make one page of a run: what matched and why, which threshold to choose, what goes wrong.

    The page holds everything it shows. With labels, report.labels.csv lists those to review.
    """
    from samesku.cli import report as command

    command.run(
        run,
        out=out,
        compare=compare,
        catalogue=catalogue or [],
        photos=photos,
        allow_outside=allow_outside,
        fusion=fusion,
        quiet=quiet,
    )


@app.command(epilog="Example: samesku explain result/ posting_17 posting_42")
@friendly
def explain(
    run: RunArgument,
    posting_a: Annotated[str, typer.Argument(help="Id of a posting.", show_default=False)],
    posting_b: Annotated[str, typer.Argument(help="Id of another.", show_default=False)],
    catalogue: MovedOption = None,
    photos: PhotosOption = None,
    allow_outside: AllowOutsideOption = False,
    cache: CacheOption = None,
    quiet: QuietOption = False,
) -> None:
    """Explain why two postings of a run matched or not, or why they were never scored."""
    from samesku.cli import explain as command

    command.run(
        run,
        posting_a,
        posting_b,
        catalogue=catalogue or [],
        photos=photos,
        allow_outside=allow_outside,
        cache=cache,
        quiet=quiet,
    )


@app.command(epilog="Example: samesku demo --out samesku-demo/")
@friendly
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the marketplace.")] = Path(
        "samesku-demo"
    ),
    fusion: Annotated[
        FusionName, typer.Option("--fusion", help="How text and photo combine to a decision.")
    ] = "learned",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Match a small drawn marketplace with known truth, score it and leave it to look into."""
    from samesku.cli import demo as command

    command.run(out, fusion=fusion, quiet=quiet)


@app.command(epilog="Example: samesku download shopee --out shopee/")
@friendly
def download(
    dataset: Annotated[Literal["shopee"], typer.Argument(help="What to get.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the data.")] = Path("shopee"),
) -> None:
    """Get a public data set: the Shopee Price Match competition's, through Kaggle."""
    from samesku.cli import download as command

    command.run(out)
