import pytest

from samesku.evaluation.statements import LONGEST, shown_title, stated


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Susu Bebelo 400 gr", {"g": {"400g"}}),
        ("susu 0,4kg isi 12", {"g": {"400g"}, "pcs": {"12pcs"}}),
        ("Kaos merah size XL", {"colour": {"red"}, "size": {"size_xl"}}),
        ("Kaos Hitam pria", {"colour": {"black"}, "for whom": {"men"}}),
        ("[1KG 20PCS] topi bayi", {"for whom": {"baby"}}),
        ("Popok pants S40 / M34", {"nappies": {"s40", "m34"}}),
        ("Kotak telur putih 10x20 cm", {"sides": {"100x200mm"}}),
        ("Tanpa apa-apa", {}),
        ("", {}),
    ],
)
def test_what_a_title_states(title, said):
    assert {kind: set(values) for kind, values in stated(title).items()} == said


def test_marks_stand_on_the_words_that_state():
    shown = shown_title("SUSU  Bebelo 400 gr Vanila MURAH")
    assert shown.text == "SUSU Bebelo 400 gr Vanila MURAH"
    words = shown.text.split()
    marked = {mark.value: words[mark.start : mark.stop] for mark in shown.marks}
    assert marked == {"400g": ["400", "gr"], "vanilla": ["Vanila"]}
    assert shown.hidden == 0


def test_what_cleaning_changes_is_shown_cleaned():
    assert shown_title("b'Caf\\xc3\\xa9 <b>robusta</b> 250gr'").text == "café robusta 250gr"
    assert shown_title("\u202etas\u2066 hitam").text == "\u202etas\u2066 hitam"


def test_long_titles_are_cut_and_the_rest_counted():
    shown = shown_title("kata " * 3_000)
    assert len(shown.text) <= LONGEST
    assert shown.hidden == 15_000 - LONGEST
    assert shown_title("a" * 10_000).hidden == 10_000 - LONGEST
