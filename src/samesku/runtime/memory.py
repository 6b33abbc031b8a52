"""How much memory a run may take, and how much is worked on at once because of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["CEILING", "at_once", "bytes_of", "within"]

CEILING = 4 * 2**30
# Share of the ceiling that one stage's work at once may take. The rest is for what is held: the
# catalogue, its vectors, neighbours and pairs.
SHARE = 1 / 8
# Fewer items at once would take longer without saving anything.
LEAST = 4_096
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?)(?:I?B)?", re.IGNORECASE)
_ceiling: ContextVar[int] = ContextVar("ceiling", default=CEILING)


def bytes_of(text: str | int) -> int:
    """Read a size: ``"4GB"``, ``"512 MB"``, or a number of bytes.

    Raises
    ------
    ValueError
        It is none, or nothing.
    """
    found = _SIZE.fullmatch(str(text).strip())
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if size < 1:
        raise ValueError(f"memory is a size like 4GB or 512MB, not {text!r}")
    return size


@contextmanager
def within(ceiling: int) -> Iterator[None]:
    """Let what is called here take so many bytes in all."""
    before = _ceiling.set(ceiling)
    try:
        yield
    finally:
        _ceiling.reset(before)


def at_once(each: int, most: int) -> int:
    """How many items are worked on at once, up to `most`, where each takes so many bytes."""
    return max(LEAST, min(most, int(_ceiling.get() * SHARE) // each))
