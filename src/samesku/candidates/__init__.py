"""Which pairs of postings are worth scoring."""

from samesku.candidates.candidates import Candidates, Source, join_candidates

__all__ = ["Candidates", "Source", "join_candidates"]
