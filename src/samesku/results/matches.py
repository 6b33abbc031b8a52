"""The matched pairs and clusters: look at them, move the threshold, write them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from samesku.candidates.candidates import Candidates
from samesku.candidates.collapse import Collapsed
from samesku.catalog.catalog import Catalog
from samesku.catalog.cells import spaced_ids
from samesku.catalog.problems import CatalogError
from samesku.clustering.agglomerative import COHESION
from samesku.clustering.decided import Decision, decided_clusters
from samesku.clustering.pins import Pins
from samesku.results import pair_tables
from samesku.results.listing import as_links, for_spreadsheets, pairs_within, with_ends
from samesku.results.runs import Run, read_run, run_of
from samesku.runtime.arrays import AnyInts, Floats, Ints
from samesku.runtime.files import Staged
from samesku.scoring.fusion import THRESHOLD, Fusion, check_threshold

if TYPE_CHECKING:
    from samesku.results.charts import Chart
    from samesku.scoring.explanations import Explanations


# Scored pairs from this score on are written beside the matches: what nearly matched.
NEAR_MISS = 0.35
# Columns of the competition's files.
COMPETITION = {"posting_id", "image", "image_phash", "title"}


@dataclass(frozen=True, eq=False)
class Matches:
    """Which postings are the same product.

    Attributes
    ----------
    catalog : Catalog
    distinct : Collapsed
        The distinct postings: identical ones were scored once.
    candidates : Candidates
        The pairs that were scored, in rows of the distinct postings.
    scores : float32 (m,)
        Of each pair, in [0, 1]; of the learned fusion a probability.
    fusion : Fusion
        What scored them.
    threshold : float
        Score from which a pair is accepted.
    crowding : (float, float)
        How much lower scores count among many likely partners
        (:func:`samesku.clustering.crowding.uncrowded`).
    explanations : Explanations, optional
        The contributions to the scores of the likelier pairs, where the fusion has some.
    run : dict
        What was read, done and how long it took; written to `run.json`.
    decide : {"clusters", "one-to-one", "one-to-many", "many-to-one"}
        How clusters follow from the scores (:mod:`samesku.clustering`).
    sources : int64 (n,), optional
        Source of each posting, where only pairs across sources may match.
    pins : Pins, optional
        Pairs of distinct postings that were answered: candidates that score 1 or 0.
    written : polars.Series, optional
        Reasons of the candidates, where they were read back from a run.

    Notes
    -----
    Clusters and links are of all postings. Other tables of pairs hold pairs of representatives: of
    identical postings the one with the smallest id stands for all.

    Matches are the pairs within one cluster, so they are symmetric and consistent: when A matches B
    and B matches C, A matches C. An accepted pair that the clustering cuts is no match; a pair that
    was never scored itself can become one through the others in its cluster, and has no score then.
    """

    catalog: Catalog
    distinct: Collapsed
    candidates: Candidates
    scores: Floats
    fusion: Fusion
    threshold: float = THRESHOLD
    crowding: tuple[float, float] = (0.0, 0.0)
    explanations: Explanations | None = None
    run: dict[str, Any] = field(default_factory=dict)
    decide: Decision = "clusters"
    sources: Ints | None = None
    pins: Pins | None = None
    written: pl.Series | None = None

    @classmethod
    def load(cls, folder: str | Path, catalogue: Any = None) -> Matches:
        """Read back what `samesku match`, `samesku link` or `write` left in a folder.

        Unlikely pairs (below 0.02) were not written: they count as 0. Nor were explanations of
        pairs below 0.2 that do not match, which `samesku explain` makes anew, and what `adapt` and
        another model need: match again for these.

        Parameters
        ----------
        folder : str or Path
        catalogue : path, table or Catalog, or sequence of two of these
            The catalogue, if it is not a file that is where it was; of a link the left and the
            right one. A path or a table is read as that of the run was.
        """
        several = isinstance(catalogue, list | tuple)
        given = catalogue if several else () if catalogue is None else [catalogue]
        run = read_run(Path(folder), catalogue=given)
        if run.kind == "evaluation":
            raise ValueError(f"{run.folder} is an evaluation, which has no one result; match")
        scored = run.scored[0]
        matches = cls(
            run.catalog,
            run.distinct,
            _written_candidates(run),
            scored["score"].cast(pl.Float32).to_numpy(),
            run.fusion,
            run.threshold,
            crowding=run.crowding,
            run={key: value for key, value in run.record.items() if key != "results"},
            decide=run.record["decide"],
            sources=run.sources,
            pins=run.pins,
            written=scored["reasons"] if "reasons" in scored.columns else None,
        )
        # As they were written; another threshold clusters anew.
        vars(matches)["clusters"] = run.clusters
        return matches

    def __repr__(self) -> str:
        return (
            f"Matches({len(self.catalog):,} postings, {self.pair_count:,} matched pairs, "
            f"{self.cluster_count:,} clusters of two or more)"
        )

    def _repr_html_(self) -> str:
        from samesku.results.charts import matches_card

        return matches_card(self)

    @cached_property
    def clusters(self) -> Ints:
        """Cluster of each posting, int64 ``(n,)``, numbered by the smallest id in each."""
        pairs = self.candidates
        return decided_clusters(
            self.distinct, pairs.left, pairs.right, self.scores, threshold=self.threshold,
            decide=self.decide, sources=self.sources, pins=self.pins,
            crowding=self.crowding,
        )  # fmt: skip

    @property
    def pair_count(self) -> int:
        """Pairs of postings that share a cluster."""
        return int((self._sizes * (self._sizes - 1) // 2).sum())

    @property
    def cluster_count(self) -> int:
        """Clusters of two postings or more."""
        return int(np.count_nonzero(self._sizes > 1))

    @cached_property
    def _sizes(self) -> Ints:
        return np.bincount(self.clusters, minlength=1)

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """The matched pairs of representatives, surest first.

        `left_id`, `right_id`, `score` (null when only the cluster says so), the similarity under
        each encoder (null where a photo or title is missing), `reasons`, and how many identical
        postings each end stands for: `left_postings`, `right_postings`. Clusters of more than 100
        representatives have the scored pairs only.
        """
        return pair_tables.pair_table(self, *self._matched)

    @property
    def _matched(self) -> tuple[AnyInts, AnyInts]:
        pairs, rows = self.candidates, self.distinct.rows
        return pairs_within(self.clusters[rows], pairs.left, pairs.right)

    @cached_property
    def links(self) -> pl.DataFrame:
        """The matched pairs across sources, surest first; the source first by name is left.

        `left_id`, `right_id`, `probability`, `reasons`; with a column of prices also `left_price`,
        `right_price` and `price_gap`, by which share of the left price the right one is higher
        (negative: lower), null where one is unknown. Of all postings, also of identical ones; of
        clusters of more than 100 enough that each posting has one.
        """
        return self._as_links(pair_tables.link_table(self))

    @cached_property
    def near_links(self) -> pl.DataFrame:
        """Pairs that nearly became links, likeliest first; as `links`, of representatives."""
        return self._as_links(self.near_misses)

    def _as_links(self, pairs: pl.DataFrame) -> pl.DataFrame:
        if self.sources is None:
            raise ValueError("there are links across sources only: match with pairs='across'")
        return as_links(pairs, self.catalog, self.sources)

    @cached_property
    def near_misses(self) -> pl.DataFrame:
        """Scored pairs that are no matches though alike, or answered so; nearest first."""
        return pair_tables.pair_table(self, *self._missed)

    @property
    def _missed(self) -> tuple[AnyInts, AnyInts]:
        pairs, clusters = self.candidates, self.clusters[self.distinct.rows]
        near, pins = self.scores >= NEAR_MISS, self.pins
        if pins is not None:
            near[pairs.places(pins.left, pins.right)] = True
        left, right = pairs.left[near], pairs.right[near]
        apart = clusters[left] != clusters[right]
        return left[apart], right[apart]

    @cached_property
    def scored(self) -> pl.DataFrame:
        """Every scored pair that another threshold could accept, and those labelled the same.

        `left_id`, `right_id`, `score`, the similarity under each encoder.
        """
        return pair_tables.scored_table(self, pair_tables.places_scored(self))

    def least_sure(self, count: int = 20) -> pl.DataFrame:
        """The accepted pairs with the lowest scores, with titles: review these first."""
        if count < 0:
            raise ValueError(f"count is how many pairs to show, not {count}")
        titles = self.catalog.frame.select("posting_id", "title")
        lowest = self.pairs.filter(pl.col("score") >= self.threshold).reverse().head(count)
        first = ["score", "left_id", "right_id", "left_title", "right_title", "reasons"]
        return with_ends(lowest, titles).select(first)

    def explain(self, left_id: str | int, right_id: str | int) -> pl.DataFrame:
        """The explanation of a pair: each `reason` and its contribution to the `log_odds`.

        The largest first, the start last; their sum is the log-odds of the pair's score. A pair
        that was no candidate, or too unlikely to be explained, is scored now. Identical postings
        were scored once: the explanation is that of their representatives, and of two that are
        identical to each other only that. An answer comes first: it decides whatever the others
        sum to.

        Raises
        ------
        ValueError
            There is no such posting, both are one, the fusion has no explanations, or the matches
            were loaded and the run wrote none of this pair.
        """
        return pair_tables.explanation(self, left_id, right_id)

    def plot_clusters(self) -> Chart:
        """How many clusters have how many postings: a chart that a notebook shows."""
        from samesku.results.charts import cluster_sizes

        return cluster_sizes(self._sizes)

    def plot_scores(self) -> Chart:
        """How many pairs scored how much, with the threshold."""
        from samesku.results.charts import score_histogram

        return score_histogram(self.scores, self.threshold)

    def plot_threshold(self) -> Chart:
        """Precision, recall and F1 against the threshold; without labels estimated precision."""
        from samesku.results.charts import thresholds
        from samesku.results.curve import curve

        return thresholds(curve(run_of(self)), self.threshold)

    def plot_explanation(self, left_id: str | int, right_id: str | int) -> Chart:
        """The explanation of a pair as a waterfall that ends at its log-odds."""
        from samesku.results.charts import waterfall

        return waterfall(self.explain(left_id, right_id))

    def rethreshold(self, threshold: float) -> Matches:
        """The same scores with another threshold; nothing is read, encoded or searched again.

        Parameters
        ----------
        threshold : float
            Scores from here on are accepted, above 0 and up to 1. Higher: fewer and surer matches.
        """
        check_threshold(threshold)
        return replace(self, threshold=threshold)

    @cached_property
    def submission(self) -> pl.DataFrame:
        """`posting_id`, `matches`: the members of its cluster between spaces, itself first.

        The surest before the others; of clusters of more than 100 at most 50, as the competition
        takes.

        Raises
        ------
        CatalogError
            An id holds a space.
        """
        if faults := spaced_ids(self.catalog.frame["posting_id"]):
            raise CatalogError(self.catalog.name, faults)
        return pair_tables.submission(self)

    @cached_property
    def cluster_table(self) -> pl.DataFrame:
        """`group_id`, `group_size`, `posting_id`, `title` (raw), `identical_to`: largest first.

        `identical_to` is the posting that was scored in place of this one, null for most.
        """
        ids, stands_for = self.catalog.frame["posting_id"], self.distinct.representative
        other = pl.Series(stands_for != np.arange(len(stands_for)), dtype=pl.Boolean)
        table = self.catalog.frame.select("posting_id", "title").with_columns(
            pl.Series("group_id", self.clusters), identical_to=pl.when(other).then(ids[stands_for])
        )
        sized = table.with_columns(pl.len().over("group_id").alias("group_size"))
        largest = sized.sort(-pl.col("group_size").cast(pl.Int64), "group_id", maintain_order=True)
        return largest.select("group_id", "group_size", "posting_id", "title", "identical_to")

    def write(self, folder: str | Path, *, submission: bool = False) -> list[Path]:
        """Write `groups.csv`, `run.json` and the parquet files of pairs.

        These are `pairs`, `near_misses` and `scored`, of representatives; the learned fusion adds
        `attributes.parquet`, links across sources `links.csv` and `near_links.csv`.
        `submission.csv` is written where it is asked for, and of the competition's own files.

        The files appear all together once each is complete; an interruption or a full disk leaves
        what was there before. `run.json` comes last, with the digests of the others.

        Raises
        ------
        OSError
            The folder cannot be written, or the catalogue would be replaced, naming the file.
        """
        source = self.run.get("source", {})
        sides = [source] if "path" in source else source.values()
        with Staged(Path(folder), keep=[side["path"] for side in sides]) as staged:
            if submission or set(self.catalog.frame.columns) - {"label_group"} == COMPETITION:
                self.submission.write_csv(staged.path("submission.csv"))
            pair_tables.write_pairs(self, *self._matched, staged.path("pairs.parquet"))
            pair_tables.write_pairs(self, *self._missed, staged.path("near_misses.parquet"))
            pair_tables.write_scored(self, staged.path("scored.parquet"))
            for_spreadsheets(self.cluster_table).write_csv(staged.path("groups.csv"))
            if self.fusion.probabilistic:  # of what reads them
                stated = self.distinct.catalog.attributes.frame(self.distinct.catalog.ids)
                stated = stated[self.distinct.place].with_columns(self.catalog.frame["posting_id"])
                stated.write_parquet(staged.path("attributes.parquet"))
            if self.sources is not None:
                for_spreadsheets(self.links).write_csv(staged.path("links.csv"))
                for_spreadsheets(self.near_links).write_csv(staged.path("near_links.csv"))
            staged.seal("run.json", self.summary)
        return staged.written

    @property
    def summary(self) -> dict[str, Any]:
        """What `run.json` holds."""
        thresholds = self.fusion.thresholds(self.candidates)
        decided = {
            "fusion": self.fusion.name,
            "probabilistic": self.fusion.probabilistic,
            "thresholds": {name: asdict(threshold) for name, threshold in thresholds.items()},
            "threshold": self.threshold,
            "cohesion": COHESION,
            **({"crowding": list(self.crowding)} if self.crowding[0] else {}),
            "decide": self.decide,
        }
        results = {
            "distinct_postings": len(self.distinct.catalog),
            "candidates": len(self.candidates),
            **({} if self.sources is None else {"links": self.links.height}),
            "matched_pairs": self.pair_count,
            "clusters": self.cluster_count,
            "postings_alone": int(np.count_nonzero(self._sizes == 1)),
            "largest_cluster": int(self._sizes.max(initial=0)),
        }
        return {**self.run, **decided, "results": results}


def _written_candidates(run: Run) -> Candidates:
    """The pairs that a run wrote, as candidates without sources."""
    scored, left, right = run.scored
    names = tuple(name for name in run.record["encoders"] if name in scored.columns)
    columns = [scored[name].cast(pl.Float32).fill_null(np.nan).to_numpy() for name in names]
    similarity = np.stack(columns, axis=1) if names else np.empty((len(left), 0), np.float32)
    return Candidates(
        left.astype(np.int32),
        right.astype(np.int32),
        similarity,
        found=~np.isnan(similarity),
        density=np.zeros((len(run.distinct.rows), len(names)), dtype=np.float32),
        encoders=names,
        modalities=tuple(run.record["encoders"][name]["modality"] for name in names),
        kinds=tuple("dense" for _ in names),
    )
