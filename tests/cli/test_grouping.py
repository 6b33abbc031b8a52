"""Help in groups, and groups that name what there is."""

import pytest
import typer
from typer.testing import CliRunner

from samesku.cli import app
from samesku.cli.grouping import COMMANDS, OPTIONS

ALL = typer.main.get_command(app).commands


def test_every_command_has_a_group_and_every_group_has_commands():
    assert sorted(name for names in COMMANDS.values() for name in names) == sorted(ALL)


@pytest.mark.parametrize("name", [name for names in OPTIONS.values() for name in names])
def test_every_option_of_a_group_is_there(name):
    assert any(name == each.name for command in ALL.values() for each in command.params)


@pytest.mark.parametrize("name", ALL)
def test_help_shows_every_option_and_an_example(name):
    shown = CliRunner().invoke(app, [name, "--help"]).stdout
    assert "Example: samesku " in shown
    options = [each for each in ALL[name].params if each.param_type_name == "option"]
    assert all(each.hidden or each.opts[0] in shown for each in options)


def test_options_are_listed_by_what_they_decide():
    shown = CliRunner().invoke(app, ["match", "--help"]).stdout
    places = [shown.index(f"{group}:\n") for group in OPTIONS]
    assert places == sorted(places)
    assert shown.index("--threshold") > shown.index("Scores and clusters:")
    assert shown.count("--threshold ") == 1
