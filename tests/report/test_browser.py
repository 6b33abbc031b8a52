"""The page in a real browser. Needs the group `browser` and a Chromium; says so when it skips."""

import os
import re
from pathlib import Path

import pytest

from samesku.report.page import build_report
from samesku.results.runs import read_run

STYLE = "getComputedStyle(document.body).{}"


@pytest.fixture(scope="module")
def address(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    build_report(read_run(folder)).write(path)
    return path.as_uri()


@pytest.fixture
def visit(browser, address):
    """Open the page; whatever it complains of, or asks for, fails the test."""
    contexts, complaints = [], []

    def go(width=1200, height=900, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: (
                None
                if asked.url.startswith(("data:", "blob:", address))
                else complaints.append(asked.url)
            ),
        )
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []


def counted(page):
    page.wait_for_timeout(100)  # a filter acts a moment after it was set
    return int(page.inner_text("#counted").split(" of ")[0].replace(",", ""))


def sizes(page):
    return [int(text.split()[0]) for text in page.locator(".row .marks b").all_inner_texts()]


def test_nothing_hostile_runs_and_nothing_breaks(visit):
    page = visit()
    assert page.evaluate("window.hacked") is None
    page.fill("#search", "window.hacked")
    page.wait_for_timeout(250)
    assert counted(page) >= 1
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert "<script>window.hacked = 1</script>" in page.inner_text("#opened")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#opened script, #list script").count() == 0


def test_without_javascript_it_says_what_is_missing(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert "need JavaScript" in page.inner_text("main > noscript, main > .note")
    assert [page.locator(name).is_visible() for name in ("#list", "#search", "#plot")] == [
        False
    ] * 3
    context.close()


def test_clusters_are_filtered_and_sorted(visit):
    page = visit()
    whole = counted(page)
    page.select_option("#size", "3")
    assert 0 < counted(page) < whole
    assert min(sizes(page)) >= 3
    page.select_option("#size", "2")
    page.select_option("#sort", "large")
    shown = sizes(page)
    assert shown == sorted(shown, reverse=True)
    page.select_option("#spread", "500")
    assert 0 < counted(page) < whole
    page.select_option("#spread", "0")
    page.check("#seen")
    photographed = counted(page)
    assert 0 < photographed < whole
    assert page.locator(".row").first.locator("img").count() >= 1
    page.uncheck("#seen")
    page.fill("#search", "arabika")
    page.wait_for_timeout(250)
    assert counted(page) == 1


def test_a_link_above_shows_the_clusters_that_it_means(visit):
    page = visit()
    page.fill("#search", "arabika")
    for link in page.locator("#short .part a").all():
        link.click()
        told = link.locator("xpath=../b").inner_text()
        assert counted(page) == int(told.replace(",", ""))
        tags = set(page.locator(".row .tag").all_inner_texts())
        assert len({tag.split()[-1] if tag[0].isdigit() else tag.split()[0] for tag in tags}) == 1
    assert page.input_value("#search") == ""


def test_certainty_is_told_in_parts_that_make_up_the_whole(visit):
    page = visit()
    parts = ("900-1000", "700-899", "0-699")
    shown = []
    for part in parts:
        page.select_option("#certainty", part)
        shown.append(counted(page))
    page.select_option("#certainty", "0-1000")
    assert sum(shown) == counted(page)


def test_pairs_that_nearly_matched_come_by_and_by(visit):
    page = visit()
    told = int(page.inner_text("#near summary").split()[0].replace(",", ""))
    page.click("#near summary")
    # A fold tells that it was opened only later.
    page.locator("#near .example").first.wait_for()
    assert page.locator("#near .example").count() == min(told, 20)
    while page.locator("#near button.download").count():
        page.click("#near button.download")
    assert page.locator("#near .example").count() == told


def test_postings_without_a_photo_keep_its_place(visit):
    page = visit()
    page.check("#seen")
    page.locator(".row").first.click()
    assert page.locator("#opened .bare").count() >= 1
    for together in page.locator("#opened .members, #opened .pair[open] .sides").all():
        boxes = together.locator("> li, > div")
        # Where none of them has a photo, nothing stands for it.
        expected = boxes.count() if together.locator("img").count() else 0
        assert boxes.locator("img, .bare").count() == expected


def test_pairs_are_marked_right_or_wrong_by_their_labels(visit):
    page = visit()
    for truth, marks in (("right", {"right"}), ("mixed", {"right", "wrong"})):
        page.select_option("#truth", truth)
        page.locator(".row").first.click()
        assert set(page.locator("#opened .pair .tag").all_inner_texts()) <= marks
        assert page.locator(f"#opened .note.{truth}").count() == 1
        page.click("#close")


def test_the_keyboard_is_enough(visit):
    page = visit()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.id") == "list"
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    assert page.get_attribute(".row[aria-selected=true]", "aria-posinset") == "3"
    page.keyboard.press("k")
    assert page.get_attribute("#list", "aria-activedescendant") == "row-1"
    page.keyboard.press("Enter")
    assert page.locator("#opened[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("#opened[open]").count() == 0
    assert page.evaluate("document.activeElement.id") == "list"
    page.keyboard.press("End")
    assert page.get_attribute(".row[aria-selected=true]", "aria-posinset") == str(counted(page))
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"


def test_a_pair_is_opened_with_a_waterfall_to_its_probability(visit):
    page = visit()
    page.select_option("#sort", "sure")
    page.locator(".row").first.click()
    pair = page.locator("#opened .pair").first
    score = pair.locator("summary b").inner_text()
    rows = pair.locator(".fall tbody tr")
    assert rows.first.inner_text().startswith("before looking")
    assert rows.last.inner_text().split()[-1] == score
    assert rows.count() > 3
    assert pair.locator("mark.agree").count() >= 2
    page.click("#close")
    page.fill("#search", "arabika")
    page.wait_for_timeout(250)
    page.locator(".row").first.click()
    assert "more characters" in page.inner_text("#opened")


def test_an_error_is_opened_with_what_became_of_it(visit):
    page = visit()
    page.locator("#errors .kind summary").first.click()
    example = page.locator("#errors .example").first
    example.click()
    assert page.locator("#opened[open] .sides").count() == 1
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "example"


def test_links_are_told_by_their_shops(browser, linked, tmp_path):
    build_report(read_run(linked)).write(tmp_path / "links.html")
    page = browser.new_page()
    page.goto((tmp_path / "links.html").as_uri())
    page.wait_for_selector("html[data-ready]")
    assert page.inner_text("#counted").endswith(" links")
    assert page.locator(".row .marks b").first.inner_text().endswith("sure")
    page.locator(".row").first.click()
    told = page.inner_text("#opened .sides")
    assert "ours.csv" in told
    assert "theirs.csv" in told
    page.close()


def test_the_threshold_is_moved(visit):
    page = visit()
    before = page.inner_text("#verdict")
    assert "This is the threshold of the run" in before
    page.focus("#threshold-slider")
    page.keyboard.press("End")
    after = page.inner_text("#verdict")
    assert "At threshold 0.99" in after
    assert "fewer than at the run's threshold" in after
    assert "of them right" in after
    handle = page.locator("#threshold-slider").bounding_box()
    own = page.locator("#plot line.now").bounding_box()
    # The handle stands below what it moves: here at its end.
    assert handle["x"] + handle["width"] - 8 == pytest.approx(own["x"], abs=2)
    plot = page.locator("#plot").bounding_box()
    page.mouse.click(plot["x"] + 60, plot["y"] + 40)
    assert "At threshold 0.10" in page.inner_text("#verdict")
    button = page.locator("button[data-threshold]").first
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert f"At threshold {float(button.get_attribute('data-threshold')):.2f}" in page.inner_text(
        "#verdict"
    )


def test_labels_to_review_are_saved(visit):
    page = visit()
    if page.locator("[data-csv]").count() == 0:
        pytest.skip("no label is doubted here")
    page.locator("#errors .kind", has=page.locator("[data-csv]")).locator("summary").click()
    with page.expect_download() as saved:
        page.click("[data-csv]")
    assert saved.value.suggested_filename == "label-errors.csv"
    assert "left_id,right_id" in Path(saved.value.path()).read_text(encoding="utf-8-sig")


def test_it_fits_a_phone_and_is_dark_in_the_dark(visit):
    phone = visit(360, 740)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    phone.locator(".row").first.click()
    assert phone.evaluate("document.getElementById('opened').scrollWidth") <= 360
    paper, ink = (
        [sum(map(int, re.findall(r"\d+", page.evaluate(STYLE.format(name)))[:3])) for page in pages]
        for pages in [(visit(), visit(scheme="dark"))]
        for name in ("backgroundColor", "color")
    )
    assert paper[0] > 600 > 150 > paper[1]
    assert ink[0] < 200 < 500 < ink[1]


def test_it_is_printed_with_its_clusters(visit):
    page = visit()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".row").count() == min(counted(page), 60)
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert page.evaluate("getComputedStyle(document.querySelector('.slider')).display") == "none"
    assert page.locator(".row").last.evaluate("row => getComputedStyle(row).position") == "static"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(visit, scheme):
    axe = os.environ.get("AXE_CORE")
    if axe is None:
        pytest.skip("needs axe-core: npm pack axe-core, and AXE_CORE=package/axe.min.js")
    page = visit(scheme=scheme)
    for summary in page.locator("main details > summary").all():
        summary.click()
    page.evaluate(Path(axe).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    page.focus("#list")
    page.keyboard.press("Enter")
    found += page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    told = [
        f"{each['id']}: {node['html'][:120]} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]
    assert told == []
