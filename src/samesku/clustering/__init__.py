"""From scored pairs to groups."""

from samesku.clustering.agglomerative import COHESION, group

__all__ = ["COHESION", "group"]
