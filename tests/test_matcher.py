"""`Matcher`: a catalogue in, matches out."""

import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image, ImageDraw

from samesku import Cache, Concat, Matcher, Matches, Threshold, Union, read_catalog
from samesku.demo import MARKETPLACE
from samesku.encoders import PHash, Tfidf
from samesku.runtime.cores import usable_cores
from samesku.runtime.memory import needed
from samesku.runtime.progress import Progress
from samesku.scoring.by_name import FUSIONS
from samesku.scoring.classifier import PAIRS_AT_ONCE
from samesku.scoring.learned import shipped_model

# Title, product, photo; the photo's copies are made by `photo`.
OFFERS = [
    ("Susu Bebelac 3 Vanila 400 gram", "milk", "tin"),
    ("BEBELAC 3 susu vanila 0,4kg", "milk", "tin"),
    ("Bebelac 3 Susu Pertumbuhan Vanila 400gr ORIGINAL", "milk", None),
    ("Lampu LED Philips 12 watt putih", "lamp", "bulb"),
    ("philips lampu led 12w putih", "lamp", "bulb"),
    ("PHILIPS Lampu LED 12 Watt Putih (garansi resmi)", "lamp", None),
    ("Tas ransel anak karakter kuda poni", "bag", "bag"),
    ("Backpack little girl unicorn", "bag", "bag"),
    ("Double Tape 3M VHB 12 mm x 4,5 m", "tape", None),
    ("3M double tape VHB 12mm x 4.5m original", "tape", None),
    ("Kaos polos pria hitam XL", "shirt", None),
    ("Serum wajah Scarlett brightening 15ml", "serum", "tube"),
    ("Payung lipat otomatis anti UV", "umbrella", None),
    ("Panci presto 8 liter Maxim", "pan", None),
    ("", "mystery", "bulb"),
    ("Sepatu lari wanita abu-abu", "shoe", None),
]


def photo(name, side):
    """A drawing of several shapes, its own for each name, at any size."""
    rng = np.random.default_rng(sum(name.encode()))
    image = Image.new("RGB", (240, 240), tuple(rng.integers(150, 255, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, *size = rng.integers(0, 160, 4).tolist()
        colour = tuple(rng.integers(0, 255, 3).tolist())
        draw.ellipse((x, y, x + 20 + size[0], y + 20 + size[1]), fill=colour)
    return image.resize((side, side))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The offers as a catalogue file beside their photos."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "images").mkdir()
    rows = []
    for place, (title, product, name) in enumerate(OFFERS):
        image = None
        if name is not None:
            image = f"{place}.jpg"
            photo(name, 200 + 7 * place).save(folder / "images" / image, quality=90)
        rows.append((f"offer{place}", title, image, product))
    columns = ["posting_id", "title", "image", "label_group"]
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    frame.write_csv(folder / "postings.csv")
    return folder


@pytest.fixture(scope="module")
def catalog(shop):
    return read_catalog(shop)


def groups_of(matches):
    return {frozenset(row.split(" ")) for row in matches.submission["matches"]}


def products(catalog):
    table = catalog.frame.group_by("label_group").agg("posting_id")
    return {frozenset(ids) for ids in table["posting_id"]}


@pytest.mark.parametrize("fusion", ["union", "union-all"])
def test_finds_the_products_of_a_small_shop(catalog, fusion):
    found = groups_of(Matcher(fusion=fusion).match(catalog))
    # The photo without a title belongs to the lamps by its picture.
    lamps = frozenset({"offer3", "offer4", "offer5", "offer14"})
    expected = products(catalog) - {
        frozenset({"offer3", "offer4", "offer5"}),
        frozenset({"offer14"}),
    }
    assert found == expected | {lamps}


def test_tells_why(catalog):
    pairs = Matcher(fusion="union").match(catalog).pairs
    reasons = {
        frozenset(row[:2]): row[2] for row in pairs.select("left_id", "right_id", "reasons").rows()
    }
    assert reasons[frozenset({"offer6", "offer7"})] == "photo match"
    assert reasons[frozenset({"offer8", "offer9"})] == "text match"
    assert reasons[frozenset({"offer0", "offer1"})] == "text and photo match"


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_order_of_the_rows_does_not_matter(catalog, fusion):
    order = np.random.default_rng(6).permutation(len(catalog))
    matcher = Matcher(fusion=fusion)
    straight, shuffled = matcher.match(catalog), matcher.match(catalog.take(order))
    assert groups_of(shuffled) == groups_of(straight)
    assert shuffled.submission["posting_id"].to_list() == [catalog.ids[place] for place in order]
    scores = [
        {
            frozenset(row[:2]): row[2]
            for row in matches.pairs.select("left_id", "right_id", "score").rows()
        }
        for matches in (straight, shuffled)
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_the_cache_changes_nothing_but_the_time(catalog, tmp_path):
    cache = str(tmp_path / "cache")
    plain = Matcher().match(catalog)
    filled, reused = (Matcher(cache=cache).match(catalog) for _ in range(2))
    for matches in (filled, reused):
        np.testing.assert_array_equal(matches.scores, plain.scores)
        np.testing.assert_array_equal(matches.candidates.similarity, plain.candidates.similarity)
        assert matches.pairs.equals(plain.pairs)
    assert Cache(cache).names("neighbors")


def test_the_cache_does_not_answer_for_other_settings_or_catalogues(catalog, tmp_path):
    cache = Cache(tmp_path / "cache")
    Matcher(cache=cache).match(catalog)
    for matcher, other in (
        ({"k": 1}, catalog),
        ({"encoders": [Tfidf(word_weight=0.9)]}, catalog),
        ({}, catalog.take(np.arange(9))),
        ({"method": "approximate", "encoders": [Tfidf()]}, catalog),
    ):
        cached = Matcher(cache=cache, **matcher).match(other)
        np.testing.assert_array_equal(cached.scores, Matcher(**matcher).match(other).scores)


def test_postings_without_titles_are_matched_by_their_photos(catalog):
    nameless = catalog.frame.with_columns(pl.lit(None, pl.String).alias("title"))
    blind = type(catalog)(nameless, catalog.photos)
    assert frozenset({"offer6", "offer7"}) in groups_of(Matcher().match(blind))


def titled(*titles):
    ids = [f"p{place}" for place in range(len(titles))]
    schema = {"posting_id": pl.String, "title": pl.String}
    return read_catalog(pl.DataFrame({"posting_id": ids, "title": list(titles)}, schema=schema))


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        ([], []),
        (["Susu 400 gram"], ["p0"]),
        (["Susu Bebelac 400 gram", "bebelac susu 0,4kg", "Lampu"], ["p0 p1", "p1 p0", "p2"]),
        ([None, "", "  "], ["p0", "p1", "p2"]),
        (["-", "-", "???", "???"], ["p0", "p1", "p2", "p3"]),
        (["sama persis"] * 3, ["p0 p1 p2", "p1 p0 p2", "p2 p0 p1"]),
    ],
)
def test_tiny_catalogues(fusion, titles, expected):
    matches = Matcher(fusion=fusion).match(titled(*titles))
    assert matches.submission["matches"].to_list() == expected


def test_a_supplied_hash_needs_no_photo():
    frame = pl.DataFrame(
        {
            "posting_id": ["a", "b", "c", "d"],
            "title": ["merah", "biru", "hijau", "kuning"],
            "image_phash": ["94974f937d4c2433", "94974f937d4c2432", "0b68b06c82b3dbcc", None],
        }
    )
    pairs = Matcher().match(read_catalog(frame)).candidates
    assert list(zip(pairs.left, pairs.right, strict=True)) == [(0, 1)]
    assert pairs.similarity[0, pairs.encoders.index("phash")] == 1 - 1 / 64


def test_a_crowd_of_the_same_larger_than_k_is_one_group():
    matches = Matcher([Tfidf()], k=5).match(titled(*["Masker medis 3 ply isi 50"] * 120))
    assert matches.clusters.tolist() == [0] * 120


def test_candidates_are_those_that_match_judges(catalog):
    matcher = Matcher()
    distinct = matcher.collapse(catalog).catalog
    candidates, judged = matcher.candidates(distinct), matcher.match(catalog).candidates
    np.testing.assert_array_equal(candidates.left, judged.left)
    np.testing.assert_array_equal(candidates.similarity, judged.similarity)
    assert candidates.encoders == ("tfidf", "phash", "signature")


def test_a_second_run_does_not_rewrite_the_record_of_the_first():
    matcher = Matcher([Tfidf()])
    first = matcher.match(titled("susu", "susu kotak"))
    before = json.dumps(first.summary["seconds"])
    second = matcher.match(titled("lampu"), titled("lampu led"))
    assert json.dumps(first.summary["seconds"]) == before
    # Each tells of itself alone: of links no threshold is tried.
    assert "threshold" in first.summary["seconds"]
    assert "threshold" not in second.summary["seconds"]


@pytest.mark.parametrize(
    ("options", "part"), [({}, 2 / 3), ({"threshold": 0.5}, None), ({"decide": "one-to-many"}, 1)]
)
def test_one_to_one_links_have_a_threshold_of_their_own(options, part):
    links = Matcher([Tfidf()], **options).match(titled("lampu"), titled("lampu led"))
    expected = 0.5 if part is None else shipped_model().threshold * part
    assert links.threshold == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    "options",
    [{"threshold": 0}, {"threshold": 1.5}, {"method": "fast"}, {"k": 0}, {"fusion": "vote"}],
)
def test_settings_that_make_no_sense_are_refused_at_once(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Matcher(**options)


def test_encoders_are_given_by_name_or_as_they_are(catalog):
    by_name = Matcher(["tfidf", "phash"]).match(catalog)
    as_they_are = Matcher([Tfidf(), "phash"]).match(catalog)
    np.testing.assert_array_equal(by_name.scores, as_they_are.scores)
    assert [each.name for each in Matcher("tfidf").encoders] == ["tfidf"]
    with pytest.raises(ValueError, match="one or more"):
        Matcher([])


def test_memory_changes_how_much_is_done_at_once_and_not_what_comes_out(catalog):
    free = Matcher([Tfidf()]).match(catalog)
    tight = Matcher([Tfidf()], memory=needed(len(catalog))).match(catalog)
    np.testing.assert_array_equal(tight.scores, free.scores)
    with pytest.raises(ValueError, match=r"postings need about [0-9]+MB"):
        Matcher([Tfidf()], memory="100MB").match(catalog)


class Counting(Progress):
    """Counts what each stage says is done."""

    def __init__(self):
        super().__init__()
        self.told = {}

    @contextmanager
    def _shown(self, name, total):
        done = []
        yield done.append
        if total is not None:
            self.told[name] = sum(done), total


@pytest.mark.parametrize("fusion", FUSIONS)
def test_what_takes_long_tells_how_far_it_is(shop, fusion):
    progress = Counting()
    Matcher([Tfidf(), PHash()], fusion, progress=progress).match(read_catalog(shop))
    long = {"candidates (tfidf)", "candidates (phash)", "score"}
    assert long <= progress.told.keys()
    for name in long:
        done, total = progress.told[name]
        assert done == total > 0, name


OURS = pl.DataFrame(
    {"posting_id": ["1", "2"], "title": ["Sony turntable PSLX350H", "Denon deck DRM555"]}
)
THEIRS = pl.DataFrame(
    {"posting_id": ["1", "2"], "title": ["Bose speakers AM53BK", "Sony PS-LX350H record player"]}
)


def test_two_catalogues_are_linked():
    matches = Matcher().match(read_catalog(OURS), read_catalog(THEIRS))
    assert matches.links.select("left_id", "right_id").rows() == [("1", "2")]
    assert matches.cluster_table["posting_id"].to_list()[:2] == ["left:1", "right:2"]
    assert matches.decide == "one-to-one"


def test_one_to_one_gives_no_posting_two_counterparts():
    twice = pl.concat([THEIRS, THEIRS.with_columns(posting_id=pl.lit("x") + pl.col("posting_id"))])
    one, many = (
        Matcher(decide=decide).match(read_catalog(OURS), read_catalog(twice)).links
        for decide in ("one-to-one", "one-to-many")
    )
    assert one["left_id"].to_list() == ["1"]
    assert sorted(many["right_id"]) == ["2", "x2"]


@pytest.mark.parametrize("decide", ["one-to-one", "one-to-many", "many-to-one"])
def test_links_do_not_depend_on_the_order_of_rows(decide):
    titles = ["Sony turntable PSLX350H", "Sony turntable PSLX350H black"]
    table = pl.DataFrame(
        {
            "posting_id": [f"{number:02}" for number in range(12)],
            "title": [titles[number % 2] for number in range(12)],
            "source": [("right", "left")[number % 3 > 0] for number in range(12)],
        }
    )
    matcher = Matcher(pairs="across", decide=decide, threshold=0.1)
    links = [
        set(matcher.match(read_catalog(table[order])).links.select("left_id", "right_id").rows())
        for order in (np.arange(12), np.arange(12)[::-1], np.random.default_rng(0).permutation(12))
    ]
    assert links[0]
    assert links[1] == links[0] == links[2]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pairs": "across"}, "no column source"),
        ({"decide": "one-to-one"}, "it needs pairs='across'"),
        ({"pairs": "some"}, "pairs is one of within, across, all"),
        ({"decide": "all"}, "decide is one of clusters"),
        ({"same": ["colours"]}, "no attribute 'colours'"),
        ({"same": ["colour"], "fusion": "union"}, "learned fusion only"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        Matcher(**settings).match(read_catalog(OURS))


def test_sources_are_linked_or_merged_as_asked():
    both = pl.concat([OURS, THEIRS.with_columns(posting_id=pl.lit("t") + pl.col("posting_id"))])
    both = both.with_columns(source=pl.Series(["us", "us", "them", "them"]))
    for order in (both, both.reverse()):
        across = Matcher(pairs="across").match(read_catalog(order))
        # "them" comes before "us", whoever's row is first.
        assert across.links.select("left_id", "right_id").rows() == [("t2", "1")]
    merged = Matcher().match(read_catalog(both))
    assert merged.pairs.select("left_id", "right_id").rows() == [("1", "t2")]
    with pytest.raises(ValueError, match="across sources only"):
        merged.links  # noqa: B018


def _answered(*rows):
    from samesku.catalog.answers import Answers

    schema = ["left_id", "right_id", "verdict"]
    return Answers.of(pl.DataFrame(rows, schema=schema, orient="row"))


def _shared(matches, *ids):
    groups = dict(zip(matches.catalog.ids, matches.clusters.tolist(), strict=True))
    return len({groups[each] for each in ids}) == 1


PINNED = pl.DataFrame(
    {
        "posting_id": list("abcdef"),
        "title": ["Susu Bebelo 400 gram"] * 3
        + ["BEBELO susu 0,4kg", "Lampu LED 12 watt", "kabel usb 2 m"],
    }
)


def test_answers_outrank_the_scores():
    told = _answered(("a", "d", "different"), ("e", "f", "same"))
    catalog = read_catalog(PINNED)
    before, after = Matcher().match(catalog), Matcher().match(catalog, answers=told)
    assert _shared(before, "a", "d")
    assert not _shared(before, "e", "f")
    assert not _shared(after, "a", "d")
    assert _shared(after, "a", "b", "c")
    assert _shared(after, "e", "f")
    assert after.run["answers"]["pins"] == [
        ["a", "d", "different", "people"], ["e", "f", "same", "people"],
    ]  # fmt: skip
    row = after.pairs.row(by_predicate=pl.col("left_id") == "e", named=True)
    assert (row["score"], row["reasons"]) == (1.0, "answered: same")
    assert not _shared(after.rethreshold(0.05), "a", "d")


def test_answers_tell_identical_postings_apart():
    told = _answered(("a", "b", "different"), ("c", "b", "same"), ("d", "c", "same"))
    after = Matcher().match(read_catalog(PINNED), answers=told)
    assert not _shared(after, "a", "b")
    assert _shared(after, "b", "c", "d")


def test_of_identical_postings_the_answered_one_is_linked():
    copies = pl.DataFrame({"posting_id": ["a", "b"], "title": OURS["title"][[0, 0]]})
    for ours in ("a", "b"):
        told = pl.DataFrame({"left_id": ours, "right_id": "2", "verdict": "same"})
        linked = Matcher().match(read_catalog(copies), read_catalog(THEIRS), answers=told)
        assert linked.links.select("left_id", "right_id").rows() == [(ours, "2")]


SHOP = pl.DataFrame(
    {
        "posting_id": ["a", "b", "c", "d"],
        "title": [
            "Susu Bebelo 400 gram",
            "BEBELO susu 0,4kg",
            "Susu Bebelo 400 gram",
            "Lampu LED 12 watt",
        ],
        "category": ["milk", "milk", "baby", None],
    }
)


def test_any_two_postings_are_scored_and_explained():
    catalog = read_catalog(SHOP)
    matcher = Matcher([Tfidf()])
    scored = matcher.score_pairs(catalog, [("b", "a"), ("a", "d"), ("c", "a")])
    assert scored.columns == ["left_id", "right_id", "probability"]
    assert scored["left_id"].to_list() == ["b", "a", "c"]
    matches = matcher.match(catalog)
    known = matches.pairs.filter(left_id="a", right_id="b")["score"]
    near, far, identical = scored["probability"].to_list()
    assert near == pytest.approx(known[0])
    assert far < 0.1 < near < identical == 1
    explained = matches.explain("a", "d")["log_odds"].sum()
    assert explained == pytest.approx(np.log(far / (1 - far)), abs=0.01)
    assert matcher.score_pairs(catalog, scored.head(1))["probability"].to_list() == [near]
    with pytest.raises(ValueError, match="no posting 'x'"):
        matcher.score_pairs(catalog, [("a", "x")])


def test_identical_postings_of_two_sources_are_surely_one_product():
    shops = [
        pl.DataFrame(
            {
                "posting_id": [f"{shop}{row:02}" for row in range(60)],
                "title": "Susu Bebelo 400 gram",
                "price": [100.0 + row for row in range(60)],
                "source": shop,
            }
        )
        for shop in "ab"
    ]
    own = [(f"a{row:02}", f"b{row:02}") for row in range(60)]
    matches = Matcher().match(*map(read_catalog, shops))
    assert matches.links.sort("left_id").select("left_id", "right_id").rows() == own
    reason = "identical in all that is looked at"
    assert set(matches.links.select("probability", "reasons").rows()) == {(1.0, reason)}
    assert matches.explain("b07", "a07").rows() == [(reason, np.inf)]
    both, matcher = read_catalog(pl.concat(shops)), Matcher(pairs="across")
    same, other = matcher.score_pairs(both, [own[7], ("a07", "b08")])["probability"]
    assert same == 1 > other
    answered = matcher.match(both, answers=_answered((*own[7], "different")))
    assert not _shared(answered, *own[7])
    assert _shared(answered, *own[8])


@pytest.mark.parametrize(
    ("column", "numbers"),
    [
        ("EAN", [("4006381333931", "04006381333931"), ("96385074", "96385074")]),
        ("mpn", [("EQ6-2200", "EQ 62200"), ("BGC1U1550/01", "BGC1U1550")]),
    ],
)
def test_offers_of_one_article_number_are_linked_though_no_word_is_the_same(column, numbers):
    (machine, cleaner), shops = numbers, []
    for at, titles in enumerate(
        (["Kaffeevollautomat", "Staubsauger beutellos"], ["Espresso machine", "Cyclonic vac"])
    ):
        ids = [f"{at} machine", f"{at} cleaner"]
        offers = {"posting_id": ids, "title": titles, column: [machine[at], cleaner[at]]}
        shops.append(read_catalog(pl.DataFrame(offers)))
    links = Matcher().match(*shops).links
    assert links.select("left_id", "right_id").sort("left_id").rows() == [
        ("0 cleaner", "1 cleaner"), ("0 machine", "1 machine"),
    ]  # fmt: skip


def test_only_postings_that_agree_in_a_column_match():
    catalog = read_catalog(SHOP)
    inside = Matcher([Tfidf()], within="category").match(catalog)
    assert inside.submission["matches"].to_list() == ["a b", "b a", "c", "d"]
    assert Matcher([Tfidf()]).match(catalog).submission["matches"][2] == "c a b"
    with pytest.raises(ValueError, match="no column 'shelf'"):
        Matcher([Tfidf()], within=["shelf"]).match(catalog)
    other = read_catalog(SHOP.drop("category").with_columns(source=pl.lit("us")))
    with pytest.raises(ValueError, match="no column 'category'"):
        Matcher([Tfidf()], within="category").match(catalog, other)
    with pytest.raises(ValueError, match="never agree in source"):
        Matcher([Tfidf()], within="source").match(other, other)


@pytest.mark.parametrize("given", ["offers.csv", None, SHOP, [read_catalog(SHOP)]])
def test_what_is_no_catalogue_is_told_how_to_become_one(given):
    for verb in (Matcher().match, Matcher().fit, lambda one: Matcher().score_pairs(one, [])):
        with pytest.raises(TypeError, match="read_catalog makes one"):
            verb(given)
    with pytest.raises(TypeError, match="read_catalog makes one"):
        Matcher().match(read_catalog(SHOP), "offers.csv")


def test_threads_change_nothing():
    drawn = pl.read_csv(MARKETPLACE / "train.csv").select("posting_id", "title")
    others = drawn.select(pl.col("posting_id") + "x", pl.col("title") + " bonus")
    catalog = read_catalog(pl.concat([drawn, others]))
    one, three = (Matcher(k=100, n_jobs=count).match(catalog) for count in (1, 3))
    assert len(one.candidates) > PAIRS_AT_ONCE  # so that several threads describe them
    assert one.pairs.equals(three.pairs)
    assert one.submission.equals(three.submission)


def test_parameters_are_told_and_threads_are_put_back():
    matcher = Matcher(k=30, threshold=0.6, n_jobs=1)
    params = matcher.get_params()
    assert (params["k"], params["threshold"], params["n_jobs"]) == (30, 0.6, 1)
    assert Matcher(**params).threshold == 0.6
    before = usable_cores()
    Matcher([Tfidf()], n_jobs=before + 1).match(read_catalog(SHOP))
    assert usable_cores() == before
    with pytest.raises(ValueError, match="n_jobs"):
        Matcher(n_jobs=0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"k": "50"}, "k is a whole number, not '50'"),
        ({"k": 50.0}, "k is a whole number"),
        ({"k": True}, "k is a whole number"),
        ({"n_jobs": "2"}, "n_jobs is a number of threads"),
        ({"threshold": "0.5"}, "the threshold is a number"),
        ({"progress": True}, r"progress is a samesku\.runtime\.progress\.Progress"),
        ({"fusion": Union}, "a fusion is a name, a folder or a Fusion"),
    ],
)
def test_settings_of_another_type_are_refused_at_once(settings, said):
    with pytest.raises(TypeError, match=said):
        Matcher(**settings)


def test_settings_that_can_decide_nothing_are_refused():
    with pytest.raises(ValueError, match="threshold for bert"):
        Matcher(fusion=Union({"bert": Threshold(0.6)}))
    with pytest.raises(ValueError, match="between 0 and 1, not 5"):
        Concat(text_weight=5)
    with pytest.raises(ValueError, match="no attribute 'color'"):
        Matcher().fit(read_catalog(small()), same="color")
    with pytest.raises(ValueError, match="one labelled catalogue or more"):
        Matcher().fit()
    with pytest.raises(ValueError, match="hold_out is one of products, catalogues"):
        Matcher().fit(read_catalog(small()), hold_out="catalogs")


def small():
    titles = ["Nike Revolution shirt black", "Nike Revolution shirt white", "lampu led 12 watt"]
    return pl.DataFrame({"posting_id": [1126, 1487, 3], "title": titles})


def test_one_kind_that_may_differ_is_named_as_a_text():
    alike = Matcher(same="colour").match(read_catalog(small()))
    assert (
        alike.scores.tolist()
        == Matcher(same=["colour"]).match(read_catalog(small())).scores.tolist()
    )
    assert alike.scores[0] > Matcher().match(read_catalog(small())).scores[0]


def test_answers_are_taken_as_a_file_and_as_a_table(tmp_path):
    table = pl.DataFrame({"left_id": [1126], "right_id": [3], "verdict": ["same"]})
    table.write_csv(tmp_path / "answers.csv")
    for answers in (
        tmp_path / "answers.csv",
        str(tmp_path / "answers.csv"),
        table,
        pd.DataFrame({"left_id": [1126.0], "right_id": [3.0], "verdict": ["same"]}),
    ):
        clusters = Matcher().match(read_catalog(small()), answers=answers).clusters
        assert clusters[0] == clusters[2]
    with pytest.raises(TypeError, match="a table is"):
        Matcher().match(read_catalog(small()), answers=7)


def test_pairs_are_named_by_numbers_too_and_in_any_table():
    catalog, matcher = read_catalog(small()), Matcher()
    scored = matcher.score_pairs(catalog, [(1126, 1487)])
    table = {"left_id": [1126], "right_id": [1487]}
    numbers = pd.DataFrame(table, dtype=float)  # as pandas has whole numbers beside missing ones
    for each in (pl.DataFrame(table), pd.DataFrame(table), numbers, [["1126", np.int64(1487)]]):
        assert matcher.score_pairs(catalog, each).equals(scored)
    assert (
        matcher.match(catalog)
        .explain(1126, 1487)
        .equals(matcher.match(catalog).explain("1126", "1487"))
    )
    assert catalog.rows_of([3, 1126]).tolist() == [2, 0]
    assert matcher.score_pairs(catalog, []).height == 0
    for wrong in ([(1, 2, 3)], ["ab"]):
        with pytest.raises(ValueError, match="a pair is two ids"):
            matcher.score_pairs(catalog, wrong)
    with pytest.raises(ValueError, match="columns left_id and right_id"):
        matcher.score_pairs(catalog, pl.DataFrame({"left": [1]}))


def test_the_folder_of_a_model_is_a_fusion(tmp_path):
    shipped, catalog = Matcher().fusion.model, read_catalog(small())
    replace(shipped, threshold=0.9, threshold_rule="fixed").save(tmp_path / "model")
    for folder in (tmp_path / "model", str(tmp_path / "model")):
        matches = Matcher(fusion=folder).match(catalog)
        assert matches.threshold == 0.9
    matches.write(tmp_path / "run")
    assert Matches.load(tmp_path / "run", catalog).fusion.threshold == 0.9


def test_a_matcher_shows_its_settings_and_takes_others():
    matcher = Matcher(["tfidf"], "union")
    assert repr(matcher) == "Matcher(['tfidf'], 'union', k=50)"
    assert matcher.set_params(k=30, encoders="phash") is matcher
    assert repr(matcher) == "Matcher(['phash'], 'union', k=30)"
    assert matcher.get_params()["k"] == 30
    with pytest.raises(TypeError, match="neighbours"):
        matcher.set_params(neighbours=3)


def test_an_encoder_of_titles_that_the_model_does_not_read_is_refused():
    class Length(Tfidf):
        name = "length"

    catalog = read_catalog(pl.DataFrame({"posting_id": range(4), "title": ["a b", "a c"] * 2}))
    matcher = Matcher(["tfidf", Length()])
    for work in (lambda: matcher.match(catalog), lambda: matcher.score_pairs(catalog, [(0, 1)])):
        with pytest.raises(ValueError, match="does not read titles by length, but by tfidf: "):
            work()
    assert Matcher(["tfidf", Length()], "union-all").match(catalog).clusters.tolist() == [
        0,
        1,
        0,
        1,
    ]
