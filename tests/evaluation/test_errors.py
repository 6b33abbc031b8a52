from pathlib import Path

import numpy as np
import polars as pl
import pytest

from samesku import read_catalog
from samesku.evaluation.errors import doubted_labels, find_errors, label_suspects, met_pairs
from samesku.results.runs import Run

FILLER = [(f"kata{n} barang{n % 7} toko{n % 5}", f"{n:016x}") for n in range(40)]


def run_of(catalog, pairs, queries, threshold=0.5):
    """A run of pairs, with the similarity under a photo encoder."""
    pairs = pairs.with_columns(reasons=pl.lit(None, dtype=pl.String))
    record = {"encoders": {"phash": {"modality": "photo"}}}
    clusters = rows = np.arange(len(catalog))
    return Run(Path(), record, catalog, pairs, clusters, threshold, rows, queries)


def errors_of(catalog, pairs, queries):
    """What `find_errors` finds of a run of pairs."""
    return find_errors(run_of(catalog, pairs, queries))


def kind_of(
    mine, theirs, *, label, score, matched, photo=None, hashes=("f" * 16, "0" * 16), others=True
):
    """The kind of one wrong pair among offers that have nothing to do with it."""
    titles = [mine, theirs, *(title for title, _ in FILLER)]
    catalog = read_catalog(
        pl.DataFrame(
            {
                "posting_id": [f"p{n}" for n in range(len(titles))],
                "title": titles,
                "image_phash": [*hashes, *(code if others else None for _, code in FILLER)],
                "label_group": ["0", "0" if label else "1", *(f"x{n}" for n in range(len(FILLER)))],
            }
        )
    )
    pairs = pl.DataFrame(
        {"left": [0], "right": [1], "score": [score], "matched": [matched], "phash": [photo]},
        schema_overrides={"score": pl.Float32, "phash": pl.Float32},
    )
    everyone = np.ones(len(catalog), dtype=bool)
    errors = errors_of(catalog, pairs, everyone)
    assert errors["error"].to_list() == ["split" if label else "merge"]
    return errors["kind"][0]


@pytest.mark.parametrize(
    ("mine", "theirs", "photo", "kind"),
    [
        ("susu bebelo 400 gr", "susu bebelo 800gr", 0.5, "size or count differs"),
        ("susu bebelo isi 6", "susu bebelo isi 12 pcs", 1.0, "size or count differs"),
        ("kaos polos merah", "kaos polos biru", 0.5, "variant, model or colour"),
        ("masker 25gr", "masker 25 gr dan 65gr", 0.5, "multi-variant posting"),
        ("pisau dapur tajam", "pengupas buah stainless", 1.0, "same photo, other product"),
        ("sony wh1000xm4 merah", "sony wh1000xm5 merah", 0.5, "variant, model or colour"),
        ("galaxy s21 ultra", "case galaxy s21 ultra", 0.5, "variant, model or colour"),
        ("baterai S40 / M34 / L30", "baterai L30", 0.5, "multi-variant posting"),
        ("tas ransel anak", "TAS RANSEL ANAK murah", 0.6, "probable label error"),
        (
            "lampu meja belajar dinding",
            "lampu meja hias dinding rotan",
            0.6,
            "alike titles, nothing stated differs",
        ),
    ],
)
def test_kinds_of_false_merges(mine, theirs, photo, kind):
    assert kind_of(mine, theirs, label=False, score=0.7, matched=True, photo=photo) == kind


@pytest.mark.parametrize(
    ("mine", "theirs", "photo", "hashes", "kind"),
    [
        ("susu bebelo 400 gr", "susu bebelo 800gr", 0.5, None, "size or count differs"),
        ("headset sport", "earphone olahraga", 0.5, None, "few shared words: paraphrase or label"),
        ("tas ransel anak sekolah", "tas ransel anak tk", 0.5, None, "other photo"),
        ("tas ransel anak sekolah", "tas ransel anak tk", None, ("f" * 16, None), "no photo"),
    ],
)  # fmt: skip
def test_kinds_of_false_splits(mine, theirs, photo, hashes, kind):
    hashes = hashes or ("f" * 16, "0" * 16)
    found = kind_of(mine, theirs, label=True, score=0.2, matched=False, photo=photo, hashes=hashes)
    assert found == kind


def test_where_no_posting_has_a_photo_none_is_missing():
    titles = "tas ransel anak sekolah", "tas ransel anak tk"
    found = kind_of(
        *titles, label=True, score=0.2, matched=False, hashes=(None, None), others=False
    )
    assert found == "alike titles, nothing stated differs"


def test_a_sure_merge_of_other_words_and_photos_is_no_label_error():
    told = {"label": False, "score": 0.95, "matched": True}
    paraphrase = "few shared words: paraphrase or label"
    assert kind_of("carpet", "door mat", photo=0.6, **told) == paraphrase
    assert kind_of("carpet", "door mat", photo=1.0, **told) == "probable label error"
    assert kind_of("carpet bag", "carpet bag", photo=0.6, **told) == "probable label error"


def test_columns_that_clash_count_as_titles_do():
    table = {"posting_id": ["a", "b"], "title": ["thinkpad t480"] * 2, "label_group": ["1", "2"]}
    pairs = pl.DataFrame({"left": [0], "right": [1], "score": [0.7], "matched": [True]})
    for column, kind in (("ram", "size or count differs"), ("shelf", "probable label error")):
        catalog = read_catalog(pl.DataFrame(table | {column: ["8 GB", "16 GB"]}))
        assert errors_of(catalog, pairs, np.ones(2, dtype=bool))["kind"].to_list() == [kind]


def test_titles_that_contradict_their_common_label_doubt_it():
    found = kind_of(
        "kuas rias 12pcs", "masker oat 65 gr 3pcs", label=True, score=0.01, matched=False
    )
    assert found == "probable label error"


def test_the_most_certainly_wrong_comes_first_and_right_pairs_are_left_out():
    titles = ["a b", "a b", "c d", "c d", "e"]
    table = {
        "posting_id": list("vwxyz"),
        "title": titles,
        "label_group": ["1", "2", "3", "3", None],
    }
    catalog = read_catalog(pl.DataFrame(table))
    pairs = pl.DataFrame(
        {
            "left": [0, 0, 1, 2, 3],
            "right": [1, 2, 3, 3, 4],
            "score": [0.6, 0.9, 0.7, 0.95, 0.99],
            "matched": [True, True, True, True, True],
        }
    )
    run = run_of(catalog, pairs, np.ones(5, dtype=bool))
    errors = find_errors(run)
    assert errors.select("left", "right").rows() == [(0, 2), (1, 3), (0, 1)]
    assert set(errors["stage"]) == {"matched"}
    suspects = label_suspects(run, errors)
    assert suspects["left_id"].to_list() == ["v", "v"][: suspects.height]
    assert set(suspects["doubt"]) <= {"one product, two labels"}


def test_only_pairs_that_touch_a_query_count():
    table = {"posting_id": list("wxyz"), "title": ["a"] * 4, "label_group": ["1", "1", "2", "2"]}
    catalog = read_catalog(pl.DataFrame(table))
    none = pl.DataFrame(
        schema={"left": pl.Int64, "right": pl.Int64, "score": pl.Float32, "matched": pl.Boolean}
    )
    errors = errors_of(catalog, none, np.array([True, False, False, False]))
    assert errors.rows() == [(0, 1, None, None, "split", "not a candidate", errors["kind"][0])]


def test_labels_are_to_be_decided_once_however_many_pairs_doubt_them():
    rows = [("1", "2", "a"), ("3", "3", "b"), ("2", "1", "c"), ("1", "3", "d"), ("2", "1", "e")]
    suspects = pl.DataFrame(rows, schema=["left_label", "right_label", "left_id"], orient="row")
    doubted = doubted_labels(suspects).select("left_id", "pairs").rows()
    assert doubted == [("a", 3), ("b", 1), ("d", 1)]
    assert doubted_labels(suspects.clear()).height == 0


SCORED = {"left": pl.Int64, "right": pl.Int64, "score": pl.Float32, "matched": pl.Boolean}


def labelled(labels):
    ids = [f"p{row}" for row in range(len(labels))]
    return read_catalog(pl.DataFrame({"posting_id": ids, "title": ids, "label_group": labels}))


def test_all_pairs_of_a_product_that_touch_a_query():
    catalog, none = labelled(["3", None, "3", "7", "3", None, "7"]), pl.DataFrame(schema=SCORED)
    everyone = np.ones(7, dtype=bool)
    met = met_pairs(run_of(catalog, none, everyone))
    assert met.select("left", "right").rows() == [(0, 2), (0, 4), (2, 4), (3, 6)]
    only = met_pairs(run_of(catalog, none, np.arange(7) == 4))
    assert only.select("left", "right").rows() == [(0, 4), (2, 4)]
    assert met_pairs(run_of(labelled([None, "1", "2"]), none, everyone[:3])).height == 0


def test_each_true_pair_was_lost_at_one_stage():
    pairs = pl.DataFrame(
        {
            "left": [0, 0, 1, 2],
            "right": [1, 2, 2, 3],
            "score": [0.9, 0.3, 0.32, None],
            "matched": [True, False, False, True],
        },
        schema_overrides={"score": pl.Float32},
    )
    met = met_pairs(run_of(labelled(["1"] * 4), pairs, np.ones(4, dtype=bool), 0.32))
    assert dict(zip(met.select("left", "right").rows(), met["stage"], strict=True)) == {
        (0, 1): "matched", (0, 2): "scored low", (0, 3): "not a candidate",
        (1, 2): "cut by clustering", (1, 3): "not a candidate", (2, 3): "matched",
    }  # fmt: skip
