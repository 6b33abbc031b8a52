"""`samesku match`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samesku.candidates.allowed import Allowed
from samesku.candidates.neighbors import Method
from samesku.catalog.answers import VERDICTS, Answers, read_answers
from samesku.catalog.catalog import Catalog, catalogue_file, read_catalog
from samesku.catalog.tables import STDIN
from samesku.cli.console import TerminalProgress, UsageError, emit, say
from samesku.cli.consulting import JudgeOptions
from samesku.cli.summary import counted, show_summary
from samesku.clustering.assignment import Decision
from samesku.encoders import encoders_by_name
from samesku.matcher import Matcher
from samesku.results.matches import Matches
from samesku.runtime.cache import Cache, default_folder
from samesku.runtime.files import check_folder, digest
from samesku.scoring.fusion import Fusion

__all__ = ["Settings", "answered", "chosen_fusion", "read_checked", "run", "show_matches"]

NOT_MEASURED: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Settings:
    """What the commands that read a catalogue have in common."""

    catalogue: Path
    photos: Path | None = None
    columns: str | None = None
    encoders: list[str] | tuple[str, ...] = ()
    neighbours: int = 50
    search: Method = "auto"
    cache: Path | None = None
    no_cache: bool = False
    quiet: bool = False
    same: str | None = None
    pairs: Allowed | None = None
    decide: Decision | None = None
    memory: str | None = None
    encoding: str | None = None
    allow_outside: bool = False
    within: tuple[str, ...] = ()

    def read(self, progress: TerminalProgress) -> Catalog:
        """Read the catalogue and tell what was wrong with it."""
        with progress.stage("read"):
            catalog = read_catalog(
                self.catalogue,
                photos=self.photos,
                columns=parse_columns(self.columns),
                encoding=self.encoding,
                allow_outside=self.allow_outside,
            )
        say(f"Read {len(catalog):,} postings from {catalog.name}", quiet=self.quiet)
        for problem in catalog.problems:
            say(f"  - {problem}", quiet=self.quiet)
        return catalog

    @property
    def source(self) -> dict[str, object]:
        """Where the catalogue was and how it was read: for a report, an explanation."""
        return {
            "path": STDIN if self._piped else str(self.catalogue.resolve()),
            "digest": self._digest,
            "encoding": self.encoding,
            "photos": None if self.photos is None else str(self.photos.resolve()),
            "columns": parse_columns(self.columns),
            "encoders": list(self.encoders),
            "neighbours": self.neighbours,
            "search": self.search,
            "same": list(self.tolerated),
            "pairs": self.pairs,
            "within": list(self.within),
        }

    @property
    def _piped(self) -> bool:
        return str(self.catalogue) == STDIN

    @property
    def _digest(self) -> str:
        return "" if self._piped else digest(catalogue_file(self.catalogue))

    def read_others(self, places: Sequence[Path], progress: TerminalProgress) -> list[Catalog]:
        """Read further labelled catalogues, their columns mapped in the same way."""
        others = [replace(self, catalogue=place, photos=None).read(progress) for place in places]
        for other in others:
            if other.labels is None or not (other.labels >= 0).any():
                raise ValueError(f"{other.name} has no labels to train on; add or map label_group")
        return others

    def matcher(
        self,
        progress: TerminalProgress,
        fusion: str | Fusion | None = "union",
        threshold: float | None = None,
    ) -> Matcher:
        """The matcher these settings ask for."""
        if threshold is not None and not 0 < threshold <= 1:
            raise UsageError(f"--threshold is a score above 0 and up to 1, not {threshold}")
        folder = None if self.no_cache else self.cache or default_folder()
        return Matcher(
            encoders_by_name(self.encoders),
            fusion,
            k=self.neighbours,
            threshold=threshold,
            method=self.search,
            cache=Cache(folder),
            progress=progress,
            same=self.tolerated,
            pairs=self.pairs,
            decide=self.decide,
            memory=self.memory,
            within=self.within,
        )

    @property
    def tolerated(self) -> tuple[str, ...]:
        """The attributes that may differ within one product."""
        return tuple(filter(None, (part.strip() for part in (self.same or "").split(","))))


def parse_columns(text: str | None) -> dict[str, str]:
    """``"title=name,posting_id=sku"`` -> ``{"title": "name", "posting_id": "sku"}``."""
    mapping = {}
    for part in filter(None, (text or "").split(",")):
        ours, equals, theirs = part.partition("=")
        if not equals or not ours.strip() or not theirs.strip():
            raise UsageError(f"--columns takes OURS=THEIRS between commas, not {part!r}")
        if ours.strip() in mapping:
            raise UsageError(f"--columns names {ours.strip()!r} twice")
        mapping[ours.strip()] = theirs.strip()
    return mapping


def run(
    settings: Settings,
    *,
    out: Path,
    fusion: str | None,
    threshold: float | None,
    model: Path | None,
    submission: bool = False,
    answers: Path | None = None,
    judge: JudgeOptions | None = None,
) -> None:
    """Read, match, write, tell."""
    judge = judge or JudgeOptions()
    progress = TerminalProgress(quiet=settings.quiet)
    matcher = settings.matcher(progress, chosen_fusion(fusion, model), threshold)
    judge.check(matcher)
    catalog = settings.read(progress)
    if not judge.dry_run:
        check_folder(out)
    given = None if answers is None else read_checked(answers, catalog, quiet=settings.quiet)
    matches = answered(matcher, (catalog,), given, judge, threshold, progress)
    if matches is None:
        return
    read = {**matches.run, "source": settings.source}
    if model is not None:
        read["model"] = str(model.resolve())
    matches = replace(matches, run=read)
    with progress.stage("write"):
        written = matches.write(out, submission=submission)
    matcher.cache.prune()
    show_matches(matches, progress, written)


def answered(
    matcher: Matcher,
    catalogs: Sequence[Catalog],
    people: Answers | None,
    judge: JudgeOptions,
    threshold: float | None,
    progress: TerminalProgress,
) -> Matches | None:
    """Matches of one catalogue or two that learned from answers; None after a dry run."""
    matches = matcher.match(*catalogs, answers=people)
    if judge.dry_run:
        judge.shown(matches)
        return None
    answers, measured = people, NOT_MEASURED
    if judge.judge is not None:
        told = judge.consulted(matches, people, matcher.cache, progress)
        answers, measured = told.answers, told.measured
    if answers is None or not len(answers):
        return matches
    # Only who has answers waits for these to load.
    from samesku.judges.adapting import adapt, teaches
    from samesku.judges.asking import audited, unpinned

    if audit := audited(unpinned(matches), answers):
        progress.note(f"Precision and recall {audit}")
    matches = replace(matches, run={**matches.run, "answers": answers.record})
    if reason := teaches(matches, answers):
        progress.note(f"The answers are pinned and teach nothing: {reason}")
        return matches
    adapted = adapt(matches, answers, threshold=threshold, measured=measured, progress=progress)
    progress.note(f"{adapted.told[0].upper()}{adapted.told[1:]}")
    for sentence in adapted.hints:
        progress.note(sentence)
    return adapted.matches


def read_checked(path: Path, catalog: Catalog, *, quiet: bool) -> Answers:
    """Read answers, and tell what was wrong with them."""
    answers = read_answers(path, catalog)
    counts = ", ".join(f"{answers.verdict.count(each):,} {each}" for each in VERDICTS)
    say(f"Read {len(answers):,} answers from {path}: {counts}", quiet=quiet)
    for problem in answers.problems:
        say(f"  - {problem}", quiet=quiet)
    return answers


def chosen_fusion(fusion: str | None, model: Path | None) -> str | Fusion | None:
    """The fusion of that name, or the model in a folder."""
    if model is not None and fusion not in (None, "learned"):
        raise UsageError(f"--model scores by itself; leave --fusion {fusion} out")
    return fusion if model is None else _trained(model)


def _trained(folder: Path) -> Fusion:
    # Only who asks for it waits for the trees to load.
    from samesku.scoring.classifier import PairClassifier
    from samesku.scoring.learned import Learned

    return Learned(PairClassifier.load(folder))


def show_matches(
    matches: Matches,
    progress: TerminalProgress,
    written: Sequence[Path] = (),
    read: Sequence[Catalog] = (),
) -> None:
    """What came out, on the terminal; `read`: the catalogues, where it was not the one matched."""
    summary = matches.summary
    show_summary(
        progress,
        read=read or [matches.catalog],
        seen={name: source["postings"] for name, source in summary["encoders"].items()},
        found=f"{counted(summary['results'])} "
        f"(threshold {matches.threshold:.2f}, {matches.fusion.name})",
        written=written,
    )
    emit({**summary, "written": list(written)})
