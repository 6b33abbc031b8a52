"""The live index: a catalogue that changes, its clusters and what people decided, kept on disk."""

from samesku.store.index import Index
from samesku.store.results import Affected, Change, DecidedPair, PostingResult, Refused

__all__ = ["Affected", "Change", "DecidedPair", "Index", "PostingResult", "Refused"]
