"""Networks that start from nothing: built from a few numbers, titles with a tokeniser of their own.

A title network first learns the language of the titles by guessing masked words [1]_; a photo
network starts from random weights.

References
----------
.. [1] J. Devlin et al., "BERT: pre-training of deep bidirectional transformers", NAACL 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from research.first_photos import FirstSettings
from research.tokeniser import SPECIAL, learn_tokeniser
from samesku.encoders.card import EncoderKind
from samesku.runtime.cache import content_key
from samesku.runtime.progress import Progress
from samesku.training.encoder_loop import Task, fit
from samesku.training.settings import TrainingSettings

__all__ = ["NEW", "RECIPES", "new_base", "train_tokenizer"]

# Kind and size of each: width, layers, heads and words of a BERT; width, depth, rounding and
# pixels of an EfficientNet.
NEW: dict[str, tuple[EncoderKind, tuple[Any, ...]]] = {
    "bert-tiny": ("title", (64, 2, 2, 2000)),
    "bert-small": ("title", (192, 3, 6, 8000)),
    "bert-medium": ("title", (384, 6, 6, 16000)),
    "efficientnet-tiny": ("photo", (0.25, 0.3, 8, 64)),
    "efficientnet-small": ("photo", (0.5, 0.5, 8, 112)),
    "efficientnet-b0": ("photo", (1.0, 1.0, 8, 224)),
}
# What suits training such a network on labels: larger rates and smaller margins than fine-tuning.
RECIPES: Mapping[str, TrainingSettings] = {
    "photo": FirstSettings(
        pooling="gem", epochs=14, batch=64, rate=2e-3, head_rate=1e-2, margin=(0.0, 0.3),
        scale=16.0, hard=0.25, cutmix=0.0, cutout=0.1, crop=0.6,
    ),
    "title": TrainingSettings(
        epochs=14, batch=64, rate=1e-3, head_rate=1e-2, margin=(0.1, 0.4), scale=20.0
    ),
}  # fmt: skip
LANGUAGE_EPOCHS = 8
PAD, MASK = 0, 4
TOKENS = 64
# Share of tokens that are guessed; of these a tenth each shows a wrong word and its own.
GUESSED, WRONG, OWN = 0.15, 0.1, 0.1
# What the loss leaves out.
IGNORED = -100
LANGUAGE_RATE = 1e-3
# Batches that are sorted by length together.
BUCKET = 50


def new_base(
    name: str,
    kind: EncoderKind,
    titles: Sequence[str],
    folder: Path,
    settings: TrainingSettings,
    progress: Progress | None = None,
    *,
    language_epochs: int = LANGUAGE_EPOCHS,
) -> Path:
    """Build a network from nothing and write it as a folder of transformers.

    Parameters
    ----------
    name : str
        Of :data:`NEW`.
    kind : "title" or "photo"
    titles : sequence of str
        Of the postings that train, and no others; a photo network reads none.
    folder : Path
        Where checkpoints and the result stand; a result that is there is taken.
    settings : TrainingSettings
    progress : Progress, optional
    language_epochs : int
        Of masked words, for a title network; 0: none.

    Returns
    -------
    Path
        The folder of the network, which `samesku train-encoder --base` takes.

    Raises
    ------
    ValueError
        There is no such network, or it is of another kind.
    """
    size = NEW.get(name)
    if size is None or size[0] != kind:
        fitting = [each for each, (of, _) in NEW.items() if of == kind]
        known = f"choose from {', '.join(fitting)}" if fitting else "give a pretrained one"
        raise ValueError(f"there is no {kind} network {name!r} to start from nothing; {known}")
    done = folder / "base"
    if (done / "config.json").is_file():
        return done
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        if kind == "photo":
            parts = _new_efficientnet(*size[1])
        else:
            progress = progress or Progress()
            parts = _new_bert(titles, size[1], folder, settings, language_epochs, progress)
    _save(parts, done)
    return done


def train_tokenizer(titles: Sequence[str], words: int) -> Any:
    """A WordPiece tokeniser of up to `words` pieces for the words of these titles."""
    import transformers

    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=learn_tokeniser(titles, words),
        model_max_length=TOKENS,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def _save(parts: Sequence[Any], place: Path) -> None:
    from transformers.utils import logging

    unfinished = place.with_name(f".unfinished-{place.name}")
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        for part in parts:
            part.save_pretrained(unfinished)
    finally:
        if bars:
            logging.enable_progress_bar()
    unfinished.rename(place)


def _new_bert(
    titles: Sequence[str],
    size: tuple[int, int, int, int],
    folder: Path,
    settings: TrainingSettings,
    language_epochs: int,
    progress: Progress,
) -> tuple[Any, Any]:
    import transformers

    width, layers, heads, words = size
    with progress.stage("train tokeniser"):
        tokenizer = train_tokenizer(titles, words)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=TOKENS,
        pad_token_id=PAD,
    )
    model = transformers.BertForMaskedLM(config)
    if language_epochs:
        progress.note("masked words first: the network learns the language of the titles")
        language = replace(
            settings,
            epochs=language_epochs,
            batch=max(64, settings.batch),
            rate=LANGUAGE_RATE,
            accumulate=1,
        )
        task = _MaskedWords(model, tokenizer, titles, language)
        plan = content_key("masked-words-1", repr(size), repr(language.plan), titles)
        fit(task, language, folder / "language", plan, progress=progress)
    model.to("cpu")
    return model.bert, tokenizer


def _new_efficientnet(width: float, depth: float, divisor: int, pixels: int) -> tuple[Any, Any]:
    import transformers

    config = transformers.EfficientNetConfig(
        image_size=pixels,
        width_coefficient=width,
        depth_coefficient=depth,
        depth_divisor=divisor,
        hidden_dim=max(divisor, int(1280 * width + divisor / 2) // divisor * divisor),
        dropout_rate=0.2,
        batch_norm_momentum=0.1,
    )
    size = {"height": pixels, "width": pixels}
    # Newer versions call the one that works on PIL's photos by a name of its own.
    maker = getattr(transformers, "EfficientNetImageProcessorPil", None)
    maker = maker or transformers.EfficientNetImageProcessor
    processor = maker(size=size, crop_size=size, resample=2)
    model = transformers.EfficientNetModel(config)
    # Transformers' own first weights, the gains of normalisations among them, are so small that
    # signals fade on their way.
    for part in model.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out")
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.ones_(part.weight)
    return model, processor


class _MaskedWords(Task):
    """Guess masked words from the others, as a task of the training loop."""

    def __init__(
        self, model: nn.Module, tokenizer: Any, titles: Sequence[str], settings: TrainingSettings
    ) -> None:
        super().__init__()
        self.model = model
        self.settings = settings
        self.words = len(tokenizer)
        self.tokens = tokenizer(list(titles), truncation=True, max_length=TOKENS)["input_ids"]
        self.lengths = np.array([len(each) for each in self.tokens])

    def groups(self) -> list[tuple[list[nn.Parameter], float]]:
        return [(list(self.parameters()), self.settings.rate)]

    def batches(self, epoch: int) -> list[NDArray[np.int64]]:
        """Titles of like length together, in any order otherwise."""
        rng = np.random.default_rng([self.settings.seed, epoch, 2])
        order = rng.permutation(len(self.lengths))
        size = self.settings.batch
        bucket = np.arange(len(order)) // (BUCKET * size)
        order = order[np.lexsort((self.lengths[order], bucket))]
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        return [batches[place] for place in rng.permutation(len(batches))]

    def prepare(self, rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, torch.Tensor]:
        ids = np.full((len(rows), int(self.lengths[rows].max())), PAD, dtype=np.int64)
        for place, row in enumerate(rows.tolist()):
            ids[place, : self.lengths[row]] = self.tokens[row]
        chosen = (rng.random(ids.shape) < GUESSED) & (ids >= len(SPECIAL))
        labels = np.where(chosen, ids, IGNORED)
        way = rng.random(ids.shape)
        wrong = rng.integers(len(SPECIAL), max(self.words, len(SPECIAL) + 1), ids.shape)
        shown = np.where(way < WRONG, wrong, np.where(way < WRONG + OWN, ids, MASK))
        shown = np.where(chosen, shown, ids)
        arrays = {"input_ids": shown, "attention_mask": (ids != PAD).astype(int), "labels": labels}
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    def forward(self, batch: dict[str, torch.Tensor], done: float = 1.0) -> torch.Tensor:
        batch = {name: each.to(self.model.device) for name, each in batch.items()}
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
        states = self.model.bert(**inputs).last_hidden_state
        asked = batch["labels"] != IGNORED
        # All words of the language for each masked place only: most of the work otherwise.
        guesses = self.model.cls(states[asked])
        total = nn.functional.cross_entropy(guesses, batch["labels"][asked], reduction="sum")
        return total / asked.sum().clamp(min=1)
