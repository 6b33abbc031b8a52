"""The review page in a real browser. Needs the group `browser` and a Chromium."""

import io
import os
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samesku.server import create_app
from samesku.store import Index

# A photo that is missing is no fault.
HARMLESS = "404 (Not Found)"


def _photo(seed):
    noise = np.random.default_rng(seed).integers(0, 255, (32, 32, 3)).astype(np.uint8)
    held = io.BytesIO()
    Image.fromarray(noise).resize((800, 100)).save(held, "PNG")
    return held.getvalue()


@pytest.fixture
def address(tmp_path):
    """A service of forty postings of which many are in doubt, on a port of its own."""
    import uvicorn

    place = tmp_path / "store.db"
    hostile = '<img src=x onerror="alert(1)">'
    with Index(place) as index:
        for at in range(40):
            title = f"Kopi Arabika {'Gayo Toraja Bali Flores'.split()[at % 4]} {at // 12} {hostile}"
            index.upsert({"posting_id": f"p{at:02}", "title": title, "price": 1000 + at})
        index.upsert(
            {"posting_id": "p00", "title": f"Kopi Arabika Gayo 0 {hostile}"}, photo=_photo(1)
        )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = uvicorn.Config(create_app(place, rate=10_000), port=port, log_level="warning")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def visit(browser, address):
    """Open the page; whatever it complains of fails the test, and so does a second document."""
    contexts, complaints = [], []

    def hear(said):
        if said.type in ("error", "warning") and HARMLESS not in said.text:
            complaints.append(said.text)

    def go(width=1200, height=900, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        # Browsers have it only under https or on the service's own machine.
        context.add_init_script("delete Crypto.prototype.randomUUID")
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(f"{address}/review")
        page.wait_for_selector("#work:not([hidden])")
        page.on("framenavigated", lambda frame: complaints.append(f"left for {frame.url}"))
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []


def _pair(page):
    return [each.get_attribute("data-id") for each in page.locator("#sides article").all()]


def _settled(page):
    """Wait until the page has acted."""
    page.evaluate("async () => { while (busy) await new Promise((go) => setTimeout(go, 2)); }")


def test_titles_and_reasons_keep_the_direction_of_their_script(visit, address):
    page = visit()
    page.request.post(
        f"{address}/postings/batch",
        data={"postings": [
            {"posting_id": f"he{at}", "title": f"קומקום חשמלי {code} 2 ק\"ג לבן", "brand": "בוש"}
            for at, code in enumerate(("A6791", "D2398"))
        ]},
    )  # fmt: skip
    for _ in range(60):
        if _pair(page)[0].startswith("he"):
            break
        page.keyboard.press("n")
        _settled(page)
    direction = "(each) => getComputedStyle(each).direction"
    assert page.locator("#sides h2").first.evaluate(direction) == "rtl"
    assert page.locator("#reasons bdi").count() > 2
    # The number stands first, with its sign.
    assert all(text[0] in "+-" for text in page.locator("#reasons li").all_inner_texts())
    page.keyboard.press("c")
    _settled(page)
    assert page.locator("#members bdi").first.evaluate(direction) == "rtl"


def _pins(page):
    return page.evaluate("fetch('/pins').then((answer) => answer.json())")["pins"]


def test_keys_decide_and_the_next_pair_comes(visit):
    page = visit()
    seen = []
    for key, verdict in (("s", "same"), ("d", "different"), ("u", "unsure")):
        seen.append(_pair(page))
        page.keyboard.press(key)
        _settled(page)
        last = _pins(page)[-1]
        assert ([last["left_id"], last["right_id"]], last["verdict"]) == (seen[-1], verdict)
        assert _pair(page) not in seen
    assert page.inner_text("#progress").startswith("3 decided")
    page.keyboard.press("z")
    _settled(page)
    assert len(_pins(page)) == 2
    before = _pair(page)
    page.keyboard.press("n")
    _settled(page)
    assert _pair(page) != before
    assert len(_pins(page)) == 2


def test_one_pair_after_another_is_answered(visit):
    page = visit()
    for _ in range(25):
        page.keyboard.press("u")
        _settled(page)
    assert len(_pins(page)) == 25


def _seek(page, what):
    """Go on to a pair whose clusters, of three or more postings, can be accepted or merged."""
    for _ in range(150):
        page.keyboard.press("c")
        _settled(page)
        if page.inner_text("#accepting") == what and page.locator("#members li").count() > 2:
            break
        page.keyboard.press("n")
        _settled(page)
    assert page.inner_text("#accepting") == what


def test_a_cluster_is_accepted_but_for_what_is_left_out(visit):
    page = visit()
    _seek(page, "Accept")
    assert page.evaluate("document.activeElement.type") == "checkbox"
    page.click("#clusters summary")
    assert "upsert" in page.inner_text("#history")
    page.focus("#members input")
    page.keyboard.press("Space")
    ids = [each.get_attribute("value") for each in page.locator("#members input").all()]
    page.keyboard.press("a")
    _settled(page)
    assert page.inner_text("#message") == ""
    made = {(pin["left_id"], pin["right_id"]): pin["verdict"] for pin in _pins(page)}
    assert sorted(made.values()) == sorted(["different", *["same"] * (len(ids) - 2)])
    assert all(ids[0] in pair for pair, verdict in made.items() if verdict == "different")


def test_two_clusters_are_merged_but_for_what_is_left_out(visit):
    page = visit()
    _seek(page, "Merge")
    ids = [each.get_attribute("value") for each in page.locator("#members input").all()]
    page.locator("#members input").first.uncheck()
    page.click("[data-do=accept]")
    _settled(page)
    told = page.evaluate("(id) => fetch(`/postings/${id}`).then((answer) => answer.json())", ids[1])
    assert told["members"] >= len(ids) - 1
    assert ids[0] not in {end for pin in _pins(page) for end in (pin["left_id"], pin["right_id"])}


def test_blind_hides_the_probability_and_photos_can_be_enlarged(visit):
    page = visit()
    assert page.locator("#probability").is_visible()
    page.check("#blind")
    page.keyboard.press("n")
    _settled(page)
    assert not page.locator("#probability").is_visible()
    for _ in range(60):
        if "p00" in _pair(page):
            break
        page.keyboard.press("n")
        _settled(page)
    page.locator("article button.photo").first.click()
    assert page.locator("article img.large").count() == 1
    page.keyboard.press("c")
    photo = page.locator("#members img").first
    photo.wait_for()
    page.wait_for_function("document.querySelector('#members img').naturalWidth")
    right = "(each) => each.getBoundingClientRect().right"
    assert photo.evaluate(right) <= photo.locator("xpath=ancestor::li").evaluate(right)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_scheme_and_fits_a_phone(visit, scheme):
    page = visit(width=360, height=740, scheme=scheme)
    page.keyboard.press("c")
    _settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    ground = page.evaluate("getComputedStyle(document.querySelector('nav')).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light"), (colour, ground)
    heights = page.evaluate(
        "[...document.querySelectorAll('nav button')].map((each) => each.offsetHeight)"
    )
    assert min(heights) >= 44


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(browser, address, scheme):
    axe = os.environ.get("AXE_CORE")
    if axe is None:
        pytest.skip("needs axe-core: npm pack axe-core, and AXE_CORE=package/axe.min.js")
    # The page allows no foreign script; the check is one.
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{address}/review")
    page.wait_for_selector("#work:not([hidden])")
    page.keyboard.press("c")
    page.wait_for_selector("#clusters:not([hidden])")
    page.click("#clusters summary")
    page.evaluate(Path(axe).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    context.close()
    assert [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found] == []
