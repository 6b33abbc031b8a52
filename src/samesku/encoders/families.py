"""What is known of pretrained models by their family: how to pool, what to set before a title."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samesku.encoders.card import EncoderCard, EncoderKind, read_card
from samesku.runtime import files

POOLINGS: Mapping[EncoderKind, tuple[str, ...]] = {
    "title": ("mean", "cls", "last", "pooler"),
    "photo": ("mean", "gem", "cls", "pooler"),
    "clip": ("projection",),
}
# Titles are short: nothing is gained by more, and memory grows with the square.
MOST_TOKENS = 512
# Two of which only the name says what they want.
_BGE = re.compile(r"(^|[-_/])bge([-_]|$)", re.IGNORECASE)
_E5 = re.compile(r"(^|[-_/])e5([-_]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Family:
    """Models of one architecture.

    `kinds` is what its models can look at, `pooling` what suits them unless their own files say
    otherwise. `offset`: positions that the architecture keeps for itself, so many tokens fewer fit.
    `leading`: tokens before those of the picture (registers are read from the model).
    `pad_to_limit`: its texts were always padded to the limit.
    """

    kinds: Sequence[EncoderKind]
    pooling: str
    offset: int = 0
    leading: int = 0
    pad_to_limit: bool = False


_TABLE = files.packaged_table("samesku.encoders", "families.toml")
FAMILIES = {name: Family(**family) for name, family in _TABLE.items()}


def family_of(model_type: str) -> Family:
    """The family of the `model_type` of a ``config.json``; ValueError where it is not known."""
    if model_type == "siglip2":
        raise ValueError(
            "this SigLIP 2 (NaFlex) takes photos in patches of any aspect, which is not supported: "
            "choose one of fixed size, such as google/siglip2-base-patch16-224"
        )
    if model_type not in FAMILIES:
        raise ValueError(
            f"models of type {model_type!r} are not known here; known: {', '.join(FAMILIES)}"
        )
    return FAMILIES[model_type]


def reading_of(
    folder: Path, kind: EncoderKind, *, name: str = "", pooling: str | None = None
) -> EncoderCard:
    """How to read the model in a folder: by its card, else its own files, else its family.

    What only the loaded model knows, as its dimension, is left out. `name` is what the model is
    called on the hub: nothing else says the prefixes of E5. `pooling` replaces the model's own.
    Raises ValueError where the model is not of this kind, or cannot be read as its files ask.
    """
    config = read_json(folder / "config.json")
    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder} has no config.json; give the folder of a saved model")
    family = family_of(str(config.get("model_type")))
    if kind not in family.kinds:
        raise ValueError(
            f"{name or folder} is a model of type {config['model_type']}: of kind "
            f"{' or '.join(family.kinds)}, not {kind}"
        )
    if pooling is not None and pooling not in POOLINGS[kind]:
        raise ValueError(f"pooling of a {kind} is one of {', '.join(POOLINGS[kind])}")
    card = read_card(folder)
    if card is not None and card.kind == kind:
        return replace(card, pooling=pooling or card.pooling)
    made = EncoderCard(kind, pooling or family.pooling)
    if card is not None:  # of another kind, as of the whole of which this is one half
        made = replace(made, base=card.base, more=card.more)
    if kind == "photo":
        return made
    limit = _token_limit(folder, config, family)
    made = replace(made, max_tokens=limit, pad_to_limit=family.pad_to_limit)
    if kind == "clip":
        return replace(made, pooling="projection")
    names = [name, folder.name, str(config.get("_name_or_path", ""))]
    named = "cls" if any(map(_BGE.search, names)) else None
    own = _sentence_pooling(folder) or named
    return replace(made, pooling=pooling or own or family.pooling, prefix=_prefix(folder, names))


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a model; nothing where there is no such file."""
    fix = "download the model again"
    return files.read_json(path, {}, fix=fix) if path.is_file() else {}


def _token_limit(folder: Path, config: Mapping[str, Any], family: Family) -> int:
    text = config.get("text_config") or config
    limits = [int(text.get("max_position_embeddings") or MOST_TOKENS) - family.offset, MOST_TOKENS]
    if "text_config" in config and "max_position_embeddings" not in text:
        limits.append(64 if family.pad_to_limit else 77)  # left out of the file where usual
    sentence = read_json(folder / "sentence_bert_config.json")
    tokenizer = read_json(folder / "tokenizer_config.json")
    own = [sentence.get("max_seq_length"), tokenizer.get("model_max_length")]
    return min([*limits, *(int(limit) for limit in own if limit)])


def _sentence_pooling(folder: Path) -> str | None:
    """The pooling that sentence-transformers keeps in a folder of its own."""
    listed = folder / "modules.json"
    if not listed.is_file():
        return None
    for module in json.loads(listed.read_text(encoding="utf-8")):
        kind = str(module.get("type", "")).rpartition(".")[2]
        if kind not in ("Transformer", "Pooling", "Normalize", "Dropout"):
            raise ValueError(f"{listed} has a layer {kind!r}, which is not supported")
    given = read_json(folder / "1_Pooling" / "config.json")
    modes = {
        "mean": given.get("pooling_mode_mean_tokens"),
        "cls": given.get("pooling_mode_cls_token"),
        "last": given.get("pooling_mode_lasttoken"),
    }
    chosen = [mode for mode, on in modes.items() if on or given.get("pooling_mode") == mode]
    if given and len(chosen) != 1:
        raise ValueError(f"{folder / '1_Pooling'} asks for a pooling that is not supported")
    return chosen[0] if chosen else None


def _prefix(folder: Path, names: Sequence[str]) -> str:
    """What the model wants before each text; both sides of a pair get the same."""
    given = read_json(folder / "config_sentence_transformers.json")
    default = given.get("default_prompt_name")
    if default and default in (given.get("prompts") or {}):
        return str(given["prompts"][default])
    return "query: " if any(map(_E5.search, names)) else ""
