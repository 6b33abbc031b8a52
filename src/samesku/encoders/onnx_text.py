"""A text network in ONNX as an encoder: its tokenizer beside it, and no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from samesku.encoders.base import TextEncoder, Vectors
from samesku.encoders.card import EncoderCard
from samesku.encoders.model_files import digest_of
from samesku.encoders.onnx import start_session
from samesku.encoders.title_batches import Floats, embed_titles
from samesku.runtime.extras import need_extra
from samesku.runtime.progress import Advance

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"


class OnnxText(TextEncoder):
    """Titles through a network in ONNX that returns one row per title.

    ``tokenizer.json`` lies beside `network`, the ONNX file; `card` says how to feed it. Raises
    ValueError where a file is missing or cannot be used, ModuleNotFoundError without `tokenizers`.
    """

    def __init__(self, network: Path, card: EncoderCard, name: str) -> None:
        self.card = card
        self.name = name
        self._tokenizer = _tokenizer(network.with_name(TOKENIZER), card)
        digest = digest_of([network, network.with_name(TOKENIZER)])
        padding = card.pad_to_limit, card.pad_id, card.pad_left
        self.fingerprint = f"onnx-text-1:{digest}:{card.prefix!r}:{card.max_tokens}:{padding}"
        self._session = start_session(network)
        self._feeds = [feed.name for feed in self._session.get_inputs()]
        if unknown := set(self._feeds) - {"input_ids", "attention_mask"}:
            raise ValueError(f"{network} takes {sorted(unknown)[0]!r}, which titles do not have")
        self._cut = 0

    @property
    def notes(self) -> list[str]:
        return cut_note(self._cut, self.card.max_tokens, self.name)

    def encode_titles(self, titles: Sequence[str]) -> Vectors:
        return self.encode_with_progress(titles, lambda done: None)

    def encode_with_progress(self, titles: Sequence[str], advance: Advance) -> Vectors:
        self._cut = 0
        return embed_titles(titles, self.embed, advance)

    def embed(self, titles: Sequence[str]) -> Floats:
        """Run one batch of titles: rows ``(n, dimension)``, not normalised."""
        coded = self._tokenizer.encode_batch([self.card.prefix + title for title in titles])
        self._cut += sum(bool(each.overflowing) for each in coded)
        ids, mask = _padded([each.ids for each in coded], self.card)
        feed = {"input_ids": ids, "attention_mask": mask}
        (rows,) = self._session.run(None, {name: feed[name] for name in self._feeds})
        return np.asarray(rows, dtype=np.float32)


def cut_note(cut: int, limit: int, name: str) -> list[str]:
    """A note on the titles that were cut, if any."""
    if not cut:
        return []
    return [f"{cut:,} different titles are longer than the {limit} tokens that {name} reads: cut"]


def _padded(
    tokens: Sequence[Sequence[int]], card: EncoderCard
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tokens as one padded array, and which of them count."""
    width = card.max_tokens if card.pad_to_limit else max(map(len, tokens))
    ids = np.full((len(tokens), width), card.pad_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, own in enumerate(tokens):
        place = slice(width - len(own), width) if card.pad_left else slice(len(own))
        ids[row, place] = own
        mask[row, place] = 1
    return ids, mask


def _tokenizer(path: Path, card: EncoderCard) -> Tokenizer:
    need_extra(str(path.parent), "text", "tokenizers")
    # Only who uses a text network needs it.
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises nothing narrower
        raise ValueError(f"{path} cannot be used: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(card.max_tokens)
    return tokenizer
