import pytest

from samesku.report.titles import LONGEST, shown_title


@pytest.mark.parametrize(
    ("title", "marked"),
    [
        ("SUSU  Bebelo 400 gr Vanila MURAH", {"400g": ["400", "gr"], "vanilla": ["Vanila"]}),
        ("Kaos merah size XL isi 12", {"red": ["merah"], "size_xl": ["size", "XL"],
                                       "12pcs": ["12"]}),
        ("Navy Blue shirt 10x20 cm", {"blue + navy": ["Navy", "Blue"],
                                      "100x200mm": ["10x20", "cm"]}),
        ("Tanpa apa-apa", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_marks_stand_on_the_words_that_state(title, marked):
    shown = shown_title(title)
    assert shown.text == " ".join(title.split())
    words = shown.text.split()
    assert {mark.value: words[mark.start : mark.stop] for mark in shown.marks} == marked
    assert shown.hidden == 0


def test_what_cleaning_changes_is_shown_cleaned():
    assert shown_title("b'Caf\\xc3\\xa9 <b>robusta</b> 250gr'").text == "café robusta 250gr"
    assert shown_title("\u202etas\u2066 hitam").text == "\u202etas\u2066 hitam"


def test_long_titles_are_cut_and_the_rest_counted():
    shown = shown_title("kata " * 3_000)
    assert len(shown.text) <= LONGEST
    assert shown.hidden == 15_000 - LONGEST
    assert shown_title("a" * 10_000).hidden == 10_000 - LONGEST
