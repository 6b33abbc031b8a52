"""Which pairs of postings are worth judging."""

from samesku.candidates.candidates import Candidates, Source, join_candidates

__all__ = ["Candidates", "Source", "join_candidates"]
