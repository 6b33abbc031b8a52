import numpy as np

from samesku.clustering.crowding import log_partners, uncrowded


def test_pairs_among_many_likely_partners_score_less():
    # 0 is alike to 1, 2 and 3; 4 to 5 alone; 6 to 7 hardly.
    left, right = np.array([0, 0, 0, 4, 6]), np.array([1, 2, 3, 5, 7])
    scores, counts = np.array([0.6, 0.6, 0.6, 0.6, 0.01], np.float32), np.ones(8, int)
    crowds = log_partners(left, right, scores, counts)
    assert crowds[0] > crowds[3] > crowds[4] == 0
    moved = uncrowded(left, right, scores, counts, (-1.0, float(crowds[3])))
    assert moved[0] < 0.5 < moved[3]
    np.testing.assert_allclose(moved[3], scores[3], atol=1e-6)
    # Postings that stand for several are so many partners.
    assert log_partners(left, right, scores, np.where(np.arange(8) == 5, 3, 1))[3] > crowds[3]
    assert uncrowded(left, right, scores, counts, (0.0, 0.0)) is scores
