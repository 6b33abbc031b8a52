"""How a pseudo-shop words its titles."""

import numpy as np

from samesku.linking.title_styles import STYLES, restyled_titles

TITLES = [f"Sony{row % 3} paper lamp{row % 2} model{row} 500ml" for row in range(40)]


def styled(name, seed=0):
    return restyled_titles(TITLES, np.random.default_rng(seed), name)


def test_the_same_draw_gives_the_same_titles():
    drawn = [restyled_titles(TITLES, np.random.default_rng(seed)) for seed in (1, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len({tuple(titles) for titles in drawn}) > 1


def test_no_title_is_lost():
    for seed, name in enumerate((*STYLES, *[None] * 20)):
        titles = restyled_titles([*TITLES, "Sony0", ""], np.random.default_rng(seed), name)
        assert len(titles) == 42
        assert all(titles[:41])


def test_a_word_is_translated_throughout():
    for seed in range(5):
        kept = [title.split()[1] == "paper" for title in styled("translated", seed)]
        assert all(kept) or not any(kept)
    assert all(title.endswith("500ml") for title in styled("translated"))


def test_brands_are_left_out():
    assert all(title.startswith("paper") for title in styled("brands left out"))


def test_titles_end_after_so_many_letters():
    long = ["word " * 30, "word"]
    for seed in range(5):
        cut, short = restyled_titles(long, np.random.default_rng(seed), "cut")
        assert 20 <= len(cut) <= 60
        assert short == "word"


def test_turned_titles_have_the_same_words():
    for before, after in zip(TITLES, styled("turned"), strict=True):
        assert sorted(before.split()) == sorted(after.split())
        assert before != after


def test_numbers_part_from_their_units_and_words_join():
    spelled = [styled("spelled", seed) for seed in range(6)]
    assert any("500 ml" in title for titles in spelled for title in titles)
    assert all(
        before.replace(" ", "") == after.replace(" ", "")
        for titles in spelled
        for before, after in zip(TITLES, titles, strict=True)
    )


def test_phrases_and_traits_are_added():
    for name in ("told to all", "traits"):
        drawn = [styled(name, seed) for seed in range(4)]
        assert any(
            all(after.find(before) >= 0 for before, after in zip(TITLES, titles, strict=True))
            and titles != TITLES
            for titles in drawn
        )
