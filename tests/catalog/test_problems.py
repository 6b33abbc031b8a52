import pickle

from samesku import CatalogError, Problem


def test_rows_are_counted_as_a_spreadsheet_shows_them():
    problem = Problem.of("empty_row", [0, 7], examples=["x"])
    assert problem.rows == (2, 9)
    assert problem.count == 2
    assert str(problem) == "2 x empty row (rows 2, 9; e.g. 'x'): left out"


def test_one_row_is_a_row():
    assert "(row 5)" in str(Problem.of("empty_row", [3]))


def test_many_rows_and_long_values_are_shortened():
    problem = Problem.of("empty_row", range(1000), examples=["y" * 500])
    assert len(problem.rows) == 1000
    assert len(problem.examples[0]) == 60
    assert "rows 2, 3, 4, 5, 6 and 995 more" in str(problem)
    assert len(str(problem)) < 160


def test_a_problem_of_the_whole_file_counts_once():
    problem = Problem("missing_column", "there is no column 'title'", "add it", fatal=True)
    assert problem.count == 1
    assert str(problem) == "there is no column 'title': add it"


def test_a_known_kind_brings_its_words_and_whether_it_can_be_carried_on_with():
    fault = Problem.of("ragged_row", [2], delimiter=";")
    assert (fault.fatal, fault.left_out) == (True, "cells")
    assert str(fault) == (
        "1 x row with more fields than the header (row 4): quote titles that contain ';'"
    )
    assert [Problem.of(kind).left_out for kind in ("empty_row", "bad_price")] == ["rows", "cells"]
    assert not Problem.of("encoding", page="Windows-1252").fatal
    assert Problem.of("encoding", page="Windows-1252").left_out == "nothing"


def test_an_error_says_everything_fatal_first():
    note = Problem.of("empty_title", [1])
    fault = Problem.of("duplicate_id", [0, 1])
    error = CatalogError("offers.csv", [note, fault])
    assert error.problems == (fault, note)
    assert error.source == "offers.csv"
    assert str(error).splitlines() == [
        "offers.csv cannot be used:",
        f"  - {fault}",
        f"  - {note}",
    ]


def test_a_problem_survives_a_process_border():
    problem = Problem.of("empty_row", [3], examples=["x"])
    assert pickle.loads(pickle.dumps(problem)) == problem
