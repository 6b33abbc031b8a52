"""The decided links: look at them, move the line, write them down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.linking.assignment import LinkRule, choose_links
from samesku.linking.known import KnownLinks
from samesku.linking.reasons import link_reasons
from samesku.linking.sides import Sides
from samesku.runtime.files import Staged
from samesku.scoring.reasons import Evidence

__all__ = ["Links"]

# Judged pairs from this probability on are written beside the links: what nearly was one.
NEAR = 0.2


@dataclass(frozen=True, eq=False)
class Links:
    """Which offers of two shops are the same product.

    Attributes
    ----------
    sides : Sides
        The two catalogues.
    candidates : Candidates
        The pairs that were judged.
    probability : float32 (m,)
        That each is the same product.
    rule : {"one-to-one", "one-to-many", "many-to-one", "free"}
        Who may have how many counterparts.
    line : float
        Probability from which a pair is accepted.
    known : KnownLinks, optional
        What the user told.
    run : mapping
        What was read, done and how long it took; written to `run.json`.
    evidence : Evidence, optional
        What the log-odds of the likelier pairs are the sum of.
    """

    sides: Sides
    candidates: Candidates
    probability: NDArray[np.float32]
    rule: LinkRule = "one-to-one"
    line: float = 0.5
    known: KnownLinks | None = None
    run: Mapping[str, Any] = field(default_factory=dict)
    evidence: Evidence | None = None

    def __repr__(self) -> str:
        return (
            f"Links({len(self.chosen):,} {self.rule} links of {len(self.sides.left):,} and "
            f"{len(self.sides.right):,} postings)"
        )

    @cached_property
    def chosen(self) -> NDArray[np.int64]:
        """Places of the links among the candidates, surest first."""
        pairs = self.candidates
        chosen = choose_links(
            pairs.left, pairs.right, self.probability, line=self.line, rule=self.rule
        )
        return chosen[np.argsort(-self.probability[chosen], kind="stable")]

    @cached_property
    def table(self) -> pl.DataFrame:
        """The links, surest first.

        `left_id`, `right_id`, `probability`, `reasons` in words; where both catalogues have
        prices also `left_price`, `right_price` and `price_gap`, by which share of the left price
        the right one is higher (negative: lower), null where one is unknown.
        """
        return self._table(self.chosen)

    @cached_property
    def near(self) -> pl.DataFrame:
        """Judged pairs that are no links though they nearly were, likeliest first; as `table`."""
        out = np.ones(len(self.candidates), dtype=bool)
        out[self.chosen] = False
        places = np.flatnonzero(out & (self.probability >= NEAR))
        return self._table(places[np.argsort(-self.probability[places], kind="stable")])

    def explain(self, left_id: str, right_id: str) -> pl.DataFrame:
        """What speaks for and against a pair: `reason` and what it adds to the `log_odds`.

        The weightiest first, the start last; the log-odds of the pair's probability are their sum.

        Raises
        ------
        ValueError
            There is no such posting, or the pair was not judged closely.
        """
        rows = []
        for side, name in ((self.sides.left, left_id), (self.sides.right, right_id)):
            if name not in side.ids:
                raise ValueError(f"there is no posting {name!r} in {side.name}")
            rows.append(side.ids.index(name))
        pairs = self.candidates
        here = (pairs.left == rows[0]) & (pairs.right == rows[1] + len(self.sides.left))
        if self.evidence is None or not here.any():
            raise ValueError(f"{left_id!r} and {right_id!r} were not judged closely")
        return self.evidence.table(self.sides.both, pairs, int(np.flatnonzero(here)[0]))

    @cached_property
    def added_up(self) -> pl.DataFrame:
        """`left_id`, `right_id`, `reasons` with numbers that sum to the log-odds, of near pairs."""
        places = np.empty(0, dtype=np.int64) if self.evidence is None else self.evidence.places
        pairs, ids = self.candidates, self.sides.both.frame["posting_id"]
        told: list[str | None] = []
        if self.evidence is not None:
            told = self.evidence.phrases(self.sides.both, pairs, places)
        return pl.DataFrame(
            {
                "left_id": ids[pairs.left[places]],
                "right_id": ids[pairs.right[places]],
                "reasons": pl.Series(told, dtype=pl.String),
            }
        )

    def rethreshold(self, line: float) -> Links:
        """The same judgements with another line; nothing is read, encoded or searched again.

        Parameters
        ----------
        line : float
            Pairs from this probability on are accepted, above 0 and up to 1.
        """
        if not 0 < line <= 1:
            raise ValueError(f"the line is a probability above 0 and up to 1, not {line}")
        return replace(self, line=line)

    def write(self, folder: str | Path) -> list[Path]:
        """Write `links.csv`, `near_links.csv`, `reasons.parquet` and `run.json`, all or none.

        Raises
        ------
        OSError
            The folder cannot be written, naming the file.
        """
        with Staged(Path(folder)) as staged:
            self.table.write_csv(staged.path("links.csv"))
            self.near.write_csv(staged.path("near_links.csv"))
            self.added_up.write_parquet(staged.path("reasons.parquet"))
            place = staged.path("run.json")
            record = {**self.summary, "written": staged.names}
            text = json.dumps(record, indent=2, ensure_ascii=False)
            place.write_text(text + "\n", encoding="utf-8")
        return staged.written

    @property
    def summary(self) -> dict[str, Any]:
        """What `run.json` holds."""
        pairs, chosen = self.candidates, self.chosen
        results = {
            "candidates": len(pairs),
            "links": len(chosen),
            "left_alone": len(self.sides.left) - len(np.unique(pairs.left[chosen])),
            "right_alone": len(self.sides.right) - len(np.unique(pairs.right[chosen])),
            "near_links": self.near.height,
        }
        return {**self.run, "rule": self.rule, "line": self.line, "results": results}

    def _table(self, places: NDArray[np.int64]) -> pl.DataFrame:
        pairs, both = self.candidates.take(places), self.sides.both
        ids = both.frame["posting_id"]
        columns: dict[str, pl.Series] = {
            "left_id": ids[pairs.left],
            "right_id": ids[pairs.right],
            "probability": pl.Series(self.probability[places]),
            "reasons": pl.Series(link_reasons(self.sides, pairs, self.known), dtype=pl.String),
        }
        table = pl.DataFrame(columns)
        if not all("price" in side.frame.columns for side in (self.sides.left, self.sides.right)):
            return table
        price = both.frame["price"].cast(float)
        ours, theirs = pl.col("left_price"), pl.col("right_price")
        gap = ((theirs - ours) / ours).round(4)
        return table.with_columns(
            left_price=price[pairs.left], right_price=price[pairs.right]
        ).with_columns(price_gap=gap)
