from pathlib import Path

import pytest

from samesku import read_catalog
from samesku.catalog.prices import read_prices

CASES = Path(__file__).parents[1] / "cases" / "02-prices"


@pytest.mark.parametrize(
    ("column", "prices"),
    [
        (["0.125"], [0.125]),
        (["12.500", "12.75"], [12.5, 12.75]),
        (["1.5e+06", "12.500"], [1_500_000, 12.5]),
        (["1.226", "0.89", "3.50", "1,5E+02"], [1.226, 0.89, 3.5, 150]),
        (["1.226 €", ",89 €"], [1226, 0.89]),
        (["1.299,00 €", "1.299 €", "$1,299.00", "$1,299"], [1299] * 4),
        (["15.000", "900", "12.500"], [15_000, 900, 12_500]),
        (["Rp 15.000", "12.75"], [15_000, 12.75]),
        (["12.500 KWD", "KWD 1,299", "12,500 TND"], [12.5, 1299, 12.5]),
        (["฿1,290.-", "12.000,-"], [1290, 12_000]),
        # Both marks are decimal marks here: what one of them means in the last is not guessed.
        (["1.50", "1,50", "1.500"], [1.5, 1.5, None]),
    ],
)
def test_a_column_decides_what_its_marks_mean(column, prices):
    assert read_prices(column) == pytest.approx(prices)


@pytest.mark.parametrize(
    ("written", "price"),
    [
        ("5", 5), ("1299.50", 1299.5), ("1,299.50", 1299.5), ("1.299,50", 1299.5),
        ("Rp 12.000", 12000), ("Rp12.000.000", 12_000_000), ("$ 1,299", 1299), ("12,5", 12.5),
        ("€ 3,99", 3.99), ("RM 10.90", 10.9), ("1 299,50", 1299.5), ("₱1,000.00", 1000),
        ("12.000,-", 12000),
        (",89 €", 0.89), ("59€90", 59.9), ("$.99", 0.99), ("0.500 KWD", 0.5), ("KD 0.750", 0.75),
        ("1.299€00", 1299),
        ("1,5E+06", 1_500_000), ("1,234,567.890", 1_234_567.89), ("Rp 50rb", 50_000),
        ("Rp50k", 50_000), ("100 K", 100), ("1,2 juta", 1_200_000), ("₹1,23,456.00", 123_456),
        ("₹12,34,567", 1_234_567), ("٥٠٠ ر.س", 500), ("١٢٫٥", 12.5), ("۱۲۰۰۰", 12_000),
        ("１，２８０円", 1280), ("1280円(税込)", 1280), ("1’299.– CHF", 1299), ("Rs.500", 500),
        ("12\u202f999,50 €", 12_999.5), ("12,99 € (0,52 €/100 g)", 12.99), ("499 Kč", 499),
        ("1.5万円", 15_000), ("3萬", 30_000), ("2만원", 20_000), ("5천 원", 5000),
    ],
)  # fmt: skip
def test_one_price_is_read_in_any_writing(written, price):
    assert read_prices([written]) == [pytest.approx(price)]


@pytest.mark.parametrize(
    "written",
    ["2 x 3,50 €", "S$5 / 3pcs", "5 for 10", "10.00 - 15.00", "12,99 statt 19,99", "19.99 12.99",
     "1.2.3", "-5", "-$5", "20%", "9" * 400, "1e400", "1e-400", "free", "0.000"],
)  # fmt: skip
def test_what_is_not_one_positive_number_is_unknown(written):
    assert read_prices([written, "7"]) == [None, 7]


def test_prices_of_two_shops_are_read_by_their_own_columns():
    ours, theirs = (read_catalog(CASES / f"{name}.csv") for name in ("ours", "theirs"))
    assert ours.frame["price"].to_list() == [0.89, 1.226, 150, 3.5]
    assert theirs.frame["price"].to_list() == [0.89, 1226, 150, None]
    said = {problem.kind: problem.rows for problem in theirs.problems}
    assert said["bad_price"] == (5,)


def test_every_writing_of_a_mixed_column_is_read_or_told():
    catalog = read_catalog(CASES / "prices.csv")
    prices = dict(zip(catalog.ids, catalog.frame["price"], strict=True))
    told = {row - 2 for problem in catalog.problems for row in problem.rows}
    empty = {49, 50, 51, 52}
    assert {int(key) for key, price in prices.items() if price is None} == told | empty
    assert told == {15, 16, 17, 35, 36, 37, 38, 39, 45, 46, 47, 48, 53}
