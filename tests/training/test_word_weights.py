"""Word weights learned from label groups."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from samesku.candidates.similarity import pair_similarity
from samesku.encoders import Telling
from samesku.encoders.word_weights import word_presence, word_traits
from samesku.scoring.presence import rarity
from samesku.training.word_weights import _Loss, crossed_similarity, train_word_weights

BRANDS = ["bebelac", "dancow", "sgm", "lactogen", "frisian", "indomilk", "milo", "ovaltine"]
SIZES = ["400g", "800g", "1200g"]
BOASTS = ["murah", "promo", "cod", "ready", "original", "terlaris", "diskon"]


def shelf(seed=0, offers=4):
    """Offers of 24 products: what differs between products is brand and size, the rest is noise."""
    rng = np.random.default_rng(seed)
    titles, labels = [], []
    for product in range(len(BRANDS) * len(SIZES)):
        brand, size = BRANDS[product % len(BRANDS)], SIZES[product // len(BRANDS)]
        for _ in range(offers):
            boasts = rng.permutation(BOASTS)[: rng.integers(1, 5)]
            titles.append(" ".join([brand, size, *boasts]))
            labels.append(product)
    return titles, np.array(labels)


def all_pairs(size):
    return np.triu_indices(size, 1)


def average_precision(similarity, same):
    hit = same[np.argsort(-similarity, kind="stable")]
    return (np.cumsum(hit) / np.arange(1, len(hit) + 1))[hit].mean()


def test_it_learns_which_words_tell():
    titles, labels = shelf()
    weights = train_word_weights(titles, labels, *all_pairs(len(titles)))
    assert weights.factors(SIZES).min() > 1 > weights.factors(BOASTS).max()


def test_it_helps_on_products_it_never_saw():
    titles, labels = shelf()
    left, right = all_pairs(len(titles))
    seen = np.where(labels % 2 == 0, labels, -1)
    weights = train_word_weights(titles, seen, left, right)
    asked = (seen[left] < 0) & (seen[right] < 0)
    same = (labels[left] == labels[right])[asked]
    flat = type(weights)((), np.empty(0, np.float32), np.zeros_like(weights.traits))
    before, after = (
        average_precision(
            pair_similarity(Telling(each).encode_titles(titles), left[asked], right[asked]),
            same,
        )
        for each in (flat, weights)
    )
    assert after > before + 0.02


def test_words_that_no_training_saw_are_weighed_by_their_spelling():
    titles, labels = shelf()
    weights = train_word_weights(titles, labels, *all_pairs(len(titles)))
    size, boast = weights.factors(["900g", "murahh"])
    assert size > boast


def test_the_same_in_every_run_and_blind_to_unknown_labels():
    titles, labels = shelf()
    left, right = all_pairs(len(titles))
    hidden = np.where(labels < 12, labels, -1)
    first = train_word_weights(titles, hidden, left, right)
    known = (hidden[left] >= 0) & (hidden[right] >= 0)
    second = train_word_weights(titles, hidden, left[known], right[known])
    assert first.digest == second.digest
    assert first.digest != train_word_weights(titles, labels, left, right).digest


def test_the_gradient_is_that_of_the_loss():
    titles, labels = shelf(offers=2)
    left, right = all_pairs(len(titles))
    words, presence = word_presence(titles)
    traits = word_traits(words)[:, :300]
    weight = np.random.default_rng(0).random(len(left))
    loss = _Loss(
        presence[left].multiply(presence[right]).tocsr(),
        presence,
        rarity(presence).astype(float) ** 2,
        traits,
        left,
        right,
        labels[left] == labels[right],
        weight,
        0.7,
    )
    at = np.random.default_rng(1).normal(0, 0.5, traits.shape[1] + 2)
    value = check_grad(lambda x: loss(x)[0], lambda x: loss(x)[1], at)
    assert value < 1e-3 * np.linalg.norm(loss(at)[1])


@pytest.mark.parametrize("labels", [[-1, -1, -1], [0, 0, 0], [0, 1, 2], [0, -1, 1]])
def test_one_kind_of_pairs_teaches_nothing(labels):
    with pytest.raises(ValueError, match="give more labels"):
        train_word_weights(["a b", "a c", "a d"], np.array(labels), *all_pairs(3))


def test_each_pair_is_judged_by_weights_that_its_products_did_not_train():
    titles, labels = shelf()
    left, right = all_pairs(len(titles))
    labels = np.where(labels < 21, labels, -1)
    fold = labels % 3
    crossed = crossed_similarity(titles, labels, left, right, fold)

    def under(training, pairs):
        vectors = Telling(train_word_weights(titles, training, left, right)).encode_titles(titles)
        return pair_similarity(vectors, left[pairs], right[pairs])

    def without(number):
        return np.where(fold == number, -1, labels)

    known = (labels[left] >= 0) & (labels[right] >= 0)
    inside = known & (fold[left] == 1) & (fold[right] == 1)
    np.testing.assert_allclose(crossed[inside], under(without(1), inside), rtol=1e-5)
    between = known & (fold[left] == 0) & (fold[right] == 2)
    mean = (under(without(0), between) + under(without(2), between)) / 2
    np.testing.assert_allclose(crossed[between], mean, rtol=1e-5)
    np.testing.assert_allclose(crossed[~known], under(labels, ~known), rtol=1e-5)


def test_a_title_without_words_has_no_similarity():
    titles, labels = shelf()
    titles[0] = "-"
    left, right = all_pairs(len(titles))
    crossed = crossed_similarity(titles, labels, left, right, labels % 2)
    np.testing.assert_array_equal(np.isnan(crossed), left == 0)
