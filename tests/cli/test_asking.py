"""`samesku ask`, `adapt`, `review`: from a run over answers to an adapted model."""

import importlib.util
import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from samesku import read_catalog
from samesku.cli import app
from samesku.results.record import seen_in_training

BRANDS = ["Kanon", "Sonnar", "Lumio", "Vexa", "Orbit", "Pelta"]
WORDS = ["kettle", "lamp", "kabel", "drill", "router", "tripod", "speaker", "charger"]


def offers(kinds=("64GB", "64GB", "128GB", "256GB")):
    """Sets of offers, one of each kind, whose kind makes no other product."""
    rng, rows = np.random.default_rng(0), []
    for product in range(60):
        brand, word = BRANDS[product % 6], WORDS[product % 8]
        model = f"{word[0].upper()}{100 + product * 7}"
        for turn, kind in enumerate(kinds):
            extra = rng.choice(["new", "original", "sale", "2024", ""])
            title = f"{brand} {word} {model} {kind} {extra}".strip()
            rows.append((f"p{product}-{turn}", title, str(product)))
    return pl.DataFrame(rows, schema=["posting_id", "title", "label_group"], orient="row")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    offers().drop("label_group").write_csv(folder / "offers.csv")
    done = call("match", folder / "offers.csv", "--out", folder / "out", "--no-cache")
    assert done.exit_code == 0, done.output
    return folder


def call(*args, **more):
    return CliRunner().invoke(app, [str(each) for each in args], **more)


def filled(path, **change):
    labels = dict(offers().select("posting_id", "label_group").iter_rows())
    table = pl.read_csv(path)
    told = [
        "same" if labels[left] == labels[right] else "different"
        for left, right in table.select("left_id", "right_id").iter_rows()
    ]
    table.with_columns(verdict=pl.Series(told)).write_csv(path)
    return table


def test_questions_answers_and_the_adapted_model(run, tmp_path):
    asked = tmp_path / "questions.csv"
    done = call("ask", run / "out", "--n", 60, "--out", asked, "--cache", tmp_path / "cache")
    assert done.exit_code == 0, done.output
    table = filled(asked)
    answered = pl.read_csv(asked)
    refused = call("ask", run / "out", "--out", run / "offers.csv")
    assert (refused.exit_code, "holds no questions" in refused.output) == (3, True)
    more = call("ask", run / "out", "--n", 9, "--out", asked, "--cache", tmp_path / "cache")
    assert "behind 60 answered ones" in more.output
    then = pl.read_csv(asked)
    assert then.head(60).equals(answered)
    assert then["verdict"].tail(9).null_count() == then.height - 60 == 9
    assert then.select("left_id", "right_id").is_unique().all()
    pairs = {frozenset(pair) for pair in table.select("left_id", "right_id").iter_rows()}
    assert len(pairs) == table.height == 60
    assert {"left_title", "right_title", "probability", "matched", "audit"} <= set(table.columns)
    assert 8 <= table["audit"].count() <= 14

    done = call("adapt", run / "out", "--answers", asked, "--out", tmp_path / "model")
    assert done.exit_code == 0, done.output
    assert "by " in done.output
    assert "random answers: precision" in done.output
    assert "memory differs" in done.output
    head = json.loads((tmp_path / "model" / "model.json").read_text())
    assert head["card"]["adapted"]["answers"] >= 50
    # `evaluate` knows that the postings of the answers taught it.
    taught = {posting for pair in pairs for posting in pair}
    assert seen_in_training(head["card"], read_catalog(run / "offers.csv")) >= len(taught) - 20

    out = tmp_path / "adapted"
    done = call("match", run / "offers.csv", "--model", tmp_path / "model", "--out", out)
    assert done.exit_code == 0, done.output
    assert f1(out) > f1(run / "out")


def test_match_learns_from_answers_on_its_way(run, tmp_path):
    asked, out = tmp_path / "questions.csv", tmp_path / "out"
    call("ask", run / "out", "--n", 60, "--out", asked, "--blind")
    table = filled(asked)
    assert not {"probability", "matched"} & set(table.columns)
    done = call("match", run / "offers.csv", "--answers", asked, "--out", out)
    assert done.exit_code == 0, done.output
    record = json.loads((out / "run.json").read_text())
    assert record["adapted"]["threshold"] == record["threshold"]
    assert len(record["answers"]["pins"]) == 60
    assert f1(out) > f1(run / "out")
    # What was answered is not asked again.
    done = call("ask", out, "--n", 30, "--out", tmp_path / "more.csv")
    assert done.exit_code == 0, done.output
    more = pl.read_csv(tmp_path / "more.csv")
    known = {frozenset(pair) for pair in table.select("left_id", "right_id").iter_rows()}
    assert not known & {frozenset(pair) for pair in more.select("left_id", "right_id").iter_rows()}


def test_too_few_answers_are_pins_alone(run, tmp_path):
    few = tmp_path / "few.csv"
    few.write_text("left_id,right_id,verdict\np0-0,p0-1,same\n")
    done = call("adapt", run / "out", "--answers", few, "--out", tmp_path / "model")
    assert done.exit_code == 3
    assert "decides 1 pairs" in done.output
    assert not (tmp_path / "model" / "model.json").exists()
    done = call("match", run / "offers.csv", "--answers", few, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "pinned and teach nothing" in done.output


def test_review_in_the_terminal_goes_on_where_it_stopped(run, tmp_path):
    out = tmp_path / "answers.csv"
    done = call("review", run / "out", "--out", out, "--n", 4, input="s\nx\nd\nb\nu\nq\n")
    assert done.exit_code == 0, done.output
    assert "Two offers are the **same product**" in done.output
    first = pl.read_csv(out)
    assert first["verdict"].to_list() == ["same", "unsure"]
    first.with_columns(note=pl.lit("by Jo")).write_csv(out)  # seen in a spreadsheet meanwhile
    done = call("review", run / "out", "--out", out, "--n", 2, input="d\nd\n")
    assert done.exit_code == 0, done.output
    then = pl.read_csv(out)
    assert then["verdict"].to_list() == ["same", "unsure", "different", "different"]
    assert then["note"].to_list() == ["by Jo", "by Jo", None, None]
    assert then.select("left_id", "right_id").is_unique().all()


def test_questions_about_links_tell_what_was_linked(tmp_path):
    shops, asked = tmp_path / "shops.csv", tmp_path / "questions.csv"
    titles = ["Sony turntable PSLX350H", "Sony turntable PSLX350H new", "Sony turntable PSLX350H 3"]
    rows = [f"{place},{title},{'ours' if place == 0 else 'theirs'},9.5"
            for place, title in enumerate(titles)]  # fmt: skip
    shops.write_text("\n".join(["posting_id,title,source,price", *rows]) + "\n")
    options = ("--pairs", "across", "--decide", "one-to-one", "--threshold", 0.1)
    done = call("match", shops, *options, "--out", tmp_path / "out", "--no-cache")
    assert done.exit_code == 0, done.output
    done = call("ask", tmp_path / "out", "--n", 9, "--out", asked, "--cache", tmp_path / "cache")
    assert done.exit_code == 0, done.output
    table = pl.read_csv(asked)
    assert sorted(table["matched"]) == [False, True]
    assert table["left_price"].to_list() == table["right_price"].to_list() == [9.5, 9.5]


def test_two_shops_are_asked_about_and_linked_by_the_answers(tmp_path):
    shops, asked = [tmp_path / "ours.csv", tmp_path / "theirs.csv"], tmp_path / "questions.csv"
    for shop, last in zip(shops, ("black", "new"), strict=True):
        words = "Sony turntable PSLX350H", "Bosch drill GSR120", "Philips lamp E27"
        rows = [f"{place},{each} {last}" for place, each in enumerate(words)]
        shop.write_text("\n".join(["posting_id,title", *rows]) + "\n")
    again = [each for shop in shops for each in ("--catalogue", shop)]
    link, cache = ["link", *shops, "--out", tmp_path / "out"], ["--cache", tmp_path / "cache"]

    def links():
        found = pl.read_csv(tmp_path / "out" / "links.csv").select("left_id", "right_id")
        return {(f"left:{ours}", f"right:{theirs}") for ours, theirs in found.iter_rows()}

    assert call(*link, *cache).exit_code == 0
    before = links()
    done = call("ask", tmp_path / "out", *again, "--out", asked, *cache)
    assert done.exit_code == 0, done.output
    assert "Then: samesku link LEFT RIGHT --answers" in done.output
    table = pl.read_csv(asked)
    pairs = set(table.select("left_id", "right_id").iter_rows())
    assert before & pairs
    table.with_columns(verdict=pl.lit("different")).write_csv(asked)
    assert call(*link, "--answers", asked, *cache).exit_code == 0
    assert not links() & pairs
    shops[1].write_text(shops[1].read_text().replace("lamp", "bulb"))
    changed = call("ask", tmp_path / "out", *again, "--out", asked)
    assert "theirs.csv has changed since the run: link anew" in changed.output


def test_a_changed_catalogue_or_no_run_is_told(run, tmp_path):
    out = tmp_path / "q.csv"
    assert "neither run.json nor evaluation.json" in call("ask", tmp_path, "--out", out).output
    moved = tmp_path / "offers.csv"
    moved.write_text((run / "offers.csv").read_text().replace("64GB", "32GB", 1))
    done = call("ask", run / "out", "--catalogue", moved, "--out", out)
    assert done.exit_code == 3
    assert "has changed since the run" in done.output


def f1(folder):
    groups = pl.read_csv(folder / "groups.csv").join(offers(), on="posting_id")
    both = groups.select(
        a=pl.len().over("group_id"),
        b=pl.len().over("label_group"),
        c=pl.len().over("group_id", "label_group"),
    )
    return both.select((2 * pl.col("c") / (pl.col("a") + pl.col("b"))).mean()).item()


def judged(run, out, *more):
    return call("match", run / "offers.csv", "--out", out, "--cache", out.parent / "cache", *more)


def truth(body):
    """A judge that knows: the model code makes the product."""
    records = [json.loads(line) for line in body["messages"][1]["content"].split("\n")[1::3]]
    one, other = (
        {w for w in each["title"].split() if w[0].isalpha() and w[1:].isdigit()} for each in records
    )
    return json.dumps({"differs": "", "verdict": "same" if one == other else "different"})


def test_a_chat_judge_answers_and_the_matcher_learns(run, tmp_path, server):
    server.reply = truth
    options = ("--judge", server.url, "--judge-model", "m", "--judge-budget", "60")
    done = judged(run, tmp_path / "out", *options)
    assert done.exit_code == 0, done.output
    assert "m answered 60 of 60 questions: " in done.output
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert {pin[3] for pin in record["answers"]["pins"]} == {"model:m"}
    assert record["adapted"]["answers"] == 60
    assert f1(tmp_path / "out") > f1(run / "out")
    before = len(server.asked)
    done = judged(run, tmp_path / "again", *options)
    assert len(server.asked) == before
    same = [(tmp_path / each / "groups.csv").read_bytes() for each in ("out", "again")]
    assert same[0] == same[1]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ((401, {}), ["m answered 0 of", "the server refuses the key (status 401)"]),
        ("Gleich.", ["0 same, 0 different, 2 unsure", "2 answers held no verdict",
                     "The answers teach nothing: m decides 0 pairs"]),
    ],
)  # fmt: skip
def test_without_an_answer_the_matches_are_those_without_a_judge(
    run, tmp_path, server, reply, told
):
    server.reply = lambda body: reply
    options = ("--judge", server.url, "--judge-model", "m", "--judge-budget", "2")
    done = judged(run, tmp_path / "out", *options)
    assert done.exit_code == 0, done.output
    assert all(each in done.output for each in told), done.output
    groups = [(each / "groups.csv").read_bytes() for each in (tmp_path / "out", run / "out")]
    assert groups[0] == groups[1]


def test_a_judge_no_better_than_chance_is_ignored(run, tmp_path, server):
    people = tmp_path / "people.csv"
    call("ask", run / "out", "--n", 40, "--out", people)
    filled(people)
    table = pl.read_csv(people)
    ends = [f"p{product}-0" for product in range(12)]
    more = table.select("left_id", "right_id", "verdict").vstack(
        pl.DataFrame({"left_id": ends[:-1], "right_id": ends[1:], "verdict": ["different"] * 11})
    )
    more.unique(["left_id", "right_id"]).write_csv(people)
    server.reply = lambda body: '{"verdict": "same"}'
    options = ("--judge", server.url, "--judge-model", "m", "--answers", people)
    done = judged(run, tmp_path / "out", *options)
    assert done.exit_code == 0, done.output
    assert "no better than chance, so it is ignored" in done.output
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert {pin[3] for pin in record["answers"]["pins"]} == {"people"}


def test_a_dry_run_asks_and_writes_nothing(run, tmp_path, server):
    options = ("--judge", server.url, "--judge-model", "m", "--judge-budget", "30")
    done = judged(run, tmp_path / "out", *options, "--judge-dry-run")
    assert done.exit_code == 0, done.output
    assert "30 pairs" in done.output
    assert "answered. Nothing was asked" in done.output
    priced = judged(run, tmp_path / "out", *options, "--judge-dry-run", "--judge-price", "0.5")
    assert "answered; at 0.50 per million tokens that is 0." in priced.output
    assert not server.asked
    assert not (tmp_path / "out").exists()


def test_own_rules_reach_the_judge(run, tmp_path, server):
    (tmp_path / "rules.md").write_text("Colours never matter here.")
    options = ("--judge", server.url, "--judge-model", "m", "--judge-budget", "1")
    judged(run, tmp_path / "out", *options, "--judge-rules", tmp_path / "rules.md")
    assert "Colours never matter here." in server.asked[0]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--judge", "answers.csv"), "goes to --answers"),
        (("--judge", "http://x/v1"), "--judge-model NAME"),
        (("--judge", "llava:"), "llava:MODEL"),
        (("--judge-model", "m"), "need --judge"),
        (("--judge", "llava:x", "--judge-budget", "much"), "10min"),
        (("--judge", "llava:x", "--judge-rules", "/nowhere.md"), "/nowhere.md"),
    ],
)
def test_options_that_do_not_go_together_are_told(run, tmp_path, options, told):
    done = judged(run, tmp_path / "out", *options)
    assert done.exit_code in (2, 3)
    assert told in done.output


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")
def test_llava_without_its_extra_says_what_to_install(run, tmp_path):
    done = judged(run, tmp_path / "out", "--judge", "llava:some/model")
    assert done.exit_code == 4
    assert "samesku[judge,train]" in done.output
