"""A text network in ONNX as an encoder: its tokenizer beside it, and no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from samesku.encoders.card import EncoderCard
from samesku.encoders.model_files import digest_of
from samesku.encoders.onnx import start_session
from samesku.encoders.title_batches import Floats, NetworkText
from samesku.runtime.extras import need_extra

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"


class OnnxText(NetworkText):
    """Titles through a network in ONNX that returns one row per title.

    ``tokenizer.json`` lies beside `network`, the ONNX file; `card` says how to feed it. Raises
    ValueError where a file is missing or cannot be used, ModuleNotFoundError without `tokenizers`.
    """

    def __init__(self, network: Path, card: EncoderCard, name: str) -> None:
        self.name, self.limit, self.prefix = name, card.max_tokens, card.prefix
        self._tokenizer = _tokenizer(network.with_name(TOKENIZER), card)
        digest = digest_of([network, network.with_name(TOKENIZER)])
        padding = card.pad_to_limit, card.pad_id, card.pad_left
        self.fingerprint = f"onnx-text-1:{digest}:{card.prefix!r}:{card.max_tokens}:{padding}"
        self._session = start_session(network)
        self._feeds = [feed.name for feed in self._session.get_inputs()]
        if unknown := set(self._feeds) - {"input_ids", "attention_mask"}:
            raise ValueError(f"{network} takes {sorted(unknown)[0]!r}, which titles do not have")

    def embed(self, titles: Sequence[str]) -> Floats:
        coded = self._tokenizer.encode_batch([self.prefix + title for title in titles])
        self.cut += sum(bool(each.overflowing) for each in coded)
        feed = {
            "input_ids": np.array([each.ids for each in coded], dtype=np.int64),
            "attention_mask": np.array([each.attention_mask for each in coded], dtype=np.int64),
        }
        (rows,) = self._session.run(None, {name: feed[name] for name in self._feeds})
        return np.asarray(rows, dtype=np.float32)


def _tokenizer(path: Path, card: EncoderCard) -> Tokenizer:
    need_extra(str(path.parent), "text", "tokenizers")
    # Only who uses a text network needs it.
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises nothing narrower
        raise ValueError(f"{path} cannot be used: {error}") from error
    tokenizer.enable_truncation(card.max_tokens)
    tokenizer.enable_padding(
        direction="left" if card.pad_left else "right",
        pad_id=card.pad_id,
        length=card.max_tokens if card.pad_to_limit else None,
    )
    return tokenizer
