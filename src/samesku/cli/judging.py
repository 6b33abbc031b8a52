"""The commands that ask somebody: which pairs, in the terminal, and what the answers teach."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from samesku.cli.app import app
from samesku.cli.console import friendly
from samesku.cli.options import CacheOption, QuietOption

RunArgument = Annotated[Path, typer.Argument(help="Folder that `match` wrote.", show_default=False)]
MovedOption = Annotated[
    Path | None,
    typer.Option("--catalogue", help="The catalogue of the run, if it is not where it was."),
]
CountOption = Annotated[int, typer.Option("--n", "-n", help="How many questions.", min=1)]
SeedOption = Annotated[int, typer.Option("--seed", help="Of the random questions.")]


@app.command(epilog="Example: samesku ask result/ --n 100 --out questions.csv")
@friendly
def ask(
    run: RunArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="CSV of the questions.", show_default=False)
    ],
    count: CountOption = 100,
    blind: Annotated[
        bool, typer.Option("--blind", help="Leave out what the matcher thinks of each pair.")
    ] = False,
    audit: Annotated[
        float,
        typer.Option("--audit", help="Share drawn at random, to estimate quality.", min=0, max=1),
    ] = 0.2,
    seed: SeedOption = 0,
    catalogue: MovedOption = None,
    cache: CacheOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write the pairs whose answer would change the clusters most, to be answered by people.

    Fill the column verdict with same, different or unsure, and give the file to
    `samesku match --answers` or `samesku adapt --answers`. Rows left empty are not answered.
    """
    from samesku.cli import asking as command

    command.ask(
        run,
        out=out,
        count=count,
        blind=blind,
        audit=audit,
        seed=seed,
        catalogue=catalogue,
        cache=cache,
        quiet=quiet,
    )


@app.command(epilog="Example: samesku adapt result/ --answers answers.csv --out my-model/")
@friendly
def adapt(
    run: RunArgument,
    answers: Annotated[
        Path,
        typer.Option("--answers", help="Answered questions of `samesku ask`.", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the model.", show_default=False)
    ],
    catalogue: MovedOption = None,
    cache: CacheOption = None,
    quiet: QuietOption = False,
) -> None:
    """Adapt the model of a run to answers about some pairs of its catalogue.

    Writes a model folder that `samesku match --model` uses. `samesku match --answers` does the same
    on its way, and pins the answers as well.
    """
    from samesku.cli import asking as command

    command.adapt(run, answers=answers, out=out, catalogue=catalogue, cache=cache, quiet=quiet)


@app.command(epilog="Example: samesku review result/ --out answers.csv")
@friendly
def review(
    run: RunArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="CSV of the answers; what is there is kept.", show_default=False
        ),
    ],
    count: CountOption = 100,
    seed: SeedOption = 0,
    catalogue: MovedOption = None,
    cache: CacheOption = None,
    quiet: QuietOption = False,
) -> None:
    """Answer questions about a run in the terminal: s same, d different, u unsure, b back, q quit.

    Each answer is written down at once; a later review goes on where this one stopped.
    """
    from samesku.cli import asking as command

    command.review(
        run, out=out, count=count, seed=seed, catalogue=catalogue, cache=cache, quiet=quiet
    )
