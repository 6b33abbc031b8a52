"""Exports of shop systems, with options by name and value."""

import polars as pl
import pytest

from samesku import Matcher, read_catalog
from samesku.catalog.options import listed_in

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


# Exports of one product, of which all rows but those of a whole are variants: three in sizes and
# colours, or in motifs.
EXPORTS = {
    "prestashop": """\
sku;title;Attribut (Nom:Type:Position)*;Valeur (Valeur:Position)*
1;Polo;Taille:select:0, Couleur:color:1;S:0, Bleu:1
2;Polo;Taille:select:0, Couleur:color:1;M:1, Bleu:1
3;Polo;Taille:select:0, Couleur:color:1;S:0, Rouge:2
""",
    "ebay": """\
sku;title;Relationship;RelationshipDetails
0;Polo;;"Size=S;M|Color=Blue;Red"
1;;Variation;"Size=S|Color=Blue"
2;;Variation;"Size=M|Color=Blue"
3;;Variation;"Size=S|Color=Red"
""",
    "magento": """\
sku;title;product_type;additional_attributes;configurable_variations
1;Polo;simple;color=Blue,size=S,activity=Gym|Hiking;
2;Polo;simple;color=Blue,size=M,activity=Gym|Hiking;
3;Polo;simple;color=Red,size=S,activity=Gym|Hiking;
0;Polo;configurable;activity=Gym|Hiking;sku=1,size=S,color=Blue|sku=2,size=M,color=Blue
""",
    "bigcommerce": """\
sku;title;Item;Options
0;Polo;Product;
1;Polo;Variant;Type=Rectangle|Name=Size|Value=S|Type=Swatch|Name=Color|Value=Blue[#0000ff]
2;Polo;Variant;Type=Rectangle|Name=Size|Value=M|Type=Swatch|Name=Color|Value=Blue[#0000ff]
3;Polo;Variant;Type=Rectangle|Name=Size|Value=S|Type=Swatch|Name=Color|Value=Red[#ff0000]
""",
    "wix": """\
sku;title;handleId;fieldType;productOptionName1;productOptionDescription1;productOptionName2;productOptionDescription2
0;Polo;p;Product;Size;"S;M";Color;"Blue;Red"
1;;p;Variant;;S;;Blue
2;;p;Variant;;M;;Blue
3;;p;Variant;;S;;Red
""",
    "squarespace": """\
sku;title;Option Name 1;Option Value 1;Option Name 2;Option Value 2
1;Polo;Size;S;Color;Blue
2;;Size;M;Color;Blue
3;;Size;S;Color;Red
""",
    "ecwid": """\
sku;title;type;product_variation_option_Size;product_variation_option_Color
0;Polo;product;;
1;Polo;product_variation;S;Blue
2;Polo;product_variation;M;Blue
3;Polo;product_variation;S;Red
""",
    "json": """\
sku;title;choices
1;Polo;"{""Größe"": ""S"", ""Farbe"": ""Blau""}"
2;Polo;"{""Größe"": ""M"", ""Farbe"": ""Blau""}"
3;Polo;"{""Größe"": ""S"", ""Farbe"": ""Rot""}"
""",
}


def read(folder, text, **columns):
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    return read_catalog(path, columns=columns)


def test_options_are_columns_of_their_kinds_and_as_text_where_no_list_knows_them(tmp_path):
    names = {"posting_id": "Variant SKU", "title": "Title", "brand": "Vendor"}
    catalog = read(tmp_path, SHOPIFY, **names)
    titles = [*["Classic T-Shirt"] * 3, *["Mug with print"] * 2, "Poster Berlin"]
    assert catalog.titles == titles
    assert catalog.attributes.values["measure"][3:] == [("motif: alps",), ("motif: sea",), ()]
    assert catalog.frame["brand"].to_list() == ["Acme"] * 3 + ["Brau"] * 2 + [None]
    values = catalog.attributes.values
    red, blue = ("color: red", "red"), ("blue", "color: blue")
    assert values["colour"][:3] == [red, blue, blue]
    small, medium = ("s", "size: s"), ("m", "size: m")
    assert values["size"] == [small, small, medium, (), (), ()]
    rows = {each.kind: each.rows for each in catalog.problems}
    assert (rows["photo_row"], rows["empty_row"]) == ((6,), (4,))


@pytest.mark.parametrize("system", EXPORTS)
def test_options_are_read_from_exports_and_lists_of_any_system(tmp_path, system):
    catalog = read(tmp_path, EXPORTS[system], posting_id="sku")
    assert (catalog.ids, catalog.titles) == (["1", "2", "3"], ["Polo"] * 3)
    small, blue = ("s", "size: s"), ("blue", "color: blue")
    assert catalog.attributes.values["size"] == [small, ("m", "size: m"), small]
    assert catalog.attributes.values["colour"] == [blue, blue, ("color: red", "red")]


def test_what_only_looks_like_a_list_of_options_is_none(tmp_path):
    text = (
        "id;title;link;time;supplier;note\n"
        "a;Cup;https://a.example/1;T10:30;acme:1;Washed: by hand\n"
        "b;Cup;https://a.example/2;T11:30;acme:2;Good: as new\n"
    )
    catalog = read(tmp_path, text, posting_id="id")
    assert not [name for name in catalog.frame.columns if name.startswith("option: ")]


def test_a_long_cell_of_brackets_is_soon_read():
    cell = f"Color=Blue [#0000ff];Size=S{']' * 50_000}x"  # looking at it from each one took 14 s
    assert listed_in(cell)[0] == ("color", "Blue")


def test_a_row_with_a_list_alone_takes_no_title(tmp_path):
    text = "id;title;specs\na;Cup;Color: Red, Size: S\nb;;Color: Blue, Size: S\n"
    assert read(tmp_path, text, posting_id="id").titles == ["Cup", ""]


def test_two_columns_of_one_meaning_are_both_compared():
    frame = pl.DataFrame({"posting_id": ["a", "b"], "title": ["Dress"] * 2,
                          "Material": ["Cotton"] * 2, "Fabric": ["Jersey", "Poplin"]})  # fmt: skip
    texts = read_catalog(frame).frame["option: material"].to_list()
    assert texts == ["Cotton Jersey", "Cotton Poplin"]


def test_a_quantity_tells_apart_what_agrees_in_all_else(tmp_path):
    text = (
        "id;title;price;size;Gewicht;volume\na;Muesli;5;;250 g;\nb;Muesli;5;;500 g;\n"
        "c;Muesli;5;;0,5 kg;\nd;Riesling;9;;;0.75\ne;Riesling;9;;;1.5\n"
        "f;Hoodie;30;S;0.3;\ng;Hoodie;30;M;0.4;\n"
    )
    catalog = read(tmp_path, text, posting_id="id")
    measure, amount = (catalog.attributes.values[kind] for kind in ("measure", "amount"))
    small, large = ("weight: 250 g", "weight: 250g"), ("weight: 500 g", "weight: 500g")
    assert measure[:3] == [small, large, large]
    assert amount[3:5] == [("volume: 0.75",), ("volume: 1.5",)]
    assert measure[5:] == [(), ()]  # the sizes do
    clusters = Matcher().match(catalog).clusters
    assert clusters[1] == clusters[2]
    assert len(set(clusters)) == 6


def test_variants_are_told_apart_though_all_else_is_the_same():
    sizes, colours = ["S", "M", "L"], ["red", "blue"]
    rows = [
        {"size": size, "color": colour, "mpn": f"ST-10{style}", "title": title, "description": said}
        for style, title, said in (
            (1, "Organic cotton T-shirt", "Soft shirt of organic cotton."),
            (2, "Slim fit chinos", "Stretch chinos with a slim fit."),
        )
        for size in sizes
        for colour in colours
    ]
    frame = pl.DataFrame(rows).with_columns(posting_id=pl.Series(map(str, range(12))), price=19.9)
    assert len(set(Matcher().match(read_catalog(frame)).clusters)) == 12


def test_an_option_is_one_in_two_languages_and_of_storage_may_be_any_text(tmp_path):
    text = (
        "SKU,Title,Option1 Name,Option1 Value\nA,Cup,Color,Aurora\nB,Cup,Farbe,Storm\n"
        "C,Bag,Motif,Alps\nD,Bag,Motiv,Sea\nE,Jug,Capacity,small\nF,Jug,Kapazität,large\n"
    )
    values = read(tmp_path, text, posting_id="SKU", title="Title").attributes.values
    assert values["colour"][:2] == [("color: aurora",), ("color: storm",)]
    assert values["measure"][2:4] == [("motif: alps",), ("motif: sea",)]
    assert values["memory"][4:] == [("storage: small",), ("storage: large",)]


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
    assert catalog.frame["option: source"].to_list() == ["Asia", "Europe"]
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
    for same, clusters in (((), 5), (("colour",), 4)):  # the cups may differ in their colour
        assert len(set(Matcher(same=same).match(catalog).clusters)) == clusters


def test_rows_of_one_title_differ_in_pattern_or_material(tmp_path):
    text = (
        "id,title,price,material,pattern,item_group_id\n"
        "a,Linen shirt,39.90,Linen,Plain,1\nb,Linen shirt,39.90,Linen,Striped,1\n"
        "c,Linen shirt,39.90,Linen,Checked,1\nd,Candle,5,Soy,,2\ne,Candle,5,Soy,,2\n"
    )
    catalog = read(tmp_path, text, posting_id="id")
    assert catalog.frame["option: pattern"].to_list() == ["Plain", "Striped", "Checked", None, None]
    plain, striped, checked, *candles = Matcher().match(catalog).clusters
    assert len({plain, striped, checked}) == 3
    assert len(set(candles)) == 1


def test_two_shops_may_write_one_style_in_different_ways_and_one_shop_in_capitals():
    frame = pl.DataFrame({
        "posting_id": list("abcdefgh"), "source": list("stsststs"),
        "title": ["Linen shirt"] * 2 + ["Mug", "mug", "Mug"] + ["Cup"] * 3,
        "Style": ["casual", "Freizeit", "Alps", "Sea", "Sea", "Red", "red", "RED"],
    })  # fmt: skip
    styles = [None, None, "Alps", "Sea", "Sea", None, None, None]
    assert read_catalog(frame).frame["option: style"].to_list() == styles


def test_options_of_more_names_than_columns_fit_share_one():
    numbers = range(1_020)
    frame = pl.DataFrame({
        "posting_id": map(str, numbers), "title": [f"Mug {n // 2}" for n in numbers],
        "Option1 Name": [f"Motif {n // 2}" for n in numbers], "Option1 Value": map(str, numbers),
    })  # fmt: skip
    catalog = read_catalog(frame)
    assert len(set(catalog.attributes.values["measure"])) == 1_020
    assert catalog.frame.width <= frame.width + 500
    wide = frame.head(2).with_columns(pl.lit("x").alias(f"own {n}") for n in range(500))
    assert read_catalog(wide).frame["option: motif 0"].to_list() == ["0", "1"]


def test_colours_that_no_list_knows_may_differ_where_colours_may(tmp_path):
    rows = [f"{c[0]}{s},Studio T-Shirt,{c},{s},nan,1" for c in ("Red", "Aurora") for s in "SM"]
    rows += ["X,Studio T-Shirt,AURORA,S,N/A,1", *(f"O{n},{n} lamp,,,Plain," for n in range(9))]
    text = "\n".join(["id,title,color_name,size,pattern,item_group_id", *rows, "Y,Vase,White,,,2",
                      "Z,Vase,Matt White,,,2"])  # fmt: skip
    catalog = read(tmp_path, text, posting_id="id")
    assert catalog.titles[0] == "Studio T-Shirt"
    colours = catalog.attributes.values["colour"]
    assert colours[0] == ("color: red", "red")
    assert (colours[4], colours[-1]) == (
        ("color: aurora",),
        ("color: matt white", "white"),
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


def test_one_handle_of_two_shops_is_two_products(tmp_path):
    text = (
        "id,title,source,Handle,Option1 Name,Option1 Value\n"
        "a,Shirt,A,tee,Size,S\nb,,,tee,Size,M\nc,Tea,B,tee,Pack,2\nd,,B,tee,Pack,3\n"
    )
    assert read(tmp_path, text, posting_id="id").titles == ["Shirt", "Shirt", "Tea", "Tea"]


def test_a_link_finds_the_variant_that_the_other_shop_writes_into_its_title(tmp_path):
    export = read(tmp_path, SHOPIFY, posting_id="Variant SKU", title="Title", brand="Vendor")
    titles = "Classic T-Shirt red S", "Classic T-Shirt blue S", "Classic T-Shirt blue M"
    other = read_catalog(pl.DataFrame({"posting_id": ["U1", "U2", "U3"], "title": titles}))
    linked = Matcher().match(export, other).pairs.select("left_id", "right_id").rows()
    assert sorted(linked) == [("T1", "U1"), ("T2", "U2"), ("T3", "U3")]
    assert export.titles[:3] == ["Classic T-Shirt"] * 3


def test_a_link_and_one_table_of_both_shops_give_the_same_pairs(tmp_path):
    export = read(tmp_path, SHOPIFY, posting_id="Variant SKU", title="Title", brand="Vendor").frame
    titles = "Classic T-Shirt red S", "Classic T-Shirt blue S", "Mug with print Alps"
    other = pl.DataFrame({"posting_id": ["U1", "U2", "U3"], "title": titles})
    shops = export.with_columns(source=pl.lit("s")), other.with_columns(source=pl.lit("t"))
    both = read_catalog(pl.concat(shops, how="diagonal"))
    linked = Matcher().match(*map(read_catalog, shops)).pairs
    across = Matcher(pairs="across", decide="one-to-one").match(both).pairs
    columns = "left_id", "right_id", "score"
    assert across.select(columns).rows() == linked.select(columns).rows()
    assert len(linked) == 3


def test_options_stand_behind_titles_with_which_a_longer_one_begins():
    frame = pl.DataFrame({
        "posting_id": list("abcde"), "title": ["Mug", "Mug", "Mug - Alps", "Cup", "Cup"],
        "Style": ["Alps", "Sea", None, "Alps", "Sea"],
    })  # fmt: skip
    assert read_catalog(frame).titles == ["Mug, Alps", "Mug, Sea", "Mug - Alps", "Cup", "Cup"]
