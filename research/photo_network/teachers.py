"""Write PP-LCNetV2, a teacher of the photo network, as ONNX up to its features, with its JSON.

    paddle2onnx --model_dir paddlelabel_ml/model/PPLCNetV2/ckpt
        --model_filename inference.pdmodel --params_filename inference.pdiparams
        --save_file whole.onnx --opset_version 13
    python -m research.photo_network.teachers whole.onnx OUT.onnx

The first command, on one line, converts what lies in the wheel of paddlelabel-ml 1.0.0
(Apache-2.0); paddle2onnx 1.2.4 needs a Python of its own (3.11, onnx < 1.16). The network is no
part of samesku.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import onnx

# The features before the classes, as paddle2onnx names them.
FEATURES = "relu_39.tmp_0"
INPUT = {"size": [224, 224], "resize": "stretch", "pooling": "mean"}


def main() -> None:
    """Read the arguments, cut, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("whole", type=Path, metavar="WHOLE.onnx")
    parser.add_argument("out", type=Path, metavar="OUT.onnx")
    given = parser.parse_args()
    onnx.utils.extract_model(given.whole, given.out, ["x"], [FEATURES])
    given.out.with_suffix(".json").write_text(json.dumps(INPUT) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
