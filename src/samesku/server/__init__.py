"""The live index over HTTP, with a page where people decide."""

from samesku.server.app import create_app

__all__ = ["create_app"]
