"""What a training adds to a pretrained network: the neck, another photo size, less memory."""

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
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first = nn.init.eye_ if wanted == width else nn.init.orthogonal_
        first(neck[0].weight)
    device = next(backbone.parameters()).device
    backbone.neck = neck.to(device).train(backbone.training)


def bring_photos_to(backbone: Backbone, size: int) -> None:
    """Let the network see photos of `size` pixels, height and width, from now on."""
    for name in _sizes(backbone):
        given = getattr(backbone.processor, name)
        setattr(backbone.processor, name, type(given)(**dict.fromkeys(dict(given), size)))


def photo_side(backbone: Backbone) -> int:
    """Pixels of the longest side of what the network sees."""
    sizes = [dict(getattr(backbone.processor, name)).values() for name in _sizes(backbone)]
    return max(int(side) for size in sizes for side in size if side)


def _sizes(backbone: Backbone) -> list[str]:
    return ["size", "crop_size"] if backbone.processor.do_center_crop else ["size"]


def save_memory(backbone: Backbone) -> None:
    """Forget activations on the way forward and compute them again on the way back.

    Where transformers cannot do it, as with convolutional networks, the blocks of the longest list
    are wrapped here. (They move the running means of their normalisations twice; the training loop
    measures those anew.)
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
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)
