"""The commands and what their options are called."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated

import typer

from samesku.cli.console import UsageError, friendly, show_traces
from samesku.cli.given import given_options
from samesku.cli.grouping import GroupedGroup
from samesku.cli.options import (
    AddressOption,
    AllowOutsideOption,
    AnswersOption,
    BesideOption,
    CacheOption,
    CatalogueArgument,
    ColumnsOption,
    DecisionName,
    EncoderOption,
    EncodingOption,
    EngineOption,
    FusionName,
    JsonOption,
    JudgeBudgetOption,
    JudgeDryRunOption,
    JudgeModelOption,
    JudgeOption,
    JudgePriceOption,
    JudgeRulesOption,
    LineOption,
    MemoryOption,
    MethodOption,
    NoCacheOption,
    OutOption,
    PairsName,
    PhotosOption,
    QuietOption,
    SameOption,
    ShardsOption,
    ThreadsOption,
    ThresholdOption,
    WithinOption,
    WorkOption,
)

app = typer.Typer(
    name="samesku",
    cls=GroupedGroup,
    help="Tell which offers in a marketplace are the same product.",
    no_args_is_help=True,
    # The rich help takes half a second to load, and tells nothing more.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(f"samesku {version('samesku')}")
        raise typer.Exit


@app.callback()
@friendly
def main(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where in the program an error comes from.")
    ] = False,
) -> None:
    """Tell which offers in a marketplace are the same product."""
    # What Pillow says of damaged metadata concerns nothing that is read.
    warnings.filterwarnings("ignore", module="PIL")
    show_traces(debug)
    commands = getattr(context.command, "commands", {})
    context.default_map = given_options(commands)


@app.command(epilog="Example: samesku match offers.csv --photos photos/ --out result/")
@friendly
def match(
    catalogue: CatalogueArgument,
    out: OutOption,
    fusion: Annotated[
        FusionName | None,
        typer.Option(
            "--fusion", help="How text and photo combine to a decision.", show_default="learned"
        ),
    ] = None,
    encoder: EncoderOption = None,
    photos: PhotosOption = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    allow_outside: AllowOutsideOption = False,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Folder of a model that `samesku train` wrote."),
    ] = None,
    threshold: ThresholdOption = None,
    line: LineOption = None,
    neighbours: Annotated[
        int, typer.Option("--neighbours", "-k", help="Candidates per posting and encoder.", min=20)
    ] = 50,
    search: MethodOption = "auto",
    same: SameOption = None,
    pairs: Annotated[
        PairsName | None,
        typer.Option(
            "--pairs",
            help="across: only pairs of two sources, by the column source. Default: any pair.",
        ),
    ] = None,
    decide: Annotated[
        DecisionName | None,
        typer.Option(
            "--decide",
            help="How the result is decided; all but clusters need --pairs across.",
            show_default="clusters",
        ),
    ] = None,
    within: WithinOption = None,
    memory: MemoryOption = None,
    answers: AnswersOption = None,
    judge: JudgeOption = None,
    judge_model: JudgeModelOption = None,
    judge_budget: JudgeBudgetOption = "200",
    judge_price: JudgePriceOption = None,
    judge_rules: JudgeRulesOption = None,
    judge_dry_run: JudgeDryRunOption = False,
    cache: CacheOption = None,
    engine: EngineOption = "local",
    address: AddressOption = None,
    work: WorkOption = None,
    shards: ShardsOption = None,
    submission: Annotated[
        bool,
        typer.Option("--submission", help="Also write submission.csv, as the competition asks."),
    ] = False,
    no_cache: NoCacheOption = False,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the postings of a catalogue that are the same product.

    Writes groups.csv, pairs.parquet, near_misses.parquet and run.json; of the competition's own
    files also submission.csv. Identical postings are scored once: files of pairs hold pairs of
    their representatives.
    """
    if engine == "ray":
        _refuse_beside_ray(
            judge=judge, answers=answers, submission=submission, within=within, decide=decide
        )
    elif address or work or shards:
        raise UsageError("--address, --work and --shards belong to --engine ray")
    from samesku.cli import match as command
    from samesku.cli.consulting import JudgeOptions

    settings = command.Settings(
        catalogue,
        photos,
        columns,
        encoder or [],
        neighbours,
        search,
        cache,
        no_cache,
        quiet,
        same,
        pairs,
        decide,
        memory,
        encoding,
        allow_outside,
        tuple(within or ()),
    )
    if engine == "ray":
        from samesku.cli.cluster import run_on_ray

        line = line if threshold is None else threshold
        run_on_ray(settings, out, fusion, line, model, work, address, shards)
        return
    command.run(
        settings,
        out=out,
        fusion=fusion,
        threshold=line if threshold is None else threshold,
        model=model,
        submission=submission,
        answers=answers,
        judge=JudgeOptions(
            judge, judge_model, judge_budget, judge_rules, judge_dry_run, judge_price
        ),
    )


def _refuse_beside_ray(**options: object) -> None:
    """Say which options only the local engine knows."""
    if given := [name for name, value in options.items() if value]:
        raise UsageError(f"--{given[0]} is not known to --engine ray; leave it out")


@app.command(epilog="Example: samesku link ours.csv theirs.csv --out links/")
@friendly
def link(
    left: Annotated[
        Path,
        typer.Argument(
            help="Our offers: CSV or Parquet with posting_id, title.", show_default=False
        ),
    ],
    right: Annotated[
        Path, typer.Argument(help="The other shop's offers, in the same form.", show_default=False)
    ],
    out: OutOption,
    decide: Annotated[
        DecisionName,
        typer.Option(
            "--decide",
            "--links",
            help="How the result is decided. one-to-one: each offer at most one counterpart, "
            "chosen so that all links together are likeliest. one-to-many: a left offer may have "
            "several right ones. many-to-one: the reverse. clusters: any.",
        ),
    ] = "one-to-one",
    fusion: Annotated[
        FusionName | None,
        typer.Option(
            "--fusion", help="How text and photo combine to a decision.", show_default="learned"
        ),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="Folder of a model that `samesku train` wrote.")
    ] = None,
    threshold: ThresholdOption = None,
    line: LineOption = None,
    encoder: EncoderOption = None,
    photos: PhotosOption = None,
    right_photos: Annotated[
        Path | None, typer.Option("--right-photos", help="As --photos, for the other shop.")
    ] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    allow_outside: AllowOutsideOption = False,
    right_columns: Annotated[
        str | None,
        typer.Option(
            "--right-columns", help="As --columns, for the other shop; default: the same ones."
        ),
    ] = None,
    right_encoding: Annotated[
        str | None,
        typer.Option("--right-encoding", help="As --encoding, for the other shop; default: same."),
    ] = None,
    neighbours: Annotated[
        int, typer.Option("--neighbours", "-k", help="Candidates per posting and encoder.", min=20)
    ] = 50,
    search: MethodOption = "auto",
    same: SameOption = None,
    within: WithinOption = None,
    answers: AnswersOption = None,
    judge: JudgeOption = None,
    judge_model: JudgeModelOption = None,
    judge_budget: JudgeBudgetOption = "200",
    judge_price: JudgePriceOption = None,
    judge_rules: JudgeRulesOption = None,
    judge_dry_run: JudgeDryRunOption = False,
    cache: CacheOption = None,
    no_cache: NoCacheOption = False,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find which offers of another shop are the same as ours. Needs no labels.

    Writes links.csv (left_id, right_id, probability, reasons and the price gap), near_links.csv and
    what `samesku match` writes: it is `match --pairs across --decide one-to-one` on two catalogues.
    """
    from samesku.cli import link as command
    from samesku.cli.consulting import JudgeOptions
    from samesku.cli.match import Settings

    command.run(
        Settings(
            left,
            photos,
            columns,
            encoder or [],
            neighbours,
            search,
            cache,
            no_cache,
            quiet,
            same,
            "across",
            decide,
            encoding=encoding,
            allow_outside=allow_outside,
            within=tuple(within or ()),
        ),
        right=right,
        right_photos=right_photos,
        right_columns=right_columns,
        right_encoding=right_encoding,
        out=out,
        fusion=fusion,
        model=model,
        threshold=line if threshold is None else threshold,
        answers=answers,
        judge=JudgeOptions(
            judge, judge_model, judge_budget, judge_rules, judge_dry_run, judge_price
        ),
    )


@app.command(
    epilog="Example: samesku evaluate train.csv --fusion union --fusion concat --out score/"
)
@friendly
def evaluate(
    catalogues: Annotated[
        list[Path],
        typer.Argument(
            help="CSV or Parquet with posting_id, title and label_group; several with "
            "--leave-one-out.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for evaluation.json.")
    ] = None,
    fusion: Annotated[
        list[str] | None,
        typer.Option(
            "--fusion",
            help="union, concat, union-all or learned; may be repeated. Default: the first three. "
            "The first is what the others are compared with.",
        ),
    ] = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            "--model",
            help="Folder of a model to score as it is, beside the fusions; may be repeated.",
        ),
    ] = None,
    shipped: Annotated[
        bool,
        typer.Option("--shipped", help="Score the model that comes with samesku as it is, too."),
    ] = False,
    folds: Annotated[int, typer.Option("--folds", help="Folds that share no product.", min=2)] = 4,
    split: Annotated[
        Path | None,
        typer.Option(
            "--split", help="Table of posting_id and split instead of folds; 'train' is not scored."
        ),
    ] = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Score the default thresholds; choose none.")
    ] = False,
    leave_one_out: Annotated[
        bool,
        typer.Option(
            "--leave-one-out",
            help="Train on all catalogues but one and score the one left out, each in turn. Takes "
            "four or more; folds, splits, fusions and models play no part.",
        ),
    ] = False,
    beside: BesideOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Of folds and bootstrap.")] = 0,
    encoder: EncoderOption = None,
    photos: PhotosOption = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    allow_outside: AllowOutsideOption = False,
    neighbours: Annotated[
        int, typer.Option("--neighbours", "-k", help="Candidates per posting and encoder.", min=20)
    ] = 50,
    search: MethodOption = "auto",
    cache: CacheOption = None,
    no_cache: NoCacheOption = False,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Score the matching on a catalogue with label_group, by folds that share no product.

    Thresholds are chosen, and `learned` is trained, on the other folds. Every query is searched in
    the whole catalogue, and once more in its own fold alone.
    """
    from samesku.cli import evaluate as command
    from samesku.cli.match import Settings

    if len(catalogues) > 1 and not leave_one_out:
        raise UsageError("several catalogues are scored with --leave-one-out only")
    settings = Settings(
        catalogues[0], photos, columns, encoder or [], neighbours, search, cache, no_cache, quiet,
        encoding=encoding, allow_outside=allow_outside,
    )  # fmt: skip
    if leave_one_out:
        command.run_leave_one_out(settings, others=catalogues[1:], out=out, seed=seed)
        return
    command.run(
        settings,
        out=out,
        fusions=fusion or ["union", "concat", "union-all"],
        models=model or [],
        shipped=shipped,
        folds=folds,
        split=split,
        tuned=not defaults,
        beside=beside or [],
        seed=seed,
    )
