"""The runs that the tests of the report write are read back here, too."""

from tests.report.conftest import evaluated, folder, linked, matches, shop

__all__ = ["evaluated", "folder", "linked", "matches", "shop"]
