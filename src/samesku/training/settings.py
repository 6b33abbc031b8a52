"""The settings of training an encoder."""

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from samesku.runtime.checks import check_choice

Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class TrainingSettings:
    """How an encoder is trained; the defaults suit fine-tuning on one GPU."""

    pooling: str | None = None  # from tokens or positions to one vector; default: the model's
    dimension: int | None = None  # numbers per posting; default: the model's, which starts as it is
    epochs: int = 10
    batch: int = 32  # postings per step
    per_group: int = 2  # postings of one product in a batch
    rate: float = 1e-4  # largest learning rate of the network
    head_rate: float = 1e-3  # and of the class centres of the loss
    margin: tuple[float, float] = (0.2, 0.8)  # radians, at the start and at the end
    margin_rise: float = 0.7  # share of the training in which the margin rises
    adaptive: float = 0.25  # power by which the margin falls with the size of a product; 0: equal
    scale: float = 30.0  # steepness of the softmax
    warm_up: float = 0.1  # share of the training in which the rate rises
    weight_decay: float = 0.01
    clip: float = 1.0  # longest gradient
    hard: float = 0.5  # share of products that bring their hard negatives into the batch
    cutmix: float = 0.2  # chance per batch of photos
    flip: float = 0.5  # chance per photo, as the next
    cutout: float = 0.2
    crop: float = 0.5  # smallest share of a photo's area that a crop keeps; 1: none
    words_dropped: float = 0.1  # chance of each word of a title to be left out
    precision: Precision = "auto"  # bfloat16 on a GPU that knows it, else float16; CPU: float32
    accumulate: int = 1  # batches per step of the optimiser
    checkpointing: bool = False  # compute activations again instead of keeping them
    photo_size: int | None = None  # pixels that photos are brought to; default: the model's
    save_minutes: float = 10.0  # longest time between two checkpoints
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("precision", self.precision, Precision)
        for name in ("epochs", "batch", "per_group", "accumulate"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, not {getattr(self, name)}")
        if self.batch < 2 * self.per_group:
            raise ValueError(
                f"a batch of {self.batch} holds no two products of {self.per_group} postings each; "
                "ask for a larger batch"
            )
        shares = "hard", "cutmix", "flip", "cutout", "crop", "words_dropped", "warm_up"
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {getattr(self, name)}")
        for name in ("rate", "head_rate", "scale", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is above 0, not {getattr(self, name)}")
        if not 0 <= self.margin[0] <= self.margin[1] <= 1.5:
            raise ValueError(f"margins rise within 0 and 1.5 radians, not {self.margin}")

    @property
    def plan(self) -> dict[str, object]:
        """What decides the result: all but how often it is saved."""
        return {key: value for key, value in asdict(self).items() if key != "save_minutes"}
