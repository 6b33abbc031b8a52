"""The whole way of a posting, on one page: catalogue in, matches out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.allowed import Allowed, allowed_neighbors
from samesku.candidates.candidates import (
    DENSITY_NEIGHBORS,
    Candidates,
    Source,
    join_candidates,
    with_pairs,
)
from samesku.candidates.collapse import Collapsed, collapse
from samesku.candidates.neighbors import Method, Neighbors
from samesku.catalog.answers import Answers
from samesku.catalog.catalog import Catalog
from samesku.catalog.sources import join_sources, source_codes
from samesku.clustering.assignment import Decision
from samesku.clustering.pins import Pins, pinned_scores
from samesku.encoders import default_encoders
from samesku.encoders.base import Encoder, Vectors
from samesku.encoders.encode import Encoded, encode
from samesku.results.matches import Matches
from samesku.results.record import run_record
from samesku.runtime.cache import Cache, content_key
from samesku.runtime.memory import bytes_of, within
from samesku.runtime.progress import Advance, Progress
from samesku.scoring.by_name import fusion_by_name
from samesku.scoring.fusion import Fusion

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
    pairs : {"within", "across", "all"}, optional
        Which pairs may match: those of one source, those of two sources, or any. Default: within
        one catalogue any pair, across two. A catalogue given alone counts as one source, unless
        `across` is asked for: then its column `source` tells whose each posting is.
    decide : {"clusters", "one-to-one", "one-to-many", "many-to-one"}, optional
        How the result is decided. Default: clusters; one-to-one across two catalogues.
        ``one-to-many``: a posting of the left source may have several of the right one. Of a
        column `source` the left one is the first by name.
    memory : str or int, optional
        What the run may take, as ``"4GB"`` or in bytes: the program, what is held of each posting
        (about 16 KB with titles, hashes and the default `k`), and what is searched and judged at
        once, which follows from the rest. Too little is refused. Default: 4 GB, or what is needed.

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
        pairs: Allowed | None = None,
        decide: Decision | None = None,
        memory: str | int | None = None,
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
        if pairs not in (None, *get_args(Allowed)):
            raise ValueError(f"pairs are {', '.join(get_args(Allowed))}, not {pairs!r}")
        if decide not in (None, *get_args(Decision)):
            raise ValueError(f"decide is {', '.join(get_args(Decision))}, not {decide!r}")
        self.pairs, self.decide = pairs, decide
        self.memory = None if memory is None else bytes_of(memory)
        # The density wants its neighbours even where few are to be judged.
        self.k = max(k, DENSITY_NEIGHBORS)
        self.line = self.fusion.line if line is None else line
        self.method: Method = method
        self.cache = cache or Cache(None)
        self.progress = progress or Progress()

    def match(
        self, catalog: Catalog, right: Catalog | None = None, *, answers: Answers | None = None
    ) -> Matches:
        """Match the postings of a catalogue, or of two, with each other.

        Parameters
        ----------
        catalog : Catalog
        right : Catalog, optional
            A second one: both become one catalogue with two sources.
        answers : Answers, optional
            What people decided of some pairs (:func:`samesku.catalog.answers.read_answers`). It
            outranks the scores: `same` puts two postings together, `different` keeps them apart.
            Those of models decide nothing; :func:`samesku.judges.adapting.adapt` weighs them.
        """
        if right is not None:
            catalog = join_sources(catalog, right)
        pairs = self.pairs or ("within" if right is None else "across")
        decide = self.decide or (
            "one-to-one" if pairs == "across" and right is not None else "clusters"
        )
        sources = self._sources(catalog, pairs, decide, several=right is not None)
        collapsed = self._collapse(catalog, sources)
        pins = None if answers is None else _pins(answers, catalog, sources, pairs)
        if pins is not None:
            apart = pins.torn_by(collapsed.place)
            if len(apart):
                collapsed = self._collapse(catalog, sources, apart=apart)
            pins = pins.on(collapsed.place)
        owners = None if sources is None else sources[collapsed.rows]
        with within(self.memory, len(catalog)):
            encoded = encode(collapsed.catalog, self.encoders, self.cache, self.progress)
            candidates = self._candidates(encoded, owners, "all" if owners is None else pairs)
            if pins is not None:
                candidates = with_pairs(candidates, pins.left, pins.right)
            with self.progress.stage("judge", len(candidates)) as advance:
                judged = self.fusion.judge(candidates, collapsed.catalog, advance=advance)
        run: dict[str, Any] = {}
        matches = Matches(
            catalog,
            candidates,
            judged.scores if pins is None else pinned_scores(pins, candidates, judged.scores),
            self.fusion,
            self.line,
            evidence=judged.evidence,
            run=run,
            decide=decide,
            sources=sources if pairs == "across" else None,
            collapsed=collapsed,
            pins=pins,
        )
        with self.progress.stage("group"):
            matches.groups  # noqa: B018  (computed here so that its time is told)
        run.update(run_record(catalog, candidates, encoded, self.progress, collapsed.place))
        run["pairs"] = pairs
        if answers is not None:
            run["answers"] = answers.record
        return matches

    def collapse(self, catalog: Catalog, *, labelled: bool = False) -> Collapsed:
        """The postings of a catalogue that this matcher can tell apart.

        Parameters
        ----------
        catalog : Catalog
        labelled : bool
            Postings of two labels stay apart, to train on.
        """
        sources = self._sources(catalog, self.pairs or "within", "clusters", several=False)
        return self._collapse(catalog, sources, labelled=labelled)

    def _collapse(
        self,
        catalog: Catalog,
        sources: NDArray[np.int64] | None,
        *,
        labelled: bool = False,
        apart: NDArray[np.int64] | None = None,
    ) -> Collapsed:
        photos = any(encoder.modality == "photo" for encoder in self.encoders)
        with self.progress.stage("collapse identical"):
            return collapse(catalog, photos=photos, sources=sources, labelled=labelled, apart=apart)

    def candidates(self, catalog: Catalog) -> Candidates:
        """The pairs of the catalogue, as it is, that are worth judging: collapse it before."""
        sources = self._sources(catalog, self.pairs or "within", "clusters", several=False)
        with within(self.memory, len(catalog)):
            encoded = encode(catalog, self.encoders, self.cache, self.progress)
            return self._candidates(encoded, sources, "all" if sources is None else "across")

    def _sources(
        self, catalog: Catalog, pairs: Allowed, decide: Decision, *, several: bool
    ) -> NDArray[np.int64] | None:
        """The source of each posting; None where every pair may match."""
        if decide != "clusters" and pairs != "across":
            raise ValueError(f"{decide} is decided across two sources: set pairs to across")
        # A catalogue given alone is one, whoever posted in it, unless its sources shall be linked.
        if pairs == "all" or (pairs == "within" and not several):
            return None
        sources = source_codes(catalog)
        count = len(np.unique(sources))
        if pairs == "across" and count < 2:
            raise ValueError(f"all postings of {catalog.name} are of one source: none to link with")
        if decide != "clusters" and count != 2:
            raise ValueError(
                f"{decide} is decided between two sources, and {catalog.name} has {count}: "
                "decide by clusters, or give two"
            )
        return sources

    def _candidates(
        self, encoded: Encoded, owners: NDArray[np.int64] | None, allowed: Allowed
    ) -> Candidates:
        sources = []
        for encoder, vectors, key in zip(self.encoders, encoded.vectors, encoded.keys, strict=True):
            stage = self.progress.stage(f"find neighbours ({encoder.name})", vectors.size)
            with stage as advance:
                found = self._neighbors(vectors, key, owners, allowed, advance)
            sources.append(Source(encoder.name, encoder.modality, vectors, found))
        with self.progress.stage("join candidates"):
            return join_candidates(sources)

    def _neighbors(
        self,
        vectors: Vectors,
        key: str,
        owners: NDArray[np.int64] | None,
        allowed: Allowed,
        advance: Advance,
    ) -> Neighbors:
        owners = np.zeros(vectors.size, dtype=np.int64) if owners is None else owners
        whose = b"" if allowed == "all" else owners.tobytes()
        key = content_key("neighbors-3", key, str(self.k), self.method, allowed, whose)
        stored = self.cache.load("neighbors", key)
        if stored is not None and stored.keys() == {"query", "candidate", "similarity"}:
            return Neighbors(**stored, size=vectors.size)
        found = allowed_neighbors(
            vectors, owners, allowed, k=self.k, method=self.method, advance=advance
        )
        self.cache.store("neighbors", key, found.arrays)
        return found


def _pins(
    answers: Answers, catalog: Catalog, sources: NDArray[np.int64] | None, pairs: Allowed
) -> Pins:
    """What the answers pin, in rows of the catalogue."""
    left, right = (each[answers.decided] for each in answers.rows(catalog))
    same = answers.same[answers.decided]
    if sources is not None:
        own = sources[left] == sources[right]
        refused = same & (own if pairs == "across" else ~own)
        if refused.any():
            one, other = catalog.ids[left[refused][0]], catalog.ids[right[refused][0]]
            raise ValueError(
                f"{one} and {other} are answered to be the same product, but only pairs "
                f"{pairs} sources may match: leave {np.count_nonzero(refused):,} such answers out"
            )
        if pairs == "across":
            left, right, same = left[~own], right[~own], same[~own]
    return Pins.of(left, right, same)


def _tolerating(fusion: Fusion, same: Collection[str]) -> Fusion:
    """The learned fusion told which kinds of attributes may differ."""
    # Only who needs it waits for the trees to load.
    from samesku.scoring.learned import Learned

    if not isinstance(fusion, Learned):
        raise ValueError(f"same is read by the learned fusion only, not by {fusion.name}")
    return replace(fusion, same=tuple(same))
