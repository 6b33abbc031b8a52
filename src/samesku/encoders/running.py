"""Torch networks at work: on the device there is, in batches that fit into its memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from samesku.encoders.backbones import Backbone, Inputs
from samesku.encoders.base import Array
from samesku.encoders.title_batches import Floats


class Runner:
    """A backbone that runs, whatever batch it is asked.

    It is moved to the device, by default cuda, else mps, else cpu: in bfloat16 or float16 on a GPU,
    in float32 elsewhere. `most` items fit into memory at once; None: no batch was too large yet.
    """

    def __init__(self, backbone: Backbone, device: str | None = None) -> None:
        self.device = torch.device(device or _best_device())
        self.backbone = backbone.to(self.device, best_precision(self.device)).eval()
        self.most: int | None = None

    def titles(self, titles: Sequence[str]) -> Floats:
        """Features ``(n, dimension)`` of titles."""
        return self._in_steps(len(titles), lambda part: self.backbone.prepare(titles[part]))

    def look(self, photo: Array) -> Array:
        """The pixels of one photo as the network wants them."""
        inputs = self.backbone.prepare([photo])
        if list(inputs) != ["pixel_values"]:
            raise ValueError(
                f"{self.backbone.source} takes photos in patches, which is not supported; choose "
                "a model of fixed size"
            )
        return np.asarray(inputs["pixel_values"][0].numpy())

    def photos(self, looks: Sequence[Array]) -> Floats:
        """Features ``(n, dimension)`` of photos that were looked at."""

        def stacked(part: slice) -> Inputs:
            return {"pixel_values": torch.from_numpy(np.stack(looks[part]))}

        return self._in_steps(len(looks), stacked)

    def _in_steps(self, count: int, inputs: Callable[[slice], Inputs]) -> Floats:
        """Run all, with half the batch wherever memory does not suffice."""
        found, start = [], 0
        while start < count:
            stop = min(count, start + (self.most or count))
            try:
                found.append(self._run(inputs(slice(start, stop))))
            except (RuntimeError, MemoryError) as error:
                if not _out_of_memory(error) or stop - start == 1:
                    raise
                self.most = (stop - start) // 2
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
                continue
            start = stop
        return np.concatenate(found)

    def _run(self, inputs: Inputs) -> Floats:
        with torch.inference_mode():
            moved = {name: value.to(self.device) for name, value in inputs.items()}
            features: Floats = self.backbone(moved).float().cpu().numpy()
        return features


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def best_precision(device: torch.device) -> torch.dtype:
    """Half of 32 bits on a GPU, bfloat16 where it has that; float32 elsewhere."""
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _out_of_memory(error: Exception) -> bool:
    # The processor's allocator has no error of its own.
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or "can't allocate memory" in str(error) or "not enough memory" in str(error)
