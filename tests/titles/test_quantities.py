"""What titles state, rule by rule and language by language, as sellers write them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from samesku.titles import Quantity, clean_title, normalise_title, stated
from samesku.titles.units import SIZE_NAMES

# A title, or the part that matters, and what it states; several of one line are split by " | ".
STATED: dict[str, str] = {
    "mass": """
        Sukro polong 130 gr = 130g
        Kata Oma Telur Gabus Rasa Gula Aren [68 G] = 68g
        [70 gram] Masker Organik Greentea by Yoqueen Beauty = 70g
        gula merah 1KG batok | deterjen 1.000 gr | gula merah 1 kg-an = 1000g
        beras 0,4 kg | SGM eksplor-400gr = 400g
        gula 1.250 kg = 1250g
        1/2 KG ROKU BENTO | TERI 5 ons = 500g
        KOIN 1 DIRHAM ANTAM 2.975 GRAM AG PERAK = 2.975g
        Snack rumput laut tan flavour 145gr (5.11oz) = 145g 145g
        vitacimin lemon c-500mg = 0.5g""",
    "volume": """
        lemonilo kecap 220ml = 220ml
        Yogurt Cup 1,5 Liter | Magnum 150cl 2015 = 1500ml
        drink jar nautic 2L / tempat minum | Porta Drink Jar 2 LT D-24 = 2000ml
        pot urine 20cc / pot urin 20 cc = 20ml 20ml
        Baby Care Shower Cream 1.000 ml = 1000ml
        water bottle air 400ml 14oz = 400ml 414ml
        Wash 8 fl. oz = 237ml
        galon 5 gallon = 18900ml
        Yeni Raki 0,7l 45% Vol. = 700ml 45%
        Wein 0,75 l 2018 = 750ml
        Kanister 5l 2er Pack = 5000ml 2pcs""",
    "length": """
        Penggaris 30 cm = 300mm
        Selang air 15 m / 50 feet = 15000mm 15200mm
        kabel data 100cm 1m / fast charging = 1000mm 1000mm
        Filter air / sediment 10" - nano filter = 254mm
        dispenser tape lakban 2 inch joyko = 50.8mm
        kran dapur 1/2 inch - high quality = 12.7mm
        lakban 100 yard = 91400mm
        Samsung 46in LCD = 1170mm
        bracket tv 14" 15" 17" = 356mm 381mm 432mm
        Kugelhahn 1 1/4" = 31.8mm
        Nippel 1-1/2 Zoll = 38.1mm
        hose 5/8 in brass = 15.9mm
        case 6/8 inch = 152mm 203mm""",
    "dimensions": """
        Kardus 15x10x5 cm die cut = 150x100x50mm
        DOUBLE TAPE 3M VHB 12 mm x 4,5 m ORIGINAL = 12x4500mm
        wallpaper 45cm x 10m | wallpaper uk 45cmx 10m = 450x10000mm
        Tempat 15cmx20cm = 150x200mm
        plastik 5meter * 125cm = 5000x1250mm
        paperbag polos ukuran 10x6x13 = 100x60x130mm
        Sprei 180 x 200 / queen 160x200 = 1800x2000mm 1600x2000mm
        Handuk uk.70x140 = 700x1400mm
        rubik 3x3 - gan rs | full hd 1920x1080 | case redmi 4a note 4x 5 5a =""",
    "count": """
        JEPITAN MURAH ISI 20PC = 20pcs
        Ravensburger Puzzle 2000 pc = 2000pcs
        Ertos isi 12 | pulpen standard AE7 per lusin = 12pcs
        otak otak isi10 | daging asap @10 | perlak onemed isi 10 lbr = 10pcs
        hansaplast koyo hangat 10's resealable = 10pcs
        dark star sticker isi @100 pcs | amplop isi 100 lembar = 100pcs
        isi 45 tablet = 45pcs
        susu 1 renceng isi 10 sachet @ 14 gram = 1pcs 10pcs 14g
        sarung tangan 100 pasang / 200 lbr = 200pcs 200pcs
        Sepasang Emblem Stiker Timbul = 2pcs
        masker kain lusinan (12pcs) = 12pcs 12pcs
        bedong bayi 1/2lusin = 6pcs
        jilbab 2 kodi = 40pcs
        kertas 1 rim = 500pcs
        pharmaton vit 25s - multivitamin = 25pcs
        10/20/30pcs Face Masker = 10pcs 20pcs 30pcs
        disney set 8 channel 2 x 50 sheets = 8channel 2pcs 50pcs
        Nescafe 3in1 Original 30s = 30pcs
        Internet Security 3 devices = 3pcs
        Pampers 104 plen = 104pcs
        Huggies L54 = size_l 54pcs
        popok size M 46 | pampers m-46 pcs = size_m 46pcs
        popok M60/L54/XL44 | Pampers S32 S48 | popok S32, M28, L24 =
        Bubu popok celana ukuran M 34 pcs x 2 bal = size_m 34pcs 2pcs
        diapers l 12kg = 12000g
        diapers L 40x30 cm = 400x300mm
        charger for 3 devices | Visio 2019 PC | Dragon 15.0 PC disc =
        kaos cotton combed 30s | sepatu converse 70s low | iphone 6 6s 7 8 plus =
        canon cli-8pc photo cyan | isi ulang 2b 0.5 =
        cosmos cb-281 g - blender 2 l = 2000ml""",
    "multipack": """
        Chil Kid Gold 800gr (2x400gr) = 800g 2pcs 400g
        frestea apple pet 500 ml x 12 (1 case) = 500ml 12pcs
        hair growth serum 9ml x6 [ BOX ] = 9ml 6pcs
        super bihun kuah 51grx30 = 51g 30pcs
        pore clay mask 2x 100ml = 2pcs 100ml
        beras asin isi 10 x 5.6g = 10pcs 5.6g
        xiaomi mi 6x 64gb = 64gb
        shampoo fall resist 3x =
        light complete vitamin c 30x booster serum 30 ml = 30ml""",
    "memory": """
        Realme 5i 4/64GB | xiaomi redmi 8 4/64 garansi resmi | redmi 8 (4gb+64gb) = 4gb 64gb
        hard disk 1tb/2tb = 1000gb 2000gb
        sony playstation 512mb memory card = 0.5gb
        sandisk 64gb up to 100mb/s = 64gb
        tempered glass iphone 6/6s/7/8 =""",
    "electric": """
        charger aki motor 12v 2a = 12v 2a
        LED 1,2 watt 12V = 1.2w 12v
        powerbank digital display 10.000 mAh = 10000mah
        kompresor 1,5 kw 50 hz = 1500w 50hz
        senter 300lm = 300lm
        kabel data vivan 2.4a 1m = 2.4a 1000mm
        softcase xiaomi redmi 4a 5a 6a | charger xiaomi redmi 4a original =
        fasia - 526a tempat payung | oli mesran sae 10w-40 =""",
    "age": """
        SGM Ananda 0-6 Bulan Susu Formula 1000 gr = 0-6month 1000g
        Lactamil susu anak 6-12 tahun 800gr = 72-144month 800g
        setelan usia 6 bulan - 4 tahun = 6-48month
        bohobaby 0-3m, 3-6m = 0-3month 3-6month
        topi anak usia 5-6 th = 60-72month
        setelan size 1,2,3tahun murah = 12month 24month 36month
        avent nipple natural 6m+ 125ml = 6month 125ml
        date dari cl collagen 12th =""",
    "size": """
        Daster Bali size XL = size_xl
        velvet junior size s/m/l/xl/xxl = size_s size_m size_l size_xl size_2xl
        kemeja ukuran XXXL | kemeja ukuran 3XL = size_3xl
        mukena karet usia 3 th ALL SIZE = 36month size_all
        sandal wanita c105 (size 36-39) = size_36-39
        celana chinos size 24,25,26 = size_24 size_25 size_26
        sepatu uk 42 = size_42
        m size l-xl charger uk 3 pin plug = size_l size_xl
        gantungan ukuran 20 dan 24 cm = 200mm 240mm
        Bodys 3er Pack Gr. 62/68 = 3pcs size_62-68
        Jeans Gr. 104 = size_104
        tonno gr. 80 =
        Sneaker Gr. 42 2/3 = size_42.67
        chaussures pointure 43 = size_43""",
    "others": """
        Herborist Aloe Vera Gel 98% 100 g = 98% 100g
        skin aqua moist gel SPF50+ PA = spf50
        facial moisturizer SPF 15/PA ++ 118 ml = spf15 118ml
        HVS A4 80 gsm = 80gsm
        masker kain 3ply | masker kain 3 lapis = 3ply
        24mp ai quad camera = 24mp
        100% original ori 99% | promo diskon 50% / 50% off =""",
    "traps": """
        3M Scotch Brite sikat | Tempelan gurita 3M | Advan S5E 4G handphone =
        wireless robot m210 2.4g | 4 in 1 brush, 2 in 1, 4in1 | payung magic 3D =
        gelang k18 samsung a50s no 1 | xl axiata 4g lte | celana diaper m 30 l 28 xl 26 =
        baggy pants XXL, 4L,5L | broco 226L fitting | regulator starcam SC-23M =
        staples joyko no.10-1M | promo 20 10 2020 | korset pelangsing tubuh "art 1607" =
        kabel charger setrika 3m | tali rambut 3 m = 3000mm
        Silky Girl lip balm grape 4g = 4g
        nikon 18-55mm f/3.5-5.6g = 18-55mm
        lactogen 2/750gr = 750g""",
    "english": """
        pack of 3 | 3 Pack | 3-pack | set of 3 | (3 pcs) | case of 3 = 3pcs
        84 Pack | 84 nappies | 84 ct | 84 count = 84pcs
        80 ct. (Pack of 6) = 80pcs 6pcs
        set of 6 cups | pack of 6 shelves = 6pcs
        8 port switch = 8port
        M.2 slot adapter | 3-in-1 port hub | USB 2.0 speed | 2 puffs =
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
        0.5 ct diamond ring | canon cl-811 cl 811 cl-811 | usb 2.0 to lan | 2 in 1 =
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
        lot de 3 strings = 3pcs
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
        60 ก. | 60 กรัม = 60g
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
