"""The command line: parse, call, print."""

from __future__ import annotations

from samesku.cli import teaching  # noqa: F401  (adds its commands)
from samesku.cli.app import app

__all__ = ["app"]
