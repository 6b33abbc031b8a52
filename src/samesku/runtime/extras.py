"""The error where an optional package is missing."""

from importlib.util import find_spec


def need_extra(what: str, extra: str, *packages: str) -> None:
    """Raise ModuleNotFoundError, with what to install, where packages of an extra are missing.

    `what` needs them, as a command or a file; `packages` are the names that they are imported by.
    """
    for package in packages:
        if find_spec(package) is None:
            raise ModuleNotFoundError(
                f"{what} needs the extra {extra} ({package} is missing): uv add 'samesku[{extra}]'"
            )
