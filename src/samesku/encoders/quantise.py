"""A network in ONNX made smaller and quicker on processors: 8-bit whole numbers."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, TypeAlias, get_args

from samesku.encoders.model_files import quiet
from samesku.runtime.arrays import Array

Feed: TypeAlias = Mapping[str, Array]
# The more exact one last. Seven bits cannot overflow on any processor, eight can where it lacks the
# instructions for them.
Way: TypeAlias = Literal["seven-bit", "eight-bit"]
WAYS: tuple[Way, ...] = get_args(Way)


def quantise(exact: Path, place: Path, feeds: Sequence[Feed], way: Way) -> None:
    """Write the 8-bit form of the float32 network `exact` to `place`.

    Networks of convolutions get fixed ranges, the mean of those that `feeds` (inputs by name, each
    of one title or photo) need one by one: a range wide enough for all of them would be too coarse
    for each. In networks of matrix products ranges are found anew for each input.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static

    # Patches of transformers are cut by one convolution.
    nodes = onnx.load(exact, load_external_data=False).graph.node
    convolutional = [node.op_type for node in nodes].count("Conv") > 1
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
