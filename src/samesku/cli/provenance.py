"""Whether the encoders of an evaluation were trained on what is scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from samesku.catalog.catalog import Catalog
from samesku.encoders.card import read_card
from samesku.results.record import seen_in_training

# What a card's records are of.
ROLES = {"trained_on": "trained", "chosen_on": "chose the epoch of"}


def seen_by_encoders(names: Sequence[str], scored: Catalog) -> Iterator[str]:
    """A note for each encoder, as users name it, that was trained on scored postings."""
    for name in dict.fromkeys(names):
        card = _card(name)
        for role, words in ROLES.items():
            seen = seen_in_training({"trained_on": card.get(role)}, scored)
            if seen:
                yield (
                    f"about {seen:,} of the {len(scored):,} scored postings {words} {name}: its "
                    "figures are flattered; score it on others, or train it with --folds"
                )


def _card(name: str) -> Mapping[str, Any]:
    """What the card of an encoder says of its training; empty where there is none."""
    folder = Path(name.removeprefix("+").removeprefix("hf:").removeprefix("clip:"))
    card = read_card(folder) if folder.is_dir() else None
    return {} if card is None else card.more
