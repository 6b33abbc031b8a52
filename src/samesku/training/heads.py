"""What a training adds to a pretrained network: the neck, another photo size, less memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from samesku.encoders.backbones import Backbone, new_neck


def attach_neck(backbone: Backbone, dimension: int | None = None, *, seed: int = 0) -> None:
    """Set a linear layer and batch normalisation between a network and what is compared.

    With as many numbers out as in, the layer begins as the identity: vectors are what they were.
    With fewer, it is a random turn that keeps angles as well as a projection can. A neck that is
    there stays unless its size is to change. H. Luo et al., "Bag of tricks and a strong baseline
    for deep person re-identification", CVPRW 2019 (BNNeck).
    """
    wanted = dimension or backbone.dimension
    if backbone.neck is not None and backbone.dimension == wanted:
        return
    backbone.neck = None
    width = backbone.dimension
    neck = new_neck(width, wanted)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        if wanted == width:
            nn.init.eye_(neck[0].weight)
        else:
            nn.init.orthogonal_(neck[0].weight)
    device = next(backbone.parameters()).device
    backbone.neck = neck.to(device).train(backbone.training)


def mend_momentum(backbone: Backbone) -> None:
    """Let running means of batch normalisation move slowly.

    EfficientNet in transformers has TensorFlow's 0.99, the share that stays; torch takes it for the
    share that is new, and the network would be evaluated with the means of the last batch.
    """
    for part in backbone.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and (part.momentum or 0.0) > 0.5:
            part.momentum = 1 - part.momentum


def bring_photos_to(backbone: Backbone, size: int) -> None:
    """Let the network see photos of `size` pixels, height and width, from now on."""
    for name in _sizes(backbone):
        given = getattr(backbone.processor, name)
        setattr(backbone.processor, name, type(given)(**dict.fromkeys(dict(given), size)))


def photo_side(backbone: Backbone) -> int:
    """Pixels of the longest side of what the network sees."""
    return max(
        int(side)
        for name in _sizes(backbone)
        for side in dict(getattr(backbone.processor, name)).values()
        if side
    )


def _sizes(backbone: Backbone) -> list[str]:
    """Which of a processor's sizes are in force."""
    return ["size", "crop_size"] if backbone.processor.do_center_crop else ["size"]


def save_memory(backbone: Backbone) -> None:
    """Forget activations on the way forward and compute them again on the way back.

    Where transformers cannot do it, as with convolutional networks, the blocks of the longest list
    are wrapped here. Running means of a batch normalisation are not moved a second time, so the
    result is the same as without.
    """
    model = backbone.model
    if getattr(model, "supports_gradient_checkpointing", False):
        # The newer of two names of one thing.
        enable = getattr(model, "activation_checkpointing_enable", None)
        (enable or model.gradient_checkpointing_enable)({"use_reentrant": False})
        return
    lists = [part for part in model.modules() if isinstance(part, nn.ModuleList)]
    if not lists:
        raise ValueError(f"{backbone.source} has no blocks to compute again; train without it")
    for block in max(lists, key=len):
        block.forward = partial(
            checkpoint, block.forward, use_reentrant=False, context_fn=partial(_again, block)
        )


def _again(block: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """What surrounds a block on the way forward, and when it is computed again."""
    return nullcontext(), _unmoved(block)


@contextmanager
def _unmoved(block: nn.Module) -> Iterator[None]:
    norms = [part for part in block.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    counts = [norm.num_batches_tracked for norm in norms]
    before = [None if count is None else count.clone() for count in counts]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum, count in zip(norms, momenta, before, strict=True):
            norm.momentum = momentum
            if count is not None:
                norm.num_batches_tracked.copy_(count)
