"""Trees several times over."""

import lightgbm as lgb
import numpy as np
import pytest

from samesku.linking.bagged import Bagged


@pytest.fixture(scope="module")
def grown():
    random = np.random.default_rng(0)
    values = random.normal(size=(600, 3)).astype(np.float32)
    truth = values[:, 0] + 0.5 * values[:, 2] > random.normal(size=600)
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "bagging_freq": 1}
    members = [
        lgb.train(
            settings | {"seed": seed, "bagging_fraction": 0.5},
            lgb.Dataset(values, truth.astype(np.float32)),
            10,
        )
        for seed in range(3)
    ]
    return Bagged(tuple(members)), values


def test_the_mean_of_the_members_counts(grown):
    bagged, values = grown
    each = [member.predict(values, raw_score=True) for member in bagged.members]
    assert np.std(each, axis=0).max() > 0
    np.testing.assert_allclose(bagged.log_odds(values), np.mean(each, axis=0))


def test_the_parts_of_families_sum_to_the_log_odds(grown):
    bagged, values = grown
    parts, start = bagged.parts(values, np.array([0, 2, 2]))
    assert parts.shape == (600, 3)
    assert not parts[:, 1].any()
    np.testing.assert_allclose(parts.sum(axis=1) + start, bagged.log_odds(values), atol=1e-4)


def test_kept_and_read_again(grown, tmp_path):
    bagged, values = grown
    places = [tmp_path / f"{number}.txt" for number in range(3)]
    bagged.write(places)
    again = Bagged.read(places)
    np.testing.assert_array_equal(again.log_odds(values), bagged.log_odds(values))
    assert again.width == 3
