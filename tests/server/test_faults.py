"""A full disk, a locked store and requests drawn at random from the description of the service."""

import json
import sqlite3
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from samesku.server import create_app
from samesku.server.requests import Refusal
from samesku.store import Index


@pytest.fixture
def full():
    """Make every store of this process full: no page more than it has."""
    pages = {}

    def limit(connection, _record):
        if "most" in pages:
            connection.execute(f"PRAGMA max_page_count={pages['most']}")

    sa.event.listen(sa.Engine, "connect", limit)
    yield pages
    sa.event.remove(sa.Engine, "connect", limit)


def test_a_full_disk_is_told_and_harms_nothing(client, place, full):
    before = client.get("/stats").json()
    full["most"] = 1
    with TestClient(create_app(place), raise_server_exceptions=False) as other:
        answers = [
            other.post("/postings", json={"posting_id": f"f{at}", "title": "x" * 4_000})
            for at in range(20)
        ]
        assert answers[-1].status_code == 507
        assert "disk" in answers[-1].json()["detail"]
        taken = sum(answer.status_code == 200 for answer in answers)
        assert other.get("/stats").json()["postings"] == before["postings"] + taken
        assert other.post("/search", json={"posting": {"title": "susu"}}).status_code == 200
    full.clear()
    after = client.post("/postings", json={"posting_id": "z", "title": "Kopi"})
    assert after.status_code == 200
    with Index(place) as index:
        assert index.replay() == index.state()
        assert index.stats()["postings"] == before["postings"] + taken + 1
    with sqlite3.connect(place) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_locked_store_is_told_and_read_all_the_same(place, monkeypatch):
    monkeypatch.setattr("samesku.store.schema.PATIENCE", 0.2)
    with TestClient(create_app(place), raise_server_exceptions=False) as client:
        client.post("/postings", json={"posting_id": "a", "title": "Kopi 1 kg"})
        holder = sqlite3.connect(place, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        answer = client.post("/postings", json={"posting_id": "b", "title": "Teh"})
        assert (answer.status_code, "later" in answer.json()["detail"]) == (503, True)
        assert client.get("/postings/a").status_code == 200
        holder.execute("ROLLBACK")
        holder.close()
        assert client.post("/postings", json={"posting_id": "b", "title": "Teh"}).status_code == 200


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "folder"
    made.mkdir()
    return made


def test_copies_runs_and_models_are_in_the_folder_only(tmp_path, place, folder):
    with TestClient(create_app(place, folder=folder)) as client:
        client.post("/postings", json={"posting_id": "a", "title": "Kopi 1 kg"})
        assert client.post("/snapshot", json={"name": "monday.db"}).json()["bytes"] > 0
        again = client.post("/snapshot", json={"name": "monday.db"})
        (folder / "out").symlink_to(tmp_path)
        for path, name in (("snapshot", "name"), ("load", "run"), ("rescore", "model")):
            for bad in ("../store.db", "..", "/etc/passwd", "out", "a/b", "a\\b"):
                assert client.post(f"/{path}", json={name: bad}).status_code == 422
        none = client.post("/load", json={"run": "none"})
        other = client.post("/rescore", json={"model": "monday.db"})
        for told, status, named in ((again, 409, "monday"), (none, 404, "none"), (other, 422, "m")):
            # Where the folder lies is told to nobody.
            assert (told.status_code, told.json()["detail"].startswith(named)) == (status, True)
            assert str(folder) not in told.text
        assert client.post("/rescore", json={"model": None}).json()["verb"] == "rescore"
    with Index(folder / "monday.db") as copy:
        assert copy.get("a")["posting"]["title"] == "Kopi 1 kg"
    with TestClient(create_app(place)) as client:
        assert client.post("/snapshot", json={"name": "b.db"}).status_code == 422


# What `text` draws from by itself, once it has tried which of all codes UTF-8 holds.
SIGNS = st.characters(exclude_categories=["Cs"])
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(SIGNS, max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(SIGNS, max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)  # fmt: skip
KNOWN = st.sampled_from(["a", "b", "c", "zz"])
IDS = st.integers(0, 3).flatmap(lambda at: KNOWN if at else st.text(SIGNS, max_size=20))


def _values(schema, parts):
    """Values that a schema allows, mostly."""
    if "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return st.one_of([_values(each, parts) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "object" and schema.get("properties"):
        own = {name: _values(each, parts) for name, each in schema["properties"].items()}
        needed = set(schema.get("required", ()))
        return st.fixed_dictionaries(
            {name: each for name, each in own.items() if name in needed},
            optional={name: each for name, each in own.items() if name not in needed},
        )
    if kind == "array":
        return st.lists(_values(schema.get("items", {}), parts), max_size=4)
    if kind in ("object", None):
        known = st.sampled_from(["price", "image_phash", "image", "brand"])
        more = known | st.text(SIGNS, max_size=8)
        told = st.fixed_dictionaries({"posting_id": IDS}, optional={"title": IDS})
        others = st.just({}) | st.dictionaries(more, IDS | ANY, max_size=2)
        return st.builds(lambda one, other: {**one, **other}, told, others)
    return {"integer": st.integers(-5, 200), "string": IDS, "null": st.none()}.get(kind, ANY)


def _requests(described):
    """Requests to all that is described: right ones, and ones that are wrong in some place."""
    parts = described["components"]["schemas"]
    kinds = []
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            body = told.get("requestBody", {}).get("content", {}).get("application/json")
            right = _values(body["schema"], parts) if body else st.none()
            given_body = st.integers(0, 3).flatmap(lambda at, right=right: right if at else ANY)
            asked = [each for each in told.get("parameters", ()) if each["in"] == "query"]
            query = st.fixed_dictionaries(
                {},
                optional={each["name"]: _values(each["schema"], parts) | IDS for each in asked},
            )
            kinds.append(st.tuples(st.just(method.upper()), st.just(path), IDS, query, given_body))
    return st.one_of(kinds)


def test_requests_drawn_from_the_description_are_all_answered(client, place):
    described = client.get("/openapi.json").json()
    count, answered = 0, set()
    pin = {"left_id": "a", "right_id": "b", "verdict": "same"}
    pinned = client.get("/stats").json()["event"] + 1

    @settings(
        max_examples=400, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(_requests(described))
    @example(("POST", "/pins", "x", {}, pin))
    @example(("POST", "/undo", "x", {}, {"event": pinned}))
    def ask(request):
        nonlocal count
        method, path, name, query, body = request
        for held in ("{posting_id}", "{cluster}"):
            path = path.replace(held, quote(name, safe="", errors="replace") or "x")
        content = None if body is None else json.dumps(body).encode()
        params = {each: str(value).encode("utf-8", "replace") for each, value in query.items()}
        headers = {"content-type": "application/json"}
        answer = client.request(method, path, params=params, content=content, headers=headers)
        count += 1
        if answer.status_code == 200:
            answered.add((method, request[1]))
        assert answer.status_code < 500, (request, answer.text)
        if answer.status_code != 200:
            told = described["paths"][request[1]][method.lower()]["responses"]
            assert str(answer.status_code) in told, (request, answer.text)
            Refusal.model_validate(answer.json())

    ask()
    assert count >= 350
    # Not all are refused: those that change something are done, too.
    assert {("POST", path) for path in ("/postings", "/pins", "/search", "/undo")} <= answered
    with sqlite3.connect(place) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
