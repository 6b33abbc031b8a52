"""From scored pairs to clusters."""

from samesku.clustering.agglomerative import COHESION, agglomerate

__all__ = ["COHESION", "agglomerate"]
