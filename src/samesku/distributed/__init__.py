"""The stages of a match on many machines: Ray moves the work, Parquet holds what is between."""

import os

# Read when Ray is imported. Under `uv run` Ray would send the folder to all workers and have each
# build an environment of its own, without the extras, where they run the nodes' own.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
