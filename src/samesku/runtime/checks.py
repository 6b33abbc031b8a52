"""Arguments of another type than is taken, refused in words."""

from __future__ import annotations


def check_type(name: str, value: object, kind: type | tuple[type, ...], what: str) -> None:
    """Raise TypeError where an argument is no `what`; True and False are no numbers."""
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} is {what}, not {value!r}")
