"""Quantities and letters language by language, and pairs of titles that are one product or not."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from samesku.titles import clean_title, normal_title, normal_tokens, normalise_title, stated
from samesku.titles.attributes import read_attributes

# A title, or the part that matters, and what it states; several of one line are split by " | ".
STATED: dict[str, str] = {
    "english": """
        pack of 3 | 3 Pack | 3-pack | set of 3 | (3 pcs) | case of 3 = 3pcs
        84 Pack | 84 nappies | 84 ct | 84 count = 84pcs
        80 ct. (Pack of 6) = 80pcs 6pcs
        6 x 33 cl | 6x330ml | 6 cans x 330 ml = 6pcs 330ml
        24 x 33 cl | 24 x .33 l = 24pcs 330ml
        400 g, case of 12 = 400g 12pcs
        .33 l | 0,33l | 33 cl | 330 ml = 330ml
        33 l = 33000ml
        .25 oz. = 7.09g
        drops .50 ml = 50ml
        1 TB | 1000 GB | 1024 GB = 1000gb
        2 TB | 2048GB = 2000gb
        2kW | 2000 W = 2000w
        1½ kg | 1.5 kg = 1500g
        ½ kg = 500g
        18 V 2.0 Ah battery = 18v 2000mah
        10.9 in | 10.9 inch | 10.9" | 10.9'' = 277mm
        1000 IU 90 Tablets = 1000iu 90pcs
        paper 80 g/m2 = 80gsm
        0.5 ct diamond ring | canon cl-811 cl 811 cl-811 | usb 2.0 to lan | 2 in 1 | set 8 channel =
        buy 10 to get 1 | 205/55 R16 91V | iphone 14 case =
        nappies size 4 = size_4
        iPhone 15 128G | iPhone 15 128 GB = 128gb""",
    "german": """
        6er-Pack 0.33 l | 6er Pack 0,33 Liter | 6 Dosen .33l = 6pcs 330ml
        2er Pack | 2 Stück | 2 Stk. | 2er Blister | Packung mit 2 = 2pcs
        120er Vorratspack | 120 Stück = 120pcs
        2 x 40 Stück = 2pcs 40pcs
        15,6 Zoll = 396mm
        1 Liter | 100 cl = 1000ml
        250 Gramm = 250g
        3-lagig = 3ply
        90er Jahre Kostüm | 122er Nische | 1er =""",
    "french": """
        pack de 6 | lot de 6 | boîte de 6 | 6 pièces | 6 bouteilles = 6pcs
        10 To = 10000gb
        SSD 2 To externe = 2000gb
        128 Go = 128gb
        8Go RAM 256Go SSD = 8gb 256gb
        15,6 pouces = 396mm
        2 mètres = 2000mm""",
    "spanish": """
        10 uds | 10 unidades | caja de 10 | 10 piezas = 10pcs
        15,6 pulgadas = 396mm
        6 latas x 33 cl = 6pcs 330ml""",
    "italian": """
        confezione da 6 | 6 pezzi | 6 pz | conf. da 6 = 6pcs
        15,6 pollici = 396mm
        1,5 litri = 1500ml""",
    "dutch": "6 stuks | doos van 6 | set van 6 = 6pcs",
    "polish": """
        6 szt | 6 szt. | 6 sztuk = 6pcs
        15,6 cali = 396mm
        0,5 litrów = 500ml""",
    "czech": """
        balení 3 ks | 3 kusy = 3pcs
        1,5 litrů = 1500ml""",
    "portuguese": "caixa com 12 | 12 unidades | kit com 12 = 12pcs",
    "indonesian": """
        isi 12 | 12 buah | 1 lusin = 12pcs
        5 ons | 0,5 kg = 500g""",
    "vietnamese": """
        1 lít | 1000 ml = 1000ml
        thùng 24 lon | 24 lon | 24 cái | thùng 24 = 24pcs""",
    "russian": """
        1,7 л | 1.7л = 1700ml
        900 г | 0,9 кг = 900g
        400 мл | 400мл = 400ml
        6 шт. | набор из 6 = 6pcs
        6х330 мл | 6 x 0,33 л = 6pcs 330ml
        220 В = 220v
        55 дюймов = 1400mm
        2 в 1 =""",
    "greek": """
        200 ΓΡ | 200γρ = 200g
        1 ΛΤ | 1 λίτρο = 1000ml
        6 τεμάχια = 6pcs""",
    "danish": "60 kapsler | 60 stk = 60pcs",
    "finnish": """
        24 kpl | 24 kappaletta = 24pcs
        9 litraa = 9000ml""",
    "bulgarian": "12 бр. | 12 броя = 12pcs",
    "croatian": "6 kom | 6 komada = 6pcs",
    "slovak": "60 tabliet | 60 tbl = 60pcs",
    "persian": """
        200 میلی‌لیتر | 200 میلی لیتر | ۲۰۰ میلیلیتر = 200ml
        بسته 6 عددی | 6 عدد = 6pcs
        128 گیگابایت = 128gb""",
    "bengali": """
        ১ কেজি | 1000 গ্রাম = 1000g
        ২ পিস = 2pcs""",
    "filipino": "12 piraso | 1 dosena = 12pcs",
    "turkish": "6'lı paket | 6 adet | 6'li = 6pcs",
    "arabic": """
        ٥٠٠ مل | 500 مل | 500ml = 500ml
        ١ كيلو | 1 كجم = 1000g
        500 جرام | ٥٠٠ غرام = 500g
        ١ لتر | 1 ليتر = 1000ml
        ١٫٥ لتر = 1500ml
        6 عبوات × 1 لتر = 6pcs 1000ml""",
    "hindi": """
        ५ किलो | 5 किलो | 5kg = 5000g
        1 लीटर | 1L = 1000ml
        750 मिली = 750ml
        3 पीस | पैक ऑफ 3 = 3pcs""",
    "thai": """
        500 มล. | ๕๐๐ มล | 500ml = 500ml
        5 กก. | 5 กิโลกรัม = 5000g
        แพ็ค 3 | 3 ชิ้น = 3pcs""",
    "chinese": """
        24盒 | ×24盒 | 24盒装 = 24pcs
        2片装 | 两片装 | 2片 = 2pcs
        纸尿裤L54片 | L码 54片 = 54pcs
        三十片 = 30pcs
        100抽*24包 | 100抽 24包 = 100pcs 24pcs
        250ml*24盒 | 250毫升×24盒 = 250ml 24pcs
        5公斤 | 10斤 | 5000克 = 5000g
        4升 | 4L = 4000ml
        1米 | 1m = 1000mm
        10000毫安 | 10000mAh = 10000mah
        三层 = 3ply
        苹果15个性手机壳 | 苹果14支架 | 5G手机 | 三星手机 | 第一片 =""",
    "japanese": """
        500ml×24本 | ５００ＭＬ　２４本入 = 500ml 24pcs
        20本パック | 20本入 = 20pcs""",
    "korean": """
        120g x 40봉 | 120g 40개 = 120g 40pcs
        5개 = 5pcs
        3개월 = 3month""",
}
ROWS = [
    (language, title.strip(), row.rpartition("=")[2].strip())
    for language, rows in STATED.items()
    for row in rows.strip().splitlines()
    for title in row.rpartition("=")[0].split(" | ")
]


@pytest.mark.parametrize(("language", "title", "expected"), ROWS)
def test_title_states(language: str, title: str, expected: str) -> None:
    clean = clean_title(title)
    assert " ".join(stated(clean).tokens) == expected
    assert stated(normalise_title(clean)) == stated(clean)


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
    " matte orange goreng".split()
)


@settings(max_examples=800, deadline=None)
@given(_TITLES | st.text())
@example("nikon1spf1gr")
@example("ÑA")
@example("х两抽")
def test_normalising_twice_changes_nothing_and_words_hold_no_spaces(raw: str) -> None:
    clean = clean_title(raw)
    normal = normalise_title(clean)
    assert clean_title(clean) == clean
    assert normalise_title(normal) == clean_title(normal) == normal
    assert all(word and not any(map(str.isspace, word)) for word in normal_tokens(normal))


@settings(max_examples=500, deadline=None)
@example([("黑色", ""), ("pack", " "), ("2", "")])
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
