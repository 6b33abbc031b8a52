"""The card of an encoder."""

import json

import pytest

from samesku.encoders.card import CARD, EncoderCard, read_card, write_card


def test_a_card_is_read_as_it_was_written(tmp_path):
    (tmp_path / "weights").write_bytes(b"1")
    card = EncoderCard("photo", "gem", 8, photo={"size": 224}, base="some", more={"seed": 3})
    write_card(tmp_path / CARD, card, {"weights": tmp_path / "weights"})
    again = read_card(tmp_path)
    assert (again.kind, again.pooling, again.dimension, again.base) == ("photo", "gem", 8, "some")
    assert again.photo == {"size": 224}
    assert again.more == {"seed": 3}
    assert list(again.files) == ["weights"]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([], "does not hold an object"),
        ({"pooling": "mean", "dimension": 3}, "has no kind"),
        ({"kind": "sound", "pooling": "mean", "dimension": 3}, "one of title, photo, clip"),
        (
            {"kind": "title", "pooling": "mean", "dimension": "3"},
            "its dimension cannot be '3'",
        ),
        (
            {"kind": "title", "pooling": "mean", "dimension": 3, "prefix": 1},
            "its prefix cannot be '1'",
        ),
    ],
)
def test_a_card_is_checked(tmp_path, told, said):
    (tmp_path / CARD).write_text(json.dumps(told))
    with pytest.raises(ValueError, match=said) as refused:
        read_card(tmp_path)
    assert CARD in str(refused.value)
