"""The command line: parse, call, print."""

from __future__ import annotations

from samesku.cli import live, showing, teaching  # noqa: F401  (add their commands, in this order)
from samesku.cli.app import app

__all__ = ["app"]
