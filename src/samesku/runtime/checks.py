"""Arguments that are not taken, refused in words."""

from typing import Any, get_args


def check_type(name: str, value: object, kind: type | tuple[type, ...], what: str) -> None:
    """Raise TypeError where an argument is no `what`; True and False are no numbers."""
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} is {what}, not {value!r}")


def check_choice(name: str, value: object, choices: Any, *, optional: bool = False) -> None:
    """Raise ValueError where an argument is none of a ``Literal``'s values, or None if optional."""
    if value not in get_args(choices) and not (optional and value is None):
        raise ValueError(f"{name} is one of {', '.join(get_args(choices))}, not {value!r}")
