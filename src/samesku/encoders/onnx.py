"""Networks in ONNX as encoders, without torch: of photos, and of titles."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from samesku.encoders.base import PhotoEncoder
from samesku.encoders.card import EncoderCard
from samesku.encoders.model_files import digest_of
from samesku.encoders.photo_inputs import PhotoInput, prepared
from samesku.encoders.title_batches import NetworkText, unit_rows
from samesku.runtime.arrays import Array, Bytes, Floats
from samesku.runtime.cores import usable_cores
from samesku.runtime.extras import need_extra
from samesku.runtime.files import read_json

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

GEM_POWER = 3.0
TOKENIZER = "tokenizer.json"


class Onnx(PhotoEncoder):
    """An image network in ONNX as an encoder, one row per photo; it runs on the processor.

    Beside `path`, the ONNX file, lies ``<file>.json`` or one with ``.json`` for ``.onnx``, an
    object with the keys of :class:`PhotoInput`, unless `feeding` is given. It is called `name`, by
    default ``onnx:`` and the name of the file without its ending. `dimension` numbers per photo.
    Raises ValueError where a file is missing or invalid, or the network does not take what the JSON
    says.
    """

    def __init__(
        self, path: str | Path, *, feeding: PhotoInput | None = None, name: str | None = None
    ) -> None:
        self.path = Path(path)
        self.name = name or f"onnx:{self.path.stem}"
        self.input = _read_input(self.path) if feeding is None else feeding
        content = self.path.read_bytes() + repr(self.input).encode()
        self.fingerprint = f"onnx-1:{hashlib.blake2b(content, digest_size=16).hexdigest()}"
        self._session = start_session(self.path)
        feed, outputs = self._session.get_inputs()[0], self._session.get_outputs()
        names = [output.name for output in outputs]
        self._output = self.input.output or names[0]
        if self._output not in names:
            known = ", ".join(names)
            raise ValueError(f'{self.path}: set "output" to one of {known}, not {self._output!r}')
        self._feed = feed.name
        self._precision = np.float16 if feed.type == "tensor(float16)" else np.float32
        # A side of the input that can be any has a name for a number.
        self._batch = feed.shape[0] if isinstance(feed.shape[0], int) else None
        blank = np.zeros((1, 3, *self.input.size), dtype=np.float32)
        self.dimension: int = self.rows(blank).shape[1]

    def look(self, photo: Bytes) -> Array:
        """The photo as the network wants it, ``(3, h, w)``."""
        return prepared(photo, self.input)

    def embed(self, looks: Sequence[Array]) -> Array:
        """Unit rows ``(photos, 1, dimension)``."""
        return self.rows(np.stack(looks).astype(np.float32, copy=False))[:, None]

    def rows(self, batch: Floats) -> Floats:
        """Unit rows float32 ``(n, dimension)`` of prepared photos float32 ``(n, 3, h, w)``.

        A network built for a fixed batch gets it in portions. Raises ValueError where it cannot be
        run on them, or the output does not fit the pooling.
        """
        count, step = len(batch), self._batch or max(1, len(batch))
        if not count:
            return np.empty((0, self.dimension), dtype=np.float32)
        if lacking := -count % step:
            batch = np.concatenate([batch, np.zeros((lacking, *batch.shape[1:]), np.float32)])
        parts = (batch[start : start + step] for start in range(0, count, step))
        return unit_rows(np.concatenate([self._pool(self._run(part)) for part in parts])[:count])

    def _run(self, photos: Floats) -> Floats:
        if self.input.layout == "NHWC":
            photos = np.ascontiguousarray(photos.transpose(0, 2, 3, 1))
        feed = {self._feed: photos.astype(self._precision, copy=False)}
        try:
            (answer,) = self._session.run([self._output], feed)
        except Exception as error:
            raise ValueError(
                f'{self.path} cannot be run on photos: correct "size" or "layout" in its JSON, or '
                f"export it with one input, floats of four axes ({error})"
            ) from error
        return np.asarray(answer, dtype=np.float32)

    def _pool(self, answer: Floats) -> Floats:
        way, axes = self.input.pooling, answer.ndim
        if way == "none" and axes == 2:
            return answer
        if way == "cls" and axes == 3:
            return answer[:, 0]
        if way in ("mean", "gem") and axes in (3, 4):
            channels_last = axes == 3 or self.input.layout == "NHWC"
            places = tuple(range(1, axes - 1)) if channels_last else (2, 3)
            if way == "mean":
                return np.asarray(answer.mean(axis=places))
            powers = np.maximum(answer, 1e-6) ** GEM_POWER
            return np.asarray(powers.mean(axis=places) ** (1 / GEM_POWER))
        suited = {2: '"none"', 3: '"mean", "gem" or "cls"', 4: '"mean" or "gem"'}
        advice = f'set "pooling" to {suited[axes]}' if axes in suited else "choose another output"
        raise ValueError(
            f'{self.path}: output {self._output!r} has shape {answer.shape}, which "pooling": '
            f'"{way}" does not fit; {advice} in its JSON'
        )


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


def _read_input(path: Path) -> PhotoInput:
    if not path.is_file():
        raise ValueError(f"{path} is missing: give the path of an ONNX file")
    beside = (path.with_name(path.name + ".json"), path.with_suffix(".json"))
    place = next((file for file in beside if file.is_file()), None)
    if place is None:
        raise ValueError(
            f"{beside[0]} is missing: write there how the network wants its photos, at least "
            '{"size": [224, 224]}'
        )
    given = read_json(place, {}, fix='write there at least {"size": [224, 224]}')
    try:
        return PhotoInput.of(given)
    except ValueError as error:
        raise ValueError(f"{place} cannot be used: {error}") from error


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


def start_session(path: Path) -> InferenceSession:
    """Load a network for the processor; ValueError where it cannot be loaded."""
    try:
        return open_session(path, usable_cores())
    except Exception as error:
        raise ValueError(f"{path} is not a network that can be loaded: {error}") from error


def open_session(network: Path | bytes, threads: int) -> InferenceSession:
    """As :func:`start_session`, of a file or its content; raises whatever the runtime does."""
    # Only who uses a network waits for its runtime to load.
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors, not warnings about the file's age
    return ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
