"""Learn from label groups how much each word tells products apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from samesku.candidates.similarity import pair_similarity
from samesku.encoders.telling import Telling
from samesku.encoders.word_weights import (
    LOG_LIMIT,
    TRAITS,
    WordWeights,
    word_presence,
    word_traits,
)
from samesku.scoring.presence import rarity

__all__ = [
    "STRENGTH",
    "crossed_similarity",
    "crossed_weights",
    "similarity_by_fold",
    "train_word_weights",
]

Floats = NDArray[np.float64]

# Postings that must hold a word before it gets a number of its own.
SEEN = 4
# Of a pair's weight with the size of its product, as the pair classifier has it.
WEIGHT_POWER = -0.4
# Less serves a classifier on goods like those of the training, more a search and other goods
# (docs/experiments.md).
STRENGTH = 10.0
# Slope of the probability over the cosine to begin with.
FIRST_SLOPE = 3.0
# Nothing learned: rarity alone.
PLAIN = WordWeights((), np.empty(0, np.float32), np.zeros(TRAITS, np.float32))


def train_word_weights(
    titles: Sequence[str],
    labels: NDArray[np.integer],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    *,
    strength: float = STRENGTH,
    rounds: int = 40,
) -> WordWeights:
    """Fit the factors so that the cosine tells pairs of one product from pairs of two.

    A logistic regression on the weighted cosine of the pairs alone, by L-BFGS: the gradient goes
    through the lengths of the rows. Where the pairs are the nearest under TF-IDF, those of two
    products are its mistakes, which is what there is to learn from.

    Parameters
    ----------
    titles : sequence of str, length n
        Normal titles of the whole catalogue: rarity comes from all of them.
    labels : integer (n,)
        Product of each posting; -1 where it is not known or not to be looked at. Pairs with such
        a posting train nothing.
    left, right : integer (m,)
        Pairs, each once: the candidates of the catalogue.
    strength : float
        Of the pull towards factors of 1.
    rounds : int
        Steps of L-BFGS.

    Returns
    -------
    WordWeights
        The same in every run on the same machine.

    Raises
    ------
    ValueError
        There are not both pairs of one product and pairs of two.
    """
    known = labels >= 0
    used = known[left] & known[right]
    left, right = left[used], right[used]
    same = labels[left] == labels[right]
    if not same.any() or same.all():
        raise ValueError("training needs pairs of one product and pairs of two; give more labels")
    words, presence = word_presence(titles)
    often = np.flatnonzero(np.bincount(presence[known].indices, minlength=len(words)) >= SEEN)
    own = sp.identity(len(words), dtype=np.float32, format="csc")[:, often]
    traits = sp.csr_matrix(sp.hstack([own, word_traits(words)]))
    share = np.maximum(np.bincount(labels[known]), 1.0) ** WEIGHT_POWER
    weight = (share[labels[left]] + share[labels[right]]) / 2
    loss = _Loss.of(presence, traits, left, right, same, weight, strength)
    start = np.zeros(traits.shape[1] + 2)
    start[-2] = FIRST_SLOPE
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds})
    # Rounded as it will be written, so that a model is used as it was measured.
    learned = found.x[:-2].astype(np.float16).astype(np.float32)
    order = sorted(range(len(often)), key=lambda at: words[often[at]])
    return WordWeights(
        tuple(words[often[at]] for at in order), learned[order], learned[len(often) :]
    )


def crossed_similarity(
    titles: Sequence[str],
    labels: NDArray[np.integer],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    fold: NDArray[np.integer],
    *,
    strength: float = STRENGTH,
) -> NDArray[np.float32]:
    """Similarity of each pair under weights that its own truth did not train.

    What a classifier that trains on the same labels may see: an encoder makes the pairs that it
    was trained on look clearer than any others will be, and the classifier would trust it too much.
    Vectors of two trainings cannot be compared, but the cosines of pairs can.

    Parameters
    ----------
    titles, labels, left, right
        As :func:`train_word_weights` takes them.
    fold : integer (n,)
        Of each posting; postings of one product share it. Where the label is -1 it does not matter.
    strength : float
        As :func:`train_word_weights` takes it.

    Returns
    -------
    float32 (m,)
        A pair within a fold by weights trained without this fold; one between two folds by the
        mean of two, each trained without one of them; one with an unlabelled posting by weights
        trained on all labels. Where these leave pairs of one kind only, by rarity alone. NaN
        where a title has no word.
    """
    weights = crossed_weights(titles, labels, left, right, fold, strength=strength)
    return similarity_by_fold(weights, titles, labels, left, right, fold)


def crossed_weights(
    titles: Sequence[str],
    labels: NDArray[np.integer],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    fold: NDArray[np.integer],
    *,
    strength: float = STRENGTH,
) -> dict[int, WordWeights]:
    """Weights trained without each fold, by its number, and by -1 those trained on all labels.

    Takes what :func:`crossed_similarity` takes. Where the labels that are left make pairs of one
    kind only, the weights are plain rarity.
    """

    def trained(training: NDArray[np.integer]) -> WordWeights:
        inside = (training[left] >= 0) & (training[right] >= 0)
        same = labels[left[inside]] == labels[right[inside]]
        if not same.any() or same.all():
            return PLAIN
        return train_word_weights(titles, training, left, right, strength=strength)

    numbers = np.unique(fold[labels >= 0]).tolist()
    without = {number: trained(np.where(fold == number, -1, labels)) for number in numbers}
    return {**without, -1: trained(labels)}


def similarity_by_fold(
    weights: Mapping[int, WordWeights],
    titles: Sequence[str],
    labels: NDArray[np.integer],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    fold: NDArray[np.integer],
) -> NDArray[np.float32]:
    """Similarity of the pairs of a catalogue under weights of :func:`crossed_weights`.

    The catalogue may be another one of the same products: their folds must be the same.

    Returns
    -------
    float32 (m,)
        As :func:`crossed_similarity`.
    """
    known = labels >= 0
    both = known[left] & known[right]
    total, judges = np.zeros((2, len(left)))
    for number, learned in weights.items():
        own = fold == number
        asks = ~both if number < 0 else both & (own[left] | own[right])
        if asks.any():
            vectors = Telling(learned).encode_titles(titles)
            total[asks] += pair_similarity(vectors, left[asks], right[asks])
            judges[asks] += 1
    return (total / np.maximum(judges, 1)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Loss:
    """Weighted logistic loss over pairs, and its gradient by traits, slope and offset."""

    common: sp.csr_matrix
    presence: sp.csr_matrix
    base: Floats
    traits: sp.csr_matrix
    left: NDArray[np.integer]
    right: NDArray[np.integer]
    same: NDArray[np.bool_]
    weight: Floats
    strength: float

    @classmethod
    def of(
        cls,
        presence: sp.csr_matrix,
        traits: sp.csr_matrix,
        left: NDArray[np.integer],
        right: NDArray[np.integer],
        same: NDArray[np.bool_],
        weight: Floats,
        strength: float,
    ) -> _Loss:
        common = sp.csr_matrix(presence[left].multiply(presence[right]))
        base = rarity(presence).astype(np.float64) ** 2
        return cls(common, presence, base, traits, left, right, same, weight, strength)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        learned, slope, offset = parameters[:-2], parameters[-2], parameters[-1]
        logarithm = self.traits @ learned
        square = self.base * np.exp(2 * np.clip(logarithm, -LOG_LIMIT, LOG_LIMIT))
        # A title without a word has no length; it has nothing in common with any other either.
        length = np.maximum(self.presence @ square, 1e-9)
        both = np.sqrt(length[self.left] * length[self.right])
        cosine = (self.common @ square) / both
        logit = slope * cosine + offset
        value = self.weight @ (np.logaddexp(0, logit) - self.same * logit)
        off = self.weight * (expit(logit) - self.same)
        by_cosine = slope * off
        size = len(length)
        ends = sum(
            np.bincount(end, by_cosine * cosine, size) / (2 * length)
            for end in (self.left, self.right)
        )
        by_square = self.common.T @ (by_cosine / both) - self.presence.T @ ends
        free = np.abs(logarithm) < LOG_LIMIT
        by_learned = self.traits.T @ (2 * square * by_square * free) + self.strength * learned
        value += self.strength / 2 * (learned @ learned)
        return float(value), np.append(by_learned, [off @ cosine, off.sum()])
