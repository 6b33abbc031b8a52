"""What a training of an encoder is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias, get_args

__all__ = ["PREFIX", "LossName", "Precision", "TrainingSettings"]

# How a base is called that is no pretrained model.
PREFIX = "new:"

LossName: TypeAlias = Literal["arcface", "subcenter", "curricular", "multi-similarity"]
Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class TrainingSettings:
    """How an encoder is trained; the defaults suit fine-tuning on one GPU.

    Attributes
    ----------
    loss : {"arcface", "subcenter", "curricular", "multi-similarity"}
        What pulls offers of one product together. `clip` is trained by contrast and has no choice.
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
        product. What starts from nothing needs it: class centres that begin as noise teach slowly.
    sub_centers : int
        Centres per product of `subcenter`.
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
    warm_up_language : int
        Epochs of masked words for a title model that starts from nothing.
    photo_size : int, optional
        Pixels that photos are brought to; default: as the model says.
    save_minutes : float
        Longest time between two checkpoints.
    seed : int
    """

    loss: LossName = "arcface"
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
    sub_centers: int = 3
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
    warm_up_language: int = 5
    photo_size: int | None = None
    save_minutes: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in (("loss", LossName), ("precision", Precision)):
            value = getattr(self, name)
            if value not in get_args(choices):
                known = ", ".join(get_args(choices))
                raise ValueError(f"there is no {name} {value!r}; choose from {known}")
        for name in ("epochs", "batch", "per_group", "views", "accumulate", "sub_centers"):
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

    @classmethod
    def recipe(cls, kind: str, base: str, **asked: Any) -> TrainingSettings:
        """What suits a kind of encoder and its base, but for what is asked otherwise.

        A network that starts from nothing needs larger rates and smaller margins than one that is
        fine-tuned, and on photos a second loss: class centres that begin as noise teach slowly.

        Parameters
        ----------
        kind : {"photo", "title", "clip"}
        base : str
            A pretrained model, or ``"new:"`` and a name.
        **asked
            Fields of the settings.
        """
        usual = FROM_NOTHING.get(kind, {}) if base.startswith(PREFIX) else {}
        return cls(**{**usual, **asked})

    @property
    def plan(self) -> dict[str, object]:
        """What decides the result: all but how often it is saved."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name != "save_minutes"
        }


FROM_NOTHING: Mapping[str, Mapping[str, Any]] = {
    "photo": {
        "pooling": "gem",
        "epochs": 14,
        "batch": 64,
        "rate": 2e-3,
        "head_rate": 1e-2,
        "margin": (0.0, 0.3),
        "scale": 16.0,
        "contrast": 1.0,
        "views": 2,
        "hard": 0.25,
        "cutmix": 0.0,
        "cutout": 0.1,
        "frame": 0.4,
        "crop": 0.6,
    },
    "title": {
        "epochs": 14,
        "batch": 64,
        "rate": 1e-3,
        "head_rate": 1e-2,
        "margin": (0.1, 0.4),
        "scale": 20.0,
        "warm_up_language": 8,
    },
}
