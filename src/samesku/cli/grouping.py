"""Commands as they are parsed, and help in groups: by what they are for, and what they decide."""

from collections.abc import Mapping, Sequence
from typing import Any

from typer import BadParameter
from typer.core import TyperCommand, TyperGroup

COMMANDS: Mapping[str, Sequence[str]] = {
    "Match": ("match", "link", "demo"),
    "Look": ("report", "explain"),
    "Answers": ("ask", "review", "adapt"),
    "Evaluate and train": ("evaluate", "train", "train-encoder", "export-encoder", "encoders"),
    "Live index": ("index", "serve"),
    "Data": ("download",),
}
OPTIONS: Mapping[str, Sequence[str]] = {
    "Catalogue": (
        "photos", "columns", "encoding", "allow_outside", "right_photos", "right_columns",
        "right_encoding",
    ),
    "Encoders and candidates": ("encoder", "neighbours", "search", "pairs", "within"),
    "Scores and clusters": ("fusion", "model", "threshold", "same", "decide"),
    "Answers and judges": (
        "answers", "judge", "judge_model", "judge_budget", "judge_price", "judge_rules",
        "judge_dry_run",
    ),
    "Resources": (
        "cache", "no_cache", "memory", "threads", "engine", "address", "work", "shards",
        "route",
    ),
    "Output": ("out", "submission", "as_json", "quiet"),
}  # fmt: skip
OTHER = "Options"


class GroupedCommand(TyperCommand):
    """A command whose options are listed by what they decide."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse; refuse an empty --out, and say which values come from the file of defaults."""
        for place, given in enumerate(args, start=1):
            # A path of no letters would be this folder.
            if given == "--out=" or (given in ("--out", "-o") and args[place : place + 1] == [""]):
                ctx.fail("--out is empty: name a place for the output, or . for this folder")
        try:
            return super().parse_args(ctx, args)
        except BadParameter as error:
            name = error.param.name if error.param is not None else None
            source = ctx.get_parameter_source(name) if name else None
            if source is not None and source.name == "DEFAULT_MAP":
                error.param_hint = f"{name!r} of [{ctx.info_name}] in samesku.toml"
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then each group of options."""
        group_of = {name: group for group, names in OPTIONS.items() for name in names}
        order = {name: place for place, name in enumerate(group_of)}
        rows: dict[str, list[tuple[str, str]]] = {
            name: [] for name in ("Arguments", OTHER, *OPTIONS)
        }
        for parameter in sorted(self.get_params(ctx), key=lambda each: order.get(each.name, -1)):
            if (record := parameter.get_help_record(ctx)) is not None:
                argument = parameter.param_type_name == "argument"
                group = "Arguments" if argument else group_of.get(str(parameter.name), OTHER)
                rows[group].append(record)
        _write(rows, formatter)


class GroupedGroup(TyperGroup):
    """Commands listed by what they are for."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each group of commands."""
        group_of = {name: group for group, names in COMMANDS.items() for name in names}
        rows: dict[str, list[tuple[str, str]]] = {name: [] for name in (*COMMANDS, "Other")}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                rows[group_of.get(name, "Other")].append((name, command.get_short_help_str(150)))
        _write(rows, formatter)


def _write(rows: Mapping[str, Sequence[tuple[str, str]]], formatter: Any) -> None:
    for group, records in rows.items():
        if records:
            with formatter.section(group):
                formatter.write_dl(records)
