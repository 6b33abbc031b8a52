"""The command line: parse, call, print."""

from __future__ import annotations

# Each adds its commands, in this order.
from samesku.cli import commands, encoder_commands  # noqa: F401
from samesku.cli.app import app

__all__ = ["app"]
