"""The settings of training an encoder."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from samesku.runtime.checks import check_choice

Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
POOLING = "Title: mean, cls, last, pooler; photo: mean, gem, cls, pooler. Default: the model's."


def setting(default: Any, text: str, **bounds: int) -> Any:
    """A field that is an option of `samesku train-encoder`, with its help."""
    return field(default=default, metadata={"help": text, **bounds})


@dataclass(frozen=True)
class TrainingSettings:
    """How an encoder is trained; the defaults suit fine-tuning on one GPU."""

    pooling: str | None = setting(None, POOLING)
    dimension: int | None = setting(None, "Numbers per posting; default: the model's.", min=2)
    epochs: int = setting(10, "Passes over all postings.", min=1)
    batch: int = setting(32, "Postings per step.", min=4)
    per_group: int = setting(2, "Postings of one product that come together.", min=1)
    rate: float = setting(1e-4, "Learning rate of the network.")
    head_rate: float = setting(1e-3, "Learning rate of the class centres.")
    margin: tuple[float, float] = setting(
        (0.2, 0.8), "ArcFace's, in radians, at the start and at the end."
    )
    margin_rise: float = 0.7  # share of the training in which the margin rises
    adaptive: float = 0.25  # power by which the margin falls with the size of a product; 0: equal
    scale: float = setting(30.0, "Of ArcFace's softmax.")
    warm_up: float = 0.1  # share of the training in which the rate rises
    weight_decay: float = 0.01
    clip: float = 1.0  # longest gradient
    hard: float = setting(0.5, "Share of products that bring their hard negatives.")
    cutmix: float = setting(0.2, "Chance per batch of photos.")
    flip: float = 0.5  # chance per photo, as the next
    cutout: float = 0.2
    crop: float = setting(0.5, "Smallest share of a photo that a crop keeps.")
    words_dropped: float = 0.1  # chance of each word of a title to be left out
    photo_size: int | None = setting(None, "Pixels; default: the model's.", min=16)
    precision: Precision = setting("auto", "auto: half on a GPU, float32 on a processor.")
    accumulate: int = setting(1, "Batches per step of the optimiser.", min=1)
    checkpointing: bool = setting(False, "Less memory, about a third slower, same result.")
    save_minutes: float = setting(10.0, "Longest time between checkpoints.")
    seed: int = setting(0, "Of all that is drawn.")

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
