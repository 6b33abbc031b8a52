import asyncio
import gc
import io
import json
import logging
import shutil
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from samesku.scoring.learned import SHIPPED
from samesku.server import create_app
from samesku.server.together import Searches
from samesku.store import Index
from samesku.store.postings import hash_photo
from samesku.store.results import StoreError
from samesku.store.state import State


def cluster(client, posting):
    return client.get(f"/postings/{posting}").json()["cluster"]


def png():
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    held = io.BytesIO()
    Image.fromarray(noise).save(held, "PNG")
    return held.getvalue()


def test_every_verb_answers(client):
    assert cluster(client, "a") == cluster(client, "b") != cluster(client, "c")
    found = client.post("/search", json={"posting": {"title": "susu bebelo 400 g"}}).json()["found"]
    assert {each["right_id"] for each in found[:2]} == {"a", "b"}
    assert client.get("/why", params={"left": "a", "right": "b"}).json()["together"]
    pinned = client.post("/pins", json={"left_id": "a", "right_id": "b", "verdict": "different"})
    assert cluster(client, "a") != cluster(client, "b")
    client.post("/undo", json={"event": pinned.json()["event"]})
    assert cluster(client, "a") == cluster(client, "b")
    merged = client.post("/merge", json={"clusters": [cluster(client, "a"), cluster(client, "c")]})
    assert merged.status_code == 200
    assert len(client.get(f"/clusters/{cluster(client, 'c')}").json()["postings"]) == 3
    split = client.post("/split", json={"cluster": cluster(client, "c"), "postings": ["c"]})
    assert split.status_code == 409
    assert client.post("/settle").json()["verb"] == "settle"
    assert client.delete("/postings/c").json()["postings"][0]["done"] == "deleted"
    assert client.get("/postings/c").status_code == 404
    history = client.get(f"/clusters/{cluster(client, 'a')}/history").json()["events"]
    assert history[-1]["verb"] == "delete"
    assert client.get("/stats").json()["postings"] == 2
    assert len(client.get("/pins").json()["pins"]) == 2


def test_a_store_is_read_before_the_first_request(place, monkeypatch):
    done, read = threading.Semaphore(0), State.read.__func__

    def told(cls, connection):
        state = read(cls, connection)
        if connection.engine.url.database == str(place):  # other services may still read theirs
            done.release()
        return state

    with Index(place) as index:
        index.upsert({"posting_id": "a", "title": "kopi 200 g"})
    monkeypatch.setattr(State, "read", classmethod(told))
    gc.unfreeze()
    with TestClient(create_app(place)) as client:
        assert done.acquire(timeout=60)  # to read
        assert done.acquire(timeout=60)  # and to change
        latest = time.monotonic() + 60
        while not gc.get_freeze_count():
            assert time.monotonic() < latest
            time.sleep(0.01)
        assert client.get("/stats").json()["postings"] == 1
    assert not done.acquire(blocking=False)


def test_searches_that_wait_are_answered_in_one_go(place, monkeypatch):
    begun, may_go_on, sizes = threading.Semaphore(0), threading.Semaphore(0), []
    alone = Index.search_many

    def search_many(self, postings, *, limit=20):
        sizes.append(len(postings))
        begun.release()
        assert may_go_on.acquire(timeout=60)
        return alone(self, postings, limit=limit)

    with Index(place) as index, ThreadPoolExecutor() as pool:
        index.upsert_many([{"posting_id": each, "title": f"kopi {each} 200 g"} for each in "abc"])
        right = index.search({"title": "kopi b 200 gr"})
        monkeypatch.setattr(Index, "search_many", search_many)
        searches = Searches(index)
        first = pool.submit(searches.search, {"title": "kopi a"}, 5)
        assert begun.acquire(timeout=60)
        asked = [({"title": "kopi b 200 gr"}, 20), ({"title": "kopi b 200 gr"}, 1), ("", 20)]
        late = [pool.submit(searches.search, *each) for each in asked]
        while len(searches.waiting) < len(late):
            time.sleep(0.001)
        may_go_on.release(5)
        assert len(first.result()) == 3
        assert [each.result() for each in late[:2]] == [right, right[:1]]
        with pytest.raises(StoreError, match="an object"):
            late[2].result()
    assert sizes == [1, 3, 1, 1, 1]  # one that is malformed fails alone


def test_a_malformed_posting_among_a_thousand_is_refused_with_its_place(client):
    rows = [{"posting_id": f"n{at}", "title": f"barang {at}"} for at in range(1000)]
    rows[612] = {"posting_id": "n612", "title": "x", "image_phash": [1]}
    changes = client.post("/postings/batch", json={"postings": rows}).json()["changes"]
    refused = [each for change in changes for each in change["refused"]]
    assert [(each["place"], each["posting_id"]) for each in refused] == [(612, "n612")]
    assert "image_phash" in refused[0]["reason"]
    assert client.get("/stats").json()["postings"] == 3 + 999


def test_events_come_by_a_cursor(client):
    first = client.get("/events", params={"limit": 2}).json()
    rest = client.get("/events", params={"since": first["next"]}).json()
    assert [each["number"] for each in first["events"] + rest["events"]] == [1, 2, 3]
    assert client.get("/events", params={"since": rest["next"]}).json()["next"] == rest["next"]


def test_the_same_request_twice_changes_nothing(client):
    header = {"Idempotency-Key": "k1"}
    body = {"posting_id": "d", "title": "Kopi 1 kg"}
    first = client.post("/postings", json=body, headers=header).json()
    second = client.post("/postings", json=body, headers=header).json()
    assert second == {**first, "repeated": True, "pairs": second["pairs"]}
    assert client.get("/stats").json()["event"] == 4
    assert client.post("/postings", json=body, headers={"Idempotency-Key": ""}).status_code == 422


def test_a_photo_is_put_shown_and_goes_with_its_posting(client, place, monkeypatch):
    assert client.put("/postings/c/photo", content=png()).status_code == 200
    shown = client.get("/postings/c/photo")
    assert (shown.content, shown.headers["content-type"]) == (png(), "image/png")
    assert len(client.get("/postings/c").json()["posting"]["image_phash"]) == 16
    broken = client.put("/postings/c/photo", content=b"no photo")
    assert (broken.status_code, "photo" in broken.json()["detail"]) == (422, True)
    with Index(place) as index, monkeypatch.context() as patched:

        def changing(photo):
            index.upsert({"posting_id": "c", "title": "Lampu Philips 12 W"})
            return hash_photo(photo)

        # What changes while the photo is looked at is not lost.
        patched.setattr("samesku.store.index.hash_photo", changing)
        client.put("/postings/c/photo", content=png())
    posting = client.get("/postings/c").json()["posting"]
    assert (posting["title"], len(posting["image_phash"])) == ("Lampu Philips 12 W", 16)
    client.delete("/postings/c")
    assert client.get("/postings/c/photo").status_code == 404
    with sqlite3.connect(place) as connection:
        held_back = connection.execute("select * from postings where photo is not null")
        assert held_back.fetchall() == []
    assert png()[-200:] not in place.read_bytes()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/postings", b"{"),
        ("POST", "/postings", b'{"posting_id": "\\ud800", "title": "\\udfff"}'),
        ("POST", "/postings", b'{"posting_id": "x", "title": {"a": 1}}'),
        ("POST", "/postings", b'{"posting_id": "x\\u0000y", "title": "a"}'),
        ("POST", "/postings", b'{"posting_id": "x", "price": 1e999}'),
        ("POST", "/postings", b'{"posting_id": "x", "price": NaN}'),
        ("POST", "/postings", b"[" * 100_000),
        ("POST", "/postings", b'{"posting_id": "x", "n": ' + b"9" * 6000 + b"}"),
        ("POST", "/search", b'{"posting": {"posting_id": "\\ud800", "title": "a"}, "limit": 0}'),
        ("POST", "/search", b'{"posting": "\\ud800"}'),
        ("POST", "/undo", b'{"event": 99999999999999999999}'),
        ("POST", "/pins", b'{"left_id": "a", "right_id": "\'; drop", "verdict": "same"}'),
        ("POST", "/merge", b'{"clusters": ["\\ud800", "x"]}'),
        ("GET", "/events?since=99999999999999999999", None),
        ("GET", "/postings/%00", None),
        ("GET", "/postings/..%2f..%2fetc%2fpasswd", None),
        ("GET", "/review/next?after=%ff", None),
        ("PUT", "/postings/a/photo", b""),
    ],
)  # fmt: skip
def test_hostile_requests_are_answered_and_harm_nothing(lasting_client, method, path, body):
    client = lasting_client
    before = client.get("/stats").json()["postings"]
    headers = {"content-type": "application/json"}
    answer = client.request(method, path, content=body, headers=headers)
    assert answer.status_code < 500
    assert client.get("/stats").json()["postings"] <= before + 1
    assert client.get("/postings/a").status_code == 200


def test_a_store_whose_model_is_gone_is_not_ready_until_it_is_scored_by_another(
    client, place, tmp_path
):
    model = tmp_path / "model"
    shutil.copytree(SHIPPED, model)
    with Index(place) as index:
        index.rescore(model)
    model.rename(tmp_path / "elsewhere")
    with TestClient(create_app(place), raise_server_exceptions=False) as again:
        for told in (
            again.get("/ready"),
            again.get("/why?left=a&right=b"),
            again.post("/postings", json={"posting_id": "d", "title": "Kopi"}),
        ):
            assert told.status_code == 503
            assert "POST /rescore" in told.json()["detail"]
        assert again.post("/rescore", json={}).status_code == 200
        assert again.get("/ready").status_code == 200
        assert again.get("/stats").json()["model"] == "shipped"


def test_ids_with_slashes_are_read_changed_and_deleted(client):
    assert client.put("/postings/a/photo", content=png()).status_code == 200
    client.post("/postings", json={"posting_id": "a/photo", "title": "Foto"})
    assert client.get("/postings/a%2Fphoto").json()["posting"]["title"] == "Foto"
    assert client.get("/postings/a%2Fphoto/photo").status_code == 404
    assert client.put("/postings/a%2Fphoto", content=png()).status_code == 405
    assert client.get("/postings/a/photo").content == png()
    name = "shop/77 b"
    posting = {"posting_id": name, "title": "Kopi 1 kg"}
    client.post("/postings", json=posting)
    place = "/postings/shop%2F77%20b"
    assert client.get(place).json()["posting"] == posting
    assert client.put(f"{place}/photo", content=png()).status_code == 200
    assert client.get(f"{place}/photo").content == png()
    assert client.delete(place).json()["postings"][0]["done"] == "deleted"
    assert client.get(place).json()["detail"] == f"there is no posting '{name}'"
    told = client.put(f"{place}/photo", content=png())
    assert (told.status_code, told.json()["detail"]) == (404, f"there is no posting '{name}'")


def test_bodies_that_are_too_large_and_too_many_requests_are_refused(client, place):
    assert client.post("/postings", content=b" " * 300_000).status_code == 413
    chunks = client.post("/postings", content=(b" " * 100_000 for _ in range(5)))
    assert chunks.status_code == 413
    with TestClient(create_app(place, rate=1)) as limited:
        codes = [limited.get("/stats").status_code for _ in range(20)]
        assert (codes[0], codes[-1]) == (200, 429)
        assert limited.get("/health").status_code == 200


def test_of_a_file_whose_client_left_nothing_is_taken(place):
    with Index(place) as index:
        for name in "abc":
            index.upsert({"posting_id": name, "title": name})
    app, sent = create_app(place), []
    part = b"left_id,right_id,verdict\na,b,same\nb,c,different"
    came = [
        {"type": "http.request", "body": part, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return came.pop(0)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/answers", "query_string": b"",
        "headers": [(b"host", b"testserver")], "client": ("testclient", 5),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 400
    with Index(place) as index:
        assert index.pins() == []


def test_without_tokens_other_machines_and_other_sites_are_refused(place):
    with TestClient(create_app(place), client=("10.1.2.3", 5)) as far:
        assert far.get("/stats").status_code == 403
    with TestClient(create_app(place)) as near:
        assert near.get("/stats").status_code == 200
        assert near.get("/stats", headers={"host": "evil.example"}).status_code == 403
        for other in ("https://evil.example", "null", "http://["):
            assert near.get("/stats", headers={"origin": other}).status_code == 403
        assert near.get("/stats", headers={"origin": "http://testserver"}).status_code == 200


def test_with_tokens_roles_decide(client, tokens, place):
    client.put("/postings/c/photo", content=png())
    made = {role: tokens.make(role, role) for role in ("read", "review", "write", "admin")}
    assert client.get("/stats").status_code == 401
    assert client.get("/stats", headers={"authorization": "Bearer wrong"}).status_code == 401
    codes = {}
    for role, token in made.items():
        headers = {"authorization": f"Bearer {token}"}
        pin = {"left_id": "a", "right_id": "b", "verdict": "same"}
        codes[role] = [
            client.get("/stats", headers=headers).status_code,
            client.post("/pins", json=pin, headers=headers).status_code,
            client.post("/postings", json={"posting_id": "d"}, headers=headers).status_code,
            client.post("/settle", headers=headers).status_code,
            client.get("/postings/c/photo", headers=headers).status_code,
        ]
    assert codes == {
        "read": [200, 403, 403, 403, 200],
        "review": [200, 200, 403, 403, 200],
        "write": [200, 403, 200, 403, 200],
        "admin": [200, 200, 200, 200, 200],
    }
    assert client.get("/health").status_code == 200
    assert not any(token.encode() in place.read_bytes() for token in made.values())
    tokens.revoke("read")
    headers = {"authorization": f"Bearer {made['read']}"}
    assert client.get("/stats", headers=headers).status_code == 401
    with pytest.raises(StoreError, match="role"):
        tokens.make("x", "king")


def test_figures_and_logs_tell_no_text(client, caplog):
    with caplog.at_level(logging.INFO, logger="samesku.server"):
        client.post("/postings", json={"posting_id": "secret-id", "title": "secret title"})
    line = json.loads(caplog.records[-1].message)
    assert (line["route"], line["status"]) == ("/postings", 200)
    assert "secret" not in caplog.text
    figures = client.get("/metrics").text
    assert 'samesku_requests_total{method="POST",route="/postings",status="200"} 4.0' in figures
    assert "samesku_postings 4" in figures
    assert client.get("/ready").json() == {"status": "ready"}


def test_the_description_has_examples(lasting_client):
    described = lasting_client.get("/openapi.json").json()
    assert described["components"]["schemas"]["Decision"]["examples"][0]["verdict"] == "same"
    paths = described["paths"]
    assert {"/postings", "/search", "/merge", "/events"} <= paths.keys()
    assert "image/*" in paths["/postings/{posting_id}/photo"]["put"]["requestBody"]["content"]
    assert "text/csv" in paths["/answers"]["post"]["requestBody"]["content"]
