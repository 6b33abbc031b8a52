"""How much memory a run may take, and how much is worked on at once because of it."""

import math
import mmap
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cached_property
from typing import IO

import numpy as np

from samesku.runtime.arrays import Array

CEILING = 4 * 2**30
# What is held throughout, measured: the program, and per posting its titles, vectors, neighbours,
# pairs and reasons. The least that work at once takes is added, as fewer items save nothing.
PROGRAM, POSTING, WORK = 250 * 2**20, 6_000, 200 * 2**20
# Share of the rest that one stage's work at once may take.
SHARE = 1 / 4
# Fewer items at once would take longer without saving anything.
LEAST = 4_096
# Bytes from which rows that are seldom read are kept in a file.
IN_MEMORY = 64 * 2**20
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?)(?:I?B)?", re.IGNORECASE)
_room: ContextVar[int] = ContextVar("room", default=CEILING)


def bytes_of(text: str | int) -> int:
    """Read a size, ``"4GB"``, ``"512 MB"`` or a number of bytes; ValueError where it is none."""
    found = _SIZE.fullmatch(str(text).strip())
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if size < 1:
        raise ValueError(f"memory is a size like 4GB or 512MB, not {text!r}")
    return size


def needed(postings: int) -> int:
    """The least bytes that matching so many postings takes, by measured figures."""
    return PROGRAM + postings * POSTING + WORK


@contextmanager
def within(ceiling: int | None, postings: int) -> Iterator[None]:
    """Let the work within take at most `ceiling` bytes, including what is held of the postings.

    None: 4 GB, or what the postings need where that is more. A ceiling below what the postings need
    is a ValueError that says how much.
    """
    least = needed(postings)
    if ceiling is not None and ceiling < least:
        raise ValueError(
            f"{postings:,} postings need about {math.ceil(least / 2**20):,}MB of memory, more than "
            f"the {ceiling // 2**20:,}MB that are allowed: allow more, or match fewer at once"
        )
    before = _room.set((ceiling or max(CEILING, least)) - least + WORK)
    try:
        yield
    finally:
        _room.reset(before)


def at_once(each: int, most: int) -> int:
    """How many items are worked on at once, up to `most`, where each takes so many bytes."""
    return max(LEAST, min(most, int(_room.get() * SHARE) // each))


class Kept:
    """Rows that are seldom read: in memory, or from some size on in a file that has no name.

    The file lies in the folder for temporary files and is gone with the process, however it ends.
    """

    def __init__(self) -> None:
        self._parts: list[Array] = []
        self._file: IO[bytes] | None = None
        self._size = self._rows = 0

    def add(self, part: Array) -> None:
        """Append rows; OSError where the disk is full."""
        self._parts.append(part)
        self._size += part.nbytes
        self._rows += len(part)
        if self._size > IN_MEMORY:
            self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115
            try:
                for each in self._parts:
                    self._file.write(np.ascontiguousarray(each).data)
                self._file.flush()
            except OSError as error:
                with suppress(OSError):
                    self._file.close()
                reason = f"temporary files cannot be written: {error.strerror}; set TMPDIR"
                raise OSError(error.errno, reason, tempfile.gettempdir()) from error
            self._parts = [part[:0]]

    @cached_property
    def rows(self) -> Array:
        """All rows, in their order; none can be added any more."""
        if self._file is None:
            return np.concatenate(self._parts)
        kind, shape = self._parts[0].dtype, (self._rows, *self._parts[0].shape[1:])
        with self._file:  # what is mapped stays
            return np.memmap(self._file, dtype=kind, mode="r", shape=shape)


def kept(rows: Array) -> Array:
    """The same rows, where they are many in a file."""
    whole = Kept()
    whole.add(rows)
    return whole.rows


def released(rows: Array) -> None:
    """Give back the memory of what was read of rows in a file; they can be read again."""
    mapped = getattr(rows, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
