"""Exports of shop systems, with options by name and value."""

import polars as pl

from samesku import Matcher, read_catalog

SHOPIFY = """\
Handle,Title,Vendor,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU
tee,Classic T-Shirt,Acme,Color,Red,Size,S,T1
tee,,,,Blue,,S,T2
,,,,,,,
tee,,,,Blue,,M,T3
tee,,,,,,,
mug,Mug with print,Brau,Motif,Alps,,,M1
mug,,,,Sea,,,M2
poster,Poster Berlin,,Title,Default Title,,,P1
"""
WOOCOMMERCE = """\
ID,Typ,SKU,Name,Attribut 1 Name,Attribut 1 Wert(e),Farbe
1,variable,H,Hoodie,Farbe,"Rot, Blau",
2,variation,H1,Hoodie - Rot,Farbe,Rot,
3,variation,H2,Hoodie - Blau,Farbe,Blau,schwarz
4,simple,C1,Cap,Material,Baumwolle,
"""


def read(folder, text, **columns):
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    return read_catalog(path, columns=columns)


def test_options_are_columns_where_they_are_attributes_else_behind_the_title(tmp_path):
    names = {"posting_id": "Variant SKU", "title": "Title", "brand": "Vendor"}
    catalog = read(tmp_path, SHOPIFY, **names)
    assert catalog.titles == [
        *["Classic T-Shirt"] * 3, "Mug with print, Alps", "Mug with print, Sea", "Poster Berlin",
    ]  # fmt: skip
    assert catalog.frame["brand"].to_list() == ["Acme"] * 3 + ["Brau"] * 2 + [None]
    assert catalog.attributes.values["colour"][:3] == [("red",), ("blue",), ("blue",)]
    assert catalog.attributes.values["size"] == [("s",), ("s",), ("m",), (), (), ()]
    rows = {each.kind: each.rows for each in catalog.problems}
    assert (rows["photo_row"], rows["empty_row"]) == ((6,), (4,))


def test_the_whole_of_variants_is_no_offer_and_a_column_of_the_file_comes_first(tmp_path):
    catalog = read(tmp_path, WOOCOMMERCE, posting_id="SKU", title="Name")
    assert catalog.ids == ["H1", "H2", "C1"]
    assert catalog.titles == ["Hoodie - Rot", "Hoodie - Blau", "Cap"]
    assert catalog.frame["Farbe"].to_list() == ["Rot", "schwarz", None]
    assert {each.kind: each.rows for each in catalog.problems}["whole_product"] == (2,)


def test_the_whole_without_variants_in_the_file_is_an_offer(tmp_path):
    without = "".join(line for line in WOOCOMMERCE.splitlines(True) if "variation" not in line)
    assert read(tmp_path, without, posting_id="SKU", title="Name").ids == ["H", "C1"]
    lines = ["ID,Type,SKU,Name,Parent,Attribute 1 name,Attribute 1 value(s)",
             "1,variable,H,Hoodie,,Color,Red", "2,variation,H1,Hoodie - Red,id:1,Color,Red",
             "3,variable,S,Shirt,,Color,Red", "4,variation,S1,Shirt - Red,S,Color,Red",
             "5,variable,T,Trousers,,Color,Red"]  # fmt: skip
    for key in ("ID", "SKU"):
        catalog = read(tmp_path, "\n".join(lines), posting_id=key, title="Name")
        assert catalog.titles == ["Hoodie - Red", "Shirt - Red", "Trousers"]
    blank = {"posting_id": ["a", "b"], "title": ["Hoodie", "Cap"], "Type": ["variable", "simple"],
             "Parent": ["", " "], "SKU": ["", ""]}  # fmt: skip
    assert read_catalog(pl.DataFrame(blank)).ids == ["a", "b"]


def test_the_parent_of_an_amazon_file_is_no_offer(tmp_path):
    text = (
        "TemplateType=fptcustom,Version=2021.1014,,,\nSKU,Title,Parentage,Parent SKU,Color\n"
        "item_sku,item_name,parent_child,parent_sku,color_name\nP,Cap,parent,,\n"
        "P1,Cap,child,P,Red\nP2,Cap,child,P,Blue\nQ,Hat,parent,,\nR,Scarf,,,Red\n"
    )
    catalog = read(tmp_path, text, posting_id="item_sku", title="item_name")
    assert catalog.ids == ["P1", "P2", "Q", "R"]
    assert [each.kind for each in catalog.problems] == ["preamble", "whole_product"]


def test_options_named_as_columns_of_ours_are_not_lost(tmp_path):
    text = (
        "SKU,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value\n"
        "A,Phone cover,Brand,Acme,Source,Asia\nB,Phone cover,Brand,Brau,Source,Europe\n"
    )
    catalog = read(tmp_path, text, posting_id="SKU", title="Title")
    assert catalog.titles == ["Phone cover, Asia", "Phone cover, Europe"]
    assert catalog.frame["brand"].to_list() == ["Acme", "Brau"]
    assert "source" not in catalog.frame.columns


def test_options_that_no_list_knows_tell_variants_apart(tmp_path):
    text = (
        "SKU,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value\n"
        "A,Mug,Motif,Alps,Color,red\nB,Mug,Motif,Sea,Color,red\nC,Cup,Motif,Sea,Color,Aurora\n"
        "D,Cup,Motif,Sea,Color,red\nE,Can,Motif,Sea,Color,red\n"
    )
    catalog = read(tmp_path, text, posting_id="SKU", title="Title")
    assert catalog.attributes.values["measure"] == [
        ("motif: alps",), ("motif: sea",), (), (), (),
    ]  # fmt: skip
    assert catalog.attributes.values["colour"] == [
        ("red",), ("red",), ("color: aurora",), ("color: red", "red"), ("red",),
    ]  # fmt: skip
    assert catalog.titles == ["Mug, Alps", "Mug, Sea", "Cup", "Cup", "Can"]
    for same, clusters in (((), 5), (("colour",), 4)):  # the cups may differ in their colour
        assert len(set(Matcher(same=same).match(catalog).clusters)) == clusters


def test_rows_of_one_title_differ_in_pattern_or_material(tmp_path):
    text = (
        "id,title,price,material,pattern,item_group_id\n"
        "a,Linen shirt,39.90,Linen,Plain,1\nb,Linen shirt,39.90,Linen,Striped,1\n"
        "c,Linen shirt,39.90,Linen,,1\nd,Candle,5,Soy,,2\ne,Candle,5,Soy,,2\n"
    )
    catalog = read(tmp_path, text, posting_id="id")
    assert catalog.titles == [
        "Linen shirt, Plain", "Linen shirt, Striped", "Linen shirt", "Candle", "Candle",
    ]  # fmt: skip
    plain, striped, _, *candles = Matcher().match(catalog).clusters
    assert plain != striped
    assert len(set(candles)) == 1


def test_two_shops_may_write_one_style_in_different_ways_and_one_shop_in_capitals():
    frame = pl.DataFrame({
        "posting_id": list("abcdefgh"), "source": list("stsststs"),
        "title": ["Linen shirt"] * 2 + ["Mug", "mug", "Mug"] + ["Cup"] * 3,
        "Style": ["casual", "Freizeit", "Alps", "Sea", "Sea", "Red", "red", "RED"],
    })  # fmt: skip
    titles = ["Linen shirt", "Linen shirt", "Mug, Alps", "mug, Sea", "Mug, Sea", *["Cup"] * 3]
    assert read_catalog(frame).titles == titles


def test_options_of_more_names_than_columns_fit_stand_behind_titles_alone():
    numbers = range(1_200)
    frame = pl.DataFrame({
        "posting_id": map(str, numbers), "title": [f"Mug {n // 2}" for n in numbers],
        "Option1 Name": [f"Motif {n // 2}" for n in numbers], "Option1 Value": map(str, numbers),
    })  # fmt: skip
    catalog = read_catalog(frame)
    assert catalog.titles == [f"Mug {n // 2}, {n}" for n in numbers]
    assert catalog.frame.width <= 500


def test_colours_that_no_list_knows_may_differ_where_colours_may(tmp_path):
    rows = [f"{c[0]}{s},Studio T-Shirt,{c},{s},nan,1" for c in ("Red", "Aurora") for s in "SM"]
    rows += ["X,Studio T-Shirt,AURORA,S,N/A,1", *(f"O{n},{n} lamp,,,Plain," for n in range(9))]
    text = "\n".join(["id,title,color_name,size,pattern,item_group_id", *rows, "Y,Vase,White,,,2",
                      "Z,Vase,Matt White,,,2"])  # fmt: skip
    catalog = read(tmp_path, text, posting_id="id")
    assert catalog.titles[0] == "Studio T-Shirt"
    colours = catalog.attributes.values["colour"]
    assert colours[0] == ("color_name: red", "red")
    assert (colours[4], colours[-1]) == (
        ("color_name: aurora",),
        ("color_name: matt white", "white"),
    )
    apart, by_size = (Matcher(same=same).match(catalog).clusters for same in ((), ("colour",)))
    assert apart[2] == apart[4]
    assert len({*apart[:4], *apart[-2:]}) == 6
    assert by_size[0] == by_size[2] != by_size[1] == by_size[3]


def test_an_option_that_comes_first_here_and_second_there_is_one(tmp_path):
    text = (
        "SKU,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value\n"
        "A,Cup,Color,Aurora,Size,S\nB,Cup,Size,S,Color,Storm\n"
    )
    colours = read(tmp_path, text, posting_id="SKU", title="Title").attributes.values["colour"]
    assert colours == [("color: aurora",), ("color: storm",)]


def test_rows_keep_their_numbers_when_others_are_left_out(tmp_path):
    catalog = read(tmp_path, WOOCOMMERCE.replace("Cap", ""), posting_id="SKU", title="Name")
    assert {each.kind: each.rows for each in catalog.problems}["empty_title"] == (5,)


def test_rows_that_name_no_product_share_nothing(tmp_path):
    text = "SKU,Handle,Title,Option1 Name,Option1 Value\nA,,Cup,Color,Red\nB,,,Size,40\n"
    catalog = read(tmp_path, text, posting_id="SKU", title="Title")
    assert catalog.titles == ["Cup", ""]
    assert [each.kind for each in catalog.problems] == ["empty_title"]


def test_a_link_finds_the_variant_that_the_other_shop_writes_into_its_title(tmp_path):
    export = read(tmp_path, SHOPIFY, posting_id="Variant SKU", title="Title", brand="Vendor")
    titles = "Classic T-Shirt red S", "Classic T-Shirt blue S", "Classic T-Shirt blue M"
    other = read_catalog(pl.DataFrame({"posting_id": ["U1", "U2", "U3"], "title": titles}))
    linked = Matcher().match(export, other).pairs.select("left_id", "right_id").rows()
    assert sorted(linked) == [("T1", "U1"), ("T2", "U2"), ("T3", "U3")]
    assert export.titles[:3] == ["Classic T-Shirt"] * 3
