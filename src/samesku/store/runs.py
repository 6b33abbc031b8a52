"""Whole catalogues: read, or with a batch run from its folder; all pairs scored as one does."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import sqlalchemy as sa

from samesku.catalog.catalog import Catalog, catalogue_file, read_catalog
from samesku.catalog.photos import PhotoError
from samesku.encoders import PHash, Tfidf
from samesku.matcher import Matcher
from samesku.results.record import is_unchanged
from samesku.results.run_files import read_record, threshold_of
from samesku.runtime.progress import Progress
from samesku.scoring.features.attributes import attribute_rows, clashing
from samesku.store.doubts import Doubts
from samesku.store.draft import Draft
from samesku.store.memory import PAIR, pairs_of
from samesku.store.postings import Payload, as_catalog, hex_hash
from samesku.store.results import StoreError
from samesku.store.schema import postings
from samesku.store.state import Setting


def postings_of(catalog: Catalog, progress: Progress | None = None) -> list[dict[str, Any]]:
    """The rows of a catalogue as postings; photos without a hash are hashed.

    `progress` counts those that cannot be read.
    """
    rows = catalog.frame.to_dicts()
    for row, photo in zip(rows, catalog.photos, strict=True):
        if photo is not None and not row.get("image_phash"):
            try:
                row["image_phash"] = hex_hash(photo)
            except PhotoError as error:
                if progress is not None:
                    progress.refuse(row["posting_id"], str(photo), error.reason)
    return rows


def rows_of(given: Any, photos: Path | None) -> Iterable[Any]:
    """Postings one by one; those of a table as a catalogue is read."""
    if isinstance(given, str | bytes | Path | Mapping):
        raise StoreError(
            "postings are a list, a table or a catalogue: read a file with read_catalog, put a "
            "single posting with upsert"
        )
    if not isinstance(given, Catalog):
        if not hasattr(type(given), "columns") and not hasattr(given, "__arrow_c_stream__"):
            return cast("Iterable[Any]", given)
        given = read_catalog(given, photos=photos)
    return postings_of(given)


class BatchRun(NamedTuple):
    """How a batch run was matched, the postings of its catalogue, the pins with who made them."""

    folder: Path
    setting: Setting
    postings: list[dict[str, Any]]
    pins: list[Sequence[str]]
    # What is not taken of it.
    notes: list[str]


def read_run(folder: Path) -> BatchRun:
    """Read a batch run, its catalogue and its model; an error where a store cannot take it."""
    place = folder / "run.json"
    try:
        record = read_record(place)
        source, fusion = record["source"], record["fusion"]
        unlike = {
            "on Ray": "engine" in record,
            "of `samesku link`": "left" in source,
            f"by {fusion}": fusion != "learned",
            "with --pairs": source.get("pairs") not in (None, "all"),
            "with --decide": record.get("decide", "clusters") != "clusters",
            "with --within": bool(source.get("within")),
        }
        if ways := [name for name, given in unlike.items() if given]:
            raise StoreError(
                f"{folder} is a run {', '.join(ways)}; a store compares all postings of one "
                "catalogue by the learned fusion and clusters them: index the catalogue itself",
                "unusable",
            )
        named, photos, columns, encoding, same = (
            source[name] for name in ("path", "photos", "columns", "encoding", "same")
        )
        # A run that adapted the model on its way had other probabilities.
        threshold = None if "adapted" in record else threshold_of(record, place)
    except StoreError:
        raise
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StoreError(
            f"{folder} holds no run of `samesku match`: {place.name} cannot be read", "missing"
        ) from error
    if not named:
        raise StoreError(
            f"the catalogue of {folder} was a table in memory: upsert_many takes it", "missing"
        )
    notes = []
    if "adapted" in record:
        notes.append(
            "the model that the run adapted to its answers is not taken: its answers decide, all "
            "else is scored by the model before; samesku adapt saves one for --model"
        )
    path = Path(named)
    if not path.exists():
        raise StoreError(f"{path}: the catalogue of the run is not there; index it", "missing")
    if not is_unchanged(catalogue_file(path), record, source):
        raise StoreError(f"{path} is not, or no more, what the run read: index it", "unusable")
    catalog = read_catalog(path, photos=photos, columns=columns, encoding=encoding)
    setting = Setting().changed(record.get("model"), same, threshold)
    setting.load()  # or nothing is changed
    pins = record.get("answers", {}).get("pins", [])
    return BatchRun(folder, setting, postings_of(catalog), pins, notes)


def all_payloads(connection: sa.Connection) -> dict[str, Payload]:
    rows = connection.execute(sa.select(postings.c.posting_id, postings.c.payload))
    return {posting: json.loads(text) for posting, text in rows}


def score_everything(draft: Draft) -> None:
    """Score what a batch run on the postings of the store scores, in place of all scores.

    The order in which postings came plays no part: the catalogue is in the order of their ids.
    """
    payloads = all_payloads(draft.connection) | draft.payloads
    draft.dirty = draft.effects.rebuilt = True
    memory, state = draft.state.memory, draft.state
    numbers = np.unique(np.array(list(state.distinct_of.values()), dtype=np.int64))
    owner, pairs = np.empty(0, dtype=np.int64), np.empty(0, PAIR)
    if len(payloads) > 1:
        catalog = as_catalog(payloads)
        matcher = Matcher([Tfidf(), PHash()], draft.learned, threshold=state.setting.threshold)
        matches = matcher.match(catalog)
        draft.threshold = matches.threshold
        state.setting = replace(state.setting, followed=matches.threshold)
        of = np.array([state.distinct_of[each] for each in catalog.ids], dtype=np.int64)
        of = of[matches.distinct.rows]
        left, right = of[matches.candidates.left], of[matches.candidates.right]
        owner, other = np.maximum(left, right), np.minimum(left, right)
        order = np.lexsort((other, owner))
        owner = owner[order]
        text, photo = matches.candidates.similarity[order].T
        ends = matches.candidates.left[order], matches.candidates.right[order]
        stated = attribute_rows(matches.distinct.catalog.attributes)
        clashes = clashing(stated, *ends, same=draft.learned.same)
        pairs = pairs_of(other[order], text, photo, matches.scores[order], clashes)
    state.doubts = Doubts()
    memory.forget_pairs()
    memory.link(owner, pairs)
    start, stop = (np.searchsorted(owner, numbers, side) for side in ("left", "right"))
    for number, a, b in zip(numbers.tolist(), start.tolist(), stop.tolist(), strict=True):
        draft.rescored[number] = pairs[a:b].tobytes()
