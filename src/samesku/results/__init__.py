"""What a run found, and the record of it."""

from samesku.results.matches import Matches

__all__ = ["Matches"]
