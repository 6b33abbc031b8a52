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

    def __init__(
        self, network: Path, card: EncoderCard, name: str, *, threads: int | None = None
    ) -> None:
        self.card = card
        self._name = name
        self._tokenizer = _tokenizer(network.with_name(TOKENIZER), card)
        self._digest = digest_of([network, network.with_name(TOKENIZER)])
        self._session = start_session(network, threads)
        self._feeds = [feed.name for feed in self._session.get_inputs()]
        if unknown := set(self._feeds) - {"input_ids", "attention_mask"}:
            raise ValueError(f"{network} takes {sorted(unknown)[0]!r}, which titles do not have")
        self._cut = 0

    @property
    def name(self) -> str:
        """As given."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """Follows the network, its tokenizer and what its card says of feeding it."""
        card = self.card
        filling = card.pad_to_limit, card.pad_id, card.pad_left
        return f"onnx-text-1:{self._digest}:{card.prefix!r}:{card.max_tokens}:{filling}"

    @property
    def notes(self) -> list[str]:
        """How many titles were cut."""
        return cut_note(self._cut, self.card.max_tokens, self.name)

    def encode_titles(self, titles: Sequence[str]) -> Vectors:
        """Unit rows of the titles; an empty title owns none."""
        return self.encode_telling(titles, lambda done: None)

    def encode_telling(self, titles: Sequence[str], advance: Advance) -> Vectors:
        """As :meth:`encode_titles`, telling how many titles are done."""
        self._cut = 0
        return embed_titles(titles, self.embed, advance)

    def embed(self, titles: Sequence[str]) -> Floats:
        """Run one batch of titles: rows ``(n, dimension)``, not normalised."""
        told = self._tokenizer.encode_batch([self.card.prefix + title for title in titles])
        self._cut += sum(bool(each.overflowing) for each in told)
        tokens = [each.ids for each in told]
        ids, mask = _filled(tokens, self.card)
        feed = {"input_ids": ids, "attention_mask": mask}
        (rows,) = self._session.run(None, {name: feed[name] for name in self._feeds})
        return np.asarray(rows, dtype=np.float32)


def cut_note(cut: int, limit: int, name: str) -> list[str]:
    """What to tell of titles that were cut; nothing where none was."""
    if not cut:
        return []
    return [f"{cut:,} different titles are longer than the {limit} tokens that {name} reads: cut"]


def _filled(
    tokens: Sequence[Sequence[int]], card: EncoderCard
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tokens as one array, filled up, and which of them count."""
    longest = max(map(len, tokens))
    width = card.max_tokens if card.pad_to_limit else longest
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
