from samesku.store.draft import carry_over


def test_an_id_goes_on_where_most_of_its_postings_are():
    age = {"old": 1, "young": 2}
    before = {"a": "old", "b": "old", "c": "young"}
    assert carry_over([["a"], ["b", "c"]], before, age) == (["old", "young"], {})
    assert carry_over([["a", "b", "c", "d"]], before, age) == (["old"], {"young": "old"})
    assert carry_over([["c"], ["d"], ["a", "b"]], before, age) == (["young", None, "old"], {})
