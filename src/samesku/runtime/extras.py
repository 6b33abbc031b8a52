"""What is told where an optional package is missing."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["need_extra"]


def need_extra(what: str, extra: str, *packages: str) -> None:
    """Refuse in one line where a package of an extra is not installed.

    Parameters
    ----------
    what : str
        The command, model or file that cannot do without.
    extra : str
        Of samesku, which brings the packages.
    *packages : str
        By the names they are imported by.

    Raises
    ------
    ModuleNotFoundError
        One is missing; says how to get it.
    """
    for package in packages:
        if find_spec(package) is None:
            raise ModuleNotFoundError(
                f"{what} needs the extra {extra} ({package} is missing): uv add 'samesku[{extra}]'"
            )
