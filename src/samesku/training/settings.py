"""What a training of an encoder is told."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, get_args

Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class TrainingSettings:
    """How an encoder is trained; the defaults suit fine-tuning on one GPU.

    Attributes
    ----------
    pooling : str, optional
        From tokens or places to one vector; default: what suits the model.
    dimension : int, optional
        Numbers per posting; default: as many as the model gives, and it starts as it was.
    epochs : int
        Times that every posting is looked at.
    batch : int
        Postings per step.
    per_group : int
        Postings of one product in a batch.
    rate, head_rate : float
        Largest learning rate of the network, and of the loss's class centres.
    margin : (float, float)
        Radians, in the beginning and in the end.
    margin_rise : float
        Share of the training in which the margin rises.
    adaptive : float
        Power by which the margin falls with the size of a product; 0: all the same.
    scale : float
        Steepness of the softmax.
    contrast : float
        Weight of a second loss, beside the first: in the batch each offer finds those of its
        product. What starts from random weights needs it: class centres that begin as noise teach
        slowly.
    warm_up : float
        Share of the training in which the rate rises.
    weight_decay : float
    clip : float
        Longest gradient.
    hard : float
        Share of products that bring their look-alikes into the batch.
    views : int
        Times that each photo of a batch is shown, each time otherwise: a photo and its copies are
        then offers of one product, even where it has no other. Only `photo`.
    cutmix, flip, cutout : float
        Chance of each; only photos.
    frame : float
        Chance of a border or a banner around or on a photo.
    crop : float
        Smallest share of a photo's area that a crop keeps; 1: none.
    words_dropped : float
        Chance of each word of a title to be left out.
    precision : {"auto", "float32", "bfloat16", "float16"}
        `auto`: bfloat16 on a GPU that knows it, float16 on another one, float32 on a processor.
    accumulate : int
        Batches per step of the optimiser.
    checkpointing : bool
        Compute activations anew for the gradient instead of keeping them: less memory, slower.
    photo_size : int, optional
        Pixels that photos are brought to; default: as the model says.
    save_minutes : float
        Longest time between two checkpoints.
    seed : int
    """

    pooling: str | None = None
    dimension: int | None = None
    epochs: int = 10
    batch: int = 32
    per_group: int = 2
    rate: float = 1e-4
    head_rate: float = 1e-3
    margin: tuple[float, float] = (0.2, 0.8)
    margin_rise: float = 0.7
    adaptive: float = 0.25
    scale: float = 30.0
    contrast: float = 0.0
    warm_up: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    hard: float = 0.5
    views: int = 1
    cutmix: float = 0.2
    flip: float = 0.5
    cutout: float = 0.2
    frame: float = 0.0
    crop: float = 0.5
    words_dropped: float = 0.1
    precision: Precision = "auto"
    accumulate: int = 1
    checkpointing: bool = False
    photo_size: int | None = None
    save_minutes: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.precision not in get_args(Precision):
            known = ", ".join(get_args(Precision))
            raise ValueError(f"there is no precision {self.precision!r}; choose from {known}")
        for name in ("epochs", "batch", "per_group", "views", "accumulate"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, not {getattr(self, name)}")
        if self.batch < 2 * self.per_group:
            raise ValueError(
                f"a batch of {self.batch} holds no two products of {self.per_group} postings each; "
                "ask for a larger batch"
            )
        shares = "hard", "cutmix", "flip", "cutout", "frame", "crop", "words_dropped", "warm_up"
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {getattr(self, name)}")
        for name in ("rate", "head_rate", "scale", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is above 0, not {getattr(self, name)}")
        if self.contrast < 0:
            raise ValueError(f"contrast is 0 or more, not {self.contrast}")
        if not 0 <= self.margin[0] <= self.margin[1] <= 1.5:
            raise ValueError(f"margins rise within 0 and 1.5 radians, not {self.margin}")

    @property
    def plan(self) -> dict[str, object]:
        """What decides the result: all but how often it is saved."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name != "save_minutes"
        }
