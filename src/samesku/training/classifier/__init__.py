"""Labelled catalogues to a pair classifier; needs the extra `train`, or of it `trees` alone."""

from samesku.runtime.extras import need_extra

need_extra("training a pair classifier", "train", "lightgbm", "onnx")
