"""The command line: parse, call, print."""

from samesku.cli import commands  # noqa: F401  (adds each command)
from samesku.cli.app import app

__all__ = ["app"]
