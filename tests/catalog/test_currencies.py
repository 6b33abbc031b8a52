"""Currencies by their codes and signs."""

import numpy as np
import polars as pl
import pytest

from samesku import read_catalog
from samesku.catalog.currencies import currency_of, rates


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("EUR", "EUR"), ("czk", "CZK"), ("Kč", "CZK"), ("zł", "PLN"), ("US $", "USD"),
        ("CAD $", "CAD"), ("R$ 12,00", "BRL"), ("Rp15.000", "IDR"), ("Rs. 500", "INR"),
        ("1.299,00\u202f€ inkl. MwSt.", "EUR"), ("1280円(税込)", "JPY"), ("د.إ 12", "AED"),
        ("249 kronor", "SEK"), ("Złoty", "PLN"), ("koruna", "CZK"),
        ("kr", None), ("¥", None), ("", None), ("12.50", None),
    ],
)  # fmt: skip
def test_code_of_a_currency(written, code):
    assert currency_of(written) == code


def test_a_column_outweighs_the_signs_of_prices_which_fill_its_gaps():
    offers = read_catalog(
        pl.DataFrame(
            {
                "posting_id": ["a", "b", "c", "d", "e"],
                "title": ["A", "B", "C", "D", "E"],
                "price": ["$12", "£ 3.50", "4", "5 €", "1,250.00 د.إ"],
                "currency": ["CAD", None, None, None, None],
            }
        )
    )
    assert offers.frame["currency"].to_list() == ["CAD", "GBP", None, "EUR", "AED"]
    cad, gbp, unknown, euro, _ = rates(offers.frame)
    assert cad > 1 == euro > gbp
    assert np.isnan(unknown)


@pytest.mark.parametrize(
    "given",
    [
        {"price": ["249 kr", "249 SEK", "kr 12.50"]},
        {"price": [249.0, 249.0, 12.5], "currency": ["kr", "SEK", "kr"]},
        {"price": ["249,-", "249", "12,50"], "currency": ["kr", "SEK", "kr"]},
    ],
)
def test_a_currency_that_is_not_known_is_named(given):
    offers = read_catalog(
        pl.DataFrame({"posting_id": ["a", "b", "c"], "title": ["A", "B", "C"], **given})
    )
    assert offers.frame["currency"].to_list() == ["kr", "SEK", "kr"]
    (problem,) = offers.problems
    assert (problem.kind, problem.rows) == ("unknown_currency", (2, 4))
    assert "SEK, NOK, DKK" in problem.fix
