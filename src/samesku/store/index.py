"""The live index: every change answers with the clusters that follow from it."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa

from samesku.scoring.learned import Learned
from samesku.store import decisions, reading
from samesku.store.draft import Draft, read_payloads
from samesku.store.postings import (
    Payload,
    add_hashes,
    as_catalog,
    as_id,
    as_ids,
    check_posting,
    check_postings,
    hash_photo,
    not_read,
)
from samesku.store.results import Change, StoreError
from samesku.store.runs import BatchRun, all_payloads, read_run, rows_of, score_everything
from samesku.store.saving import answered, save
from samesku.store.schema import begin_writing, empty_log, refused
from samesku.store.scoring import COMPUTING
from samesku.store.state import Setting, State

_log = logging.getLogger(__name__)
# Postings of one transaction. So many more at once, and this share of what the store holds, are
# scored with all of it as in a batch run: a posting costs a sixth of one that comes alone.
AT_ONCE, BATCH_FROM, BATCH_SHARE = 250, 500, 0.25

NO_TURN = nullcontext()

Id: TypeAlias = str | int
Ids: TypeAlias = Sequence[str]
# What tells a request from others, so that it is done once.
Key: TypeAlias = str | None
# Makes a change in a draft; gives the ids of the postings that are answered one by one.
Work: TypeAlias = Callable[[Draft], Iterable[str] | None]


class Index(reading.Reads):
    """A living catalogue in a store: postings come, change and go, clusters keep their ids.

    Parameters
    ----------
    place : path or str
        A file, made where there is none, or the address of a PostgreSQL database; StoreError where
        it cannot be opened, is no store, or of another version.
    photos : path, optional
        Folder of the photos that postings name in `image`: what is put is compared by them, too.

    Examples
    --------
    >>> from samesku.store import Index
    >>> import tempfile
    >>> index = Index(f"{tempfile.mkdtemp()}/store.db")
    >>> first = index.upsert({"posting_id": "a", "title": "Susu Bebelo 400 gram"})
    >>> second = index.upsert({"posting_id": "b", "title": "BEBELO susu 0,4kg"})
    >>> second.postings[0].done, second.postings[0].cluster == first.postings[0].cluster
    ('joined', True)
    """

    def upsert(
        self, posting: Any, *, photo: bytes | None = None, key: Key = None, actor: str = ""
    ) -> Change:
        """Put a posting in place of the one of its id, if there is one; StoreError where malformed.

        Parameters
        ----------
        posting : mapping
            A row of a catalogue; what cannot be read is unknown, and `notes` of the answer say so.
        photo : bytes, optional
            A photo to keep with it; its hash is taken.
        key : str, optional
            The same key again changes nothing and gives the first answer.
        actor : str
            Who does it, for the log.
        """
        payload = check_posting(posting)
        if photo is not None:
            payload |= {"image_phash": hash_photo(photo)}
        notes = [*not_read(posting, payload), *self._add_hashes([payload])]

        def work(draft: Draft) -> list[str]:
            draft.notes = notes
            return _put_one(draft, payload, photo)

        return self._write("upsert", work, key, actor, turn=COMPUTING)

    def put_photo(
        self, posting_id: Id, photo: bytes, *, key: Key = None, actor: str = ""
    ) -> Change:
        """Put a photo to a posting, which stays as it is otherwise; StoreError where it is not."""
        name, phash = as_id(posting_id), hash_photo(photo)

        def work(draft: Draft) -> list[str]:
            draft.state.check_there(name)
            payload = read_payloads(draft.connection, [name])[name]
            return _put_one(draft, payload | {"image_phash": phash}, photo)

        return self._write("upsert", work, key, actor, turn=COMPUTING)

    def upsert_many(
        self, postings: Iterable[Any], *, key: Key = None, actor: str = ""
    ) -> list[Change]:
        """Put many postings, some in each transaction; those that are malformed are refused.

        A table is read as :func:`samesku.read_catalog` reads it. More than a share of what the
        store holds are scored with all of it, as a batch run does.
        """
        checked, malformed, notes = check_postings(rows_of(postings, self._photos))
        notes += self._add_hashes(checked)
        last = {str(payload["posting_id"]): payload for payload in checked}
        with self._reading() as (state, _):
            bulk = len(last) >= max(BATCH_FROM, BATCH_SHARE * len(state.distinct_of))
        changes: list[Change] = []
        left = list(last)
        while left or not changes:
            some = left if bulk else left[:AT_ONCE]

            def work(draft: Draft, some: Sequence[str] = some) -> Sequence[str]:
                draft.put([last[each] for each in some])
                if bulk:
                    score_everything(draft)
                else:
                    draft.score()
                if not changes:
                    draft.refused, draft.notes = malformed, notes
                return some

            own = None if key is None else f"{key}#{len(last) - len(left)}"
            changes.append(self._write("upsert", work, own, actor))
            # A request that is repeated is answered as it was, whatever the store holds by now.
            left = left[len(changes[-1].postings) or len(some) :]
        return changes

    def _add_hashes(self, payloads: Sequence[Payload]) -> list[str]:
        """Give postings the hashes of the photos that they name; notes of what is not compared."""
        named = [each for each in payloads if "image" in each and "image_phash" not in each]
        if not named:
            return []
        with self._engine.connect() as connection:
            former = read_payloads(connection, [str(each["posting_id"]) for each in named])
        return add_hashes(named, former, self._photos)

    def delete(self, posting_id: Id, *, key: Key = None, actor: str = "") -> Change:
        """Delete a posting: no text and no photo of it stays; its pins do, should it come back."""
        name = as_id(posting_id)

        def work(draft: Draft) -> list[str]:
            draft.state.check_there(name)
            draft.remove(name)
            return [name]

        change = self._write("delete", work, key, actor)
        empty_log(self._engine)
        return change

    def pin(self, left: Id, right: Id, verdict: str, *, key: Key = None, actor: str = "") -> Change:
        """Decide that two postings are the `same` product, `different`, or that it is `unsure`."""
        pins = partial(decisions.pin_alone, left=as_id(left), right=as_id(right), verdict=verdict)
        return self._decide("pin", pins, key, actor)

    def merge(
        self, clusters: Ids, *, without: Ids = (), key: Key = None, actor: str = ""
    ) -> Change:
        """Make clusters one, but for the postings `without`; the oldest id stays."""
        pins = partial(decisions.merge_pins, names=as_ids(clusters), without=as_ids(without))
        return self._decide("merge", pins, key, actor)

    def split(self, cluster: str, postings: Ids, *, key: Key = None, actor: str = "") -> Change:
        """Part some postings of a cluster from the rest; they become a cluster of their own."""
        pins = partial(decisions.split_pins, name=cluster, away=as_ids(postings))
        return self._decide("split", pins, key, actor)

    def accept(
        self, cluster: str, *, without: Ids = (), key: Key = None, actor: str = ""
    ) -> Change:
        """Decide that a cluster is one product, but for the postings `without`, which leave it."""
        pins = partial(decisions.accept_pins, name=cluster, without=as_ids(without))
        return self._decide("accept", pins, key, actor)

    def _decide(
        self, verb: str, decided: Callable[[State], list[decisions.Pin]], key: Key, actor: str
    ) -> Change:
        def work(draft: Draft) -> Iterable[str]:
            pins = decided(draft.state)
            decisions.check_agree(draft.state, pins)
            for left, right, verdict in pins:
                if draft.state.verdict(left, right) != verdict:
                    draft.pin(left, right, verdict)
            return dict.fromkeys(each for left, right, _ in pins for each in (left, right))

        return self._write(verb, work, key, actor)

    def undo(self, event: int, *, key: Key = None, actor: str = "") -> Change:
        """Take back an event by a new one; StoreError where that cannot be done any more."""
        change = self._write("undo", partial(decisions.take_back, event=event), key, actor)
        empty_log(self._engine)
        return change

    def settle(self, *, key: Key = None, actor: str = "") -> Change:
        """Score and cluster everything anew, as a batch run on the same postings; pins stand."""
        return self._write("settle", score_everything, key, actor)

    def rescore(
        self,
        model: str | Path | None = None,
        *,
        same: Collection[str] | None = None,
        threshold: float | None = None,
        keep: bool = False,
        actor: str = "",
    ) -> Change:
        """Score and cluster everything otherwise from now on; pins stand. ValueError if it cannot.

        `model` is a folder that `samesku train` or `adapt` wrote, or ``"shipped"``; `same` and
        `threshold` are those of `match`. What is not given is its default, with `keep` as it was.
        """
        known = Setting()
        if keep:
            with self._reading() as (state, _):
                known = state.setting
        return self._rescore(known.changed(model, same, threshold), actor)

    def adapt(self, folder: str | Path, *, actor: str = "") -> dict[str, Any]:
        """Adapt the model to people's answers, and take it where the audit says that it pays.

        The answers to random pairs (:meth:`drawn`) measure and teach nothing. An adopted model is
        saved in `folder` under a name of its own, and everything is scored by it.

        Returns `adopted`, `reason` and, where it was measured, how many answers were right before
        and after.
        """
        # Only who adapts waits for the parts that learn.
        from samesku.store.adapting import try_adapting

        with self._reading() as (state, connection):
            catalog = as_catalog(all_payloads(connection))
            crowding = self._learned(state).crowding
            answers = reading.single_answers(state, connection, crowding)
            setting, event = state.setting, state.event
            threshold = self._threshold(state)
        base = replace(setting, model=setting.base).load()
        model, record = try_adapting(catalog, base, answers, threshold)
        if model is not None:
            place = Path(folder).resolve() / f"adapted-{event}"
            model.save(place)
            adopted = replace(setting, model=str(place), threshold=None, followed=None)
            try:
                self._rescore(adopted, actor, instead_of=setting)
            except StoreError as error:
                if error.kind != "conflict":
                    raise
                return {**record, "adopted": False, "reason": str(error)}
        return record

    def _rescore(self, setting: Setting, actor: str, instead_of: Setting | None = None) -> Change:
        """Score everything otherwise; refused where it was `instead_of` another setting by now."""
        model = setting.load()  # or nothing is changed

        def work(draft: Draft) -> None:
            if instead_of not in (None, draft.state.setting):
                raise StoreError("the store was rescored otherwise meanwhile", "conflict")
            draft.dirty, draft.state.setting = True, setting
            self._model = (setting, model)
            draft.threshold = self._threshold(draft.state)
            score_everything(draft)

        return self._write("rescore", work, None, actor, model)

    def load(self, run: str | Path | BatchRun, *, actor: str = "") -> list[Change]:
        """Take a batch run: its postings and answers, its model, threshold and `same`.

        Answers that contradict decisions in the store are logged and left out. What else is not
        taken stands in the `notes` of the first change. StoreError where the folder holds no run,
        one by another fusion, or its catalogue is not where it was.
        """
        run = run if isinstance(run, BatchRun) else read_run(Path(run))
        with self._reading() as (state, _):
            known = state.setting
        if run.setting != known:
            self._rescore(run.setting, actor)
        first, *rest = self.upsert_many(run.postings, actor=actor)
        changes = [replace(first, notes=[*run.notes, *first.notes]), *rest]
        for left, right, verdict, who in run.pins:
            try:
                changes.append(self.pin(left, right, verdict, actor=who))
            except StoreError as error:
                _log.warning("not taken from %s: %s", run.folder, error)
        return changes

    def _write(
        self,
        verb: str,
        work: Work,
        key: Key,
        actor: str,
        learned: Learned | None = None,
        turn: AbstractContextManager[object] = NO_TURN,
    ) -> Change:
        """One change in one transaction; what fails leaves nothing.

        It is scored by the model of the store, which may be gone, unless another is given. `turn`
        is held until all is written; others compute while the disk takes it.
        """
        with self._lock:
            draft = None
            try:
                with begin_writing(self._engine) as connection:
                    if key is not None and (result := answered(connection, key, verb)):
                        return result
                    state = self._caught_up(connection)
                    model = learned or self._learned(state)
                    draft = Draft(state, connection, model, self._threshold(state, model))
                    with turn:
                        ids = work(draft) or ()
                        draft.cluster()
                        change = draft.change(verb, ids)
                        if draft.effects or key is not None:
                            save(draft, change, actor=actor, key=key)
                            state.event = draft.number
            except BaseException as error:
                if draft is not None and (draft.dirty or state.event == draft.number):
                    self._state = None
                if isinstance(error, sa.exc.DBAPIError):
                    raise refused(error) from error
                raise
            return change


def _put_one(draft: Draft, payload: Payload, photo: bytes | None) -> list[str]:
    """Put one posting, with its photo, and score it; its id."""
    name = str(payload["posting_id"])
    if photo is not None:
        draft.photos[name] = photo
    draft.put([payload])
    draft.score()
    return [name]
