"""The command line: parse, call, print."""

from __future__ import annotations

from samesku.cli.app import app

__all__ = ["app"]
