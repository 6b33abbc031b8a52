"""What the terminal shows: progress, errors that tell the fix, summaries."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TextIO, TypeVar

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from samesku.catalog.problems import CatalogError
from samesku.runtime.progress import Advance, Progress

__all__ = ["FAILED", "INTERRUPTED", "TerminalProgress", "console", "friendly", "say"]

FAILED = 2
INTERRUPTED = 130
# Seconds from which a stage is told where no bar could show it.
WORTH_A_LINE = 1.0

# Results go to standard output, everything about the work itself to standard error.
console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def friendly(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Errors that a user can mend are told in words instead of a traceback."""

    @wraps(command)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            with warnings.catch_warnings():
                # Shown whatever the interpreter was told to do with warnings.
                warnings.simplefilter("default", UserWarning)
                warnings.showwarning = _show_warning
                return command(*args, **kwargs)
        except KeyboardInterrupt:
            errors.print("Stopped. Nothing half-written was left; what was encoded is kept.")
            raise typer.Exit(INTERRUPTED) from None
        except MemoryError:
            errors.print("[bold red]Error:[/] not enough memory; try fewer --neighbours")
            raise typer.Exit(FAILED) from None
        except (CatalogError, OSError, ValueError, ModuleNotFoundError) as error:
            errors.print("[bold red]Error:[/] ", end="")
            errors.print(str(error), markup=False)
            raise typer.Exit(FAILED) from error

    return guarded


def say(text: str, *, quiet: bool = False) -> None:
    """A line about the work, to standard error."""
    if not quiet:
        errors.print(text, markup=False)


class TerminalProgress(Progress):
    """Shows a bar with rate and time left, or a spinner, per stage on a terminal.

    Elsewhere a stage that took a while gets a plain line when it is done.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__()
        self.quiet = quiet

    @contextmanager
    def _shown(self, name: str, total: int | None) -> Iterator[Advance]:
        if self.quiet or not errors.is_terminal:
            start = time.perf_counter()
            yield lambda done: None
            if not self.quiet and (taken := time.perf_counter() - start) >= WORTH_A_LINE:
                items = "" if total is None else f" of {total:,}"
                say(f"{name}{items}: done in {taken:.1f} s")
            return
        columns = [SpinnerColumn(), TextColumn("{task.description}")]
        counting = [BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()]
        shown = [*columns, *(counting if total is not None else []), TimeElapsedColumn()]
        with Bars(*shown, console=errors, transient=True) as bars:
            task = bars.add_task(name, total=total)
            yield lambda done: bars.advance(task, done)

    def note(self, text: str) -> None:
        """Tell the user something once, now and in the record."""
        if text not in self.notes:
            say(text, quiet=self.quiet)
        super().note(text)


class _Rate(ProgressColumn):
    """Items per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if issubclass(category, UserWarning):
        errors.print(f"Note: {message}", markup=False)
    elif sys.flags.dev_mode:
        errors.print(f"{filename}:{lineno}: {category.__name__}: {message}", markup=False)
