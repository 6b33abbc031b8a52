"""Where a training computes, in what precision, and what it says when memory is too small."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from samesku.encoders.running import best_precision
from samesku.training.settings import Precision


def choose_device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_precision(wanted: Precision, device: torch.device) -> torch.dtype:
    """The type that large products are computed in."""
    return best_precision(device) if wanted == "auto" else getattr(torch, wanted)


@contextmanager
def memory_told() -> Iterator[None]:
    """Turn a GPU's lack of memory into a ValueError that says what to ask for."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ValueError(
            "the GPU's memory does not hold a batch: ask for a smaller --batch with --accumulate, "
            "for --checkpointing, or for a smaller --photo-size"
        ) from error
