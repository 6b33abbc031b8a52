"""`normalise_title` and `tokens`."""

from __future__ import annotations

import time

import pytest

from samesku.titles import clean_title, normal_tokens, normalise_title, stated


@pytest.mark.parametrize(
    ("title", "normal"),
    [
        (
            "Double Tape 3M VHB 12 mm x 4,5 m ORIGINAL / DOUBLE FOAM TAPE",
            "double tape 3m vhb 12x4500mm original / double foam tape",
        ),
        ("susu 400 gram / 400gr", "susu 400g / 400g"),
        ("[1KG 65PCS] TEETHER", "[1000g 65pcs] teether"),
        ("Nepia isi10", "nepia isi 10pcs"),
        (
            "60 tablets, 6 bottles x 1 l, 52 pants",
            "60pcs tablets, 6pcs 1000ml bottles, 52pcs pants",
        ),
        ("isi pensil mekanik 2B 0,5 joyko", "isi pensil mekanik 2b 0.5 joyko"),
        ("1kg=4pcs", "1000g=4pcs"),
        ("L'Oréal Serum 30 ml", "l'oreal serum 30ml"),
        ("daster ukuran XXL 100% katun", "daster size_2xl 100% katun"),
        ("Paper Bag Victoria Secret", "paper bag victoria secret"),
        ("", ""),
    ],
)
def test_quantities_are_rewritten_in_place(title: str, normal: str) -> None:
    assert normalise_title(clean_title(title)) == normal


def words_of(raw: str) -> list[str]:
    return normal_tokens(normalise_title(clean_title(raw)))


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("4,5 dan 4.5", "4.5 dan 4.5"),
        ("Nota Live 1.000", "nota live 1000"),
        ("no. 34,35,36", "no 34 35 36"),
        ("v1.2.3", "v1 2.3"),
        ("Samsung SM-A505 case", "samsung sma505 a505 case"),
        ("tas DPT001-00", "tas dpt00100 dpt001 00"),
        ("GPC-309S joyko", "gpc309s 309s joyko"),
        ("T-shirt pori-pori", "t shirt pori pori"),
        ("JOHNSON'S baby", "johnsons baby"),
        ("1 kg-an murah", "1000g an murah"),
        ("susu 0-6 bulan 98%", "susu 0-6month 98%"),
        ("kardus uk.15x10x5 cm...", "kardus uk 150x100x50mm"),
        ("rubik 3 x 3", "rubik 3x3"),
        ("size M-XXL", "m 2xl"),
        ("手机防滑垫 anti", "手机 机防 防滑 滑垫 anti"),
        ("สบู่ 100 กรัม", "สบู บู่ 100g"),
        ("[COD]★/||--", "cod"),
        ("", ""),
    ],
)
def test_words_of_a_title(title: str, words: str) -> None:
    assert words_of(title) == words.split()


def test_titles_that_differ_in_spelling_only_have_the_same_words() -> None:
    one = words_of("SGM Soya 6-12 bln 700gr, isi 2")
    other = words_of("sgm soya 6 - 12 bulan 0,7 kg isi 2 pcs")
    assert one == other


def test_a_marketplace_is_read_at_the_pace_of_a_thousand_titles_in_a_tenth_of_a_second() -> None:
    titles = [
        f"Susu Formula SGM Eksplor {n}+ Vanila 400 gr isi {n} box 1-3 tahun" for n in range(500)
    ]
    titles += [f"Sepatu Sneakers Wanita Import Kode A{n} Termurah" for n in range(500)]
    began = time.process_time()
    clean = [clean_title(title) for title in titles]
    for title in map(normalise_title, clean):
        normal_tokens(title)
        stated(title)
    assert time.process_time() - began < 0.5
