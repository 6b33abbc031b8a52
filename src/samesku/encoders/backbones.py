"""Pretrained networks, each as one torch module that takes titles or photos and gives vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
import transformers
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from samesku.encoders.card import CARD, EncoderCard, EncoderKind, write_card
from samesku.encoders.families import family_of, reading_of
from samesku.encoders.model_files import find_model, quiet, weights_of
from samesku.encoders.onnx import GEM_POWER
from samesku.encoders.photo_inputs import middle, photo_input
from samesku.runtime.arrays import Bytes, Floats
from samesku.runtime.files import Staged

Inputs: TypeAlias = dict[str, torch.Tensor]
Photos: TypeAlias = Sequence[Bytes]
HEAD = "head.safetensors"


class Backbone(nn.Module):
    """A pretrained network with its preparation and pooling; made by :func:`load_backbone`.

    `source` is what was loaded. `neck` (:func:`new_neck`) is applied to the pooled
    features; `truncated` counts the titles cut at the token limit.
    """

    def __init__(
        self,
        model: nn.Module,
        read: EncoderCard,
        source: str,
        tokenizer: Any,
        processor: Any,
    ) -> None:
        super().__init__()
        self.kind: EncoderKind = read.kind
        self.model, self.tokenizer, self.processor = model, tokenizer, processor
        self.pooling, self.source = read.pooling, source
        self.neck: nn.Sequential | None = None
        self.truncated = 0
        self._read = replace(read, base=read.base or source, files={})

    @property
    def dimension(self) -> int:
        """Numbers per vector, those of the neck where there is one."""
        if self.neck is not None:
            return int(self.neck[0].out_features)
        config = self.model.config
        if self.kind == "clip":
            return int(getattr(config, "projection_dim", None) or config.text_config.hidden_size)
        widths = (getattr(config, key, None) for key in ("hidden_size", "hidden_dim"))
        return next((w for w in widths if isinstance(w, int)), None) or config.hidden_sizes[-1]

    def prepare(self, items: Sequence[Any]) -> Inputs:
        """Titles as padded tokens, or photos uint8 ``(h, w, 3)`` as pixels; on the processor."""
        return self._tokenise(items) if isinstance(items[0], str) else self._pixels(items)

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Features float32 ``(n, dimension)`` of what was prepared, not normalised."""
        own = next(self.model.parameters())
        features = self._features(
            {
                name: each.to(own.device, own.dtype if each.is_floating_point() else each.dtype)
                for name, each in inputs.items()
            }
        )
        return (features if self.neck is None else self.neck(features)).float()

    def rows(self, inputs: Inputs) -> Floats:
        with torch.inference_mode():
            rows: Floats = self(inputs).cpu().numpy()
        return rows

    def _features(self, inputs: Inputs) -> torch.Tensor:
        """Pooled features, before the neck."""
        if self.kind == "clip":
            seen = "pixel_values" in inputs
            found = (self.model.get_image_features if seen else self.model.get_text_features)(
                **inputs
            )
            return found.pooler_output
        found = self.model(**inputs)
        if self.pooling == "pooler":
            return found.pooler_output.flatten(1)
        places = found.last_hidden_state
        spatial = places.ndim == 4
        if self.pooling == "cls":
            if spatial:
                raise ValueError(f"{self.source} has no class token: pool by mean, gem or pooler")
            return places[:, 0]
        if self.kind == "title":
            return _pooled_tokens(places, inputs["attention_mask"], self.pooling)
        if spatial:
            places = places.flatten(2).transpose(1, 2)
        else:
            registers = getattr(self.model.config, "num_register_tokens", 0)
            places = places[:, family_of(self.model.config.model_type).leading + registers :]
        if self.pooling == "mean":
            return places.mean(dim=1)
        powers = places.float().clamp(min=1e-6) ** GEM_POWER
        return (powers.mean(dim=1) ** (1 / GEM_POWER)).to(places.dtype)

    @property
    def card(self) -> EncoderCard:
        """How to read this encoder."""
        return replace(
            self._read,
            dimension=self.dimension,
            pad_id=int(getattr(self.tokenizer, "pad_token_id", None) or 0),
            pad_left=getattr(self.tokenizer, "padding_side", "right") == "left",
            photo=None if self.processor is None else photo_input(self.processor),
        )

    def save(
        self,
        folder: Path,
        more: Mapping[str, Any] | None = None,
        beside: Mapping[str, str] | None = None,
    ) -> None:
        """Write the folder of transformers with our card and its keys `more`; all or nothing.

        `beside` are the digests of other files of the encoder in that folder.
        """
        with Staged(folder) as staged:
            place = staged.path(CARD)
            stage = place.parent
            with quiet():
                for part in (self.model, self.tokenizer, self.processor):
                    if part is not None:
                        part.save_pretrained(stage)
            if self.neck is not None:
                save_file(self.neck.state_dict(), stage / HEAD)
            files = {path.name: staged.path(path.name) for path in sorted(stage.iterdir())}
            card = self.card
            card = replace(card, more={**card.more, **(more or {})}, files=beside or {})
            write_card(place, card, files)

    def _tokenise(self, titles: Sequence[str]) -> Inputs:
        limit, texts = self._read.max_tokens, [self._read.prefix + title for title in titles]
        fill: Any = "max_length" if self._read.pad_to_limit else True
        coded = self.tokenizer(
            texts, padding=fill, truncation=True, max_length=limit, return_tensors="pt"
        )
        inputs: Inputs = {"input_ids": coded["input_ids"]}
        if not self._read.pad_to_limit:
            # What was always filled up learned without a mask.
            inputs["attention_mask"] = coded["attention_mask"]
        if coded.encodings is not None:
            self.truncated += sum(bool(each.overflowing) for each in coded.encodings)
        else:  # a tokenizer of Python alone does not say what it cuts
            whole = self.tokenizer(texts, verbose=False)["input_ids"]
            self.truncated += sum(len(tokens) > limit for tokens in whole)
        return inputs

    def _pixels(self, photos: Photos) -> Inputs:
        taken = list(photos)
        if getattr(self.processor.size, "shortest_edge", None):  # enlarged, then cut
            taken = [np.asarray(middle(Image.fromarray(photo))) for photo in photos]
        return dict(
            self.processor(images=taken, return_tensors="pt", input_data_format="channels_last")
        )


def _pooled_tokens(tokens: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """The last token that counts, whichever side was padded, or the mean of all that count."""
    if pooling == "last":
        last = (mask * mask.cumsum(dim=1)).argmax(dim=1)
        place = last[:, None, None].expand(-1, 1, tokens.shape[-1])
        return tokens.gather(1, place).squeeze(1)
    weight = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * weight).sum(1) / weight.sum(1).clamp(min=1)


def load_backbone(source: str | Path, kind: EncoderKind, *, pooling: str | None = None) -> Backbone:
    """Load a pretrained network in float32 on the processor, ready to encode.

    `source` is a folder that transformers (or :meth:`Backbone.save`) wrote, or a name on the hub
    with or without ``@revision``. Only safetensors are loaded, and no code that comes with a model.
    `pooling` (see :data:`families.POOLINGS`) replaces what suits the family. Raises ValueError
    where the model is not there, of another kind, or not whole.
    """
    folder = find_model(source)
    weights_of(folder)
    name = folder.name if Path(source).is_dir() else str(source)
    read = reading_of(folder, kind, name=name, pooling=pooling)
    with quiet():
        model = _load_model(folder, read)
        tokenizer = processor = None
        if kind != "photo":
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        if kind != "title":
            processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    backbone = Backbone(model, read, name, tokenizer, processor)
    if (folder / HEAD).is_file():
        state = load_file(folder / HEAD)
        out, width = state["0.weight"].shape
        backbone.neck = new_neck(width, out)
        backbone.neck.load_state_dict(state)
    return backbone.eval()


def new_neck(dimension: int, out: int) -> nn.Sequential:
    """A linear layer and batch normalisation, between pooled features and what is compared."""
    return nn.Sequential(nn.Linear(dimension, out, bias=False), nn.BatchNorm1d(out))


def _load_model(folder: Path, read: EncoderCard) -> nn.Module:
    config = transformers.AutoConfig.from_pretrained(folder)
    if read.kind == "photo" and hasattr(config, "vision_config"):
        # One half of a model of two.
        config = config.vision_config
    try:
        model, loading = transformers.AutoModel.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
        )
    except (OSError, RuntimeError, KeyError, SafetensorError) as error:
        raise ValueError(f"{folder} cannot be loaded: {error}") from error
    pooler = getattr(model, "pooler", None)
    missing = sorted(loading["missing_keys"])
    unused = pooler is not None and read.pooling != "pooler"
    if unused and any(key.startswith("pooler.") for key in missing):
        # Never learned and never asked: numbers at random that would be saved.
        model.pooler = None
        missing = [key for key in missing if not key.startswith("pooler.")]
    if missing or loading["mismatched_keys"]:
        raise ValueError(
            f"{folder} lacks weights of its model, such as {(missing or ['?'])[0]}; is it whole?"
        )
    return model


def best_device() -> torch.device:
    gpu = "mps" if torch.backends.mps.is_available() else "cpu"
    return torch.device("cuda" if torch.cuda.is_available() else gpu)


def best_precision(device: torch.device) -> torch.dtype:
    """Half of 32 bits on a GPU, bfloat16 where it has that; float32 elsewhere."""
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
