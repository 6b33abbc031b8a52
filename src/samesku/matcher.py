"""The whole way of a posting, on one page: catalogue in, matches out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl

from samesku.candidates.candidates import (
    DENSITY_NEIGHBORS,
    Candidates,
    find_candidates,
    with_pairs,
)  # fmt: skip
from samesku.candidates.collapse import Collapsed, collapse
from samesku.candidates.neighbors import Allowed, Method
from samesku.catalog.answers import Answers, answers_of
from samesku.catalog.catalog import Catalog, check_catalogs
from samesku.catalog.sources import agreement_codes, check_within, joined, sources_to_match
from samesku.clustering.decided import Decision
from samesku.clustering.expected import threshold_for, threshold_for_links
from samesku.clustering.pins import pinned_scores, pins_of
from samesku.encoders import encoders_by_name
from samesku.encoders.base import Encoder
from samesku.encoders.encode import Encoded, encode
from samesku.results.matches import Matches
from samesku.results.record import run_record, source_record
from samesku.runtime.arrays import Ints
from samesku.runtime.cache import Cache
from samesku.runtime.checks import check_choice, check_type
from samesku.runtime.cores import threads
from samesku.runtime.extras import need_extra
from samesku.runtime.memory import bytes_of, within
from samesku.runtime.progress import Progress
from samesku.scoring.by_name import check_titles_read, fusion_of, is_model, tolerating
from samesku.scoring.chosen import pair_ids, rows_of_pairs, score_chosen
from samesku.scoring.fusion import COMBINED, DEFAULT_THRESHOLDS, Fusion, check_threshold
from samesku.titles.attributes import check_kinds

HoldOut: TypeAlias = Literal["products", "catalogues"]


class Matcher:
    """Tells which postings of a catalogue are the same product.

    Parameters
    ----------
    encoders : sequence of str or Encoder, optional
        What looks at the postings, as ``["tfidf", "phash"]`` or ``["+photo"]``
        (:func:`samesku.encoders.encoders_by_name`); default: word and character TF-IDF, the
        perceptual hash and the photo signature.
    fusion : Fusion, str or Path, optional
        How the modalities combine to a decision: a name, or the folder of a trained model. Default:
        `learned` with the shipped model, which reads titles by `tfidf`, and `union-all` where that
        is not among the encoders.
    k : int
        Neighbours per posting and encoder that become candidates, at least 20.
    threshold : float
        Score from which a pair is accepted, in (0, 1]; default: the fusion's own, which the shipped
        model leaves where its probabilities of 200 postings or more let expect clearly better
        clusters by another.
    method : {"auto", "exact", "approximate"}
        How neighbours are searched (:func:`samesku.candidates.neighbors.nearest`).
    cache : Cache or str, optional
        The folder where encodings and neighbours are kept between runs; default: nowhere.
    progress : Progress, optional
        Who hears how far the work is. One that hears of several matches or evaluations adds up what
        their records tell of time, notes and refused photos; default: a new one for each.
    same : str or collection of str
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
        (about 6 KB with titles, hashes and the default `k`), and what is searched and scored at
        once, which follows from the rest. Too little is refused. Default: 4 GB, or what is needed.
    within : str or sequence of str
        Columns of the catalogue in which two postings must agree to match, as ``"category"``; one
        without a value matches none. Answers outrank it.
    n_jobs : int, optional
        Threads that work at once; -1: one per core that may be used. Default: what
        ``SAMESKU_THREADS`` says, else as -1.

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
        encoders: Sequence[str | Encoder] | None = None,
        fusion: Fusion | str | Path | None = None,
        *,
        k: int = 50,
        threshold: float | None = None,
        method: Method = "auto",
        cache: Cache | str | Path | None = None,
        progress: Progress | None = None,
        same: str | Collection[str] = (),
        pairs: Allowed | None = None,
        decide: Decision | None = None,
        memory: str | int | None = None,
        within: str | Sequence[str] = (),
        n_jobs: int | None = None,
    ) -> None:
        self._params = {name: value for name, value in locals().items() if name != "self"}
        given = [encoders] if isinstance(encoders, str | Encoder) else encoders
        self.encoders = encoders_by_name(() if given is None else given)
        self._named = [each if isinstance(each, str) else each.name for each in given or ()]
        names = [encoder.name for encoder in self.encoders]
        if (given is not None and not given) or len(set(names)) < len(names):
            raise ValueError(f"encoders are one or more of different names, not {names}")
        if threshold is not None:
            check_threshold(threshold)
        check_type("k", k, Integral, "a whole number")
        if k < 1:
            raise ValueError(f"k is at least 1, not {k}")
        check_choice("method", method, Method)
        check_choice("pairs", pairs, Allowed, optional=True)
        check_choice("decide", decide, Decision, optional=True)
        if n_jobs is not None:
            check_type("n_jobs", n_jobs, Integral, "a number of threads")
        if n_jobs is not None and n_jobs < 1 and n_jobs != -1:
            raise ValueError(f"n_jobs is a number of threads, or -1 for all cores, not {n_jobs}")
        if progress is not None:
            check_type("progress", progress, Progress, "a samesku.runtime.progress.Progress")
        if fusion is None:
            fusion = "learned" if "tfidf" in names else "union-all"
        self.fusion = fusion_of(fusion)
        self._model = str(Path(fusion).resolve()) if is_model(fusion) else None
        drawn = set(getattr(self.fusion, "given", ()))
        if strange := sorted(drawn - {COMBINED, *names, *DEFAULT_THRESHOLDS}):
            raise ValueError(f"there is a threshold for {strange[0]}, and encoders are {names}")
        self.same = (same,) if isinstance(same, str) else tuple(same)
        if self.same:
            self.fusion = tolerating(self.fusion, self.same)
        self.pairs, self.decide, self.n_jobs = pairs, decide, n_jobs
        self.within = (within,) if isinstance(within, str) else tuple(within)
        self.memory = None if memory is None else bytes_of(memory)
        # The density wants its neighbours even where few are to be scored.
        self.k = max(k, DENSITY_NEIGHBORS)
        self.threshold = self.fusion.threshold if threshold is None else threshold
        self.method: Method = method
        self.cache = cache if isinstance(cache, Cache) else Cache(cache)
        self.progress = progress or Progress()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters that the matcher was made with, as scikit-learn's estimators tell them."""
        return dict(self._params)

    def set_params(self, **params: Any) -> Matcher:
        """Change parameters that the matcher was made with; gives itself."""
        Matcher.__init__(self, **{**self._params, **params})
        return self

    def __repr__(self) -> str:
        return f"Matcher({[each.name for each in self.encoders]}, {self.fusion.name!r}, k={self.k})"

    def fit(
        self,
        *catalogs: Catalog,
        same: Collection[str] | None = None,
        hold_out: HoldOut = "products",
        random_state: int = 0,
    ) -> Matcher:
        """Train a model on labelled catalogues, each weighing the same; needs the extra `trees`.

        Parameters
        ----------
        *catalogs : Catalog
            With `label_group`.
        same : collection of str, optional
            Kinds of attributes that may differ within one product; default: the matcher's own, else
            measured from the labels. Unless whole catalogues are held out, the model keeps those
            that may differ in all of these catalogues.
        hold_out : {"products", "catalogues"}
            What calibration and threshold are chosen on; ``"catalogues"`` needs three.
        random_state : int

        Returns
        -------
        Matcher
            Another one with these settings and the trained model; ``.fusion.model.save(folder)``
            keeps it.
        """
        check_catalogs(*catalogs)
        same = (same,) if isinstance(same, str) else same
        check_kinds(same or ())
        if not catalogs:
            raise ValueError("fit takes one labelled catalogue or more")
        check_choice("hold_out", hold_out, HoldOut)
        need_extra("training a pair classifier", "trees", "lightgbm", "onnx")
        from samesku.scoring.learned import Learned
        from samesku.training.classifier.fitting import fit_classifier
        from samesku.training.classifier.labelled import describe_labelled

        with threads(self.n_jobs):
            _, labelled = describe_labelled(self, catalogs, same or self.same or None, random_state)
            model, _ = fit_classifier(labelled, hold_out=hold_out, seed=random_state)
        return Matcher(**{**self._params, "fusion": Learned(model), "threshold": None})

    def score_pairs(
        self, catalog: Catalog, pairs: pl.DataFrame | Sequence[tuple[str | int, str | int]]
    ) -> pl.DataFrame:
        """Score pairs that are named, also those that no encoder finds near.

        Parameters
        ----------
        catalog : Catalog
        pairs : frame or sequence of (id, id)
            Ids of postings; of a polars or pandas frame the columns `left_id` and `right_id`.

        Returns
        -------
        polars.DataFrame
            `left_id`, `right_id`, `probability` (of a fusion other than `learned`: its score) in
            the order of `pairs`. Of two identical postings it is 1.

        Raises
        ------
        ValueError
            There is no such posting, or both are one; or these are no pairs.
        """
        check_catalogs(catalog)
        check_titles_read(self.fusion, self.encoders)
        ends = pair_ids(pairs)
        rows = rows_of_pairs(catalog, ends.rows())
        with threads(self.n_jobs):
            collapsed = self.collapse(catalog)
            places = np.sort(collapsed.place[rows], axis=1)
            probability = np.ones(len(rows), dtype=np.float32)
            if len(apart := np.flatnonzero(~collapsed.identical(*places.T))):
                left, right = places[apart].T
                found = self.candidates(collapsed.catalog)
                near, scored = score_chosen(self.fusion, collapsed.catalog, found, left, right)
                probability[apart] = scored.scores[near.places(left, right)]
        return ends.with_columns(probability=pl.Series(probability))

    def match(
        self,
        catalog: Catalog,
        right: Catalog | None = None,
        *,
        answers: Answers | str | Path | pl.DataFrame | None = None,
    ) -> Matches:
        """Match the postings of a catalogue, or of two, with each other.

        Parameters
        ----------
        catalog : Catalog
        right : Catalog, optional
            A second one: both become one catalogue with two sources.
        answers : Answers, path or table, optional
            What people decided of some pairs (:func:`samesku.catalog.answers.read_answers`). It
            outranks the scores: `same` puts two postings together, `different` keeps them apart.
            Those of models decide nothing; :func:`samesku.judges.adapting.adapt` weighs them.
        """
        check_catalogs(catalog, catalog if right is None else right)
        check_titles_read(self.fusion, self.encoders)
        with threads(self.n_jobs):
            if self._params["progress"] is None:
                self.progress = Progress()  # the record tells of this match alone
            return self._match(catalog, right, answers)

    def _match(self, catalog: Catalog, right: Catalog | None, answered: Any) -> Matches:
        source = self.source(catalog) if right is None else self.source(catalog, right)
        pairs = self.pairs or ("within" if right is None else "across")
        check_within(self.within, pairs, catalog, right)
        catalog = joined([catalog] if right is None else [catalog, right], pairs)
        answers = None if answered is None else answers_of(answered, catalog)
        linked = pairs == "across" and right is not None
        decide = self.decide or ("one-to-one" if linked else "clusters")
        sources = sources_to_match(catalog, pairs, decide, several=right is not None)
        collapsed = self._collapse(catalog, sources)
        pins = None if answers is None else pins_of(answers, catalog, sources, pairs)
        if pins is not None:
            if len(apart := pins.torn_by(collapsed.place, linked=decide != "clusters")):
                collapsed = self._collapse(catalog, sources, apart=apart)
            pins = pins.on(collapsed.place)
        owners = None if sources is None else sources[collapsed.rows]
        with within(self.memory, len(catalog)):
            encoded = encode(collapsed.catalog, self.encoders, self.cache, self.progress)
            candidates = self._candidates(collapsed.catalog, encoded, owners, pairs)
            present = [each.vectors.present for each in encoded]
            encoded.clear()  # what is read of them from now on may lie in files
            if self.within:
                codes = agreement_codes(collapsed.catalog, self.within)
                agree = codes[candidates.left] == codes[candidates.right]
                candidates = candidates.take(np.flatnonzero(agree))
            if owners is not None and pairs == "across":
                candidates = with_pairs(candidates, *collapsed.identical_across(owners))
            if pins is not None:
                candidates = with_pairs(candidates, pins.left, pins.right)
            with self.progress.stage("score", len(candidates)) as advance:
                predicted = self.fusion.predict(candidates, collapsed.catalog, advance=advance)
        scores = collapsed.sure(candidates.left, candidates.right, predicted.scores)
        if pins is not None:
            scores = pinned_scores(pins, candidates, scores)
        clustered = decide == "clusters" and sources is None
        threshold, by_default = self.threshold, self._params["threshold"] is None
        if by_default and clustered:
            with self.progress.stage("threshold"):
                threshold = threshold_for(self.fusion, candidates, scores, collapsed.counts)
        elif by_default and decide == "one-to-one":
            threshold = threshold_for_links(self.fusion)
        matches = Matches(
            catalog,
            collapsed,
            candidates,
            scores,
            self.fusion,
            threshold,
            crowding=self.fusion.crowding if clustered else (0.0, 0.0),
            explanations=predicted.explanations,
            decide=decide,
            sources=sources if pairs == "across" else None,
            pins=pins,
        )
        with self.progress.stage("cluster"):
            clusters = matches.clusters  # computed here so that its time is measured
        if pins is not None and (broken := pins.broken_by(clusters[collapsed.rows])):
            self.progress.note(
                f"{broken:,} answered `same` are no links: {decide} leaves them one counterpart"
            )
        record = run_record(catalog, candidates, present, self.progress, collapsed.place)
        matches.run.update(record, pairs=pairs, source=source)
        if self._model is not None:
            matches.run["model"] = self._model
        if answers is not None:
            matches.run["answers"] = answers.record
        return matches

    def source(self, *catalogs: Catalog) -> dict[str, Any]:
        """How a catalogue, or the left and the right one, are read and matched: for records."""
        params = {**self._params, "same": self.same, "within": self.within}
        sides = [source_record(each, self._named, params) for each in catalogs]
        return sides[0] if len(sides) == 1 else dict(zip(("left", "right"), sides, strict=True))

    def collapse(self, catalog: Catalog, *, labelled: bool = False) -> Collapsed:
        """The postings of a catalogue that this matcher can tell apart.

        With `labelled` those of two labels stay apart, too, to train on.
        """
        labels = catalog.labels if labelled else None
        return self._collapse(catalog, sources_to_match(catalog, self.pairs), labels)

    def _collapse(
        self,
        catalog: Catalog,
        sources: Ints | None,
        labels: Ints | None = None,
        apart: Ints | None = None,
    ) -> Collapsed:
        photos = any(encoder.modality == "photo" for encoder in self.encoders)
        # Postings that must not match are not identical either.
        codes = agreement_codes(catalog, self.within) if self.within else None
        agreed = [part for part in (labels, codes) if part is not None]
        with self.progress.stage("collapse identical"):
            return collapse(catalog, photos=photos, parts=agreed, sources=sources, apart=apart)

    def candidates(self, catalog: Catalog) -> Candidates:
        """The pairs of the catalogue, as it is, that are worth scoring: collapse it before."""
        sources = sources_to_match(catalog, self.pairs)
        with within(self.memory, len(catalog)):
            encoded = encode(catalog, self.encoders, self.cache, self.progress)
            return self._candidates(catalog, encoded, sources, "across")

    def _candidates(
        self,
        catalog: Catalog,
        encoded: Sequence[Encoded],
        owners: Ints | None,
        allowed: Allowed,
    ) -> Candidates:
        return find_candidates(
            catalog, encoded, owners, allowed,
            k=self.k, method=self.method, cache=self.cache, progress=self.progress,
        )  # fmt: skip
