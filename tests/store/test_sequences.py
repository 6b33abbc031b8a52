"""Any sequence of changes leaves what the log gives again, and settles as a batch run."""

import tempfile
from contextlib import suppress
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from samesku import Matcher, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.store import Index
from samesku.store.results import StoreError

TITLES = (
    "Susu Bebelo 400 gram",
    "BEBELO susu 0,4kg",
    "Susu Bebelo 800 gram",
    "Lampu LED Philips 12 watt",
    "philips lampu led 12w",
    "Lampu LED Philips 12 watt",
    "!!!",
    "",
)
IDS = tuple("abcdefgh")
some_id = st.sampled_from(IDS)
postings = st.builds(
    lambda posting, title: {"posting_id": posting, "title": title},
    some_id,
    st.sampled_from(TITLES),
)


class Sequences(RuleBasedStateMachine):
    """Changes of one store, by two who have it open."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.place = Path(self.folder.name) / "store.db"
        self.index, self.other = Index(self.place), Index(self.place)

    @rule(some=st.lists(postings, min_size=1, max_size=4, unique_by=lambda row: row["posting_id"]))
    def put_many(self, some):
        self.index.upsert_many(some)

    @rule(posting=postings)
    def put_elsewhere(self, posting):
        self.other.upsert(posting)

    @rule(posting=some_id)
    def delete(self, posting):
        with suppress(StoreError):
            self.index.delete(posting)

    @rule(left=some_id, right=some_id, verdict=st.sampled_from(("same", "different", "unsure")))
    def pin(self, left, right, verdict):
        with suppress(StoreError):
            self.index.pin(left, right, verdict)

    @rule(left=some_id, right=some_id)
    def merge(self, left, right):
        with suppress(StoreError):
            self.index.merge([self.index.get(each)["cluster"] for each in (left, right)])

    @rule(some=st.lists(some_id, min_size=1, max_size=2, unique=True))
    def split(self, some):
        with suppress(StoreError):
            self.index.split(self.index.get(some[0])["cluster"], some)

    @precondition(lambda self: self.index.stats()["event"])
    @rule(data=st.data())
    def undo(self, data):
        event = data.draw(st.integers(1, self.index.stats()["event"]))
        with suppress(StoreError):
            self.index.undo(event)

    @rule(posting=postings)
    def search(self, posting):
        before = self.index.state()
        self.index.search(posting)
        assert self.index.state() == before

    @invariant()
    def the_log_gives_the_state(self):
        assert self.index.replay() == self.index.state() == self.other.state()

    def teardown(self):
        with self.folder, self.index, self.other:
            with Index(self.place) as reopened:
                assert reopened.state() == self.index.state()
            ids = self.index.state()["distinct"]
            if ids and not self.index.pins():
                self.index.settle()
                rows = [self.index.get(each)["posting"] for each in sorted(ids)]
                catalog = read_catalog(pl.DataFrame(rows))
                matches = Matcher([Tfidf(), PHash()]).match(catalog)
                batch = matches.cluster_table.group_by("group_id").agg("posting_id")
                assert sorted(self.index.state()["clusters"].values()) == sorted(
                    map(sorted, batch["posting_id"].to_list())
                )


TestSequences = Sequences.TestCase
TestSequences.settings = settings(
    max_examples=20,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),  # a shorter sequence takes minutes to find
    suppress_health_check=list(HealthCheck),
)
