"""Labelled catalogues to a pair classifier; needs the extra `trees`."""

from samesku.runtime.extras import need_extra

need_extra("training a pair classifier", "trees", "lightgbm", "onnx")
