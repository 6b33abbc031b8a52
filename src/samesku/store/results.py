"""What the live index answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class StoreError(ValueError):
    """A request that cannot be done; says why and what to do.

    Its `kind` is "invalid", "missing", "conflict", "unusable" or "full".
    """

    def __init__(self, message: str, kind: str = "invalid") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Refused:
    """A posting that was not taken, its place in the request and the reason."""

    place: int
    posting_id: str | None
    reason: str


@dataclass(frozen=True)
class PostingResult:
    """A posting of a change, its cluster, and what was done to the posting.

    `done` is one of `minted`, `joined`, `merged`, `split`, `unchanged` and `deleted`.
    """

    posting_id: str
    cluster: str | None
    done: str


@dataclass(frozen=True)
class Affected:
    """A cluster that a change touched; after a merge `into` is where its id redirects to."""

    cluster: str
    added: list[str]
    removed: list[str]
    into: str | None = None


@dataclass(frozen=True)
class DecidedPair:
    """A pair that a decision rests on."""

    left_id: str
    right_id: str
    probability: float
    explanation: str | None = None


@dataclass(frozen=True)
class Found(DecidedPair):
    """A posting that a search found, and the cluster that it is in."""

    cluster: str = ""


@dataclass(frozen=True)
class Change:
    """What a change did. `event` is its number in the log; that of the last one if none was needed.

    `repeated`: the request was made before under the same key, and nothing was changed. `notes`:
    what was taken as unknown, up to 20 cells and photos of postings.
    """

    event: int
    verb: str
    postings: list[PostingResult] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    affected: list[Affected] = field(default_factory=list)
    pairs: list[DecidedPair] = field(default_factory=list)
    repeated: bool = False
    notes: list[str] = field(default_factory=list)

    @classmethod
    def again(cls, answer: dict[str, Any]) -> Change:
        """An answer that was given before, from its plain values."""
        kinds = {
            "postings": PostingResult, "refused": Refused, "affected": Affected,
            "pairs": DecidedPair,
        }  # fmt: skip
        lists = {name: [kind(**each) for each in answer[name]] for name, kind in kinds.items()}
        return cls(**answer | lists | {"repeated": True})
