import io
import os
import re
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import typer
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

from samesku import CatalogError, Matcher, Problem
from samesku.cli import app
from samesku.cli.console import TerminalProgress, UsageError, console, emit, friendly, say
from samesku.runtime.cache import content_key


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
        (CatalogError("x.csv", [FAULT]), 3, "Error: x.csv cannot be used:\n  - there is no column"),
        (OSError("disk full [bold]odd[/]"), 3, "Error: disk full [bold]odd[/]"),
        (UsageError("leave one out"), 2, "Error: leave one out"),
        (MemoryError(), 3, "Error: not enough memory; try fewer --neighbours"),
        (KeyboardInterrupt(), 130, "Stopped."),
    ],
)
def test_what_a_user_can_mend_is_told_in_words_on_standard_error(error, code, said):
    result = tell(raises(error))
    assert result.exit_code == code
    assert result.stderr.startswith(said)
    assert result.stdout == ""


def test_what_the_package_refuses_in_words_is_bad_input():
    result = tell(lambda: Matcher([]))
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: encoders are one or more")


@pytest.mark.parametrize(
    "work",
    [
        lambda: int("x"),
        lambda: np.concatenate([]),
        lambda: content_key(3),
        raises(AssertionError("[bug]")),
        raises(ModuleNotFoundError("No module named 'numpy'")),
    ],
)
def test_a_fault_of_the_program_is_told_as_its_own(work):
    result = tell(work)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: this is a fault of samesku, not of your input (")
    assert "--debug" in result.stderr
    assert result.stderr.count("\n") == 1


def test_debug_shows_where_an_error_comes_from(tmp_path):
    args = ["report", str(tmp_path)]
    result = CliRunner().invoke(app, ["--debug", *args])
    assert result.exit_code == 3
    assert "Traceback" in result.stderr
    assert "runs.py" in result.stderr
    assert "Traceback" not in CliRunner().invoke(app, args).stderr


STEERING = "\x1b[31mred\x07 \u202eback \x9b2J \ud800"


def test_nothing_that_is_shown_steers_the_terminal(capsys):
    say(STEERING)
    table = Table("titles")
    table.add_row(STEERING)
    console.print(table)
    console.print(STEERING, markup=False)
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert "[31mred" in text
        assert not set(text) & set("\x1b\x07\u202e\x9b\ud800")


def test_a_console_that_is_not_utf8_gets_marks_for_what_it_lacks(tmp_path):
    offers = tmp_path / "ไฟล์ สินค้า.csv"
    offers.write_text("posting_id,title\nก1,ชาเขียว 5 g\nก2,ชาเขียว 5g\nก3,กาแฟ\n", encoding="utf-8")
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "SAMESKU_CACHE": str(tmp_path / "c")}
    done = subprocess.run(
        [sys.executable, "-m", "samesku", "match", str(offers), "--out", str(tmp_path / "ผล")],
        capture_output=True, check=False, timeout=120, env={**os.environ, **ascii_only},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for shown in (done.stdout, done.stderr):
        assert b"?" in shown
        assert shown.isascii()


def test_a_closed_output_takes_no_summary_and_ends_nothing(monkeypatch):
    monkeypatch.setattr(console, "quiet", True)
    monkeypatch.setattr(sys, "stdout", None)
    emit({"postings": 3})


def test_help_waits_for_no_tables_and_no_arrays():
    code = "import sys\nfrom samesku.__main__ import main\ntry:\n main()\nexcept SystemExit:\n"
    code += " print(sorted({'numpy', 'polars', 'scipy', 'rich.markdown'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_ctrl_c_while_the_program_starts_ends_it_without_a_trace():
    code = "import sys, samesku.__main__\nclass Stop:\n"
    code += " def find_spec(self, name, *rest):\n  if name == 'typer': raise KeyboardInterrupt\n"
    code += "sys.meta_path.insert(0, Stop())\nsamesku.__main__.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


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


def test_a_command_prints_after_another_was_asked_for_json(tmp_path):
    done = CliRunner().invoke(app, ["match", str(tmp_path / "none.csv"), "--out", "o", "--json"])
    assert done.exit_code == 3
    assert "tfidf" in CliRunner().invoke(app, ["encoders"]).stdout
