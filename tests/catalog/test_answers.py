import polars as pl
import pytest

from samesku.catalog.answers import VERDICTS, Answers, read_answers
from samesku.catalog.catalog import read_catalog
from samesku.catalog.problems import CatalogError
from samesku.runtime.files import packaged_table

CATALOG = read_catalog(pl.DataFrame({"posting_id": list("abcdef"), "title": ["tea"] * 6}))


def answers(*rows):
    columns = ["left_id", "right_id", "verdict"]
    return Answers.of(pl.DataFrame(rows, schema=columns, orient="row"), CATALOG)


def kept(told):
    return {left + right for left, right, *_ in told.frame.filter(pl.Series(told.kept)).rows()}


def test_a_table_from_a_spreadsheet_is_read(tmp_path):
    place = tmp_path / "answers.csv"
    place.write_bytes(
        "\ufeffleft_id;right_id;verdict;audit;left_title\r\na;b; Same ;7,5;=tea\r\nc;d;unsure;;\r\n"
        "e;f;;;\r\n".encode()
    )
    told = read_answers(place, CATALOG)
    columns = ["left_id", "right_id", "verdict", "audit"]
    rows = [("a", "b", "same", 7.5), ("c", "d", "unsure", 0)]
    assert told.frame.select(columns).rows() == rows
    assert kept(told) == {"ab"}


def test_everything_wrong_is_told_at_once_with_its_rows(tmp_path):
    place = tmp_path / "answers.csv"
    place.write_text("left_id,right_id,verdict\na,b,maybe\nc,c,same\n")
    with pytest.raises(CatalogError) as raised:
        read_answers(place, CATALOG)
    told = str(raised.value)
    for part in ("'maybe'", "row 2", "row 3", str(place)):
        assert part in told


def test_answers_about_postings_that_are_gone_are_left_out_and_told():
    gone = ["a zz same".split(), "yy d different".split()]
    told = answers(*gone, "a b same".split(), ["zz", "c", ""])
    (problem,) = told.problems
    assert problem.rows == (2, 3)
    assert "'zz', 'yy'" in str(problem)
    assert kept(told) == {"ab"}
    with pytest.raises(CatalogError, match="use ids of the catalogue"):
        answers(*gone)


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("Yes", "same"), ("no", "different"), ("ja", "same"), ("Nein.", "different"),
        ("WAHR", "same"), ("FALSE", "different"), ("1", "same"), ("0", "different"),
        ("duplicate", "same"), ("はい", "same"), ("нет", "different"), ("?", "unsure"),
        (True, "same"), (0, "different"), (1.0, "same"),
    ],
)  # fmt: skip
def test_verdicts_in_other_words_are_read(word, verdict):
    assert answers(["a", "b", word]).verdict == [verdict]


def test_words_for_yes_here_and_for_no_there_are_none():
    with pytest.raises(CatalogError, match="'tak'"):
        answers("a b tak".split())
    table = packaged_table("samesku.catalog", "verdicts.toml")
    words = [{word for each in table[verdict].values() for word in each} for verdict in VERDICTS]
    assert sum(map(len, words)) == len(set.union(*words))


def test_a_missing_column_is_named():
    with pytest.raises(CatalogError, match="no column verdict"):
        Answers.of(pl.DataFrame({"left_id": ["a"], "right_id": ["b"]}), CATALOG)


def test_a_chain_that_contradicts_is_told_and_pins_nothing():
    told = answers("a b same".split(), "b c same".split(), "c a different".split(),
                   "d e same".split(), "d f different".split())  # fmt: skip
    (problem,) = told.problems
    assert "a = b, b = c, c != a" in str(problem)
    assert set(problem.rows) == {2, 3, 4}
    assert kept(told) == {"de", "df"}


def test_a_pair_answered_in_two_ways_is_told_and_pins_nothing():
    told = answers("a b same".split(), "b a different".split(), "c d unsure".split(),
                   "d c same".split())  # fmt: skip
    assert told.problems[0].kind == "answered_twice"
    assert set(told.problems[0].rows) == {2, 3}
    assert kept(told) == {"dc"}


def test_what_is_joined_gives_way():
    told = answers("a b same".split()).joined(answers("b a different".split(), "c d same".split()))
    assert told.frame.select("left_id", "verdict").rows() == [("a", "same"), ("c", "same")]


def test_people_outrank_models():
    rows = [
        ("a", "b", "same", "anna"), ("b", "c", "same", "anna"), ("a", "c", "different", "model:m"),
        ("d", "e", "different", "model:m"), ("e", "d", "same", "anna"),
        ("e", "f", "same", "model:m"),
    ]  # fmt: skip
    schema = ["left_id", "right_id", "verdict", "by"]
    told = Answers.of(pl.DataFrame(rows, schema=schema, orient="row"))
    assert not told.problems
    assert told.kept.all()
    pairs = told.frame.select("left_id", "right_id").rows()
    found = dict(zip(pairs, told.decided, strict=True))
    assert found == {
        ("a", "b"): True, ("b", "c"): True, ("a", "c"): False, ("e", "d"): True, ("e", "f"): False
    }  # fmt: skip
