"""From options to catalogues and a matcher."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from samesku.catalog.catalog import Catalog, read_catalog
from samesku.catalog.problems import CatalogError, Problem
from samesku.cli.console import TerminalProgress, UsageError, say
from samesku.cli.options import Reading, Searching
from samesku.encoders import BY_NAME, default_encoders, encoders_by_name
from samesku.encoders.card import read_card
from samesku.matcher import Matcher
from samesku.results.record import seen_in_training
from samesku.runtime.cache import Cache, default_folder
from samesku.scoring.fusion import Fusion

# What the records of an encoder's card are of.
ROLES = {"trained_on": "trained", "chosen_on": "chose the epoch of"}


def read(
    options: Reading, path: Path, progress: TerminalProgress, *, right: bool = False
) -> Catalog:
    """Read a catalogue and say what was wrong with it; the `right` one has options of its own."""
    with progress.stage("read"):
        try:
            catalog = read_catalog(path, **how_to_read(options))
        except CatalogError as error:
            raise CatalogError(error.source, _mended(error.problems, right)) from error
    catalog = replace(catalog, problems=_mended(catalog.problems, right))
    say(f"Read {len(catalog):,} postings from {catalog.name}", quiet=options.quiet)
    for problem in catalog.problems:
        say(f"  - {problem}", quiet=options.quiet)
    return catalog


def _mended(problems: Sequence[Problem], right: bool) -> tuple[Problem, ...]:
    """The problems, with the options that mend those of the right catalogue."""
    if not right:
        return tuple(problems)
    own = re.compile(r"--(photos|columns|encoding)\b")
    return tuple(replace(each, fix=own.sub(r"--right-\1", each.fix)) for each in problems)


def how_to_read(options: Reading) -> dict[str, Any]:
    return {
        "photos": options.photos,
        "columns": parse_columns(options.columns),
        "encoding": options.encoding,
        "allow_outside": options.allow_outside,
    }


def read_labelled(
    options: Reading, paths: Sequence[Path], progress: TerminalProgress
) -> list[Catalog]:
    """Read labelled catalogues, their columns mapped in the same way; photos of the first only."""
    catalogs = []
    for path in paths:
        catalogs.append(read(options, path, progress))
        catalogs[-1].known_labels("train on")
        options = replace(options, photos=None)
    return catalogs


def matcher_of(
    options: Searching, progress: TerminalProgress, fusion: str | Fusion | None, **more: Any
) -> Matcher:
    """The matcher that the options ask for."""
    threshold = more.get("threshold")
    if threshold is not None and not 0 < threshold <= 1:
        raise UsageError(f"--threshold is a score above 0 and up to 1, not {threshold}")
    return Matcher(
        encoder_names(options, fusion) or None, fusion, k=options.neighbours, method=options.search,
        cache=cache_of(options), progress=progress, **more,
    )  # fmt: skip


def cache_of(options: Any) -> Cache:
    return Cache(None if options.no_cache else options.cache or default_folder())


def encoder_names(options: Searching, fusion: str | Fusion | None) -> list[str]:
    """The encoders asked for; where all are added ones (``+photo``), those of a model come first.

    A model that was trained on default encoders only is used with all default ones, as where
    nothing is asked for.
    """
    names = list(options.encoder or [])
    trained = getattr(getattr(fusion, "model", None), "encoders", {})
    own = trained.keys() - {encoder.name for encoder in default_encoders()}
    if not names or not own or not all(name.startswith("+") for name in names):
        return names
    added = {encoder.name for encoder in encoders_by_name(names)}
    if unknown := trained.keys() - added - BY_NAME.keys():
        raise UsageError(f"the model was trained with {min(unknown)}: name its folder with -e, too")
    return [*(name for name in trained if name in BY_NAME), *names]


def seen_by_encoders(names: Sequence[str], scored: Catalog) -> Iterator[str]:
    """A note for each encoder, as users name it, that was trained on scored postings."""
    for name in dict.fromkeys(names):
        folder = Path(name.removeprefix("+").removeprefix("hf:").removeprefix("clip:"))
        read = read_card(folder) if folder.is_dir() else None
        card: Mapping[str, Any] = {} if read is None else read.more
        for role, words in ROLES.items():
            seen = seen_in_training({"trained_on": card.get(role)}, scored)
            if seen:
                yield (
                    f"about {seen:,} of the {len(scored):,} scored postings {words} {name}: its "
                    "figures are flattered; score it on others, or train it with --folds"
                )


def comma_list(given: Sequence[str] | None) -> tuple[str, ...]:
    """``["size, colour", "count"]`` -> ``("size", "colour", "count")``."""
    return tuple(filter(None, (part.strip() for part in ",".join(given or ()).split(","))))


def parse_columns(given: Sequence[str] | None) -> dict[str, str]:
    """``["title=name,price=Preis, EUR"]`` -> ``{"title": "name", "price": "Preis, EUR"}``."""
    mapping: dict[str, str] = {}
    # Their names may hold commas: a part begins at a name of ours with its "=".
    parts = (re.split(r",(?=\s*\w*\s*=|\s*$)", each) for each in given or ())
    for part in filter(None, chain.from_iterable(parts)):
        ours, equals, theirs = (each.strip() for each in part.partition("="))
        if not equals or not ours or not theirs:
            raise UsageError(f"--columns takes OURS=THEIRS between commas, not {part!r}")
        if ours in mapping:
            raise UsageError(f"--columns names {ours!r} twice")
        mapping[ours] = theirs
    return mapping
