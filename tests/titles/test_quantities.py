"""`quantities` and `quantity_tokens`, rule by rule, on titles as sellers write them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from samesku.titles import Quantity, clean_title, normalise_title, stated
from samesku.titles.units import SIZE_NAMES

RULES: dict[str, list[tuple[str, str]]] = {
    "mass": [
        ("Sukro polong 130 gr", "130g"),
        ("Kata Oma Telur Gabus Rasa Gula Aren [68 G]", "68g"),
        ("[70 gram] Masker Organik Greentea by Yoqueen Beauty", "70g"),
        ("gula merah 1KG batok", "1000g"),
        ("beras 0,4 kg", "400g"),
        ("gula 1.250 kg", "1250g"),
        ("1/2 KG ROKU BENTO", "500g"),
        ("TERI 5 ons", "500g"),
        ("KOIN 1 DIRHAM ANTAM 2.975 GRAM AG PERAK", "2.975g"),
        ("deterjen 1.000 gr", "1000g"),
        ("Snack rumput laut tan flavour 145gr (5.11oz)", "145g 145g"),
        ("vitacimin lemon c-500mg", "0.5g"),
        ("gula merah 1 kg-an", "1000g"),
        ("SGM eksplor-400gr", "400g"),
    ],
    "volume": [
        ("lemonilo kecap 220ml", "220ml"),
        ("Yogurt Cup 1,5 Liter", "1500ml"),
        ("drink jar nautic 2L / tempat minum", "2000ml"),
        ("Porta Drink Jar 2 LT D-24", "2000ml"),
        ("pot urine 20cc / pot urin 20 cc", "20ml 20ml"),
        ("Baby Care Shower Cream 1.000 ml", "1000ml"),
        ("water bottle air 400ml 14oz", "400ml 414ml"),
        ("Wash 8 fl. oz", "237ml"),
        ("galon 5 gallon", "18900ml"),
        ("Yeni Raki 0,7l 45% Vol.", "700ml 45%"),
        ("Wein 0,75 l 2018", "750ml"),
        ("Kanister 5l 2er Pack", "5000ml 2pcs"),
        ("Magnum 150cl 2015", "1500ml"),
    ],
    "length": [
        ("Penggaris 30 cm", "300mm"),
        ("Selang air 15 m / 50 feet", "15000mm 15200mm"),
        ("kabel data 100cm 1m / fast charging", "1000mm 1000mm"),
        ('Filter air / sediment 10" - nano filter', "254mm"),
        ("dispenser tape lakban 2 inch joyko", "50.8mm"),
        ("kran dapur 1/2 inch - high quality", "12.7mm"),
        ("lakban 100 yard", "91400mm"),
        ("Samsung 46in LCD", "1170mm"),
        ('bracket tv 14" 15" 17"', "356mm 381mm 432mm"),
        ('Kugelhahn 1 1/4"', "31.8mm"),
        ("Nippel 1-1/2 Zoll", "38.1mm"),
        ("hose 5/8 in brass", "15.9mm"),
        ("case 6/8 inch", "152mm 203mm"),
    ],
    "dimensions": [
        ("Kardus 15x10x5 cm die cut", "150x100x50mm"),
        ("DOUBLE TAPE 3M VHB 12 mm x 4,5 m ORIGINAL", "12x4500mm"),
        ("wallpaper 45cm x 10m", "450x10000mm"),
        ("wallpaper uk 45cmx 10m", "450x10000mm"),
        ("Tempat 15cmx20cm", "150x200mm"),
        ("plastik 5meter * 125cm", "5000x1250mm"),
        ("paperbag polos ukuran 10x6x13", "100x60x130mm"),
        ("Sprei 180 x 200 / queen 160x200", "1800x2000mm 1600x2000mm"),
        ("Handuk uk.70x140", "700x1400mm"),
        ("rubik 3x3 - gan rs", ""),
        ("full hd 1920x1080", ""),
        ("case redmi 4a note 4x 5 5a", ""),
    ],
    "count": [
        ("JEPITAN MURAH ISI 20PC", "20pcs"),
        ("Ertos isi 12", "12pcs"),
        ("otak otak isi10", "10pcs"),
        ("dark star sticker isi @100 pcs", "100pcs"),
        ("daging asap @10", "10pcs"),
        ("isi 45 tablet", "45pcs"),
        ("perlak onemed isi 10 lbr", "10pcs"),
        ("amplop isi 100 lembar", "100pcs"),
        ("susu 1 renceng isi 10 sachet @ 14 gram", "1pcs 10pcs 14g"),
        ("sarung tangan 100 pasang / 200 lbr", "200pcs 200pcs"),
        ("Sepasang Emblem Stiker Timbul", "2pcs"),
        ("pulpen standard AE7 per lusin", "12pcs"),
        ("masker kain lusinan (12pcs)", "12pcs 12pcs"),
        ("bedong bayi 1/2lusin", "6pcs"),
        ("jilbab 2 kodi", "40pcs"),
        ("kertas 1 rim", "500pcs"),
        ("hansaplast koyo hangat 10's resealable", "10pcs"),
        ("pharmaton vit 25s - multivitamin", "25pcs"),
        ("10/20/30pcs Face Masker", "10pcs 20pcs 30pcs"),
        ("disney set 8 channel 2 x 50 sheets", "2pcs 50pcs"),
        ("kaos cotton combed 30s", ""),
        ("sepatu converse 70s low", ""),
        ("iphone 6 6s 7 8 plus", ""),
        ("canon cli-8pc photo cyan", ""),
        ("cosmos cb-281 g - blender 2 l", "2000ml"),
        ("isi ulang 2b 0.5", ""),
    ],
    "multipack": [
        ("Chil Kid Gold 800gr (2x400gr)", "800g 2pcs 400g"),
        ("frestea apple pet 500 ml x 12 (1 case)", "500ml 12pcs"),
        ("hair growth serum 9ml x6 [ BOX ]", "9ml 6pcs"),
        ("super bihun kuah 51grx30", "51g 30pcs"),
        ("pore clay mask 2x 100ml", "2pcs 100ml"),
        ("beras asin isi 10 x 5.6g", "10pcs 5.6g"),
        ("xiaomi mi 6x 64gb", "64gb"),
        ("shampoo fall resist 3x", ""),
        ("light complete vitamin c 30x booster serum 30 ml", "30ml"),
    ],
    "memory": [
        ("Realme 5i 4/64GB", "4gb 64gb"),
        ("xiaomi redmi 8 4/64 garansi resmi", "4gb 64gb"),
        ("redmi 8 (4gb+64gb)", "4gb 64gb"),
        ("hard disk 1tb/2tb", "1000gb 2000gb"),
        ("sony playstation 512mb memory card", "0.5gb"),
        ("sandisk 64gb up to 100mb/s", "64gb"),
        ("tempered glass iphone 6/6s/7/8", ""),
    ],
    "electric": [
        ("charger aki motor 12v 2a", "12v 2a"),
        ("LED 1,2 watt 12V", "1.2w 12v"),
        ("powerbank digital display 10.000 mAh", "10000mah"),
        ("kompresor 1,5 kw 50 hz", "1500w 50hz"),
        ("senter 300lm", "300lm"),
        ("kabel data vivan 2.4a 1m", "2.4a 1000mm"),
        ("softcase xiaomi redmi 4a 5a 6a", ""),
        ("charger xiaomi redmi 4a original", ""),
        ("fasia - 526a tempat payung", ""),
        ("oli mesran sae 10w-40", ""),
    ],
    "age": [
        ("SGM Ananda 0-6 Bulan Susu Formula 1000 gr", "0-6month 1000g"),
        ("Lactamil susu anak 6-12 tahun 800gr", "72-144month 800g"),
        ("setelan usia 6 bulan - 4 tahun", "6-48month"),
        ("bohobaby 0-3m, 3-6m", "0-3month 3-6month"),
        ("topi anak usia 5-6 th", "60-72month"),
        ("setelan size 1,2,3tahun murah", "12month 24month 36month"),
        ("avent nipple natural 6m+ 125ml", "6month 125ml"),
        ("date dari cl collagen 12th", ""),
    ],
    "size": [
        ("Daster Bali size XL", "size_xl"),
        ("velvet junior size s/m/l/xl/xxl", "size_s size_m size_l size_xl size_2xl"),
        ("kemeja ukuran XXXL", "size_3xl"),
        ("kemeja ukuran 3XL", "size_3xl"),
        ("mukena karet usia 3 th ALL SIZE", "36month size_all"),
        ("sandal wanita c105 (size 36-39)", "size_36-39"),
        ("celana chinos size 24,25,26", "size_24 size_25 size_26"),
        ("sepatu uk 42", "size_42"),
        ("m size l-xl charger uk 3 pin plug", "size_l size_xl"),
        ("gantungan ukuran 20 dan 24 cm", "200mm 240mm"),
        ("Bodys 3er Pack Gr. 62/68", "3pcs size_62-68"),
        ("Jeans Gr. 104", "size_104"),
        ("tonno gr. 80", ""),
        ("Sneaker Gr. 42 2/3", "size_42.67"),
        ("chaussures pointure 43", "size_43"),
    ],
    "others": [
        ("Herborist Aloe Vera Gel 98% 100 g", "98% 100g"),
        ("skin aqua moist gel SPF50+ PA", "spf50"),
        ("facial moisturizer SPF 15/PA ++ 118 ml", "spf15 118ml"),
        ("HVS A4 80 gsm", "80gsm"),
        ("masker kain 3ply", "3ply"),
        ("masker kain 3 lapis", "3ply"),
        ("24mp ai quad camera", "24mp"),
        ("100% original ori 99%", ""),
        ("promo diskon 50% / 50% off", ""),
    ],
    "traps": [
        ("3M Scotch Brite sikat", ""),
        ("Tempelan gurita 3M", ""),
        ("kabel charger setrika 3m", "3000mm"),
        ("tali rambut 3 m", "3000mm"),
        ("Advan S5E 4G handphone", ""),
        ("wireless robot m210 2.4g", ""),
        ("Silky Girl lip balm grape 4g", "4g"),
        ("nikon 18-55mm f/3.5-5.6g", "18-55mm"),
        ("4 in 1 brush, 2 in 1, 4in1", ""),
        ("payung magic 3D", ""),
        ("gelang k18 samsung a50s no 1", ""),
        ("xl axiata 4g lte", ""),
        ("celana diaper m 30 l 28 xl 26", ""),
        ("baggy pants XXL, 4L,5L", ""),
        ("broco 226L fitting", ""),
        ("regulator starcam SC-23M", ""),
        ("staples joyko no.10-1M", ""),
        ("lactogen 2/750gr", "750g"),
        ("promo 20 10 2020", ""),
        ('korset pelangsing tubuh "art 1607"', ""),
    ],
}


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param(title, expected, id=f"{rule}: {title}")
        for rule, rows in RULES.items()
        for title, expected in rows
    ],
)
def test_title_states(title: str, expected: str) -> None:
    clean = clean_title(title)
    assert " ".join(stated(clean).tokens) == expected
    assert stated(normalise_title(clean)).quantities == stated(clean).quantities


def test_quantities_carry_value_and_base_unit() -> None:
    assert stated("susu 2 x 400 gr").quantities == (Quantity(2, "pcs"), Quantity(400, "g"))
    assert stated("kardus 15x10x5 cm").quantities == (
        Quantity(150, "mm"),
        Quantity(100, "mm"),
        Quantity(50, "mm"),
    )
    assert stated("sgm 0-6 bulan").quantities == (Quantity(0, "month"), Quantity(6, "month"))
    assert stated("ukuran 38 spf 50").quantities == (Quantity(38, "size"), Quantity(50, "spf"))
    assert stated("").quantities == stated("ukuran xl 100% original").quantities == ()


@pytest.mark.parametrize(
    "same",
    [
        ["400g", "400 gram", "400gr", "400 g", "0.4 kg", "0,4kg", "4 ons", "400.000 mg"],
        ["1500ml", "1.5 l", "1,5 liter", "1.5 litre", "1,5 ltr", "1500 cc", "1.500 ml"],
        ["12pcs", "12 buah", "12 biji", "12 butir", "1 lusin", "selusin", "12 lembar", "6 pasang"],
        ["2000mm", "2 meter", "2 mtr", "200 cm", "200cm"],
        ["0-24month", "0-2 tahun", "0 - 2 thn", "0-24 bulan", "0 s/d 2 tahun"],
    ],
)
def test_spellings_of_one_quantity_agree(same: list[str]) -> None:
    assert {stated(spelling).quantities for spelling in same} == {stated(same[0]).quantities}
    assert {stated(spelling).tokens for spelling in same} == {(same[0],)}


@given(
    st.integers(1, 9999),
    st.sampled_from(["gr", "gram", " ml", " cm", "mm", " pcs", " lembar", " watt", " mah", "gb"]),
)
@example(1024, "gb")
def test_any_whole_number_is_read_with_its_unit(number: int, unit: str) -> None:
    (found,) = stated(f"barang {number}{unit} bagus").quantities
    expected = number * (10 if "cm" in unit else 1)
    if unit == "gb" and number % 1024 == 0:  # as on the boxes: 1024 GB are 1 TB, and so 1000
        expected = number // 1024 * 1000
    assert found.value == expected or number > 5000


@given(st.text(alphabet="0123456789.,x/- gmlkcpsia\"'%&", max_size=60))
def test_nothing_that_looks_like_numbers_breaks_it(text: str) -> None:
    for value, unit in stated(clean_title(text)).quantities:
        assert value >= 0
        assert unit


def test_a_size_is_found_behind_each_of_its_names():
    # A quick test skips titles without any of them.
    assert {normalise_title(f"kaos {name} xl") for name in SIZE_NAMES} == {"kaos size_xl"}
