"""What is wrong with the input, said once, with rows and the fix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from samesku.runtime.files import packaged_table

EXAMPLES_SHOWN = 5
_KINDS = packaged_table("samesku.catalog", "problems.toml")


@dataclass(frozen=True)
class Problem:
    """One kind of fault and everywhere it occurs.

    Parameters
    ----------
    kind : str
        Short machine-readable name, e.g. ``"duplicate_id"``.
    message : str
        What is wrong, in words, without the rows.
    fix : str
        What the user can do, or what samesku does instead.
    fatal : bool
        Whether the catalogue cannot be used until it is mended.
    rows : tuple of int
        The rows concerned, as a spreadsheet shows them: the header is row 1.
    examples : tuple of str
        Offending values, in the order of `rows`.
    """

    kind: str
    message: str
    fix: str
    fatal: bool = False
    rows: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        kind: str,
        positions: Iterable[int] = (),
        *,
        examples: Sequence[object] = (),
        **values: object,
    ) -> Problem:
        """One of `problems.toml` at 0-based positions in the table, with `values` in its words."""
        known = _KINDS[kind]
        message, fix = (known[text].format_map(values) for text in ("message", "fix"))
        rows = tuple(int(position) + 2 for position in positions)
        texts = map(str, examples)
        shown = tuple(text if len(text) <= 60 else f"{text[:59]}…" for text in texts)
        return cls(kind, message, fix, known.get("fatal", False), rows, shown)

    @property
    def positions(self) -> list[int]:
        """The 0-based positions of the rows in the table."""
        return [row - 2 for row in self.rows]

    @property
    def left_out(self) -> str:
        """What is not used: "nothing", "rows" that are no postings, or "cells"."""
        return str(_KINDS.get(self.kind, {}).get("left_out", "cells"))

    @property
    def count(self) -> int:
        """How many rows are concerned; 1 when it concerns the file as a whole."""
        return max(len(self.rows), 1)

    def __str__(self) -> str:
        text = self.message
        if self.rows:
            shown = ", ".join(str(row) for row in self.rows[:EXAMPLES_SHOWN])
            more = len(self.rows) - EXAMPLES_SHOWN
            where = f"row{'s' if len(self.rows) > 1 else ''} {shown}"
            text = (
                f"{len(self.rows):,} x {text} ({where}{f' and {more:,} more' if more > 0 else ''}"
            )
            if self.examples:
                text += f"; e.g. {', '.join(repr(value) for value in self.examples[:3])}"
            text += ")"
        return f"{text}: {self.fix}"


def usable(source: str, problems: list[Problem]) -> list[Problem]:
    """The problems, where none of them is fatal; else a CatalogError with all of them."""
    if any(problem.fatal for problem in problems):
        raise CatalogError(source, problems)
    return problems


class CatalogError(ValueError):
    """The catalogue cannot be used; carries every problem found, not only the first.

    Parameters
    ----------
    source : str
        The file or object that was read.
    problems : sequence of Problem
        All problems, fatal ones first.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(sorted(problems, key=lambda problem: not problem.fatal))
        lines = [f"{source} cannot be used:", *(f"  - {problem}" for problem in self.problems)]
        super().__init__("\n".join(lines))
