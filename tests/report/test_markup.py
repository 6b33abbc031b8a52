import json
import re

from samesku.report.markup import Markup, data_script, element, joined, table


def test_text_and_attributes_are_escaped_and_markup_is_not():
    told = element("a", "<b> & \"'", element("i", "x"), title='"><script>', class_="k", hidden=True)
    assert told == (
        '<a title="&quot;&gt;&lt;script&gt;" class="k" hidden>'
        "&lt;b&gt; &amp; &quot;&#x27;<i>x</i></a>"
    )


def test_what_is_none_is_left_out():
    assert element("p", None, "a", id=None, hidden=False) == "<p>a</p>"
    assert element("input", type="range") == '<input type="range">'
    assert isinstance(joined(["a", 1]), Markup)


def test_a_table_names_its_columns_and_rows():
    told = table("All", ["name", "n"], [("a", "1")])
    assert '<th scope="col">name</th>' in told
    assert '<th scope="row">a</th><td class="number">1</td>' in told
    assert 'aria-label="All"' in told


def test_data_cannot_end_its_element():
    value = {"t": "</script><!-- & \u2028 \u202e 😀"}
    told = data_script("data", value)
    inside = re.fullmatch(r'<script type="application/json" id="data">(.*)</script>', told)[1]
    assert not set("<>&\u2028") & set(inside)
    assert json.loads(inside) == value
