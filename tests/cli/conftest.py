import pytest

from samesku.cli.console import console
from tests.judges.conftest import server  # noqa: F401  (a fixture)


@pytest.fixture(autouse=True)
def heard():
    """Results are printed, whatever an earlier command asked for with --json."""
    console.quiet = False
