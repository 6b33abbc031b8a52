"""Letters and words of all languages, and pairs of titles that are one product or not."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from samesku.titles import clean_title, normal_title, normal_tokens, normalise_title, stated
from samesku.titles.attributes import read_attributes

# Titles of one product with the same words, in any order.
SAME_WORDS = [
    ("Kelber Dose 33 cl", "Kelber 330 ml Dose", "Kelber .33 l Dose"),
    ("Volta Batterien AA 4 Stück", "Volta AA Batterien 4er Blister"),
    ("شامبو الأعشاب ٥٠٠ مل", "شامبو الاعشاب 500 مل", "شَامبو الأعشـــاب 500ml"),
    ("عباية سوداء مطرزة", "عبايه سوداء مطرزه"),
    ("قهوة عربية 1 كيلو", "قهوه عربيه ١ كجم"),
    ("ΚΑΦΕΣ ΕΛΛΗΝΙΚΟΣ 200 ΓΡ", "Καφές Ελληνικός 200γρ"),
    ("बासमती चावल ५ किलो", "बासमती चावल 5kg"),
    ("Чайник Вихрь 1,7 л белый", "Bихpь чaйник 1.7л, бeлый"),
    ("Рис круглозёрный 900 г", "Рис круглозерный 0,9 кг"),
    ("น้ำยาล้างจาน 500 มล.", "น้ํายาล้างจาน ๕๐๐ มล"),
    ("ISITICI FAN ELEKTRİKLİ 2000W", "Isıtıcı fan elektrikli 2000 W", "ıSıTıCı fan elektrikli 2kW"),
    ("ÇİÇEK SAKSISI 30 CM", "Çiçek saksısı 30cm"),
    ("Đường trắng Biên Sơn 1kg", "Duong trang Bien Son 1 kg"),
    ("蘋果手機殼 防摔 黑色", "苹果手机壳 防摔 黑色"),
    ("保溫杯 不鏽鋼 500毫升", "保温杯 不锈钢 500ml"),
    ("ソニー ワイヤレスイヤホン ＷＦ－Ｃ７００Ｎ", "ｿﾆｰ ﾜｲﾔﾚｽｲﾔﾎﾝ WF-C700N"),
    ("単3形 20本パック", "単三形 20本入"),
]
DIFFERENT_WORDS = [
    ("शुद्ध तिल 500g", "शुद्ध तेल 500g"),
    ("लाल पेन", "नीला पेन"),
    ("काला कपड़ा 2 m", "कला कपड़ा 2 m"),
    ("दाल 1kg", "दिल 1kg"),
    ("گوشی سامسونگ", "كوشي سامسونج"),
    ("ベビーカー", "ヘビーカー"),
    ("保温杯 500毫升", "保温杯 350毫升"),
    ("แปรงสีฟัน แพ็ค 3", "แปรงสีฟัน แพ็ค 6"),
    ("Cider .33 l", "Cider 33 l"),
]


def words_of(raw: str) -> list[str]:
    return normal_tokens(normalise_title(clean_title(raw)))


@pytest.mark.parametrize("titles", SAME_WORDS)
def test_one_product_has_the_same_words(titles: tuple[str, ...]) -> None:
    assert len({tuple(sorted(words_of(title))) for title in titles}) == 1


@pytest.mark.parametrize(("one", "other"), DIFFERENT_WORDS)
def test_vowel_signs_letters_and_amounts_tell_products_apart(one: str, other: str) -> None:
    assert set(words_of(one)) != set(words_of(other))


def test_korean_spacing_matters_little() -> None:
    spaced = set(words_of("갤럭시 버즈2 프로"))
    run_on = set(words_of("갤럭시버즈2프로"))
    assert {"갤럭", "럭시", "버즈", "2", "프로"} <= spaced & run_on


@pytest.mark.parametrize(
    "missing",
    "nan|NaN|None|N/A|null|NULL|#REF!|#N/A|-|undefined|.|???|<NA>|(no title)| nan |★|( )".split(
        "|"
    ),
)
def test_what_says_that_a_title_is_missing_is_none(missing: str) -> None:
    assert clean_title(missing) == ""


def test_missing_words_inside_a_title_stay() -> None:
    assert clean_title("Nan Pro 3 None") == "nan pro 3 none"
    assert clean_title("5") == "5"


_PIECES = st.sampled_from(
    """1 2 12 64 .33 1,7 ٥٠٠ ५ ๕ １２ 两 三十 x * × х / - . , ( ' '' " % pack of lot de set isi
    size er -pack г кг л мл в м шт см cl ct go to mo ah stück Stk. 片 盒 本 入 装 抽
    层 公斤 斤 毫升 個 兩 个月 性 개 봉 개월 버즈 갤럭시 มล. กก. แพ็ค
    ชิ้น น้ํา น้ำ किलो तिल ग्राम مل كجم شَامبو أ ة ى γρ λτ ς ё
    Bихpь 'lı paket caixa com da balení Zoll uds L54 nan -
    #N/A İ ı đ Ł ベビー ﾌﾞ ㎖ iphone ssd
    3 38 0 100 180 4,5 1.000 1,2,3 2.975 1/2 4/64 & dan s/d ~ @ ) [ g kg ml l m mm inch pcs pasang
    lusin lusinan sepasang gb mb w v a mah hz ghz th tahun bulan m+ y t ukuran uk xl s/m xxl all spf
    sachet 's s oz fl ply x6 grx cmx 3m tape kabel redmi charger tissue combed bayi nikon sm-a5 é
    手机 sae in inc mg""".split()
)
_TITLES = st.lists(st.tuples(_PIECES, st.sampled_from(["", " ", " "])), max_size=14).map(
    lambda pieces: "".join(text + space for text, space in pieces)
)


_KNOWN = st.sampled_from(
    "schwarz noir negro czarny hitam merah wine 黑色 黑 金色 手机壳 สีดำ черный أسود hülle fraise"
    " matte orange goreng röd kék skladem auf lager akce".split()
)


@settings(max_examples=800, deadline=None)
@given(_TITLES | st.text())
@example("nikon1spf1gr")
@example("ÑA")
@example("х两抽")
@example("х lusinan")
def test_normalising_twice_changes_nothing_and_words_hold_no_spaces(raw: str) -> None:
    clean = clean_title(raw)
    normal = normalise_title(clean)
    assert clean_title(clean) == clean
    assert normalise_title(normal) == clean_title(normal) == normal
    assert all(word and not any(map(str.isspace, word)) for word in normal_tokens(normal))


@settings(max_examples=500, deadline=None)
@example([("黑色", ""), ("pack", " "), ("2", "")])
@example([("/", ""), ("akce", "")])
@given(st.lists(st.tuples(_PIECES | _KNOWN, st.sampled_from(["", " ", " "])), max_size=8))
def test_translating_twice_changes_nothing(pieces: list[tuple[str, str]]) -> None:
    normal = normal_title("".join(piece + space for piece, space in pieces))
    assert normal_title(normal) == normal


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("Schwarze Hülle für Galaxy", "black case fur galaxy"),
        ("ซอง iPhone สีดำ", "ซอง iphone black"),
        ("黑色手机壳", "black case"),
        ("Kabel Hitam/Putih", "cable black/white"),
        ("Yaourt fraise, 2x125 g", "yaourt strawberry, 2pcs 125g"),
        ("Étrier de frein arrière Ate", "brake caliper arriere ate"),
        ("Klocki hamulcowe Ate", "brake pads ate"),
        ("AKCE Stěrač 650 mm | ihned k odběru", "wiper blade 650mm |"),
        ("Toner schwarz, auf Lager", "toner black,"),
        ("Akce", "akce"),
        ("Gelpenna röd 0,5 mm - Fri frakt", "gel pen red 0.5mm -"),
        ("zselés toll kék, zrcátko levé", "gel pen blue, wing mirror left"),
        ("curtain rod, leve", "curtain rod, leve"),
        (
            "blækpatron sort, isoleringstape gul på rulle",
            "cartridge black, insulating tape yellow pa rulle",
        ),
        ("shape sort cube, gul suyu", "shape sort cube, gul suyu"),
        ("Klocki hamulcowe, fékbetét", "brake pads, brake pads"),
        ("Minyak Goreng 2L, sampo", "cooking oil 2000ml, shampoo"),
        ("dầu xả / lăn khử mùi", "conditioner / deodorant"),
        ("น้ำยาปรับผ้านุ่ม 500 มล", "fabric softener 500ml"),
        ("Nachtcreme / krim malam", "night cream / night cream"),
        ("wafer keju, sabon, hipon", "wafer cheese, soap, shrimp"),
        (
            "삼성 갤럭시S24 / سامسونج جالاكسي / Самсунг",
            "samsung galaxy s24 / samsung galaxy / samsung",
        ),
        ("Eau de Toilette, туалетная вода", "edt, edt"),
        ("café molido, kawa mielona", "ground coffee, ground coffee"),
        ("Pampers size 4 nappies", "pampers size_4 nappies"),
        # Shades, words of several meanings and English ones stay.
        ("Griff mattschwarz", "griff mattschwarz"),
        ("Hose rosa", "hose rosa"),
        ("matte black gunmetal", "matte black gunmetal"),
        ("Mobil 1, Nova, Klein, Regal", "mobil 1, nova, klein, regal"),
        ("rower, gross, tripe, mala", "rower, gross, tripe, mala"),
        ("ワンピース 笔记本 手袋 美少女", "ワンピース 笔记本 手袋 美少女"),
    ],
)
def test_plain_words_of_colours_flavours_and_accessories_are_english(raw: str, normal: str) -> None:
    assert normal_title(raw) == normal


_LONG = '1片х1|1片|1 кг x |pack of 1 |1 go |Bи|तिल 1|三十|1|1.|9,9|1x|1 x |"1|1/|size |1 gr x '


@pytest.mark.parametrize("piece", _LONG.split("|"))
def test_very_long_titles_take_little_time(piece: str) -> None:
    began = time.process_time()
    clean = clean_title((piece * 20_000)[:20_000])
    normal_tokens(normalise_title(clean))
    stated(clean)
    read_attributes([clean])
    assert time.process_time() - began < 3
