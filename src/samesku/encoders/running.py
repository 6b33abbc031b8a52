"""Torch networks at work: on the device there is, in batches that fit into its memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from samesku.encoders.backbones import Backbone
from samesku.encoders.base import Array
from samesku.encoders.title_batches import Floats


class Runner:
    """A backbone that runs, whatever batch it is asked.

    It is moved to cuda, else mps, else stays on the processor: in bfloat16 or float16 on a GPU, in
    float32 elsewhere. `most` items fit into memory at once; None: no batch was too large yet.
    """

    def __init__(self, backbone: Backbone) -> None:
        gpu = "mps" if torch.backends.mps.is_available() else "cpu"
        self.device = torch.device("cuda" if torch.cuda.is_available() else gpu)
        self.backbone = backbone.to(self.device, best_precision(self.device)).eval()
        self.most: int | None = None

    def look(self, photo: Array) -> Array:
        """The pixels of one photo as the network wants them."""
        return np.asarray(self.backbone.prepare([photo])["pixel_values"][0])

    def features(self, items: Sequence[Any]) -> Floats:
        """Features ``(n, dimension)`` of titles, or of photos that were looked at.

        All at once, or with half the batch wherever memory does not suffice.
        """
        found, start = [], 0
        while start < len(items):
            part = items[start : start + (self.most or len(items))]
            try:
                if isinstance(part[0], str):
                    inputs = self.backbone.prepare(part)
                else:
                    inputs = {"pixel_values": torch.from_numpy(np.stack(part))}
                found.append(self.backbone.rows(inputs))
            except (RuntimeError, MemoryError) as error:
                if not _out_of_memory(error) or len(part) == 1:
                    raise
                self.most = len(part) // 2
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
                continue
            start += len(part)
        return np.concatenate(found)


def best_precision(device: torch.device) -> torch.dtype:
    """Half of 32 bits on a GPU, bfloat16 where it has that; float32 elsewhere."""
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _out_of_memory(error: Exception) -> bool:
    # The processor's allocator has no error of its own.
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or "can't allocate memory" in str(error) or "not enough memory" in str(error)
