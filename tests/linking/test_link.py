"""Two shops through the whole way."""

import numpy as np
import polars as pl
import pytest

from samesku import CatalogError, link, read_catalog


def pairs(links):
    return set(links.table.select("left_id", "right_id").rows())


def test_links_are_found_and_look_alikes_are_not(shops, truth):
    found = link(*shops)
    wrong, right = pairs(found) - truth, pairs(found) & truth
    assert len(right) >= 23
    assert len(wrong) <= 1
    assert found.table["left_id"].is_unique().all()
    assert found.table["right_id"].is_unique().all()
    assert found.table["probability"].is_sorted(descending=True)


def test_the_sides_can_be_swapped(shops, truth):
    found = link(*reversed(shops))
    assert len(pairs(found) & {(right, left) for left, right in truth}) >= 23


def test_prices_of_other_currencies_are_told_with_their_gap(shops):
    table = link(*shops).table
    first = table.row(0, named=True)
    assert first["price_gap"] == pytest.approx(
        first["right_price"] / first["left_price"] - 1, abs=1e-4
    )
    assert "price" in first["reasons"]
    without = link(shops[0].drop("price"), shops[1]).table
    assert without.columns == ["left_id", "right_id", "probability", "reasons"]


def test_reasons_name_the_code_and_the_words(shops):
    for reasons in link(*shops).table["reasons"].head(10):
        assert 'same model code "' in reasons


def test_labels_in_the_input_change_nothing(shops):
    ours, theirs = shops
    blind = link(ours.drop("label_group"), theirs.drop("label_group", "truth"))
    assert blind.table.equals(link(ours, theirs).table)


def test_another_line(shops):
    found = link(*shops)
    fewer = found.rethreshold(0.99)
    assert pairs(fewer) <= pairs(found)
    assert fewer.table["probability"].min() >= 0.99
    with pytest.raises(ValueError, match="the line is a probability"):
        found.rethreshold(0)


def test_near_links_are_no_links(shops):
    found = link(*shops)
    found = found.rethreshold(found.table["probability"].median())
    near = set(found.near.select("left_id", "right_id").rows())
    assert near
    assert not near & pairs(found)


def test_an_offer_may_have_several_counterparts():
    titles = ["Sony turntable PSLX350H", "Denon receiver AVR1508", "Bose speaker AM53BK"]
    ours = pl.DataFrame({"posting_id": ["a", "b", "c"], "title": titles})
    theirs = pl.DataFrame(
        {
            "posting_id": ["a", "b", "c", "d"],
            "title": [*titles, "turntable Sony PSLX350H"],
        }
    )
    one = link(ours, theirs)
    many = link(ours, theirs, links="one-to-many", line=0.2)
    assert len(one.table) == 3
    assert {("a", "a"), ("a", "d")} <= pairs(many)
    back = link(theirs, ours, links="many-to-one", line=0.2)
    assert pairs(back) == {(right, left) for left, right in pairs(many)}


def test_known_links_stand_and_teach(shops, truth):
    known = pl.DataFrame(sorted(truth)[:8], schema=["left_id", "right_id"], orient="row")
    strange = pl.DataFrame({"left_id": ["0"], "right_id": ["0"], "same": ["1"]})
    told = pl.concat([known.with_columns(same=pl.lit("1")), strange])
    found = link(*shops, labels=told)
    assert set(told.select("left_id", "right_id").rows()) <= pairs(found)
    reasons = found.table.filter(pl.col("left_id") == "0")["reasons"].item()
    assert reasons.startswith("known link")
    assert len(pairs(found) & truth) >= 23


def test_what_is_known_to_differ_is_not_linked(shops, truth):
    left, right = sorted(truth)[0]
    told = pl.DataFrame({"left_id": [left], "right_id": [right], "same": [0]})
    assert (left, right) not in pairs(link(*shops, labels=told))


def test_every_problem_of_known_links_is_told(shops):
    told = pl.DataFrame(
        {
            "left_id": ["0", "nobody", "1", "1"],
            "right_id": ["0", "1", "elsewhere", "2"],
            "same": ["1", "0", "1", "maybe"],
        }
    )
    with pytest.raises(CatalogError) as error:
        link(*shops, labels=told)
    text = str(error.value)
    assert "left_id that is not in the left catalogue (row 3; e.g. 'nobody')" in text
    assert "right_id that is not in the right catalogue (row 4; e.g. 'elsewhere')" in text
    assert "neither 1 nor 0 (row 5; e.g. 'maybe')" in text
    with pytest.raises(CatalogError, match="no column 'right_id'"):
        link(*shops, labels=told.drop("right_id"))
    with pytest.raises(CatalogError, match="there is no link"):
        link(*shops, labels=told.clear())
    twice = pl.DataFrame({"left_id": ["0", "0"], "right_id": ["0", "0"], "same": [1, 0]})
    with pytest.raises(CatalogError, match="told to be the same and not the same"):
        link(*shops, labels=twice)
    both = pl.DataFrame({"left_id": ["0", "0", "1"], "right_id": ["0", "1", "1"]})
    with pytest.raises(CatalogError) as error:
        link(*shops, labels=both)
    assert "left_id with several known links (rows 2, 3)" in str(error.value)
    assert "right_id with several known links (rows 3, 4)" in str(error.value)
    assert len(link(*shops, labels=both.head(2), links="one-to-many").known.left) == 2


def test_known_links_in_a_pandas_frame(shops, truth):
    pandas = pytest.importorskip("pandas", reason="reads pandas frames")
    left, right = map(list, zip(*sorted(truth)[:2], strict=True))
    told = pandas.DataFrame({"left_id": left, "right_id": right, "same": [1, 0]})
    found = pairs(link(*shops, labels=told))
    assert (left[0], right[0]) in found
    assert (left[1], right[1]) not in found
    with pytest.raises(TypeError, match="known links are a path, a polars or a pandas frame"):
        link(*shops, labels=[("0", "0")])


def test_the_side_of_a_faulty_frame_is_named(shops):
    ours, theirs = shops
    with pytest.raises(CatalogError, match="the right polars frame cannot be used"):
        link(ours, theirs.drop("title"))
    with pytest.raises(CatalogError, match="the left polars frame cannot be used"):
        link(pl.concat([ours, ours]), theirs)


def test_one_posting_a_side_and_nothing_alike():
    ours = pl.DataFrame({"posting_id": ["1"], "title": ["sony turntable pslx350h"]})
    assert pairs(link(ours, ours.clone())) == {("1", "1")}
    theirs = pl.DataFrame({"posting_id": ["1"], "title": ["zzz"]})
    found = link(ours, theirs)
    assert found.table.is_empty()
    assert any("there are no links" in note for note in found.run["notes"])


def test_what_speaks_for_a_link_adds_up_to_its_probability(shops):
    found = link(*shops)
    likely = found.probability >= 0.2
    assert likely.sum() == found.added_up.height > 0
    told = zip(*found.added_up.select("left_id", "right_id").get_columns(), strict=True)
    for (left, right), place in zip(told, np.flatnonzero(likely), strict=True):
        reasons = found.explain(left, right)
        odds = reasons["log_odds"].sum()
        assert reasons["reason"][-1] == "start"
        assert 1 / (1 + np.exp(-odds)) == pytest.approx(found.probability[place], abs=1e-3)
    with pytest.raises(ValueError, match="there is no posting 'nope'"):
        found.explain("nope", found.sides.right.ids[0])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            ["小米手环7 NFC版", "索尼降噪耳机WH-1000XM5", "美的空气炸锅5升"],
            ["【官方】小米手环7智能手表NFC", "WH-1000XM5 索尼头戴式降噪耳机", "美的5L空气炸锅家用"],
        ),
        (
            ["หูฟังไร้สายบลูทูธ", "ครีมกันแดดหน้าใส50ml", "รองเท้าผ้าใบผู้ชายสีดำ"],
            ["หูฟังบลูทูธไร้สาย พร้อมส่ง", "ครีมกันแดด 50ml หน้าใส", "รองเท้าผู้ชายผ้าใบสีดำ"],
        ),
        (
            ["سماعات لاسلكية بلوتوث", "حقيبة ظهر مدرسية", "حذاء رياضي رجالي أسود"],
            ["سماعة بلوتوث لاسلكية جديدة", "حقيبة مدرسية ظهر", "حذاء رجالي رياضي لون أسود"],
        ),
    ],
    ids=["Chinese", "Thai", "Arabic"],
)
def test_titles_in_other_scripts(ours, theirs):
    left, right = (
        pl.DataFrame({"posting_id": [f"{side}{row}" for row in range(3)], "title": titles})
        for side, titles in (("l", ours), ("r", theirs))
    )
    assert pairs(link(left, right)) == {("l0", "r0"), ("l1", "r1"), ("l2", "r2")}


def test_one_offer_is_found_among_many():
    words = np.random.default_rng(0).integers(2000, size=(1500, 5))
    many = [" ".join(f"word{word}" for word in row) for row in words]
    ours = pl.DataFrame({"posting_id": ["1"], "title": ["Sony turntable PSLX350H"]})
    theirs = pl.DataFrame(
        {
            "posting_id": [f"{row}" for row in range(1501)],
            "title": [*many, "Sony PS-LX350H record turntable"],
        }
    )
    assert pairs(link(ours, theirs)) == {("1", "1500")}


@pytest.mark.parametrize("rule", ["one-to-one", "one-to-many", "many-to-one", "free"])
def test_offers_that_are_all_the_same_are_no_links(rule):
    left, right = (
        pl.DataFrame({"posting_id": [f"{row}" for row in range(size)], "title": "red shirt"})
        for size in (60, 40)
    )
    assert link(left, right, links=rule).table.is_empty()


def test_prices_that_are_none_do_not_stand_in_the_way(shops, truth):
    ours, theirs = shops
    prices = [["nan", "", "-5", None][row % 4] for row in range(len(theirs))]
    found = link(ours, theirs.with_columns(price=pl.Series(prices)))
    assert len(pairs(found) & truth) >= 23
    assert found.table["price_gap"].null_count() == found.table.height


def test_without_titles_hashes_still_link():
    hashes = ["94974f937d4c2433", "af3f9460c2838f0f", "0f0f0f0f12345678"]
    frame = pl.DataFrame({"posting_id": list("abc"), "title": [""] * 3, "image_phash": hashes})
    found = link(frame, frame.with_columns(posting_id=pl.Series(list("xyz"))), line=0.01)
    assert pairs(found) <= {("a", "x"), ("b", "y"), ("c", "z")}


def test_bad_settings_and_sides(shops):
    ours, theirs = shops
    with pytest.raises(ValueError, match=r"the left catalogue .* has no postings"):
        link(ours.clear(), theirs)
    with pytest.raises(ValueError, match="both sides are the same catalogue"):
        link(ours, ours)
    with pytest.raises(ValueError, match="links are one-to-one"):
        link(ours, theirs, links="some")
    with pytest.raises(ValueError, match="the line is a probability"):
        link(ours, theirs, line=1.5)
    with pytest.raises(ValueError, match="k is at least 1"):
        link(ours, theirs, k=0)


def test_written_files_and_record(shops, tmp_path):
    found = link(*map(read_catalog, shops))
    written = {path.name for path in found.write(tmp_path / "out")}
    assert written == {"links.csv", "near_links.csv", "reasons.parquet", "run.json"}
    again = pl.read_csv(tmp_path / "out" / "links.csv", infer_schema=False)
    assert set(again.select("left_id", "right_id").rows()) == pairs(found)
    results = found.summary["results"]
    assert results["links"] == len(again)
    assert results["left_alone"] == 36 - len(again)
    assert found.run["left"]["postings"] == 36
