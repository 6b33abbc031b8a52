"""A folder with `samesku_encoder.json` as an encoder: in ONNX if it is there, else with torch."""

from pathlib import Path

from samesku.encoders.base import Encoder
from samesku.encoders.card import CARD, EncoderCard, read_card
from samesku.encoders.model_files import digest_of
from samesku.encoders.onnx import TOKENIZER, Onnx, OnnxText
from samesku.encoders.photo_inputs import PhotoInput

# What each kind consists of: the part's name in file names, and whether it reads titles.
PARTS = {
    "title": {"model": "title"},
    "photo": {"model": "photo"},
    "clip": {"title": "title", "photo": "photo"},
}


def encoders_in(folder: Path) -> list[Encoder]:
    """The encoder in a folder, or the two of a CLIP model, named after the folder.

    Of two networks in ONNX the smaller one is taken. Raises ValueError where it is no folder of
    `samesku train-encoder` or `export-encoder`, or a file in it is not the one that was written.
    """
    card = read_card(folder)
    if card is None:
        raise ValueError(f"{folder} is no encoder: it holds no {CARD}; for a model use hf:{folder}")
    name = folder.resolve().name
    parts = PARTS[card.kind]
    networks = {part: _network(folder, part, card) for part in parts}
    if not any(_belongs(network, card) for network in networks.values()):
        from samesku.encoders.hub import HubModel, model_encoders

        _check(folder, list(card.files), card)
        return model_encoders(HubModel(folder, card.kind), name)
    for part, kind in parts.items():
        _check(folder, [networks[part].name, *([TOKENIZER] if kind == "title" else [])], card)
    names = {part: name if part == "model" else f"{name}-{part}" for part in parts}
    return [onnx_encoder(networks[part], parts[part], card, names[part]) for part in parts]


def onnx_encoder(network: Path, kind: str, card: EncoderCard, name: str) -> OnnxText | Onnx:
    """One network in ONNX, of titles or of photos, as an encoder."""
    if kind == "title":
        return OnnxText(network, card, name)
    if card.photo is None:
        raise ValueError(f"{network.parent / CARD} does not say how photos are prepared")
    return Onnx(network, feeding=PhotoInput.of(card.photo), name=name)


def onnx_name(part: str, *, int8: bool) -> str:
    return f"{part}.int8.onnx" if int8 else f"{part}.onnx"


def _network(folder: Path, part: str, card: EncoderCard) -> Path:
    small = folder / onnx_name(part, int8=True)
    return small if _belongs(small, card) else folder / onnx_name(part, int8=False)


def _belongs(network: Path, card: EncoderCard) -> bool:
    """Whether a network is there and belongs to the card, not to one that it replaced."""
    return network.is_file() and (not card.files or network.name in card.files)


def _check(folder: Path, names: list[str], card: EncoderCard) -> None:
    """Each file is there and is the one that was written with the card."""
    for name in names:
        if not (folder / name).is_file():
            raise ValueError(f"{folder / name} is missing: export or train the encoder again")
        if name in card.files and digest_of([folder / name]) != card.files[name]:
            raise ValueError(f"{folder / name} is not the file that {CARD} was written for")
