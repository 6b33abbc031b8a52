"""The whole way of a posting, on one page: catalogue in, matches out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, get_args

from samesku.candidates.candidates import DENSITY_NEIGHBORS, Candidates, Source, join_candidates
from samesku.candidates.neighbors import CROWD, FLOOR, Method, Neighbors, nearest
from samesku.catalog.catalog import Catalog
from samesku.encoders import default_encoders
from samesku.encoders.base import Encoder, Vectors
from samesku.encoders.encode import Encoded, encode
from samesku.results.matches import Matches
from samesku.results.record import run_record
from samesku.runtime.cache import Cache, content_key
from samesku.runtime.progress import Advance, Progress
from samesku.scoring.fusion import Fusion, fusion_by_name

__all__ = ["Matcher"]


class Matcher:
    """Tells which postings of a catalogue are the same product.

    Parameters
    ----------
    encoders : sequence of Encoder, optional
        What looks at the postings; default: :func:`samesku.encoders.default_encoders`.
    fusion : Fusion or str, optional
        How the modalities combine to a decision; default: `learned` with the shipped model, which
        reads titles by `tfidf`, and `union-all` where that is not among the encoders.
    k : int
        Neighbours per posting and encoder that become candidates, at least 20.
    line : float
        Score from which a pair is accepted, in (0, 1]; default: the fusion's own.
    method : {"auto", "exact", "approximate"}
        How neighbours are searched (:func:`samesku.candidates.neighbors.nearest`).
    cache : Cache, optional
        Where encodings and neighbours are kept between runs; default: nowhere.
    progress : Progress, optional
        Who hears how far the work is.
    same : collection of str
        Kinds of attributes that may differ within one product, as `colour`, `size` and `count`
        (:data:`samesku.titles.attributes.KINDS`); default: none, so offers that clash in one are
        rarely taken for one product. Only the learned fusion reads it.

    Examples
    --------
    >>> from samesku import Matcher, read_catalog
    >>> import polars as pl
    >>> offers = pl.DataFrame(
    ...     {
    ...         "posting_id": ["a", "b", "c"],
    ...         "title": ["Susu Bebelo 400 gram", "BEBELO susu 0,4kg", "Lampu LED 12 watt"],
    ...     }
    ... )
    >>> matches = Matcher().match(read_catalog(offers))
    >>> matches.submission["matches"].to_list()
    ['a b', 'b a', 'c']
    """

    def __init__(
        self,
        encoders: Sequence[Encoder] | None = None,
        fusion: Fusion | str | None = None,
        *,
        k: int = 50,
        line: float | None = None,
        method: Method = "auto",
        cache: Cache | None = None,
        progress: Progress | None = None,
        same: Collection[str] = (),
    ) -> None:
        self.encoders = list(default_encoders() if encoders is None else encoders)
        names = [encoder.name for encoder in self.encoders]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"encoders are one or more of different names, not {names}")
        if line is not None and not 0 < line <= 1:
            raise ValueError(f"the line is a score above 0 and up to 1, not {line}")
        if k < 1:
            raise ValueError(f"k is at least 1, not {k}")
        if method not in get_args(Method):
            raise ValueError(f"there is no method {method!r}: {', '.join(get_args(Method))}")
        if fusion is None:
            fusion = "learned" if "tfidf" in names else "union-all"
        self.fusion = fusion_by_name(fusion) if isinstance(fusion, str) else fusion
        if same:
            self.fusion = _tolerating(self.fusion, same)
        # The density wants its neighbours even where few are to be judged.
        self.k = max(k, DENSITY_NEIGHBORS)
        self.line = self.fusion.line if line is None else line
        self.method: Method = method
        self.cache = cache or Cache(None)
        self.progress = progress or Progress()

    def match(self, catalog: Catalog) -> Matches:
        """Match every posting of the catalogue with every other."""
        encoded = encode(catalog, self.encoders, self.cache, self.progress)
        candidates = self._candidates(encoded)
        with self.progress.stage("judge", len(candidates)) as advance:
            judged = self.fusion.judge(candidates, catalog, advance=advance)
        run: dict[str, Any] = {}
        matches = Matches(
            catalog,
            candidates,
            judged.scores,
            self.fusion,
            self.line,
            evidence=judged.evidence,
            run=run,
        )
        with self.progress.stage("group"):
            matches.groups  # noqa: B018  (computed here so that its time is told)
        run.update(run_record(catalog, candidates, encoded, self.progress))
        return matches

    def candidates(self, catalog: Catalog) -> Candidates:
        """The pairs of the catalogue that are worth judging."""
        return self._candidates(encode(catalog, self.encoders, self.cache, self.progress))

    def _candidates(self, encoded: Encoded) -> Candidates:
        sources = []
        for encoder, vectors, key in zip(self.encoders, encoded.vectors, encoded.keys, strict=True):
            stage = self.progress.stage(f"find neighbours ({encoder.name})", vectors.size)
            with stage as advance:
                found = self._neighbors(vectors, key, advance)
            sources.append(Source(encoder.name, encoder.modality, vectors, found))
        with self.progress.stage("join candidates"):
            return join_candidates(sources)

    def _neighbors(self, vectors: Vectors, key: str, advance: Advance) -> Neighbors:
        key = content_key("neighbors-3", key, str(self.k), self.method)
        stored = self.cache.load("neighbors", key)
        if stored is not None and stored.keys() == {"query", "candidate", "similarity"}:
            return Neighbors(**stored, size=vectors.size)
        found = nearest(
            vectors,
            k=self.k,
            floor=FLOOR[vectors.kind],
            deepen=CROWD.get(vectors.kind),
            method=self.method,
            advance=advance,
        )
        self.cache.store("neighbors", key, found.arrays)
        return found


def _tolerating(fusion: Fusion, same: Collection[str]) -> Fusion:
    """The learned fusion told which kinds of attributes may differ."""
    # Only who needs it waits for the trees to load.
    from samesku.scoring.learned import Learned

    if not isinstance(fusion, Learned):
        raise ValueError(f"same is read by the learned fusion only, not by {fusion.name}")
    return replace(fusion, same=tuple(same))
