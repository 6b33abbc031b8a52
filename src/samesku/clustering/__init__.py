"""From scored pairs to clusters."""

from samesku.clustering.agglomerative import COHESION, group

__all__ = ["COHESION", "group"]
