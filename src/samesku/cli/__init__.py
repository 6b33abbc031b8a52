"""The command line: parse, call, print."""

from __future__ import annotations

# Each adds its commands, in this order.
from samesku.cli import judging, live, showing, teaching  # noqa: F401
from samesku.cli.app import app
from samesku.cli.grouping import GroupedCommand

__all__ = ["app"]

for command in app.registered_commands:
    command.cls = GroupedCommand
