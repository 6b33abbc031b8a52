import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
import tree_sitter
import tree_sitter_javascript

from samesku import Matcher, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.evaluation import Split, evaluate
from samesku.report.page import build_report
from samesku.results.runs import read_run, run_of
from samesku.scoring.fusion import Union


class Seen(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.ids, self.sources, self.handlers = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "data", "action"):
                self.sources.append(value)
            if name.startswith("on"):
                self.handlers.append(value)


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def page_of(folder):
    return build_report(read_run(folder)).html


@pytest.fixture(scope="module")
def report(folder):
    return build_report(read_run(folder))


def test_the_page_is_whole_and_asks_for_nothing(report):
    seen = Seen(report.html)
    assert all(source.startswith("#") for source in seen.sources)
    assert len(set(seen.ids)) == len(seen.ids)
    wanted = ["short", "clusters", "near", "threshold", "errors", "glance", "run"]
    assert [name for name in seen.ids if name in wanted] == wanted
    assert seen.tags.count("script") == 2
    assert "default-src 'none'" in report.html


def policy_of(page):
    """What the page allows: the sources of each kind of thing."""
    told = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    return {name: " ".join(rest) for name, *rest in map(str.split, told.split(";"))}


def test_the_policy_allows_the_very_style_and_script_of_the_page(report):
    policy = policy_of(report.html)
    for kind in ("style", "script"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", report.html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[f"{kind}-src"] == f"'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    assert " style=" not in report.html  # would need another rule of the policy


def test_the_script_of_the_page_can_be_parsed(report, tmp_path):
    (script,) = re.findall("<script>(.*?)</script>", report.html, re.DOTALL)
    language = tree_sitter.Language(tree_sitter_javascript.language())
    parsed = tree_sitter.Parser(language).parse(script.encode())
    assert not parsed.root_node.has_error
    if node := shutil.which("node"):
        # Finds what is no matter of grammar, too: a name that is declared twice.
        (tmp_path / "script.js").write_text(script, encoding="utf-8")
        done = subprocess.run([node, "--check", tmp_path / "script.js"], capture_output=True)
        assert done.returncode == 0, done.stderr.decode()


def test_hostile_titles_are_text(report):
    seen = Seen(report.html)
    assert seen.handlers == []
    assert "img" not in seen.tags
    titles = [posting[1] for posting in data_of(report.html)["postings"]]
    assert "<script>window.hacked = 1</script> tas ransel hitam" not in report.html
    assert any("window.hacked" in title for title in titles)
    assert max(map(len, titles)) <= 300
    hidden = [posting[4] for posting in data_of(report.html)["postings"]]
    assert max(hidden) > 9_000


def test_what_is_sampled_is_stated(folder, monkeypatch):
    monkeypatch.setattr("samesku.report.browse.MOST_CLUSTERS", 5)
    monkeypatch.setattr("samesku.report.book.MOST_PHOTOS", 3)
    page = build_report(read_run(folder)).html
    data = data_of(page)
    assert len(data["clusters"]) == 5
    assert len(data["photos"]) == 3
    assert re.search(r"A sample of 5 of \d+ clusters is here", page)
    assert re.search(r"3 of the \d+ photos of these postings are inside", page)


def test_errors_are_counted_with_examples_and_labels_to_review(report, folder):
    run = read_run(folder)
    wrong = run.matched.filter(
        pl.Series(run.labels[run.matched["left"]] != run.labels[run.matched["right"]])
    )
    assert f"<h3>{wrong.height:,} false merges</h3>" in report.html
    data = data_of(report.html)
    assert set(re.findall(r'data-examples="([^"]+)"', report.html)) == set(data["examples"])
    assert report.suspects.columns[:2] == ["left_id", "right_id"]
    assert data["files"]["label-errors.csv"].startswith("left_id,right_id,")


def test_the_page_begins_with_what_came_out(report, folder, evaluated, linked):
    run = read_run(folder)
    assert f"<h1>{len(run.catalog):,} postings are {len(run.sizes):,} products</h1>" in report.html
    first = report.html[report.html.index('id="short"') : report.html.index('id="clusters"')]
    truths = re.findall(r"<b>([\d,]+)</b><a href=\"#clusters\" data-set=\"truth=", first)
    assert sum(map(int, truths)) == run.members["cluster"].n_unique()
    assert "by the labels" in first
    score, links = page_of(evaluated), page_of(linked)
    assert re.search(r"<h1>F1 of 0\.\d{3} per posting, by concat</h1>", score)
    assert 'id="figures"' in score
    assert 'id="clusters"' in score
    assert "compared with union, whole catalogue (paired 95% intervals)" in score
    assert "Are the links right?" in links
    assert "or let --decide allow several" in links
    assert 'id="size"' not in links  # every link is of two
    assert "links.csv in the folder of the run holds all links" in links
    assert re.search(r"<h1>\d+ of 60 postings are in the other shop, too</h1>", links)
    assert "What was linked" in links
    assert "Links are assigned anew at each threshold" in links


def matched(table, folder, **options):
    """What `samesku match` and `report` make of a table that has no labels."""
    table.write_csv(folder / "offers.csv")
    Matcher([Tfidf(), PHash()], **options).match(read_catalog(folder / "offers.csv")).write(folder)
    return page_of(folder)


def test_an_empty_catalogue_has_no_product(tmp_path):
    empty = pl.DataFrame(schema={"posting_id": pl.String, "title": pl.String})
    assert "<h1>The catalogue has no postings</h1>" in matched(empty, tmp_path)


def test_clusters_of_identical_postings_are_counted_as_the_list_filters_them(tmp_path):
    (tmp_path / "broken.jpg").write_text("no photo")
    titles = ["Kopi Arabika 250g"] * 2 + ["Lampu LED 12 watt"]
    table = pl.DataFrame({"posting_id": ["a", "b", "c"], "title": titles, "image": "broken.jpg"})
    page = matched(table, tmp_path, same="colour")
    assert [cluster[2] for cluster in data_of(page)["clusters"]] == [None]
    assert re.findall(r'<b>(\d+)</b><a href="#clusters" data-set="(\S+)"', page) == [
        ("1", "certainty=900-1000")
    ]
    # How it was made, what could not be read, and what to do with the result.
    assert "colour may differ within one product" in page
    assert "Nothing was wrong" not in page
    assert re.search(r"photo not readable</td><td>matched without photo; [abc]: not an image", page)
    assert f"samesku ask {tmp_path.name} --n 100" in page
    assert "groups.csv in the folder of the run holds all clusters" in page


def test_without_labels_it_is_told_how_sure_the_groups_are(folder, shop, tmp_path):
    bare = tmp_path / "bare.csv"
    pl.read_csv(shop / "offers.csv", infer_schema=False).drop("label_group").write_csv(bare)
    page = build_report(read_run(folder, catalogue=[bare], photos=shop / "images")).html
    data, first = data_of(page), page[page.index('id="short"') : page.index('id="clusters"')]
    assert "How sure are the clusters?" in first
    unsure = sum(group[2] < 700 for group in data["clusters"])
    assert f"Look at {unsure} clusters" in first
    assert "an estimate, without labels" in first
    assert "an estimate, not a measurement" in page
    assert "if you want estimated precision of" in page
    assert 'id="truth"' not in page
    assert 'id="errors"' not in page


def test_the_groups_of_an_evaluation_are_told_with_reasons_and_labels(shop, labelled_score):
    data = data_of(page_of(labelled_score))
    ids = [posting[0] for posting in data["postings"]]
    labels = dict(
        pl.read_csv(shop / "offers.csv", infer_schema=False)
        .select("posting_id", "label_group")
        .iter_rows()
    )
    assert len(data["clusters"]) > 20
    for members, size, *_, products, missing in data["clusters"]:
        known = [labels[ids[member]] for member in members]
        assert products == len(set(known))
        whole = sum(list(labels.values()).count(label) for label in set(known))
        assert missing == whole - size
    own = [data["pairs"][pair] for group in data["clusters"] for pair in group[4]]
    told = [pair for pair in own if len(pair[3]) > 1]
    assert len(told) > len(own) / 2


def test_two_runs_are_compared(folder, matches, tmp_path):
    other = tmp_path / "stricter"
    matches.rethreshold(0.9).write(other)
    strict, run = read_run(other), read_run(folder)
    page = build_report(run, other=strict).html
    assert "What changed from “stricter” to “result”" in page
    new = run.matched.join(strict.matched, on=["left", "right"], how="anti").height
    assert f"<strong>{new:,}</strong>" in page
    row = re.search(r"F1 per posting</th>(.*?)</tr>", page[page.index('id="compare"') :])[1]
    assert re.search(r"[+-]0\.\d{4} \([+-]\d\.\d{4} to [+-]\d\.\d{4}\)", row)


def test_two_runs_of_link_are_compared_with_intervals(linked, link_run, shop, tmp_path):
    paths = shop / "ours.csv", shop / "theirs.csv"
    link_run(paths, tmp_path / "stricter", threshold=0.95)
    run = read_run(linked, catalogue=paths)
    page = build_report(run, other=read_run(tmp_path / "stricter", catalogue=paths)).html
    compared = page[page.index('id="compare"') : page.index('id="clusters"')]
    assert "pair precision" in compared
    row = re.search(r"pair recall</th>(.*?)</tr>", compared)[1]
    told = re.findall(r">([01]\.\d{4})<", row)
    labels, left, right = run.labels, run.matched["left"], run.matched["right"]
    same = labels[left] == labels[right]
    ours, theirs = labels[: run.lefts], labels[run.lefts :]
    actual = sum(int((theirs == label).sum()) for label in ours)
    assert float(told[1]) == pytest.approx(same.sum() / actual, abs=1e-4)
    assert re.search(r"[+-]0\.\d{4} \([+-]\d\.\d{4} to [+-]\d\.\d{4}\)", row)


def test_a_catalogue_without_any_match_has_a_page(tmp_path):
    for titles in (["kopi"], ["kopi hitam", "lampu LED 12 watt"]):
        table = pl.DataFrame(
            {"posting_id": [str(at) for at in range(len(titles))], "title": titles}
        )
        matches = Matcher([Tfidf(), PHash()]).match(read_catalog(table))
        page = build_report(run_of(matches)).html
        assert "No two of them match" in page
        assert 'id="threshold"' not in page
    assert "<h1>2 postings are 2 products</h1>" in page


def test_other_catalogues_are_not_compared(folder, linked):
    with pytest.raises(ValueError, match="different catalogues"):
        build_report(read_run(folder), other=read_run(linked))


def test_a_page_tells_that_its_figures_flatter(shop, tmp_path):
    catalog = read_catalog(shop / "offers.csv")
    known = np.flatnonzero(catalog.labels >= 0)
    leaking = [Split("mine", known[::2], known[1::2])]
    found = evaluate(
        catalog, Matcher([Tfidf()]), fusions=[Union()], splits=leaking, keep_pairs=True
    )
    found.write(tmp_path)
    page = page_of(tmp_path)
    assert re.search(r'class="note">mine: \d+ of its \d+ scored postings share a label', page)


def test_the_page_and_the_labels_appear_together(report, tmp_path):
    written = report.write(tmp_path / "new" / "page.html")
    assert [path.name for path in written] == ["page.labels.csv", "page.html"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(
        path.name for path in written
    )
