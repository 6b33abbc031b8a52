"""A network in ONNX made smaller and quicker on processors: 8-bit whole numbers."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from samesku.encoders.model_files import quiet
from samesku.runtime.arrays import Array

Feed: TypeAlias = Mapping[str, Array]
# From the smallest and quickest to the most exact. Seven bits cannot overflow on any processor,
# eight can where it lacks the instructions for them; with "weights" only these are whole numbers,
# which makes the file small and nothing quicker.
Way: TypeAlias = Literal["seven-bit", "eight-bit", "weights"]
WAYS: tuple[Way, ...] = get_args(Way)
# Weights smaller than this stay as they are.
SMALL = 1024


def quantise(exact: Path, place: Path, feeds: Sequence[Feed], way: Way) -> None:
    """Write the 8-bit form of the float32 network `exact` to `place`.

    Networks of convolutions get fixed ranges, the mean of those that `feeds` (inputs by name, each
    of one title or photo) need one by one: a range wide enough for all of them would be too coarse
    for each. In networks of matrix products ranges are found anew for each input.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static

    network = onnx.load(exact)
    if way == "weights":
        _weights_only(network, place)
        return
    # Patches of transformers are cut by one convolution.
    convolutional = [node.op_type for node in network.graph.node].count("Conv") > 1
    narrow = way == "seven-bit"
    reader = SimpleNamespace(get_next=partial(next, iter(feeds), None))
    with quiet():
        if convolutional:
            quantize_static(
                exact, place, reader, per_channel=True, reduce_range=narrow,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                extra_options={"CalibMovingAverage": True},
            )  # fmt: skip
        else:
            quantize_dynamic(
                exact, place, per_channel=True, reduce_range=narrow, weight_type=QuantType.QInt8,
                op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            )  # fmt: skip


def _weights_only(network: Any, place: Path) -> None:
    """Store large weights as whole numbers, one step per first index, that are scaled at use."""
    import onnx
    from onnx import helper, numpy_helper

    graph, scaling = network.graph, []
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.ndim < 2 or values.size < SMALL:
            continue
        largest = np.abs(values).reshape(len(values), -1).max(axis=1)
        step = (np.maximum(largest, 1e-12) / 127).astype(np.float32)
        whole = np.rint(values / step.reshape(-1, *[1] * (values.ndim - 1))).astype(np.int8)
        name = weight.name
        graph.initializer.remove(weight)
        for content, part in ((whole, "whole"), (step, "step")):
            graph.initializer.append(numpy_helper.from_array(content, f"{name}_{part}"))
        parts = [f"{name}_whole", f"{name}_step"]
        scaling.append(helper.make_node("DequantizeLinear", parts, [name], axis=0))
    nodes = [*scaling, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(network, place)
