"""Labelled catalogues to a pair classifier; needs the extra `trees`."""

import os

from samesku.runtime.extras import need_extra

# Before LightGBM is loaded: its threads sleep while they wait for each other. Where the cores have
# other work to do, those that spin take tens of times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
need_extra("training a pair classifier", "trees", "lightgbm", "onnx")
