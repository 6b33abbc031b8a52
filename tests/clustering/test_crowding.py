import numpy as np

from samesku.clustering.crowding import log_partners, uncrowded
from samesku.clustering.expected import partners


def test_pairs_among_many_likely_partners_score_less():
    # 0 is alike to 1, 2 and 3; 4 to 5 alone; 6 to 7 hardly; 8 to 9 not at all.
    left, right = np.array([0, 0, 0, 4, 6, 8]), np.array([1, 2, 3, 5, 7, 9])
    scores, counts = np.array([0.6, 0.6, 0.6, 0.6, 0.01, 0], np.float32), np.ones(10, int)
    likely = partners(left, right, scores, counts)
    crowds = log_partners(left, right, likely)
    assert crowds[0] > crowds[3] > crowds[4] == 0
    moved = uncrowded(left, right, scores, likely, (-1.0, float(crowds[3])))
    assert moved[0] < 0.5 < moved[3]
    assert moved[4] > scores[4]
    assert moved[5] == 0
    np.testing.assert_allclose(moved[3], scores[3], atol=1e-6)
    # Postings that stand for several are so many partners.
    likely = partners(left, right, scores, np.where(np.arange(10) == 5, 3, 1))
    assert log_partners(left, right, likely)[3] > crowds[3]
