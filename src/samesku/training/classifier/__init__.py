"""Labelled catalogues to a pair classifier; needs the extra `trees`."""

import os

from samesku.runtime.extras import need_extra

# Before LightGBM is loaded: its threads soon sleep while they wait for each other. Where the cores
# have other work to do, those that go on spinning take tens of times as long.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
need_extra("training a pair classifier", "trees", "lightgbm", "onnx")
