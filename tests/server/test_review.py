from queue import Queue

import pytest
from fastapi.testclient import TestClient

from samesku.server import create_app
from samesku.store import Index


def test_the_page_holds_nothing_of_the_store_and_loads_its_parts(lasting_client):
    client = lasting_client
    page = client.get("/review")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "Bebelo" not in page.text
    for part, kind in (("review.js", "text/javascript"), ("review.css", "text/css")):
        assert part in page.text
        assert client.get(f"/review/{part}").headers["content-type"].startswith(kind)
    assert client.get("/review/app.py").status_code == 404


def test_pairs_in_doubt_come_one_by_one_and_answers_act_as_pins(client):
    shown = client.get("/review/next").json()
    left, right = shown["pair"]
    assert {left, right} <= {"a", "b", "c"}
    assert 0 < shown["probability"] < 1
    assert shown["sides"][0]["posting"]["posting_id"] == left
    words = {each["text"]: each["shared"] for each in shown["sides"][0]["title"]}
    assert set(words) == set(shown["sides"][0]["posting"]["title"].split())
    answer = {"left_id": left, "right_id": right, "verdict": "unsure"}
    assert client.post("/pins", json=answer).status_code == 200
    following = client.get("/review/next").json()
    assert following["pair"] != [left, right]
    assert following["decided"] == 1


def test_two_people_do_not_get_the_same_pair(client):
    first = client.get("/review/next", params={"tab": "one"}).json()["pair"]
    second = client.get("/review/next", params={"tab": "two"}).json()["pair"]
    assert first != second
    assert client.get("/review/next", params={"tab": "one"}).json()["pair"] == first
    passed = client.get("/review/next", params={"tab": "one", "after": "|".join(first)}).json()
    assert passed["pair"] != first


def test_words_that_state_the_same_are_shared_in_cleaned_titles(client):
    titles = {"a": "Teh 1,7 l <br/> merah 12 pcs", "b": "TEH merah 1700 ml 12 watt " + "x" * 300}
    for name, title in titles.items():
        client.post("/postings", json={"posting_id": name, "title": title})
    client.delete("/postings/c")
    one, other = client.get("/review/next").json()["sides"]
    words = [(each["text"], each["shared"]) for each in one["title"]]
    assert words == [
        ("teh", True), ("1,7", True), ("l", True), ("merah", True), ("12", False), ("pcs", False),
    ]  # fmt: skip
    assert [each["shared"] for each in other["title"]][:6] == [True] * 4 + [False] * 2
    assert (one["hidden"], other["hidden"]) == (0, len(titles["b"]) - 300)


def test_phrases_of_two_languages_are_shared(client):
    titles = {"a": "Disque dur Bebelo rouge", "b": "Bebelo Festplatte rot neu"}
    for name, title in titles.items():
        client.post("/postings", json={"posting_id": name, "title": title})
    client.delete("/postings/c")
    shared = [
        "".join("-+"[each["shared"]] for each in side["title"])
        for side in client.get("/review/next").json()["sides"]
    ]
    assert shared == ["++++", "+++-"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("in.png", 200), ("in.tiff", 200), ("../out.png", 404), ("x\0", 404)],
)
def test_photos_come_from_the_folder_only(tmp_path, place, name, status):
    from PIL import Image

    folder = tmp_path / "photos"
    folder.mkdir()
    for each in (folder / "in.png", folder / "in.tiff", tmp_path / "out.png"):
        Image.new("RGB", (8, 8), "red").save(each)
    with TestClient(create_app(place, photos=folder)) as client:
        told = client.post("/postings", json={"posting_id": "p", "title": "x", "image": name})
        shown = client.get("/postings/p/photo")
        # Browsers know no TIFF.
        kind = "image/jpeg" if name.endswith("tiff") else "image/png"
        assert shown.status_code == status
        assert status == 404 or shown.headers["content-type"] == kind
        posting = client.get("/postings/p").json()["posting"]
        # Red all over is compared with nothing; it has a hash all the same.
        assert ("image_phash" in posting, told.json()["notes"] == []) == (status == 200,) * 2


def test_answers_go_out_and_come_in_as_a_file(client):
    file = "left_id,right_id,verdict\na,b,different\na,nobody,same\nb,c,perhaps\n"
    told = client.post("/answers", content=file).json()
    assert told["taken"] == 1
    assert [each["row"] for each in told["refused"]] == [3, 4]
    assert "nobody" in told["refused"][0]["reason"]
    assert client.get("/answers.csv").text.splitlines() == [
        "left_id,right_id,verdict,by", "a,b,different,local",
    ]  # fmt: skip
    assert client.post("/answers", content="x,y\n1,2\n").status_code == 422
    assert client.post("/answers", content=b"\xff\xfe").status_code == 422
    # As `samesku ask` writes them and a spreadsheet of another country saves them.
    file = "left_id;right_id;verdict;by\na;b; SAME ;ann\na;c;;\nb;c;Different;\n"
    assert client.post("/answers", content=file).json() == {"taken": 2, "refused": []}
    exported = client.get("/answers.csv").text
    assert exported.splitlines()[1:] == ["a,b,same,ann", "b,c,different,local"]
    assert client.post("/answers", content=exported).json()["taken"] == 2
    assert client.get("/answers.csv").text == exported
    file = "left_id,right_id,verdict,by\na,c,same,model:llava\n"
    shown = client.post("/answers", content=file).json()
    assert shown["taken"] == 0
    assert "models" in shown["refused"][0]["reason"]


def test_answers_of_a_file_count_towards_adapting(place, tmp_path, monkeypatch):
    tried = Queue()
    monkeypatch.setattr(Index, "adapt", lambda self, folder, actor: tried.put(folder))
    with TestClient(create_app(place, folder=tmp_path)) as client:
        for name in "abc":
            client.post("/postings", json={"posting_id": name, "title": f"Kopi {name}"})
        rows = "left_id,right_id,verdict\n" + "a,b,same\n" * 12 + "b,c,different\n" * 11
        assert client.post("/answers", content=rows).json()["taken"] == 23
        assert tried.empty()
        assert client.post("/answers", content=rows).json()["taken"] == 23
        assert tried.get(timeout=30) == tmp_path


def test_who_reads_does_not_wait_for_a_change_that_takes_long(place, monkeypatch):
    import threading

    from samesku.store import index as changes

    started, go_on = threading.Event(), threading.Event()
    scored = changes.score_everything

    def slowly(draft):
        started.set()
        assert go_on.wait(30)
        scored(draft)

    monkeypatch.setattr(changes, "score_everything", slowly)
    with TestClient(create_app(place)) as client:
        client.post("/postings", json={"posting_id": "a", "title": "Kopi 1 kg"})
        settling = threading.Thread(target=client.post, args=("/settle",))
        settling.start()
        assert started.wait(30)
        assert client.get("/stats").json()["postings"] == 1
        assert client.post("/search", json={"posting": {"title": "kopi"}}).status_code == 200
        assert settling.is_alive()
        go_on.set()
        settling.join()
