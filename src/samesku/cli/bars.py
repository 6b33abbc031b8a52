"""Bars with rate and time left, for terminals."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich import progress as rich
from rich.console import Console
from rich.text import Text

from samesku.runtime.progress import Advance


@contextmanager
def bar(console: Console, name: str, total: int | None) -> Iterator[Advance]:
    """Show the progress of a stage, or a spinner where its size is unknown."""
    columns = [rich.SpinnerColumn(), rich.TextColumn("{task.description}")]
    counting = [rich.BarColumn(), rich.MofNCompleteColumn(), _Rate(), rich.TimeRemainingColumn()]
    shown = [*columns, *(counting if total is not None else []), rich.TimeElapsedColumn()]
    with rich.Progress(*shown, console=console, transient=True) as bars:
        task = bars.add_task(name, total=total)
        yield lambda done: bars.advance(task, done)


class _Rate(rich.ProgressColumn):
    def render(self, task: rich.Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")
