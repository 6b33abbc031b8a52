"""Commands as they are parsed, and help in groups: by what they are for, and what they decide."""

from collections.abc import Mapping, Sequence
from typing import Any

from typer import BadParameter
from typer.core import TyperCommand, TyperGroup

from samesku.runtime.files import packaged_table

_TABLE = packaged_table("samesku.cli", "groups.toml")
COMMANDS: Mapping[str, Sequence[str]] = _TABLE["commands"]
OPTIONS: Mapping[str, Sequence[str]] = _TABLE["options"]
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
        parameters = {each.name: each for each in self.get_params(ctx)}
        records = {name: each.get_help_record(ctx) for name, each in parameters.items()}
        arguments = [n for n, each in parameters.items() if each.param_type_name == "argument"]
        named = {*arguments, *(name for names in OPTIONS.values() for name in names)}
        others = [name for name in records if name not in named]
        _write({"Arguments": arguments, OTHER: others, **OPTIONS}, records, formatter)


class GroupedGroup(TyperGroup):
    """Commands listed by what they are for."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        helps = {n: each.get_short_help_str(150) for n, each in self.commands.items()}
        _write(COMMANDS, {name: (name, text) for name, text in helps.items()}, formatter)


def _write(groups: Mapping[str, Sequence[str]], records: Mapping[Any, Any], formatter: Any) -> None:
    for group, names in groups.items():
        if rows := [records[name] for name in names if records.get(name)]:
            with formatter.section(group):
                formatter.write_dl(rows)
