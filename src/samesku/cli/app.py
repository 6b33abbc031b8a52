"""The command `samesku`: how a dataclass of options becomes one of its commands."""

import tomllib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from importlib import import_module
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, TypeVar, dataclass_transform, get_type_hints

import typer
from typer.models import OptionInfo

from samesku.cli.console import UsageError, friendly, traces
from samesku.cli.grouping import GroupedCommand, GroupedGroup

Options = TypeVar("Options")

# Defaults of options, in the working folder.
CONFIG = Path("samesku.toml")

app = typer.Typer(
    name="samesku",
    cls=GroupedGroup,
    help="Find which postings of a marketplace offer the same product.",
    no_args_is_help=True,
    # The rich help takes half a second to load and shows nothing more.
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
    """Find which postings of a marketplace offer the same product."""
    # Warnings of Pillow about damaged metadata concern nothing that is read.
    warnings.filterwarnings("ignore", module="PIL")
    traces.set(debug)
    commands = getattr(context.command, "commands", {})
    context.default_map = _configured(commands)


def _configured(commands: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Defaults by command and parameter, as click takes them; the command line wins.

    A file that is no TOML, or names a command or option that there is not, is a UsageError.
    """
    if not CONFIG.is_file():
        return {}
    try:
        tables = tomllib.loads(CONFIG.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError) as error:
        raise UsageError(f"{CONFIG} cannot be read: {error}") from error
    given: dict[str, dict[str, Any]] = {}
    for name, table in tables.items():
        if name not in commands or not isinstance(table, dict):
            raise UsageError(
                f"{CONFIG}: {name!r} is no table of a command; there are "
                f"{', '.join(f'[{each}]' for each in sorted(commands))}"
            )
        parameters = {
            option.removeprefix("--"): parameter
            for parameter in commands[name].params
            for option in parameter.opts
            if option.startswith("--") and not parameter.hidden
        }
        if unknown := [key for key in table if key not in parameters]:
            raise UsageError(
                f"{CONFIG}: [{name}] has no option {unknown[0]!r}; it has "
                f"{', '.join(sorted(parameters))}"
            )
        given[name] = {
            str(parameters[key].name): _as_taken(key, parameters[key], value)
            for key, value in table.items()
        }
    return given


def _as_taken(key: str, parameter: Any, value: Any) -> Any:
    """A list for an option that may be repeated, text with commas for one that may not."""
    if isinstance(value, bool) and not parameter.is_flag:  # to Python true is the number 1
        raise UsageError(f"{CONFIG}: {key!r} takes a value, not {str(value).lower()}")
    if isinstance(value, dict):
        value = [f"{name}={each}" for name, each in value.items()]
    if parameter.multiple:
        return value if isinstance(value, list) else [value]
    if key == "out" and not value:
        raise UsageError(f"{CONFIG}: 'out' is empty")
    return ",".join(map(str, value)) if isinstance(value, list) else value


def option(default: Any, text: str, *names: str, **more: Any) -> Any:
    """Declare an option; `...` as its default: it is required. Default name: --name-of-the-field.

    Further keywords are those of `typer.Option`.
    """
    more = {"help": text, "show_default": default is not ..., **more}
    return _declared(default, typer.Option(default, *names, **more))


def argument(text: str, **more: Any) -> Any:
    """Declare a required argument; further keywords are those of `typer.Argument`."""
    return _declared(..., typer.Argument(..., help=text, show_default=False, **more))


def _declared(default: Any, parameter: Any) -> Any:
    default = MISSING if default is ... else default
    return field(default=default, metadata={"parameter": parameter})


@dataclass_transform(kw_only_default=True, frozen_default=True)
def command(
    run: str, *, example: str, name: str | None = None
) -> Callable[[type[Options]], type[Options]]:
    """Make a class of options a frozen dataclass and a command; its docstring is the help.

    It calls `run`, a ``module:function`` of this package, with the options; the module is imported
    when the command runs, so that help is instant. The default name is that of the class.
    """

    def registered(declared: type[Options]) -> type[Options]:
        options = dataclass(frozen=True, kw_only=True)(declared)

        @friendly
        def called(**values: Any) -> None:
            module, _, function = run.partition(":")
            getattr(import_module(f"samesku.cli.{module}"), function)(options(**values))

        called.__doc__ = options.__doc__
        called.__signature__ = _signature(options)  # type: ignore[attr-defined]
        name_of = name or options.__name__.lower()
        app.command(name_of, epilog=f"Example: {example}", cls=GroupedCommand)(called)
        return options

    return registered


def _signature(options: type) -> Signature:
    """The parameters that typer reads, one per field, those of settings last."""
    hints, parameters = get_type_hints(options), []
    for each in sorted(fields(options), key=lambda each: "help" in each.metadata):
        if "help" in each.metadata:
            declared = typer.Option(each.default, **each.metadata)
        elif (declared := each.metadata.get("parameter")) is None:
            continue  # a setting that is no option
        if isinstance(declared, OptionInfo) and not declared.param_decls:
            declared.param_decls = (f"--{each.name.replace('_', '-')}",)
        parameters.append(
            Parameter(
                each.name, Parameter.KEYWORD_ONLY, default=declared, annotation=hints[each.name]
            )
        )
    return Signature(parameters)
