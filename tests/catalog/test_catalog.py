import datetime
import io
import re
import shlex
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku import CatalogError, Matcher, read_catalog
from samesku.cli.reading import parse_columns

CASES = Path(__file__).parents[1] / "cases"


def csv(folder, text, name="offers.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def frame(**columns):
    size = len(next(iter(columns.values())))
    start = {
        "posting_id": [f"p{row}" for row in range(size)],
        "title": [f"tea {row}" for row in range(size)],
    }
    return pl.DataFrame({**start, **columns})


def kinds(catalog):
    return {problem.kind: problem for problem in catalog.problems}


def faults(source, **settings):
    with pytest.raises(CatalogError) as caught:
        read_catalog(source, **settings)
    return {problem.kind: problem for problem in caught.value.problems}


def test_rows_and_other_columns_stay_as_they_are(tmp_path):
    path = csv(tmp_path, "shop,title,posting_id\nx,Tea,003\ny, Rice ,001\n")
    catalog = read_catalog(path)
    assert catalog.ids == ["003", "001"]
    assert catalog.titles == ["Tea", " Rice "]
    assert catalog.frame["shop"].to_list() == ["x", "y"]
    assert catalog.photos == (None, None)
    assert catalog.labels is None
    assert catalog.problems == ()
    assert catalog.name == str(path)
    assert repr(catalog) == f"Catalog({str(path)!r}, 2 postings, 0 photos)"


def test_all_faults_are_told_at_once_with_their_rows(tmp_path):
    path = csv(
        tmp_path,
        "posting_id,title,price,image_phash\n"
        "a,tea,5,94974f937d4c2433\n"
        ",rice,5,94974f937d4c2433\n"
        "a,soap,-5,94974f937d4c2433\n"
        "x y,,5,94974f937d4c243\n",
    )
    said = faults(path)
    assert {kind: problem.rows for kind, problem in said.items()} == {
        "missing_id": (3,),
        "duplicate_id": (2, 4),
        "empty_title": (5,),
        "bad_phash": (5,),
        "bad_price": (4,),
    }
    fatal = {kind for kind, problem in said.items() if problem.fatal}
    assert fatal == {"missing_id", "duplicate_id"}
    assert said["duplicate_id"].examples == ("a",)


def test_empty_rows_and_repeated_headers_are_left_out_and_the_others_keep_their_numbers(tmp_path):
    path = csv(
        tmp_path,
        "posting_id;title;price\n1;tea;\n;;\n2;pot;x\nposting_id;title;price\n ; ;\n3;;5\n",
    )
    catalog = read_catalog(path)
    assert catalog.ids == ["1", "2", "3"]
    assert {kind: problem.rows for kind, problem in kinds(catalog).items()} == {
        "repeated_header": (5,),
        "empty_row": (3, 6),
        "empty_title": (7,),
        "bad_price": (4,),
    }
    frames = read_catalog(pl.concat([catalog.frame.clear(1), catalog.frame]))
    assert kinds(frames)["empty_row"].rows == (2,)


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "\u3000", "\n"])
def test_ids_are_trimmed_and_may_hold_blanks(blank):
    assert read_catalog(frame(posting_id=[f"{blank}a ", "b"])).ids == ["a", "b"]
    assert read_catalog(frame(posting_id=[f"a{blank}z", "b"])).ids == [f"a{blank}z", "b"]
    assert "duplicate_id" in faults(frame(posting_id=[f"a{blank}", "a"]))


def test_numbers_that_went_through_a_spreadsheet_are_ids_again():
    assert read_catalog(frame(posting_id=[1.0, 20.0, 3.5])).ids == ["1", "20", "3.5"]
    assert read_catalog(frame(posting_id=[1, 20, 2**62])).ids == ["1", "20", str(2**62)]
    assert faults(frame(posting_id=[1.0, float("nan"), None]))["missing_id"].rows == (3, 4)


@pytest.mark.parametrize("name", ["mixed", "ours", "theirs", "spaces", "excel_guard"])
def test_ids_are_kept_as_written(name):
    path = CASES / "03-leading-zero-ids" / f"{name}.csv"
    lines = path.read_text().splitlines()[1:]
    assert read_catalog(path).ids == [line.split(",")[0] for line in lines]


def test_ids_that_a_spreadsheet_rounded_are_told_as_such():
    said = faults(CASES / "03-leading-zero-ids" / "excel_ean.csv")
    assert said["rounded_id"].rows == (2, 3, 4, 5)
    assert "rounded them; export the column as text" in said["rounded_id"].fix
    assert said["duplicate_id"].rows == (2, 3, 4)


def test_missing_values_written_as_text_are_empty():
    catalog = read_catalog(CASES / "04-nan-text" / "nan.csv")
    words = [title for title in catalog.titles if title]
    assert words == [
        "Desk lamp LED 5W white clamp", "LED desk lamp clamp white 5 W",
        "Bicycle bell brass 55 mm", "Test", "Test",
    ]  # fmt: skip
    assert len(kinds(catalog)["empty_title"].rows) == len(catalog) - 5
    assert catalog.frame["image"].null_count() == len(catalog)
    assert "photo_absent" not in kinds(catalog)


def test_required_columns_are_asked_for_with_the_likely_ones(tmp_path):
    with pytest.raises(CatalogError) as caught:
        read_catalog(csv(tmp_path, "ID,Title,cost\na,tea,5\n"))
    text = str(caught.value)
    assert "none 'title'" in text
    assert "--columns posting_id=ID,title=Title" in text
    assert "the file has 'ID', 'Title', 'cost'" in text
    said = faults(csv(tmp_path, "code,words\na,tea\n"))
    assert said["missing_column"].fix.endswith("columns posting_id=THEIR_NAME,title=THEIR_NAME")
    kept = faults(csv(tmp_path, "code,words\na,tea\n"), columns={"posting_id": "words"})
    assert kept["missing_column"].fix.endswith("columns posting_id=words,title=THEIR_NAME")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("Artikel-Nr", "Bezeichnung"), ("Indeks", "Nazwa"), ("Código", "Nombre"),
     ("รหัสสินค้า", "ชื่อสินค้า"), ("商品コード", "商品名"), ("رقم المنتج", "اسم المنتج")],
)  # fmt: skip
def test_columns_are_found_by_their_names_in_other_languages(tmp_path, ours, theirs):
    with pytest.raises(CatalogError) as caught:
        read_catalog(csv(tmp_path, f"{ours},{theirs}\na,tea\n"))
    assert re.search(f'--columns "?posting_id={ours},title={theirs}', str(caught.value))


def test_an_optional_column_in_other_spelling_is_not_lost_silently():
    catalog = read_catalog(frame(Image=["a.jpg"], **{"Label Group": ["x"]}))
    fixes = [problem.fix for problem in catalog.problems if problem.kind == "other_spelling"]
    assert fixes == ['map it: --columns "image=Image,label_group=Label Group"'] * 2
    mapping = {"image": "Image", "label_group": "Label Group"}
    assert "other_spelling" not in kinds(
        read_catalog(frame(Image=["a.jpg"], **{"Label Group": ["x"]}), columns=mapping)
    )


@pytest.mark.parametrize(
    ("theirs", "meant"),
    [
        ("Handle,Title,Vendor,Variant SKU", "Variant SKU,Title,Vendor"),
        ("ID,SKU,Name,Sale price,Regular price", "ID,Name,Regular price"),  # not the promotion
        ("item_sku,item_name,standard_price", "item_sku,item_name,standard_price"),
        ("ItemID,*Title,*StartPrice,C:Brand", "ItemID,*Title,*StartPrice,C:Brand"),
        ("Artikelnummer,Bezeichnung,VK-Preis", "Artikelnummer,Bezeichnung,VK-Preis"),
        ("Artikelnummer,Benämning,Varumärke,Pris", "Artikelnummer,Benämning,Pris,Varumärke"),
        ("Código,Nome,Preço (R$)", "Código,Nome,Preço (R$)"),
        ("Indeks,Produkt,Nazwa,Cena PLN", "Indeks,Nazwa,Cena PLN"),
        ("Codice,Descrizione,Prezzo IVA inclusa", "Codice,Descrizione,Prezzo IVA inclusa"),
    ],
)  # fmt: skip
def test_columns_of_exports_are_suggested(tmp_path, theirs, meant):
    fix = faults(csv(tmp_path, f"{theirs}\n"))["missing_column"].fix
    mapped = fix.partition("--columns ")[2].strip('"').split(",")
    assert [each.partition("=")[2] for each in mapped] == meant.split(",")


def test_a_suggestion_with_a_quote_can_be_copied(tmp_path):
    fix = faults(csv(tmp_path, '"מק""ט",שם מוצר,"Price, EUR"\n'))["missing_column"].fix
    (option,) = shlex.split(fix.partition("--columns ")[2])
    assert parse_columns([option]) == {
        "posting_id": 'מק"ט', "title": "שם מוצר", "price": "Price, EUR",
    }  # fmt: skip


def test_columns_are_mapped_and_what_they_hide_is_kept():
    given = frame(name=["rice"], title_original=["old"])
    catalog = read_catalog(given, columns={"title": "name"})
    assert catalog.titles == ["rice"]
    assert sorted(catalog.frame.columns) == [
        "posting_id", "title", "title_original", "title_original_",
    ]  # fmt: skip
    assert catalog.frame["title_original_"].to_list() == ["tea 0"]


def test_outer_spaces_in_the_names_of_columns_do_not_count():
    given = frame(**{"title ": ["pot"], " NAME ": ["rice"]})
    catalog = read_catalog(given)
    assert (catalog.titles, catalog.frame["title_duplicated_0"].to_list()) == (["tea 0"], ["pot"])
    assert "'title' occurs more than once" in str(kinds(catalog)["repeated_column"])
    for name in ("NAME", " NAME "):
        assert read_catalog(given, columns={"title": name}).titles == ["rice"]


def test_columns_can_change_places():
    given = frame(title=["b"], posting_id=["tea"])
    catalog = read_catalog(given, columns={"title": "posting_id", "posting_id": "title"})
    assert (catalog.ids, catalog.titles) == (["b"], ["tea"])


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"titel": "title"}, "'titel' is not a column of ours"),
        ({"title": "name"}, "column 'name', mapped to 'title', is not in the file"),
        ({"title": "title", "brand": "title"}, "is mapped to"),
    ],
)
def test_a_mapping_that_cannot_be_is_told(columns, said):
    with pytest.raises(CatalogError, match=said):
        read_catalog(frame(title=["tea"]), columns=columns)


def test_pandas_and_polars_frames_are_read_alike():
    columns = {
        "posting_id": ["a", "b", "c"],
        "title": ["tea", None, "rice"],
        "price": [1.5, float("nan"), 3.0],
        "label_group": [7.0, float("nan"), 7.0],
        "image_phash": ["94974F937D4C2433", None, "nan"],
    }
    ours = read_catalog(pl.DataFrame(columns, strict=False))
    theirs = read_catalog(pd.DataFrame(columns, index=[5, 5, 9]))
    assert theirs.frame.equals(ours.frame)
    indexed = pd.DataFrame(columns).set_index(["posting_id", "title"])
    assert read_catalog(indexed).frame.equals(ours.frame)
    assert theirs.name == "pandas frame"
    assert ours.frame["price"].to_list() == [1.5, None, 3.0]
    assert ours.frame["image_phash"].to_list() == ["94974f937d4c2433", None, None]
    assert ours.labels.tolist() == [0, -1, 0]


def test_pandas_extension_types_and_timestamps_are_read():
    given = pd.DataFrame(
        {
            "posting_id": pd.array([1, 2], dtype="Int64"),
            "title": pd.array(["tea", None], dtype="string"),
            "brand": pd.Categorical(["x", None]),
            "seen": pd.to_datetime(["2024-01-01", None]),
        }
    )
    catalog = read_catalog(given)
    assert catalog.ids == ["1", "2"]
    assert catalog.frame["brand"].to_list() == ["x", None]
    assert catalog.frame["seen"].to_list() == [datetime.datetime(2024, 1, 1), None]


def test_half_characters_of_python_strings_are_replaced():
    given = pd.DataFrame(
        {"posting_id": ["a", "b"], "title": ["te\ud800a", "\ud83d\ude00"]}, dtype=object
    )
    assert read_catalog(given).titles == ["te\ufffda", "\U0001f600"]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pl.Series([["black", "white"], None]), "['black', 'white']"),
        (pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2)), "[1, 2]"),
        (pl.Series([{"of": "steel"}, {"of": "oak"}]), "{'of': 'steel'}"),
        (pl.Series([b"black", b"\xff"]), "black"),
        (pl.Series([datetime.timedelta(days=1), None]), "1 day, 0:00:00"),
        (pl.Series([complex(1, 2), None], dtype=pl.Object), "(1+2j)"),
    ],
)
def test_columns_of_any_type_are_carried_along_as_text(column, text):
    table = frame(color=column, title=["tea pot", "tea pot black"])
    catalog = read_catalog(table)
    assert catalog.frame["color"][0] == text
    for within in ((), "color"):
        assert len(Matcher(within=within).match(catalog, read_catalog(table)).clusters) == 4


def test_the_first_of_equal_pandas_columns_is_used_and_told():
    given = pd.DataFrame([["a", "tea", "rice"]], columns=["posting_id", "title", "title"])
    catalog = read_catalog(given)
    assert catalog.titles == ["tea"]
    assert "repeated_column" in kinds(catalog)


def test_parquet_with_odd_types(tmp_path):
    odd = pl.DataFrame(
        {
            "posting_id": pl.Series([10, 11], dtype=pl.UInt8),
            "title": pl.Series(["tea", "rice"], dtype=pl.Categorical),
            "price": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
            "label_group": [True, None],
            "brand": [["x", "y"], None],
            "description": [b"raw", None],
            "source": [datetime.date(2024, 1, 1), None],
            "image": pl.Series([None, None], dtype=pl.Null),
        }
    )
    odd.write_parquet(tmp_path / "odd.parquet")
    catalog = read_catalog(tmp_path / "odd.parquet")
    assert catalog.ids == ["10", "11"]
    assert catalog.titles == ["tea", "rice"]
    assert catalog.frame["price"].to_list() == [1.5, None]
    assert catalog.labels.tolist() == [0, -1]
    assert catalog.frame["source"].to_list() == ["2024-01-01", None]
    assert catalog.photos == (None, None)


@pytest.mark.parametrize("written", ["free", "-5", "0.00", "1.2.3", "inf", "1-2", "?"])
def test_what_is_no_price_is_unknown_and_told(written):
    catalog = read_catalog(frame(price=["5", written, ""]))
    assert catalog.frame["price"].to_list() == [5, None, None]
    assert kinds(catalog)["bad_price"].rows == (3,)


def test_numeric_prices_are_checked_too():
    catalog = read_catalog(frame(price=[5.0, -1.0, float("inf"), float("nan"), None, 0.0]))
    assert catalog.frame["price"].to_list() == [5, None, None, None, None, None]
    assert kinds(catalog)["bad_price"].rows == (3, 4, 7)
    assert "bad_price" in kinds(read_catalog(frame(price=[["5"], []])))


@pytest.mark.parametrize("unknown", ["", " ", "nan", "NaN", "None", "null", "<NA>", None])
def test_unknown_labels_are_no_product(unknown):
    catalog = read_catalog(frame(label_group=["x", unknown, "y", unknown, " x "]))
    assert catalog.labels.tolist() == [0, -1, 1, -1, 0]


def test_a_catalogue_needs_no_rows():
    catalog = read_catalog(pl.DataFrame({"posting_id": [], "title": []}))
    assert len(catalog) == 0
    assert catalog.ids == catalog.titles == catalog.normal_titles == []


def test_a_competition_folder_is_read_by_its_train_file(tmp_path):
    csv(tmp_path, "posting_id,title\na,test\n", "test.csv")
    assert read_catalog(tmp_path).titles == ["test"]
    csv(tmp_path, "posting_id,title\na,train\n", "train.csv")
    assert read_catalog(tmp_path).titles == ["train"]


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds none of train\.csv"):
        read_catalog(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no\.csv: no such file"):
        read_catalog(tmp_path / "no.csv")
    with pytest.raises(TypeError, match="not list"):
        read_catalog([1, 2])


def test_take_keeps_rows_photos_and_labels_together(tmp_path):
    (tmp_path / "a.jpg").touch()
    given = frame(image=["no.jpg", "a.jpg", None], label_group=["x", "y", "x"])
    catalog = read_catalog(given, photos=tmp_path)
    taken = catalog.take(np.array([2, 1]))
    assert taken.ids == ["p2", "p1"]
    assert taken.photos == (None, tmp_path / "a.jpg")
    assert taken.labels.tolist() == [0, 1]
    assert taken.name == "polars frame (2 of 3 rows)"
    assert len(catalog.take([])) == 0


PLANES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=10, deadline=None)
@given(st.lists(PLANES, min_size=1, max_size=5))
def test_any_titles_are_kept_and_can_be_matched(titles):
    catalog = read_catalog(frame(title=titles))
    given = zip(titles, catalog.titles, strict=True)
    assert all(kept in (title, "") for title, kept in given)
    submission = Matcher().match(catalog).submission
    assert submission["posting_id"].to_list() == catalog.ids
    assert all(
        own in matched.split()
        for own, matched in zip(catalog.ids, submission["matches"], strict=True)
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=8), max_size=5))
def test_any_ids_are_accepted_whole_or_refused(ids):
    given = pd.DataFrame({"posting_id": ids, "title": ["tea"] * len(ids)})
    try:
        catalog = read_catalog(given)
    except CatalogError:
        stripped = [one.strip() for one in ids]
        assert len(set(stripped)) < len(ids) or "" in stripped
        return
    assert catalog.ids == [one.strip() for one in ids]


def test_a_last_row_that_sums_up_is_left_out_and_told():
    catalog = read_catalog(CASES / "01-excel-csv" / "footer.csv")
    assert len(catalog) == 5
    told = next(problem for problem in catalog.problems if problem.kind == "total_row")
    assert (told.rows, told.examples) == ((7,), ("Summe",))
    kept = pl.DataFrame({"posting_id": ["a", "total"], "title": ["tea", "Total cereal 500 g"]})
    assert len(read_catalog(kept)) == 2
    nameless = pl.DataFrame({"posting_id": ["a", None], "title": ["tea", "Grand total:"]})
    assert read_catalog(nameless).ids == ["a"]


@pytest.mark.parametrize(
    ("last", "left"),
    [
        ("Gesamtsumme;;230,90;", 2), (";;230,90 EUR;", 2), (";;;Итого:", 2),
        ("4;;230,90;", 3), ("4;Total;9;", 3), (";Teekanne;9;", None), (";;9;Bosch", None),
    ],
)  # fmt: skip
def test_rows_that_sum_up_are_told_from_postings_with_faults(tmp_path, last, left):
    path = csv(tmp_path, f"posting_id;title;price;shop\n1;tea;5;x\n2;pot;7;\n\n{last}\n")
    if left is None:
        assert faults(path)["missing_id"].rows == (5,)
    else:
        assert len(read_catalog(path)) == left


def test_labels_that_a_spreadsheet_rounded_are_told():
    table = pl.DataFrame({"posting_id": ["a", "b"], "title": ["tea", "pot"],
                          "label_group": ["4.00638E+12", "17"]})  # fmt: skip
    problem = read_catalog(table).problems[0]
    assert (problem.kind, problem.rows) == ("rounded_id", (2,))
    assert "label_group" in str(problem)


@pytest.mark.parametrize("rest", [[], ["1.299,00 €"]])
def test_plain_prices_are_read_alike_whatever_stands_beside_them(rest):
    prices = ["7", "12.5", "12.75", "0.1250", "1299.00", "007.50", "0", "0.00", "123456.12345"]
    ids = [str(row) for row in range(len(prices + rest))]
    table = pl.DataFrame({"posting_id": ids, "title": ids, "price": prices + rest})
    read = read_catalog(table).frame["price"].to_list()
    assert read[:9] == [7, 12.5, 12.75, 0.125, 1299, 7.5, None, None, 123456.12345]


@pytest.mark.parametrize("cell", ["nan", "NaN", "N/A", "null", "", "-"])
def test_a_missing_price_beside_plain_ones_is_none(cell):
    table = pl.DataFrame({"posting_id": ["a", "b"], "title": ["tea", "pot"], "price": ["7", cell]})
    catalog = read_catalog(table)
    assert catalog.frame["price"].to_list() == [7, None]
    assert not catalog.problems


@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "arrow", "duckdb"])
def test_tables_of_other_libraries_are_read_alike(kind):
    frame = pl.DataFrame(
        {"posting_id": ["1", "2"], "title": ["tea 20 bags", None], "price": [2, 3]}
    )
    if kind == "pandas":
        source = pytest.importorskip("pandas").DataFrame(frame.to_dict(as_series=False))
    elif kind == "arrow":
        source = pytest.importorskip("pyarrow").table(frame.to_dict(as_series=False))
    elif kind == "duckdb":
        duckdb = pytest.importorskip("duckdb")
        source = duckdb.sql(
            "select * from (values ('1', 'tea 20 bags', 2), ('2', null, 3)) "
            "t(posting_id, title, price)"
        )
    else:
        source = frame.lazy() if kind == "lazy" else frame
    catalog = read_catalog(source)
    assert catalog.ids == ["1", "2"]
    assert catalog.titles == ["tea 20 bags", ""]
    assert catalog.frame["price"].cast(pl.Float64).to_list() == [2, 3]


@pytest.mark.parametrize("parquet", [False, True])
def test_a_catalogue_comes_on_standard_input(monkeypatch, parquet):
    frame, content = pl.DataFrame({"posting_id": ["1"], "title": ["tea"]}), io.BytesIO()
    frame.write_parquet(content) if parquet else frame.write_csv(content)
    content.seek(0)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(content))
    catalog = read_catalog("-")
    assert (catalog.ids, catalog.name) == (["1"], "standard input")


def test_what_is_no_table_and_no_mapping_is_told():
    with pytest.raises(TypeError, match="a table is"):
        read_catalog(pd.Series(["tea"]))
    with pytest.raises(TypeError, match="columns is a mapping"):
        read_catalog(frame(brand=["a"]), columns="title=name")
