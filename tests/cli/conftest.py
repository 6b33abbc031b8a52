from tests.judges.conftest import server  # noqa: F401  (a fixture)
