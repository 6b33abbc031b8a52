import io
import re
import time
import warnings

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from samesku import CatalogError, Problem
from samesku.cli import app
from samesku.cli.console import TerminalProgress, friendly, say


def tell(work):
    """Run `work` as a command."""
    small = typer.Typer(pretty_exceptions_enable=False)

    @small.command()
    @friendly
    def command():
        work()

    return CliRunner().invoke(small, [])


def raises(error):
    def work():
        raise error

    return work


FAULT = Problem("missing_column", "there is no column 'title'", "add [it]", fatal=True)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (CatalogError("x.csv", [FAULT]), 2, "Error: x.csv cannot be used:\n  - there is no column"),
        (OSError("disk full"), 2, "Error: disk full"),
        (ValueError("[bold]odd[/]"), 2, "Error: [bold]odd[/]"),
        (ModuleNotFoundError("install it"), 2, "Error: install it"),
        (MemoryError(), 2, "Error: not enough memory; try fewer --neighbours"),
        (KeyboardInterrupt(), 130, "Stopped."),
    ],
)
def test_what_a_user_can_mend_is_told_in_words_on_standard_error(error, code, said):
    result = tell(raises(error))
    assert result.exit_code == code
    assert result.stderr.startswith(said)
    assert result.stdout == ""


def test_a_fault_of_the_program_itself_is_not_hidden():
    assert isinstance(tell(raises(AssertionError("bug"))).exception, AssertionError)


def test_warnings_are_notes_and_leave_the_settings_of_the_process_alone():
    before = warnings.showwarning, list(warnings.filters)
    result = tell(lambda: warnings.warn("the cache is [full]", stacklevel=1))
    assert result.exit_code == 0
    assert result.stderr == "Note: the cache is [full]\n"
    assert (warnings.showwarning, list(warnings.filters)) == before


def test_quiet_is_quiet(capsys):
    say("hello")
    say("unheard", quiet=True)
    TerminalProgress(quiet=True).note("unheard")
    assert capsys.readouterr().err == "hello\n"


def test_progress_keeps_times_and_notes(capsys):
    progress = TerminalProgress()
    with progress.stage("read photos", 3) as advance:
        advance(3)
    with progress.stage("read photos"):
        pass
    with pytest.raises(OSError, match="gone"), progress.stage("write"):
        raise OSError("gone")
    assert list(progress.seconds) == ["read photos", "write"]
    progress.note("once")
    progress.note("once")
    assert progress.notes == ["once"]
    assert capsys.readouterr().err == "once\n"


def test_the_version_is_told():
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.output.startswith("samesku 0.")


def test_without_a_command_all_commands_are_shown():
    output = CliRunner().invoke(app, []).output
    for command in ("match", "evaluate", "demo", "download", "report", "explain"):
        assert command in output


def test_elsewhere_than_on_a_terminal_a_long_stage_gets_a_line(capsys, monkeypatch):
    monkeypatch.setattr("samesku.cli.console.WORTH_A_LINE", 0.0)
    progress = TerminalProgress()
    with progress.stage("read photos", 1_200) as advance:
        advance(1_200)
    with progress.stage("write"):
        pass
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "read photos of 1,200: done in 0.0 s",
        "write: done in 0.0 s",
    ]
    with TerminalProgress(quiet=True).stage("read photos", 1_200):
        pass
    assert capsys.readouterr().err == ""


def test_a_terminal_is_shown_rate_and_time_left(monkeypatch):
    drawn = io.StringIO()
    terminal = Console(file=drawn, force_terminal=True, width=120)
    monkeypatch.setattr("samesku.cli.console.errors", terminal)
    with TerminalProgress().stage("read photos", 100) as advance:
        for _ in range(5):
            advance(10)
            time.sleep(0.12)
    assert re.search(r"read photos.*50/100.*\d+/s.*0:00:0\d", drawn.getvalue())
