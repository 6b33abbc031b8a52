"""Article numbers of a whole shop in place of one."""

import polars as pl

from samesku import read_catalog


def test_a_number_of_unlike_titles_is_a_default_and_not_compared():
    titles = ["Bosch GSR 12V drill", "Tefal wok 28 cm", "Lego Technic 42115", "Nivea cream 75 ml"]
    offers = [f"Makita DDF{number} {word}" for number, word in enumerate(["drill", "kit", "solo"])]
    own, default = "4006381333931", "5901234123457"
    catalog = read_catalog(
        pl.DataFrame(
            {
                "posting_id": [str(at) for at in range(8)],
                "title": [*titles, None, *offers],
                "EAN": [default, default, default, "n/a", default, own, own, own],
            }
        )
    )
    assert catalog.attributes.values["gtin"] == [*[()] * 5, *[(own,)] * 3]
    (problem,) = (each for each in catalog.problems if each.kind == "default_gtin")
    assert problem.rows == (2, 3, 4, 6)
    assert problem.examples == (default,)


def test_so_is_a_model_number():
    titles = ["Bosch drill", "Tefal wok 28 cm", "Lego Technic 42115", "Nivea cream"]
    frame = pl.DataFrame({"posting_id": list("abcd"), "title": titles, "mpn": ["TBD-001"] * 4})
    catalog = read_catalog(frame)
    assert catalog.attributes.values["gtin"] == [()] * 4
    assert any(each.kind == "default_gtin" for each in catalog.problems)
