import io
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku import CatalogError
from samesku.catalog.tables import read_table

CASES = Path(__file__).parents[1] / "cases"
ROWS = [("a", "Café 日本 €5"), ("b", "Lampu LED")]
TEXT = "posting_id,title\n" + "".join(f"{key},{title}\n" for key, title in ROWS)


def read(folder, content, name="offers.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path)


def refusal(folder, content, name="offers.csv"):
    """Everything that is said of a file that cannot be used, by kind."""
    with pytest.raises(CatalogError) as caught:
        read(folder, content, name)
    return {problem.kind: problem for problem in caught.value.problems}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_encodings_are_told_from_the_bytes(tmp_path, encoding):
    for names in ("posting_id,title", "артикул,название"):
        frame, problems = read(tmp_path, TEXT.replace("posting_id,title", names).encode(encoding))
        assert frame.columns == names.split(",")
        assert frame.rows() == ROWS
        assert problems == []


def test_windows_1252_is_read_and_told_with_the_first_row(tmp_path):
    frame, problems = read(tmp_path, "posting_id,title\na,tea\nb,Crème €5\n".encode("cp1252"))
    assert frame["title"].to_list() == ["tea", "Crème €5"]
    assert [(problem.kind, problem.rows, problem.fatal) for problem in problems] == [
        ("encoding", (3,), False)
    ]


@pytest.mark.parametrize(
    ("title", "encoding", "name"),
    [
        ("biały wąż ogrodowy, żółty ręcznik", "cp1250", "Windows-1250"),
        (
            "încărcător, husă piele, căşti, fără fir, pălărie, veste bărbaţi",
            "cp1250",
            "Windows-1250",
        ),
        ("žárovka, černý, šroubovák, tiskárna", "iso8859-2", "ISO-8859-2"),
        ("чёрный чехол, лампа, клавиатура", "cp1251", "Windows-1251"),
        ("crème, Füße, jalapeño, blå, één", "cp1252", "Windows-1252"),
    ],
)
def test_code_pages_are_known_by_words(tmp_path, title, encoding, name):
    content = f'posting_id,title\na,"{title}"\n'
    frame, problems = read(tmp_path, content.encode(encoding))
    assert frame["title"].to_list() == [title]
    assert problems[0].fix.startswith(f"read as {name};")


@pytest.mark.parametrize(
    ("header", "title", "encoding", "name"),
    [
        ("Cikkszám;Megnevezés;Bruttó ár", "Férfi cipő", "cp1250", "Windows-1250"),
        ("Šifra;Naziv;Cijena", "Čaša žuta", "cp1250", "Windows-1250"),
        ("Kód;Název;Cena", "Žehlička", "iso8859-2", "ISO-8859-2"),
        ("Ürün Kodu;Ürün Adı;Fiyat", "Işık", "cp1254", "Windows-1254"),
        ('מק"ט;שם מוצר;מחיר', "נעלי גברים", "cp1255", "Windows-1255"),
        ("رقم المنتج;اسم المنتج;السعر", "حذاء رجالي", "cp1256", "Windows-1256"),
        ("รหัสสินค้า;ชื่อสินค้า;ราคา", "รองเท้า", "cp874", "Windows-874"),
        ("商品コード;商品名;販売価格(税込)", "洗濯機 白", "cp932", "Shift JIS"),
        ("商品编号;商品名称;价格", "洗衣机 白色", "gbk", "GBK"),
        ("商品編號;商品名稱;價格", "洗衣機 白色", "big5", "Big5"),
        ("상품코드;상품명;판매가", "세탁기 흰색", "cp949", "EUC-KR"),
        ("Référence;Désignation;Prix TTC", "Crème", "cp1252", "Windows-1252"),
        ("sku;name;symbol", "Crème", "cp1252", "Windows-1252"),
    ],
)
def test_code_pages_are_known_by_the_names_of_columns(tmp_path, header, title, encoding, name):
    quoted = header.replace('"', '""') if '"' not in header else f'"מק""ט";{header[5:]}'
    frame, problems = read(tmp_path, f"{quoted}\n1;{title};5\n".encode(encoding))
    assert frame.columns == header.split(";")
    assert frame.row(0)[1] == title
    assert problems[0].fix.startswith(f"read as {name};")


def test_utf_8_with_some_strange_bytes_is_utf_8(tmp_path):
    rows = [f"{at},Žehlička {at}\n".encode() for at in range(9)]
    rows[4] = "4,Crème\n".encode("cp1252")
    frame, problems = read(tmp_path, b"posting_id,title\n" + b"".join(rows))
    assert frame["title"].to_list()[3:6] == ["Žehlička 3", "Crème", "Žehlička 5"]
    assert [(each.kind, each.rows) for each in problems] == [("encoding", (6,))]
    assert problems[0].fix.startswith("read as Windows-1252, the rest as UTF-8;")


@pytest.mark.parametrize("page", ["cp1252", "cp1250"])
def test_text_that_was_encoded_twice_is_read_as_it_was(tmp_path, page):
    header = "référence,název" if page == "cp1250" else "référence,désignation"
    text = f"{header}\na,žlutá\n" if page == "cp1250" else f"{header}\na,Crème brûlée\n"
    twice = text.encode().decode(page).encode()
    frame, problems = read(tmp_path, twice)
    assert frame.columns == header.split(",")
    assert frame.row(0)[1] == text.splitlines()[1].split(",")[1]
    assert [each.kind for each in problems] == ["encoding"]
    right = "posting_id,title\na,CAFÉ® – 5 €\n"
    assert read(tmp_path, right.encode())[0].row(0)[1] == "CAFÉ® – 5 €"


def test_columns_without_a_name_and_cells_are_none(tmp_path):
    frame, problems = read(tmp_path, "posting_id;title;;\na;tea;;\nb;milk;;\n")
    assert frame.columns == ["posting_id", "title"]
    assert problems == []
    assert read(tmp_path, "posting_id;title;\na;tea;\nb;milk;7\n")[0].width == 3


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(tmp_path, mark, end):
    lines = [f"posting_id{mark} title {mark}price", f"001{mark}tea{mark}5", f"002{mark}rice{mark}"]
    frame, problems = read(tmp_path, end.join(lines) + end)
    assert frame.columns == ["posting_id", "title", "price"]
    assert frame.rows() == [("001", "tea", "5"), ("002", "rice", None)]
    assert problems == []


# Not the letters that text begins with that was encoded twice: it is read as it was before.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0\ufeffÂÃÄÅĂĹÐÑ"), max_size=12)


@settings(deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=6))
def test_quoted_cells_come_back_as_written(tmp_path_factory, titles):
    frame = pl.DataFrame({"posting_id": [f"p{n}" for n in range(len(titles))], "title": titles})
    content = frame.write_csv(quote_style="always").encode()
    again, problems = read(tmp_path_factory.mktemp("quoted"), content)
    assert again.fill_null("").equals(frame)
    assert problems == []


def test_rows_with_too_many_fields_are_all_named(tmp_path):
    said = refusal(tmp_path, "posting_id,title\na,tea\nb,tea, green\nc,rice\nd,a,b,c\n")
    assert said["ragged_row"].rows == (3, 5)
    assert "quote titles that contain ','" in said["ragged_row"].fix


def test_empty_fields_beyond_the_header_are_no_fields(tmp_path):
    frame, problems = read(tmp_path, "posting_id;title\na;tea;\nb;rice;;\n")
    assert (frame.rows(), problems) == ([("a", "tea"), ("b", "rice")], [])


def test_short_rows_are_filled_with_nothing(tmp_path):
    frame, _ = read(tmp_path, "posting_id,title,price\na,tea\nb,rice,5\n")
    assert frame.rows() == [("a", "tea", None), ("b", "rice", "5")]


def test_rows_with_wrong_quotes_are_all_named(tmp_path):
    said = refusal(tmp_path, 'posting_id,title\na,5" pipe\nb,"new" tea\nc,x\nd,"good" rice\n')
    assert said["bad_quote"].rows == (3, 5)
    assert 'write each quote in it twice: "5"" pipe"' in said["bad_quote"].fix


def test_a_quote_never_closed_is_named_where_it_opens(tmp_path):
    said = refusal(tmp_path, 'posting_id,title\na,tea\nb,"rice\nc,soap\n')
    assert said["bad_quote"].rows == (3,)


def test_empty_lines_at_the_end_are_no_postings(tmp_path):
    frame, problems = read(tmp_path, "posting_id,title\na,tea\nb,rice\n\n,\n\n")
    assert frame["posting_id"].to_list() == ["a", "b"]
    assert problems == []


def test_the_first_of_equal_column_names_is_used_and_told(tmp_path):
    frame, problems = read(tmp_path, "posting_id,title, title ,price \na,tea,rice,5\n")
    assert frame["title"].to_list() == ["tea"]
    assert frame["price"].to_list() == ["5"]
    assert frame.width == 4
    assert [problem.message for problem in problems] == ["column 'title' occurs more than once"]


def test_zero_bytes_in_a_title_stay_one_row(tmp_path):
    frame, _ = read(tmp_path, b"posting_id,title\na,te\x00a\nb,rice\n")
    assert frame["posting_id"].to_list() == ["a", "b"]


@pytest.mark.parametrize("name", ["offers.parquet", "offers.pq", "offers.csv"])
def test_parquet_is_told_from_its_content(tmp_path, name):
    frame = pl.DataFrame({"posting_id": [1, 2], "title": ["tea", None]})
    file = io.BytesIO()
    frame.write_parquet(file)
    again, problems = read(tmp_path, file.getvalue(), name)
    assert again.equals(frame)
    assert problems == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\n \n\n", "the file is empty"),
        (b"PK\x03\x04" + bytes(range(256)), "a spreadsheet or a zip archive"),
        (b"\xd0\xcf\x11\xe0" + bytes(range(256)), "a spreadsheet"),
        (b"\x1f\x8b\x08" + bytes(range(256)), "compressed"),
        (b"%PDF-1.7 " + bytes(range(256)), "a PDF"),
        (b"SQLite format 3\x00", "a database"),
        (b'{"posting_id": "1",\n "title": "tea"}', "json"),
        (b'\xef\xbb\xbf[\n  {"posting_id": "1"}]', "json"),
        (b'<?xml version="1.0"?>\n<rss>', "xml"),
        (b"<html><table><tr><td>posting_id", "a web page"),
        (b"PAR1" + bytes(range(256)), "parquet"),
        (b"\xff\xfep\x00o", "truncated"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, content, said):
    problem = refusal(tmp_path, content)["unreadable"]
    assert said in problem.message.lower() or said in problem.message
    assert "\n" not in problem.message
    assert problem.fix == "give a CSV or Parquet file with a header row"


def test_a_missing_file_and_a_folder_are_said_without_numbers(tmp_path):
    for path, said in ((tmp_path / "no.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(CatalogError, match=said) as caught:
            read_table(path)
        assert "Errno" not in str(caught.value)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_table_or_a_catalog_error(tmp_path_factory, content):
    try:
        frame, _ = read(tmp_path_factory.mktemp("bytes"), content)
    except CatalogError:
        return
    assert all(dtype == pl.String for dtype in frame.dtypes)


@pytest.mark.parametrize(
    "name", ["bom", "bom_sepline_tab", "cp1252", "preamble", "sepline", "utf16"]
)
def test_what_a_spreadsheet_exports_is_read(name):
    frame, problems = read_table(CASES / "01-excel-csv" / f"{name}.csv")
    assert frame.columns == ["posting_id", "title", "price"]
    assert frame.height == 5
    assert frame.row(0) == ("00071", "Bohrmaschine Schlagbohrer 18V grün", "1.299,00")
    said = {"cp1252": ["encoding"], "preamble": ["preamble"]}.get(name, [])
    assert [problem.kind for problem in problems] == said


@pytest.mark.parametrize(
    ("name", "encoding", "title"),
    [
        ("cp1250", "cp1250", "Žehlička na vlasy černá"), ("gbk", "gbk", "小米 手环8 黑色"),
        ("macroman", "mac_roman", "Crème brûlée Förmchen"),
        ("sjis", "shift_jis", "ソニー ヘッドホン WH-1000XM5 黒"),
    ],
)  # fmt: skip
def test_a_code_page_can_be_named(name, encoding, title):
    frame, problems = read_table(CASES / "01-excel-csv" / f"{name}.csv", encoding)
    assert frame["title"][0] == title
    assert problems == []


def test_an_encoding_that_is_none_is_told():
    with pytest.raises(CatalogError, match="unknown encoding: latin-99"):
        read_table(CASES / "01-excel-csv" / "gbk.csv", "latin-99")


@pytest.mark.parametrize(
    ("name", "rows"),
    [("a1", 3), ("a2", 4), ("a3", 4), ("a4", 4), ("a5", 2), ("a6", 3), ("a7", 3), ("lost_row", 4),
     ("q1", 5), ("q6", 4)],
)  # fmt: skip
def test_inch_marks_in_unquoted_fields_lose_no_row(name, rows):
    frame, _ = read_table(CASES / "18-inch-quotes" / f"{name}.csv")
    assert frame.height == rows
    assert frame["posting_id"].null_count() == frame["title"].null_count() == 0


def test_mixed_line_ends_and_long_cells_are_read(tmp_path):
    frame, _ = read(tmp_path, f"posting_id,title\r\na,tea\nb,rice\rc,{'x' * 200_000}\n")
    assert frame["posting_id"].to_list() == ["a", "b", "c"]
    assert len(frame["title"][2]) == 200_000


def test_a_pipe_in_place_of_a_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "offers.csv")
    with pytest.raises(CatalogError, match="not a regular file"):
        read_table(tmp_path / "offers.csv")
