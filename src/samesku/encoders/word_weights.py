"""How much words tell products apart: learned weights, also for words that no training saw."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.scoring.presence import presence
from samesku.titles import normal_tokens

__all__ = ["TRAITS", "WordWeights", "word_presence", "word_traits"]

Floats = NDArray[np.float32]

# Traits are hashed into so many columns.
TRAITS = 2**14
TRAIT_NGRAMS = (2, 3, 4)
# No word counts more than e**3 = 20 times as much, or as little, as its rarity says.
LOG_LIMIT = 3.0
# Odd 64-bit numbers of no pattern: the roll and the mix of the hash.
ROLL, MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, eq=False)
class WordWeights:
    """Factors on the rarity of words: what the words are, and how they are written.

    The logarithm of a word's factor is its own number plus that of its spelling
    (:func:`word_traits`), so a word that no training saw has a factor too: "murahh" that of a
    boast, "sma505" that of a model code.

    Attributes
    ----------
    words : tuple of str, length v
        Those with a number of their own, ascending.
    own : float32 (v,)
    traits : float32 (TRAITS,)
    """

    words: tuple[str, ...]
    own: Floats
    traits: Floats

    def factors(self, words: Sequence[str]) -> Floats:
        """The factor of each word, float32 ``(w,)``, 1 where nothing was learned."""
        logarithm = word_traits(words) @ self.traits
        place = {word: at for at, word in enumerate(self.words)}
        at = np.array([place.get(word, -1) for word in words], dtype=np.int64)
        logarithm[at >= 0] += self.own[at[at >= 0]]
        factors: Floats = np.exp(np.clip(logarithm, -LOG_LIMIT, LOG_LIMIT))
        return factors

    @property
    def digest(self) -> str:
        """Changes whenever a factor would."""
        parts = ["\n".join(self.words).encode(), self.own.tobytes(), self.traits.tobytes()]
        return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()

    def write(self, path: Path) -> str:
        """Write plain arrays in half precision, without the card; returns the file's SHA-256."""
        text = np.frombuffer("\n".join(self.words).encode(), dtype=np.uint8)
        own, traits = self.own.astype(np.float16), self.traits.astype(np.float16)
        np.savez_compressed(path, words=text, own=own, traits=traits)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    @classmethod
    def read(cls, path: Path, sha256: str) -> WordWeights:
        """Read what `write` wrote.

        Raises
        ------
        ValueError
            The file is not what was written; says why.
        OSError
            It cannot be read.
        """
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"{path.name} is not what was saved; copy the folder again")
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            text = stored["words"].tobytes().decode("utf-8")
            own = stored["own"].astype(np.float32)
            traits = stored["traits"].astype(np.float32)
        words = tuple(text.split("\n")) if text else ()
        if own.shape != (len(words),) or traits.shape != (TRAITS,):
            raise ValueError(f"the words and numbers of {path.name} do not belong together")
        return cls(words, own, traits)


def word_presence(titles: Sequence[str]) -> tuple[list[str], sp.csr_matrix]:
    """The words of all titles and which title holds which, 1 in float32 CSR ``(n, w)``."""
    vocabulary: dict[str, int] = {}
    held = presence([normal_tokens(title) for title in titles], vocabulary)
    return list(vocabulary), held


def word_traits(words: Sequence[str]) -> sp.csr_matrix:
    """How words are written, unit rows in float32 CSR ``(w, TRAITS)``.

    Hashed n-grams of two to four characters, of the word between its bounds and of its shape, in
    which every digit is 0 and every letter a.
    """
    shapes = ["".join(_shape(character) for character in word) for word in words]
    spelled = [f"<{word}>" for word in words] + [f"[{shape}]" for shape in shapes]
    letters = np.frombuffer("".join(spelled).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owner = np.repeat(np.arange(len(spelled)), [len(word) for word in spelled])
    rows, columns = [], []
    rolled = np.zeros(len(letters), dtype=np.uint64)
    for length in range(1, max(TRAIT_NGRAMS) + 1):
        starts = max(len(letters) - length + 1, 0)
        rolled = rolled[:starts] * ROLL + letters[length - 1 :] + np.uint64(1)
        if length in TRAIT_NGRAMS:
            within = owner[:starts] == owner[length - 1 :]
            rows.append(owner[:starts][within] % max(len(words), 1))
            columns.append(_bucket(rolled[within]))
    row, column = np.concatenate(rows), np.concatenate(columns)
    ones = np.ones(len(row), dtype=np.float32)
    traits = sp.csr_matrix((ones, (row, column)), shape=(len(words), TRAITS))
    lengths = np.sqrt(traits.multiply(traits).sum(axis=1)).A1
    traits.data /= np.repeat(lengths, np.diff(traits.indptr)).astype(np.float32)
    return traits


def _shape(character: str) -> str:
    return "0" if character.isdigit() else "a" if character.isalpha() else character


def _bucket(codes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The top bits of mixed codes: the low ones of a rolling hash are poor."""
    mixed = (codes ^ (codes >> np.uint64(32))) * MIX
    mixed = (mixed ^ (mixed >> np.uint64(32))) * MIX
    return (mixed >> np.uint64(64 - TRAITS.bit_length() + 1)).astype(np.int64)
