"""Defaults of options: `samesku.toml` in the working folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samesku.cli.console import UsageError

CONFIG = Path("samesku.toml")


def configured_options(commands: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Defaults by command and parameter, as click takes them; the command line wins.

    A file that is no TOML, or names a command or option that there is not, is a UsageError.
    """
    if not CONFIG.is_file():
        return {}
    try:
        tables = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise UsageError(f"{CONFIG} cannot be read: {error}") from error
    given: dict[str, dict[str, Any]] = {}
    for name, table in tables.items():
        if name not in commands or not isinstance(table, dict):
            raise UsageError(
                f"{CONFIG}: {name!r} is no table of a command; there are "
                f"{', '.join(f'[{each}]' for each in sorted(commands))}"
            )
        parameters = _options(commands[name])
        for key, value in table.items():
            if key not in parameters:
                raise UsageError(
                    f"{CONFIG}: [{name}] has no option {key!r}; it has "
                    f"{', '.join(sorted(parameters))}"
                )
            given.setdefault(name, {})[parameters[key]] = value
    return given


def _options(command: Any) -> dict[str, str]:
    """Long names of options, without dashes before -> names of the parameters."""
    return {
        option.removeprefix("--"): parameter.name
        for parameter in command.params
        if parameter.param_type_name == "option" and not parameter.hidden and parameter.name
        for option in parameter.opts
        if option.startswith("--") and option != "--help"
    }
