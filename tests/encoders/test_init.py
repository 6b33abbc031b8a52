"""Encoders by name."""

import pytest

from samesku.encoders import (
    PHash,
    Photo,
    Signature,
    Tfidf,
    default_encoders,
    encoders_by_name,
)


def kinds(encoders):
    return [type(encoder) for encoder in encoders]


def test_the_default_looks_at_titles_and_photos():
    assert kinds(default_encoders()) == [Tfidf, PHash, Signature]


@pytest.mark.parametrize("kind", [Tfidf, PHash, Signature, Photo])
def test_each_is_found_by_the_name_it_bears(kind):
    encoder = encoders_by_name([kind.name])[0]
    assert isinstance(encoder, kind)
    assert encoder.name == kind.name


def test_names_are_taken_in_order_and_once():
    assert kinds(encoders_by_name(["phash", "tfidf", "phash"])) == [PHash, Tfidf]
    assert kinds(encoders_by_name([])) == kinds(default_encoders())


def test_an_encoder_may_stand_among_the_names():
    own = Tfidf(word_weight=0.3)
    assert encoders_by_name([own, "phash"])[0] is own
    assert kinds(encoders_by_name(["+photo", own])) == [Tfidf, Photo]
    with pytest.raises(TypeError, match="a name or an Encoder, not a int"):
        encoders_by_name([5])


@pytest.mark.parametrize("name", ["TFIDF", "bert", "", "tfidf:x"])
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match="choose from tfidf, phash, signature, photo"):
        encoders_by_name([name])[0]


def test_a_network_needs_its_file(tmp_path):
    for place in ("onnx:FILE", "hf:MODEL", "clip:MODEL"):
        with pytest.raises(ValueError, match=f"name what it is: {place}"):
            encoders_by_name([place.partition(":")[0] + ":"])[0]
    with pytest.raises((ValueError, FileNotFoundError), match="absent"):
        encoders_by_name([f"onnx:{tmp_path / 'absent.onnx'}"])[0]
