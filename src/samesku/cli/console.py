"""Output to the terminal: progress, errors with their fix, summaries."""

import json
import re
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, TextIO

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from samesku.catalog.problems import CatalogError
from samesku.runtime.files import as_json
from samesku.runtime.progress import Advance, Progress

# What a command exits with; 0: done.
FAULT, USAGE, BAD_INPUT, MISSING_EXTRA, INTERRUPTED = 1, 2, 3, 4, 130
# Seconds from which a stage is printed where no bar could show it.
WORTH_A_LINE = 1.0
# Control characters, those that change the direction of text, and halves of characters.
STEERING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
PACKAGE = Path(__file__).parents[1]


class _Console(Console):
    """Removes control characters from titles, ids and file names, which anyone may have written."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else STEERING.sub("\ufffd", text), style, control)


# Results go to standard output, everything about the work itself to standard error.
console = _Console(highlight=False, markup=False, soft_wrap=True)
errors = _Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

# Whether errors are printed with their traceback.
traces = ContextVar("traces", default=False)


def only_json(wanted: bool) -> bool:
    """Print one JSON object instead of tables, if that is wanted; returns it."""
    console.quiet = wanted
    return wanted


def emit(summary: Mapping[str, Any]) -> None:
    """Print what a command did as JSON, where the user asked for that."""
    if console.quiet and sys.stdout is not None:  # closed by who started this
        sys.stdout.write(json.dumps(as_json(summary), ensure_ascii=False, indent=2) + "\n")


class UsageError(ValueError):
    """Options that do not go together or cannot be read."""


def friendly(command: Callable[..., None]) -> Callable[..., None]:
    """Print errors as one line with the exit code of their kind, instead of a traceback."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            # Shown whatever the filters of the interpreter say.
            with warnings.catch_warnings(action="default", category=UserWarning):
                warnings.showwarning = _show_warning
                command(*args, **kwargs)
        except KeyboardInterrupt:
            errors.print("Stopped. Nothing half-written was left; what was encoded is kept.")
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            code, text = _described(error)
            if traces.get():
                errors.print("".join(traceback.format_exception(error)))
            errors.print("Error:", style="bold red", end=" ")
            errors.print(text)
            raise typer.Exit(code) from error
        finally:
            only_json(False)  # a process may run several commands

    return guarded


def _described(error: Exception) -> tuple[int, str]:
    if isinstance(error, UsageError):
        return USAGE, str(error)
    if isinstance(error, MemoryError):
        return BAD_INPUT, "not enough memory; try fewer --neighbours"
    if isinstance(error, OSError) and error.filename and error.strerror:
        return BAD_INPUT, f"{error.filename}: {error.strerror}"
    foreseen = isinstance(error, ValueError) and _raised_here(error)
    if foreseen or isinstance(error, CatalogError | OSError):
        return BAD_INPUT, str(error)
    if isinstance(error, ModuleNotFoundError) and _raised_here(error):
        return MISSING_EXTRA, str(error)
    words = f"{type(error).__name__}: {error}".partition("\n")[0].removesuffix(": ")
    return FAULT, (
        f"this is a fault of samesku, not of your input ({words}); please report it with what "
        "`samesku --debug COMMAND ...` shows"
    )


def _raised_here(error: Exception) -> bool:
    """Whether this package raised the error itself: any other one was not foreseen."""
    came = traceback.extract_tb(error.__traceback__)[-1]
    return Path(came.filename).is_relative_to(PACKAGE) and (came.line or "").startswith("raise ")


def say(text: str, *, quiet: bool = False) -> None:
    if not quiet:
        errors.print(text)


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
        # Loaded only where bars are shown.
        from samesku.cli.bars import bar

        with bar(errors, name, total) as advance:
            yield advance

    def note(self, text: str) -> None:
        """Print and keep what the user should know, once."""
        if text not in self.notes:
            say(text, quiet=self.quiet)
        super().note(text)


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int,
    file: TextIO | None = None, line: str | None = None,
) -> None:  # fmt: skip
    if issubclass(category, UserWarning):
        errors.print(f"Note: {message}")
    elif sys.flags.dev_mode:
        errors.print(f"{filename}:{lineno}: {category.__name__}: {message}")
